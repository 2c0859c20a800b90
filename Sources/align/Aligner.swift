import Artefacts
import Kernels
import Measures
import Networks
import Training

/// The alignment of one run's representations and logit gradients, from evaluation passes over its examples.
struct Aligner {
  let network: TrainedNetwork
  let data: TrainingData
  let instructionSet: InstructionSet

  /// What is aligned, in the order of a row's `tensor` dimension.
  static func tensors(_ plan: Plan) -> [String] {
    ["logits"] + plan.representations.suffix(1).map { "representation:\($0.name)" }
  }

  /// - Parameters:
  ///   - states: one a snapshot.
  ///   - mask: 1 for the examples to take; nil for all.
  func row(states: [[Float]], mask: [UInt8]?) -> AlignmentRow {
    let classes = data.classes
    var row = AlignmentRow(
      inClass: [], meanInClass: [], all: [], examples: [Int64](repeating: 0, count: classes))
    for example in 0..<data.train.count where mask.map({ $0[example] == 1 }) ?? true {
      row.examples[Int(data.train.label[example])] += 1
    }
    for state in states {
      for sums in accumulate(state, mask) {
        row.inClass += sums.classSums.map { Float($0.omega) }
        row.meanInClass.append(Float(sums.classMean.value))
        row.all.append(Float(sums.allSums.omega))
      }
    }
    return row
  }

  private func accumulate(_ state: [Float], _ mask: [UInt8]?) -> [AlignmentAccumulator] {
    let plan = network.plan
    let representation = plan.representations.last?.value ?? plan.logits
    let width = plan.values[representation].count
    var logits = AlignmentAccumulator(dimension: data.classes, classes: data.classes)
    var vectors = AlignmentAccumulator(dimension: width, classes: data.classes)
    var gradient = [Float](repeating: 0, count: data.classes)
    var start = 0
    let pass = EvaluationPass(network, data: data, instructionSet: instructionSet, keeping: [representation])
    pass.run(state: state) { executor, count in
      let values = executor.value(representation, count: count)
      let outputs = executor.logits(count: count)
      for i in 0..<count where mask.map({ $0[start + i] == 1 }) ?? true {
        let label = Int(data.train.label[start + i])
        outputs.withUnsafeBufferPointer { all in
          let row = UnsafeBufferPointer(rebasing: all[(i * data.classes)..<((i + 1) * data.classes)])
          gradient.withUnsafeMutableBufferPointer { logitGradient(logits: row, label: label, into: $0) }
        }
        gradient.withUnsafeBufferPointer { logits.add(vector: $0, class: label) }
        values.withUnsafeBufferPointer { all in
          vectors.add(vector: UnsafeBufferPointer(rebasing: all[(i * width)..<((i + 1) * width)]), class: label)
        }
      }
      start += count
    }
    return [logits, vectors]
  }
}
