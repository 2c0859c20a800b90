import Kernels
import Networks
import Testing

/// Gradients by the input and norms of each example's own gradients, against plain loops over one example at a time.
struct ExampleGradientTests {
  private static let kinds: [CPUExecutor.Gradients] = [
    .input, .norms, [.input, .norms], [.parameters, .input], [.parameters, .input, .norms],
  ]

  /// What plain loops make of each example alone.
  private struct Plain {
    /// (example, channel, y, x).
    var inputGradient: [Double] = []
    /// (example, tensor).
    var norms: [Double] = []

    init(_ comparison: Comparison) {
      let plan = comparison.plan
      var network = ReferenceExecutor(plan: plan)
      network.load(state: comparison.state.map(Double.init))
      let (size, classes) = (plan.input.count, plan.values[plan.logits].count)
      for example in 0..<comparison.count {
        let input = comparison.input[example * size..<(example + 1) * size]
        let gradient = comparison.logitGradient[example * classes..<(example + 1) * classes]
        network.forward(input: input.map(Double.init), count: 1, training: false)
        network.backward(logitGradient: gradient.map(Double.init))
        inputGradient += network.inputGradient
        let gradients = network.gradients()
        norms += plan.tensors.map { tensor in
          gradients[tensor.offset..<tensor.offset + tensor.count].reduce(0) { $0 + $1 * $1 }
        }
      }
    }
  }

  /// The greatest difference of gradients by the input, and of norms tensor by tensor, both by the greatest element.
  private static func differences(
    _ comparison: Comparison, _ plain: Plain, _ set: InstructionSet, _ kinds: CPUExecutor.Gradients, exact: Bool
  ) -> [String: Double] {
    let (plan, count) = (comparison.plan, comparison.count)
    let executor = comparison.executor(
      set, .training, gradients: kinds, capacity: count + 3, threads: 2, exactConvolution: exact)
    executor.forward(count: count, training: false)
    executor.backward(logitGradient: comparison.logitGradient, count: count)
    var result = ["padding": executor.paddingIsZero(count: count) ? 0 : Double.nan]
    if kinds.contains(.input) {
      let gradient = executor.inputGradient(count: count).map(Double.init)
      result["input"] = relativeDifference(gradient, from: plain.inputGradient)
    }
    if kinds.contains(.norms) {
      let (norms, tensors) = (executor.gradientNorms(count: count), plan.tensors.count)
      // Of a bias before a batch-norm with constant statistics something is left: no floor is needed.
      for tensor in 0..<tensors {
        let column = { (all: [Double]) in stride(from: tensor, to: all.count, by: tensors).map { all[$0] } }
        result[plan.tensors[tensor].name] = relativeDifference(column(norms), from: column(plain.norms))
      }
    }
    return result
  }

  private static func expect(
    _ comparison: Comparison, _ kinds: [CPUExecutor.Gradients], within bound: Double,
    at location: SourceLocation = #_sourceLocation
  ) {
    let plain = Plain(comparison)
    for set in InstructionSet.available {
      for exact in [true, false] {
        for kind in kinds {
          // Winograd's convolutions lose about a digit.
          let wrong = differences(comparison, plain, set, kind, exact: exact)
            .filter { !($0.value <= (exact ? bound : 10 * bound)) }
          #expect(
            wrong.isEmpty, "\(set), exact: \(exact), \(kind.rawValue), \(comparison.plan.architecture)",
            sourceLocation: location)
        }
      }
    }
  }

  @Test("Random networks have the gradients of plain loops by their input and in norm", arguments: 0..<16)
  func randomNetworks(seed: Int) throws {
    let count = [1, 2, 17, 18][seed % 4]
    let plan = RandomNetwork.plan(seed, count: count)
    let comparisons = (0..<50).lazy.map { attempt in
      Comparison(
        plan, count: count, training: false, seed: 50 * seed + attempt, state: RandomNetwork.state(plan),
        number: uniform)
    }
    // Numbers that leave each ReLU well on one side of 0, whatever the rounding.
    Self.expect(try #require(comparisons.first { $0.margin > 1e-6 }), Self.kinds, within: 1e-4)
  }

  @Test(
    "Architectures have the gradients of plain loops by their input and in norm",
    arguments: [
      ("mlp width=40", 6), ("mlp width=40 activation=sin", 6), ("convnet", 15), ("resnet-8", 9),
      ("resnet-8 shortcut=B", 9), ("resnet-8-v2 width=0.5", 9), ("resnet-18 stem=small", 7),
      ("resnet-50 stem=small", 5),
      ("densenet-121 stem=small", 8), ("mobilenet-v3-small width=0.35 stem=small", 12),
    ])
  func architectures(name: String, size: Int) throws {
    let plan = try Architecture(name).plan(image: Shape(channels: 3, height: size, width: size), classes: 3)
    let state = initialState(plan: plan, seed: 5, run: 0)
    // One at a time: each holds a network in double.
    var best: Comparison?
    for attempt in 0..<20 {
      let next = Comparison(plan, count: 2, training: false, seed: attempt, state: state, number: uniform)
      if best.map({ $0.margin <= next.margin }) ?? true { best = next }
    }
    Self.expect(try #require(best), [[.input, .norms]], within: 1e-4)
  }

  @Test("Convolutions in groups of several channels have the norms of plain loops", arguments: [2, 3, 4])
  func groups(groups: Int) {
    var net = PlanBuilder(architecture: "test", input: Shape(channels: 3, height: 6, width: 5), classes: 4)
    let x = net.convolution("first", 0, channels: 12 * groups, kernel: 3)
    let y = net.convolution("second", x, channels: 8 * groups, kernel: 3, stride: 2, groups: groups)
    _ = net.dense("fc", y, features: 4)
    let plan = net.plan()
    Self.expect(
      Comparison(plan, count: 3, training: false, state: RandomNetwork.state(plan), number: uniform), Self.kinds,
      within: 1e-4)
  }

  @Test("Layers of more than 2^18 weights have the gradients of plain loops")
  func largeLayers() {
    var dense = PlanBuilder(architecture: "dense", input: Shape(channels: 531), classes: 5)
    _ = dense.dense("fc2", dense.activation(.sin, dense.dense("fc1", 0, features: 501)), features: 5)
    var small = PlanBuilder(architecture: "small", input: Shape(channels: 2, height: 3, width: 3), classes: 2)
    let x = small.convolution("conv1", 0, channels: 175, kernel: 3)
    _ = small.dense("fc", small.convolution("conv2", x, channels: 170, kernel: 3, stride: 2), features: 2)
    for plan in [dense.plan(), small.plan()] {
      Self.expect(
        Comparison(plan, count: 18, training: false, state: RandomNetwork.state(plan), number: uniform), Self.kinds,
        within: 1e-4)
    }
  }

  @Test("Sums of gradients are the same but for rounding with norms beside them", arguments: InstructionSet.available)
  func sums(set: InstructionSet) {
    for seed in 0..<8 {
      let plan = RandomNetwork.plan(seed, count: 33)
      let comparison = Comparison(
        plan, count: 33, training: false, state: RandomNetwork.state(plan), number: uniform)
      let kinds: [CPUExecutor.Gradients] = [.parameters, [.parameters, .input, .norms]]
      let results = kinds.map { kinds in
        let executor = comparison.executor(set, .training, gradients: kinds, threads: 2, exactConvolution: false)
        executor.forward(count: 33, training: false)
        executor.backward(logitGradient: comparison.logitGradient, count: 33)
        return executor.gradients()
      }
      // With norms they are sums of the examples' own gradients, and not of products over examples.
      let greatest = results[0].reduce(0) { max($0, abs($1)) }
      let difference = zip(results[0], results[1]).reduce(0) { max($0, abs($1.0 - $1.1)) }
      #expect(difference <= 2e-5 * greatest, "network \(seed): \(difference) of \(greatest)")
    }
  }

  @Test(
    "An example's gradients are the same to the bit with any number of threads, and in any company",
    arguments: InstructionSet.available)
  func company(set: InstructionSet) throws {
    let plan = try Architecture("resnet-8 width=0.5").plan(image: Shape(channels: 3, height: 8, width: 8), classes: 3)
    let comparison = Comparison(
      plan, count: 37, training: false, state: initialState(plan: plan, seed: 1, run: 0), number: uniform)
    func bits(threads: Int, count: Int) -> (input: [UInt32], norms: [UInt64]) {
      let executor = comparison.executor(
        set, .training, gradients: [.input, .norms], threads: threads, exactConvolution: false)
      executor.forward(count: count, training: false)
      executor.backward(logitGradient: Array(comparison.logitGradient.prefix(3 * count)), count: count)
      return (
        executor.inputGradient(count: 5).map(\.bitPattern), executor.gradientNorms(count: 5).map(\.bitPattern)
      )
    }
    let alone = bits(threads: 1, count: 5)
    for (threads, count) in [(1, 37), (2, 37), (3, 20)] {
      let all = bits(threads: threads, count: count)
      #expect(all.input == alone.input)
      #expect(all.norms == alone.norms)
    }
  }

  @Test("The reference's gradient by the input, which the fast one is held to, is its finite difference")
  func finiteDifferences() throws {
    let plan = try Architecture("resnet-8 width=0.0625").plan(
      image: Shape(channels: 2, height: 6, width: 5), classes: 3)
    let error = try #require(gradientErrors(plan, training: false)["input"])
    #expect(error < 1e-6)
  }

  @Test("A way back to the input alone takes no memory for gradients of parameters")
  func memory() throws {
    let plan = try Architecture("resnet-20").plan(image: Shape(channels: 3, height: 32, width: 32), classes: 10)
    func need(_ kinds: CPUExecutor.Gradients) -> MemoryNeed {
      CPUExecutor.memoryNeed(
        plan: plan, capacity: 128, mode: .training, gradients: kinds, threads: 2, instructionSet: .portable,
        keeping: [])
    }
    let (all, input, norms) = (need(.parameters), need(.input), need(.norms))
    // Padding of three image channels and ten classes apart, weights are there once; 8 shards and two more with sums.
    #expect(Double(input.parameters) < 1.1 * 4 * Double(plan.stateCount))
    #expect(all.parameters > 10 * input.parameters)
    #expect(norms.parameters == input.parameters)
    // The input's gradient is as large as the input.
    #expect(input.values < all.values + 4 * 128 * 1024 * InstructionSet.portable.lanes)
  }

  @Test("NaN in one example stays in its own gradients", arguments: InstructionSet.available)
  func nan(set: InstructionSet) throws {
    let plan = try Architecture("resnet-8").plan(image: Shape(channels: 3, height: 8, width: 8), classes: 3)
    let comparison = Comparison(
      plan, count: 18, training: false, state: initialState(plan: plan, seed: 1, run: 0), number: uniform)
    let executor = comparison.executor(
      set, .training, gradients: [.input, .norms], threads: 1, exactConvolution: false)
    executor.input[17 * plan.input.area * executor.pixelStride] = .nan
    executor.forward(count: 18, training: false)
    executor.backward(logitGradient: comparison.logitGradient, count: 18)
    let (gradient, norms) = (executor.inputGradient(count: 18), executor.gradientNorms(count: 18))
    let (size, tensors) = (plan.input.count, plan.tensors.count)
    #expect(gradient.prefix(17 * size).allSatisfy(\.isFinite) && norms.prefix(17 * tensors).allSatisfy(\.isFinite))
    #expect(norms.suffix(tensors).contains { $0.isNaN })
  }
}
