import Alignments
import Artefacts
import Networks
import Randomness
import Training

/// The alignment of one run: of each of its snapshots.
struct RunAlignment {
  /// Over which sums are taken.
  enum Way {
    case wholeSet(Aligner)
    /// Minibatches of a random order, which is the same for all snapshots of a run; the last may be smaller.
    case minibatches(MinibatchAligner, size: Int, seed: UInt64)
  }

  let way: Way
  let tensors: AlignedTensors
  /// Numbers of the classes whose examples are taken.
  let classes: [Int]
  let data: TrainingData
  let plan: Plan

  /// - Parameters:
  ///   - snapshots: how many there are.
  ///   - initial: the state at initialisation, where it was kept.
  ///   - mask: 1 for the examples to take; nil for all.
  ///   - state: of a snapshot, by its place.
  func row(
    run: Int, snapshots: Int, initial: [Float]?, mask: [UInt8]?, state: (Int) throws -> [Float]
  ) rethrows -> AlignmentRow {
    let chosen = Set(classes.map(Int32.init))
    let examples = (0..<Int32(data.train.count)).filter { i in
      chosen.contains(data.train.label[Int(i)]) && (mask.map { $0[Int(i)] == 1 } ?? true)
    }
    var counts = [Int64](repeating: 0, count: data.classes)
    for i in examples { counts[Int(data.train.label[Int(i)])] += 1 }
    var row = AlignmentRow(examples: classes.map { counts[$0] })
    for snapshot in 0..<snapshots {
      let state = try state(snapshot)
      for (tensor, values) in zip(tensors.tensors, values(run: run, state: state, examples)) {
        for (path, values) in values.perClass { row.perClass[path, default: []] += classes.map { Float(values[$0]) } }
        for (path, value) in values.single where path != "/gradient_norm" {
          row.perTensor[path, default: []].append(Float(value))
        }
        let parts = tensor.isOfParameters ? parts(of: tensor) : []
        func norm(_ element: (Int) -> Double) -> Double { RunAlignment.norm(parts, element) }
        let gradient = (values.single["/gradient_norm"] ?? .nan) / norm { Double(state[$0]) }
        row.perTensor["/relative_gradient_norm", default: []].append(Float(gradient).orNaN)
        let distance =
          initial.map { initial in
            norm { Double(state[$0]) - Double(initial[$0]) } / norm { Double(initial[$0]) }
          } ?? .nan
        row.perTensor["/relative_distance", default: []].append(Float(distance).orNaN)
      }
    }
    return row
  }

  /// One a tensor.
  private func values(run: Int, state: [Float], _ examples: [Int32]) -> [AlignmentValues] {
    switch way {
    case .wholeSet(let aligner):
      let byClass = (0..<Int32(data.classes)).map { c in examples.filter { data.train.label[Int($0)] == c } }
      return aligner.sums(state: state, examples: byClass).map { AlignmentValues($0, withPairs: false) }
    case .minibatches(let aligner, let size, let seed):
      guard !examples.isEmpty else { return tensors.tensors.map { _ in .none(classes: data.classes) } }
      var stream = RandomStream(seed: seed, purpose: .minibatch, run: run)
      var order = examples
      stream.shuffle(&order)
      let batches = stride(from: 0, to: order.count, by: size).map { Array(order[$0..<min($0 + size, order.count)]) }
      var values = [[AlignmentValues]](repeating: [], count: tensors.tensors.count)
      aligner.forEachBatch(state: state, batches) { sums in
        for (i, sums) in sums.enumerated() { values[i].append(AlignmentValues(sums, withPairs: true)) }
      }
      return values.compactMap { AlignmentValues.mean($0) }
    }
  }

  /// Where a tensor's elements are in the flat state.
  private func parts(of tensor: AlignedTensors.Tensor) -> [Range<Int>] {
    let chosen: [Tensor]
    if case .parameter(let id) = tensor {
      chosen = [plan.tensors[id]]
    } else {
      chosen = plan.tensors.filter { $0.role == .parameter }
    }
    return chosen.map { $0.offset..<$0.offset + $0.count }
  }

  private static func norm(_ parts: [Range<Int>], _ element: (Int) -> Double) -> Double {
    var sum = 0.0
    for part in parts {
      for i in part {
        let value = element(i)
        sum += value * value
      }
    }
    return sum.squareRoot()
  }
}

extension Float {
  /// NaN in place of infinity: what is 0 has no relative change.
  fileprivate var orNaN: Float { isFinite ? self : .nan }
}
