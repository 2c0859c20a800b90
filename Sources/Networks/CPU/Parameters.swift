import CKernels
import Kernels

/// A network's tensors in blocks of V channels, with their gradients and momenta.
///
/// Gradients of small tensors are summed over shards from one partial a shard; those of large ones are
/// written at once.
final class Parameters: Sendable {
  /// The most elements that a matrix summed over shards may have.
  static let partialLimit = 1 << 18

  /// How a tensor lies in memory.
  enum Layout: Sendable {
    /// Padded to whole vectors.
    case vector(count: Int)
    /// (output block, input block, tap, input lane, output lane) of PyTorch's (output, input, tap).
    case matrix(outputs: Int, inputs: Int, taps: Int)
    /// That of a convolution in groups of channels.
    case grouped(Grouping, taps: Int)
  }

  private struct Entry: Sendable {
    let tensor: Tensor
    let layout: Layout
    let offset: Int
    /// Floats with padding.
    let size: Int
    var isParameter: Bool { tensor.role == .parameter }
  }

  let lanes: Int
  private let kernels: KernelTable
  private let entries: [Entry]
  private let stateCount: Int
  /// Parameters from 0 to `summed` have partials.
  private let summed: Int
  private let weights: Memory
  private let gradients: Memory
  private let momenta: Memory
  private let buffers: Memory
  private let partials: Memory

  init(plan: Plan, capacity: Int, training: Bool, instructionSet: InstructionSet, ledger: MemoryLedger) {
    let lanes = instructionSet.lanes
    let layouts = Parameters.layouts(of: plan)
    var parameters = 0
    var buffers = 0
    var offsets = [Int](repeating: 0, count: plan.tensors.count)
    func place(_ id: TensorID, after end: inout Int) {
      offsets[id] = end
      end += layouts[id].size(lanes)
    }
    let isSmall = { (id: TensorID) in Parameters.isSummed(plan.tensors[id]) }
    let trained = plan.tensors.indices.filter { plan.tensors[$0].role == .parameter }
    for id in trained where isSmall(id) { place(id, after: &parameters) }
    summed = parameters
    for id in trained where !isSmall(id) { place(id, after: &parameters) }
    for id in plan.tensors.indices where plan.tensors[id].role == .buffer { place(id, after: &buffers) }
    entries = plan.tensors.indices.map {
      Entry(tensor: plan.tensors[$0], layout: layouts[$0], offset: offsets[$0], size: layouts[$0].size(lanes))
    }
    stateCount = plan.stateCount
    self.lanes = lanes
    kernels = instructionSet.kernels
    weights = ledger.memory(\.parameters, parameters)
    gradients = ledger.memory(\.parameters, training ? parameters : 0)
    momenta = ledger.memory(\.parameters, training ? parameters : 0)
    self.buffers = ledger.memory(\.parameters, buffers)
    partials = ledger.memory(\.parameters, training ? summed * Shard.count(capacity) : 0)
  }

  private static func layouts(of plan: Plan) -> [Layout] {
    var layouts = plan.tensors.map { Layout.vector(count: $0.count) }
    for operation in plan.operations {
      let input = plan.values[operation.inputs[0]]
      switch operation.kind {
      case .convolution(let convolution):
        let outputs = plan.tensors[convolution.weight].shape[0]
        let taps = convolution.kernel * convolution.kernel
        layouts[convolution.weight] =
          convolution.groups > 1
          ? .grouped(
            Grouping(inputs: input.channels, outputs: outputs, groups: convolution.groups), taps: taps)
          : .matrix(outputs: outputs, inputs: input.channels, taps: taps)
      case .dense(let weight, _):
        layouts[weight] = .matrix(
          outputs: plan.tensors[weight].shape[0], inputs: input.channels, taps: input.area)
      default: break
      }
    }
    return layouts
  }

  /// Floats with padding.
  func size(_ id: TensorID) -> Int { entries[id].size }

  func isSummed(_ id: TensorID) -> Bool { Parameters.isSummed(entries[id].tensor) }

  /// Vectors are summed however long they are: their gradients are sums over examples.
  private static func isSummed(_ tensor: Tensor) -> Bool {
    tensor.count <= partialLimit || tensor.shape.count <= 1
  }

  /// A parameter's weights, or a buffer's contents.
  func values(_ id: TensorID) -> UnsafeMutablePointer<Float> {
    (entries[id].isParameter ? weights : buffers).floats + entries[id].offset
  }

  func gradient(_ id: TensorID) -> UnsafeMutablePointer<Float> { gradients.floats + entries[id].offset }

  /// A shard's share of the gradient of a tensor that is summed.
  func partial(_ id: TensorID, shard: Int) -> UnsafeMutablePointer<Float> {
    partials.floats + shard * summed + entries[id].offset
  }

  /// Sums a tensor's partials in ascending order of shard.
  func sum(_ id: TensorID, shards: Int) {
    sum(entries[id].offset..<entries[id].offset + entries[id].layout.size(lanes), shards: shards)
  }

  /// Sums all partials.
  func sumAll(_ step: Step) {
    let shards = step.shards
    inChunks(of: summed, step.pool) { self.sum($0, shards: shards) }
  }

  private func sum(_ range: Range<Int>, shards: Int) {
    let target = gradients.floats + range.lowerBound
    target.update(from: partials.floats + range.lowerBound, count: range.count)
    for shard in 1..<max(shards, 1) {
      kernels.c.add(Int64(range.count), target, partials.floats + shard * summed + range.lowerBound, target)
    }
  }

  /// A step of the optimiser for a tensor that is not summed, where one is to be taken along.
  func update(_ id: TensorID, _ sgd: SGD?) {
    guard let sgd else { return }
    step(sgd, entries[id].offset..<entries[id].offset + size(id))
  }

  /// Calls `body` with what a kernel needs to take a step of the optimiser along, from a place of the tensor on.
  func takingAlong(
    _ sgd: SGD?, _ id: TensorID, at offset: Int, _ body: (UnsafePointer<rote_update>?) -> Void
  ) {
    guard let sgd else { return body(nil) }
    let at = entries[id].offset + offset
    withUnsafePointer(
      to: rote_update(step: rule(sgd), momentum: momenta.floats + at, weight: weights.floats + at), { body($0) })
  }

  private func rule(_ sgd: SGD) -> rote_sgd {
    rote_sgd(
      learning_rate: sgd.learningRate, momentum: sgd.momentum, weight_decay: sgd.weightDecay,
      nesterov: sgd.nesterov ? 1 : 0)
  }

  /// A step of the optimiser for all parameters, or for those that are summed.
  func update(_ sgd: SGD, onlySummed: Bool = false, _ pool: ThreadPool) {
    inChunks(of: onlySummed ? summed : weights.count, pool) { [self] range in step(sgd, range) }
  }

  private func step(_ sgd: SGD, _ range: Range<Int>) {
    let at = range.lowerBound
    kernels.c.sgd(
      rule(sgd), Int64(range.count), gradients.floats + at, momenta.floats + at, weights.floats + at)
  }

  /// Floats of all parameters together, with padding, and where their gradients begin.
  var count: Int { weights.count }
  var gradientStart: UnsafePointer<Float> { UnsafePointer(gradients.floats) }

  /// The squared norm of each tensor's part of an array that lies as gradients do; 0 for buffers.
  func squaredNorms(_ values: UnsafePointer<Double>, _ pool: ThreadPool) -> [Double] {
    let entries = entries
    let norms = Memory(count: 2 * entries.count)
    nonisolated(unsafe) let (from, to) = (
      values, UnsafeMutableRawPointer(norms.floats).assumingMemoryBound(to: Double.self)
    )
    pool.run(entries.count) { i in
      guard entries[i].isParameter else { return }
      let part = from + entries[i].offset
      var sums = SIMD4<Double>()
      // Padded to whole vectors, of 4 floats at least.
      for k in stride(from: 0, to: entries[i].size, by: 4) {
        let four = SIMD4<Double>(part[k], part[k + 1], part[k + 2], part[k + 3])
        sums += four * four
      }
      to[i] = sums.sum()
    }
    return Array(UnsafeBufferPointer(start: to, count: entries.count))
  }

  func inChunks(of count: Int, _ pool: ThreadPool, _ body: @Sendable (Range<Int>) -> Void) {
    let chunk = 1 << 14
    pool.run((count + chunk - 1) / chunk) { body($0 * chunk..<min(($0 + 1) * chunk, count)) }
  }

  /// Takes all tensors from PyTorch's layout and forgets momenta.
  func load(_ state: [Float]) {
    precondition(state.count == stateCount, "a state has \(stateCount) elements")
    for entry in entries {
      let target = (entry.isParameter ? weights : buffers).floats + entry.offset
      entry.layout.forEach(lanes) { target[$0] = state[entry.tensor.offset + $1] }
    }
    momenta.clear()
  }

  /// Takes momenta too, laid out as the state.
  func load(_ state: [Float], momenta values: [Float]) {
    precondition(values.count == stateCount && momenta.count > 0, "momenta are a state's, of an executor that trains")
    load(state)
    for entry in entries where entry.isParameter {
      let target = momenta.floats + entry.offset
      entry.layout.forEach(lanes) { target[$0] = values[entry.tensor.offset + $1] }
    }
  }

  func momentumState() -> [Float] {
    flat { entry in entry.isParameter ? momenta.floats + entry.offset : nil }
  }

  func state() -> [Float] {
    flat { entry in (entry.isParameter ? weights : buffers).floats + entry.offset }
  }

  func gradientState() -> [Float] {
    flat { entry in entry.isParameter ? gradients.floats + entry.offset : nil }
  }

  /// Whether all that is not an element of a tensor is zero, in weights, gradients and momenta.
  var paddingIsZero: Bool {
    entries.allSatisfy { entry in
      var isElement = [Bool](repeating: false, count: entry.layout.size(lanes))
      entry.layout.forEach(lanes) { packed, _ in isElement[packed] = true }
      let arrays = entry.isParameter ? [weights, gradients, momenta] : [buffers]
      return arrays.filter { $0.count > 0 }.allSatisfy { memory in
        isElement.indices.allSatisfy { isElement[$0] || memory.floats[entry.offset + $0] == 0 }
      }
    }
  }

  /// All tensors in PyTorch's layout; zero where there is no source.
  private func flat(_ source: (Entry) -> UnsafeMutablePointer<Float>?) -> [Float] {
    var state = [Float](repeating: 0, count: stateCount)
    for entry in entries {
      guard let packed = source(entry) else { continue }
      entry.layout.forEach(lanes) { state[entry.tensor.offset + $1] = packed[$0] }
    }
    return state
  }
}

extension Parameters.Layout {
  /// Floats with padding.
  func size(_ lanes: Int) -> Int {
    switch self {
    case .vector(let count): blocks(count, lanes) * lanes
    case .matrix(let outputs, let inputs, let taps):
      blocks(outputs, lanes) * blocks(inputs, lanes) * taps * lanes * lanes
    case .grouped(let grouping, let taps): grouping.weightCount(taps: taps, lanes)
    }
  }

  /// Calls `body` with each element's place here and in PyTorch's layout.
  func forEach(_ lanes: Int, _ body: (_ packed: Int, _ flat: Int) -> Void) {
    switch self {
    case .vector(let count):
      for i in 0..<count { body(i, i) }
    case .grouped(let grouping, let taps): grouping.forEachWeight(taps: taps, lanes, body)
    case .matrix(let outputs, let inputs, let taps):
      let inputBlocks = blocks(inputs, lanes)
      for o in 0..<outputs {
        for i in 0..<inputs {
          let block = o / lanes * inputBlocks + i / lanes
          for t in 0..<taps {
            let packed = ((block * taps + t) * lanes + i % lanes) * lanes + o % lanes
            body(packed, (o * inputs + i) * taps + t)
          }
        }
      }
    }
  }
}

/// How many blocks of `lanes` channels hold `channels`.
func blocks(_ channels: Int, _ lanes: Int) -> Int { (channels + lanes - 1) / lanes }
