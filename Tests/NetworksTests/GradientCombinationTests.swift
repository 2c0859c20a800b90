import Kernels
import Networks
import Randomness
import Testing

/// All that a way back may leave behind, in every combination, beside all ways of convolving, in batches of one shard to
/// seven: what one group of examples, shard, phase or batch leaves in memory must not reach the next.
struct GradientCombinationTests {
  private static let combinations = (1..<16).map { CPUExecutor.Gradients(rawValue: $0) }
  /// Examples of batches, one after the other on one executor: each number of shards, whole and with some more.
  private static let counts = [100, 7, 64, 33, 90, 16, 47, 80, 1, 31]

  @Test("All combinations of gradients are as by plain loops, whatever the ways of convolving", arguments: 0..<9)
  func everyWay(seed: Int) throws {
    let examples = try SolvedExamples(RandomNetwork.ofEveryWay(seed), count: 100, seed: seed)
    try Self.expect(examples, seed: seed) { index in
      [100] + (0..<3).map { Self.counts[(3 * index + $0 + seed) % Self.counts.count] }
    }
  }

  /// Layers of more than 2^18 weights, or of more than 2^18 sums, which take ways of their own.
  private enum Large: CaseIterable {
    case dense, pixels, winograd, direct, grouped, sums

    var plan: Plan {
      func net(_ channels: Int, _ height: Int, _ width: Int) -> PlanBuilder {
        PlanBuilder(
          architecture: "\(self)", input: Shape(channels: channels, height: height, width: width), classes: 2)
      }
      var small = net(3, 3, 3)
      switch self {
      case .dense:
        small = net(531, 1, 1)
        _ = small.dense("fc", small.activation(.sin, small.dense("large", 0, features: 501)), features: 2)
        return small.plan()
      case .sums:
        small = net(3, 11, 10)
        let x = small.convolution("first", 0, channels: 90, kernel: 1)
        let y = small.convolution("second", x, channels: 90, kernel: 3)
        _ = small.dense("fc", small.globalAveragePool(y), features: 2)
        return small.plan()
      case .pixels:
        small = net(3, 1, 2)
        let x = small.convolution("first", 0, channels: 515, kernel: 1)
        _ = small.dense("fc", small.convolution("large", x, channels: 512, kernel: 1), features: 2)
        return small.plan()
      case .direct:
        small = net(3, 1, 17)
        let x = small.convolution("first", 0, channels: 515, kernel: 1)
        let y = small.convolution("large", x, channels: 512, kernel: 1)
        _ = small.dense("fc", small.globalAveragePool(y), features: 2)
        return small.plan()
      case .winograd:
        let x = small.convolution("first", 0, channels: 175, kernel: 3)
        let y = small.batchNorm("bn", small.convolution("large", x, channels: 170, kernel: 3, bias: true))
        _ = small.dense("fc", small.convolution("last", y, channels: 12, kernel: 3, padding: 0), features: 2)
        return small.plan()
      case .grouped:
        small = net(3, 1, 2)
        let x = small.convolution("first", 0, channels: 108, kernel: 1)
        _ = small.dense("fc", small.convolution("large", x, channels: 100, kernel: 7, groups: 2), features: 2)
        return small.plan()
      }
    }
  }

  @Test("So they are of large layers", arguments: Large.allCases)
  private func largeLayers(large: Large) throws {
    let examples = try SolvedExamples(large.plan, count: 18, seed: 0)
    try Self.expect(examples, seed: 1) { $0.isMultiple(of: 2) ? [18, 3] : [2, 18] }
  }

  /// Holds executors for all combinations to the examples, each with batches of the counts that it is given.
  private static func expect(
    _ examples: SolvedExamples, seed: Int, counts: (Int) -> [Int], at location: SourceLocation = #_sourceLocation
  ) throws {
    for (index, kinds) in combinations.enumerated() {
      for (place, set) in InstructionSet.available.enumerated() {
        // Combinations, instruction sets and ways meet all numbers of threads.
        let (threads, exact) = (1 + (seed + index + place) % 3, (seed / 3 + index) % 3 == 0)
        for (count, differences) in examples.differences(
          set, kinds, threads: threads, exact: exact, counts: counts(index))
        {
          // Winograd's convolutions lose about a digit.
          let wrong = differences.filter { !($0.value <= (exact ? 1e-4 : 1e-3)) }
          #expect(
            wrong.isEmpty,
            "\(examples.plan.architecture), \(set), gradients \(kinds.rawValue), \(count) examples, \(threads) threads, exact: \(exact)",
            sourceLocation: location)
        }
      }
    }
  }

  @Test("Training steps of every way of convolving are as by plain loops, for 1 to 7 shards", arguments: 0..<7)
  func training(seed: Int) throws {
    let count = [100, 17, 40, 64, 3, 90, 48][seed]
    let plan = RandomNetwork.ofEveryWay(20 + seed)
    let comparisons = (0..<50).lazy.map { attempt in
      Comparison(plan, count: count, seed: 50 * seed + attempt, state: RandomNetwork.state(plan), number: uniform)
    }
    let solution = try #require(comparisons.first { $0.margin > 1e-7 }).solved()
    for (place, set) in InstructionSet.available.enumerated() {
      let wrong = solution.differences(set, capacity: count + 20, threads: 1 + (seed + place) % 3)
        .filter { !($0.value <= 1e-3) }
      #expect(wrong.isEmpty, "\(set), \(count) examples")
    }
  }
}

/// Examples, each with what plain loops make of it alone: batch-norm takes its running statistics.
private struct SolvedExamples {
  let plan: Plan
  private let state: [Float]
  private var inputs: [[Float]] = []
  private var logitGradients: [[Float]] = []
  private var logits: [[Double]] = []
  private var inputGradients: [[Double]] = []
  private var gradients: [[Double]] = []
  /// (tensor, example, example)
  private var products: [[[Double]]] = []

  init(_ plan: Plan, count: Int, seed: Int) throws {
    self.plan = plan
    state = RandomNetwork.state(plan)
    for example in 0..<count {
      // Numbers that leave each ReLU well on one side of 0, whatever the rounding.
      let attempts = (0..<50).lazy.map { [state] attempt in
        Comparison(
          plan, count: 1, training: false, seed: (seed * count + example) * 50 + attempt, state: state, number: uniform)
      }
      let alone = try #require(attempts.first { $0.margin > 1e-5 })
      let network = alone.solved().network
      inputs.append(alone.input)
      logitGradients.append(alone.logitGradient)
      logits.append(network.logits)
      inputGradients.append(network.inputGradient)
      gradients.append(network.gradients())
    }
    let gradients = gradients
    products = plan.tensors.map { tensor in
      guard tensor.role == .parameter else { return [] }
      let range = tensor.offset..<tensor.offset + tensor.count
      return (0..<count).map { i in
        (0...i).map { j in
          gradients[i].withUnsafeBufferPointer { a in
            gradients[j].withUnsafeBufferPointer { b in range.reduce(0) { $0 + a[$1] * b[$1] } }
          }
        }
      }
    }
  }

  private func product(_ tensor: Int, _ i: Int, _ j: Int) -> Double { products[tensor][max(i, j)][min(i, j)] }

  /// The differences of one executor, which is given batches of so many of the first examples one after the other.
  func differences(
    _ set: InstructionSet, _ kinds: CPUExecutor.Gradients, threads: Int, exact: Bool, counts: [Int]
  ) -> [(count: Int, differences: [String: Double])] {
    let executor = CPUExecutor(
      plan: plan, capacity: inputs.count, mode: .training, gradients: kinds, pool: ThreadPool(threads: threads),
      instructionSet: set, exactConvolution: exact)
    executor.load(state: state)
    let (image, pixelStride) = (plan.input, executor.pixelStride)
    return counts.map { count in
      executor.prepare(count: count) { example, x in
        for channel in 0..<image.channels {
          for pixel in 0..<image.area {
            x[pixel * pixelStride + channel] = inputs[example][channel * image.area + pixel]
          }
        }
      }
      executor.forward(count: count, training: false)
      var result = ["logits": difference(executor.logits(count: count), logits.prefix(count))]
      executor.backward(logitGradient: Array(logitGradients.prefix(count).joined()), count: count)
      result["padding"] = executor.paddingIsZero(count: count) ? 0 : .nan
      if kinds.contains(.input) {
        result["input"] = difference(executor.inputGradient(count: count), inputGradients.prefix(count))
      }
      let sums = kinds.contains(.parameters) ? executor.gradients().map(Double.init) : []
      let norms = kinds.contains(.norms) ? executor.gradientNorms(count: count) : []
      for (id, tensor) in plan.tensors.enumerated() where tensor.role == .parameter {
        let range = tensor.offset..<tensor.offset + tensor.count
        if kinds.contains(.parameters) {
          let plain = range.map { i in gradients.prefix(count).reduce(0) { $0 + $1[i] } }
          result["sum of \(tensor.name)"] = relativeDifference(Array(sums[range]), from: plain)
        }
        if kinds.contains(.norms) {
          result["norms of \(tensor.name)"] = relativeDifference(
            (0..<count).map { norms[$0 * plan.tensors.count + id] }, from: (0..<count).map { product(id, $0, $0) })
        }
        if kinds.contains(.products) {
          result["products of \(tensor.name)"] = relativeDifference(
            executor.gradientProducts(of: id, count: count),
            from: (0..<count * count).map { product(id, $0 / count, $0 % count) })
        }
      }
      return (count, result)
    }
  }

  private func difference(_ fast: [Float], _ plain: some Sequence<[Double]>) -> Double {
    relativeDifference(fast.map(Double.init), from: Array(plain.joined()))
  }
}
