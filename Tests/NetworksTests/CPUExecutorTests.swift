import Kernels
import Networks
import Randomness
import Testing

/// An executor with random contents, and the same in plain loops.
private struct Pair {
  let executor: CPUExecutor
  var plain: ReferenceExecutor
  private let input: [Double]
  let count: Int
  let logitGradient: [Float]

  init(_ plan: Plan, count: Int, _ set: InstructionSet, threads: Int = 1, mode: CPUExecutor.Mode = .training) {
    var random = RandomStream(seed: 7, purpose: .initialisation)
    var state = (0..<plan.stateCount).map { _ in Float(random.normal()) }
    for tensor in plan.tensors {
      let fan = tensor.shape.dropFirst().reduce(1, *)
      for i in tensor.offset..<tensor.offset + tensor.count {
        if tensor.shape.count > 1 { state[i] /= Float(fan).squareRoot() }
        if tensor.name.hasSuffix("running_var") { state[i] = 0.5 + state[i] * state[i] }
        if tensor.shape.isEmpty { state[i] = 3 }
      }
    }
    let shape = plan.input
    let input = (0..<count * shape.count).map { _ in Float(random.normal()) }
    logitGradient = (0..<count * plan.values[plan.logits].count).map { _ in Float(random.normal()) }
    executor = CPUExecutor(
      plan: plan, capacity: count + 3, mode: mode, pool: ThreadPool(threads: threads), instructionSet: set)
    executor.load(state: state)
    let stride = executor.pixelStride
    executor.prepare(count: count) { n, x in
      for c in 0..<shape.channels {
        for p in 0..<shape.area { x[p * stride + c] = input[(n * shape.channels + c) * shape.area + p] }
      }
    }
    plain = ReferenceExecutor(plan: plan)
    plain.load(state: state.map(Double.init))
    self.input = input.map(Double.init)
    self.count = count
  }

  /// Runs both, and holds values, state and gradients of one to the other's.
  mutating func compare(training: Bool = true) {
    executor.forward(count: count, training: training)
    plain.forward(input: input, count: count, training: training)
    for id in plain.plan.values.indices where executor.keeps(id) {
      let difference = distance(executor.value(id, count: count), plain.value(id))
      #expect(difference < 2e-5, "value \(id)")
    }
    #expect(executor.paddingIsZero(count: count))
    executor.backward(logitGradient: logitGradient, count: count)
    plain.backward(logitGradient: logitGradient.map(Double.init))
    let (gradients, plainGradients) = (executor.gradients(), plain.gradients())
    let (state, plainState) = (executor.state(), plain.state())
    for tensor in plain.plan.tensors {
      let range = tensor.offset..<tensor.offset + tensor.count
      #expect(distance(gradients[range], plainGradients[range]) < 2e-4, "gradient of \(tensor.name)")
      #expect(distance(state[range], plainState[range]) < 1e-5, "\(tensor.name)")
    }
    executor.update(SGD(learningRate: 0.1, momentum: 0.9, weightDecay: 0.01, nesterov: true))
    #expect(executor.paddingIsZero(count: count))
  }
}

/// The largest difference, in units of the largest element (of 1 where all are 0).
private func distance(_ a: some Collection<Float>, _ b: some Collection<Double>) -> Double {
  guard a.count == b.count else { return .infinity }
  let scale = b.reduce(0) { max($0, abs($1)) }
  return zip(a, b).reduce(0) { $1.0.isFinite ? max($0, abs(Double($1.0) - $1.1)) : .infinity }
    / (scale > 0 ? scale : 1)
}

private func builder(_ channels: Int, _ height: Int, _ width: Int, classes: Int = 10) -> PlanBuilder {
  PlanBuilder(
    architecture: "test", input: Shape(channels: channels, height: height, width: width), classes: classes)
}

/// Convolution, batch-norm, ReLU, pool, dense.
private func tinyPlan() -> Plan {
  var b = builder(3, 7, 6)
  var x = b.convolution("conv", 0, channels: 20, kernel: 3)
  x = b.batchNorm("bn", x)
  x = b.activation(.relu, x)
  x = b.globalAveragePool(x)
  b.represent("pool", x)
  _ = b.dense("fc", x, features: 10)
  return b.plan()
}

/// Two residual blocks, the second with stride and a shortcut of zero channels.
private func residualPlan(stem: Int = 6, wide: Int = 19, size: Int = 9) -> Plan {
  var b = builder(3, size, size)
  var x = b.convolution("conv", 0, channels: stem, kernel: 3)
  x = b.activation(.relu, b.batchNorm("bn", x))
  for (i, (channels, stride)) in [(stem, 1), (wide, 2), (wide, 1)].enumerated() {
    var y = b.convolution("\(i).conv1", x, channels: channels, kernel: 3, stride: stride)
    y = b.activation(.relu, b.batchNorm("\(i).bn1", y))
    y = b.batchNorm("\(i).bn2", b.convolution("\(i).conv2", y, channels: channels, kernel: 3))
    let shortcut = stride == 1 ? x : b.subsample(x, stride: stride, channels: channels)
    x = b.activation(.relu, b.add(y, shortcut))
  }
  x = b.globalAveragePool(x)
  b.represent("pool", x)
  _ = b.dense("fc", x, features: 10)
  return b.plan()
}

struct CPUExecutorTests {
  @Test(
    "Convolution, batch-norm, ReLU, pooling and dense layers agree with plain loops",
    arguments: InstructionSet.available)
  func tiny(set: InstructionSet) {
    for count in [1, 17] {
      var pair = Pair(tinyPlan(), count: count, set)
      pair.compare()
    }
  }

  @Test(
    "With running statistics the backward pass treats them as constants", arguments: InstructionSet.available)
  func runningStatistics(set: InstructionSet) {
    var pair = Pair(tinyPlan(), count: 5, set)
    pair.compare(training: false)
  }

  @Test(
    "Convolutions of any kernel, stride and padding agree with plain loops",
    arguments: InstructionSet.available)
  func convolutions(set: InstructionSet) {
    let cases: [(kernel: Int, stride: Int, padding: Int?, height: Int, width: Int, from: Int, to: Int)] = [
      (1, 1, nil, 5, 5, 9, 21), (1, 2, nil, 7, 5, 5, 18), (3, 1, nil, 9, 17, 16, 16),
      (3, 2, nil, 9, 8, 17, 33),
      (3, 1, 0, 6, 7, 7, 3), (5, 1, nil, 8, 11, 6, 20), (5, 2, nil, 11, 9, 20, 7), (3, 3, 1, 10, 10, 4, 8),
      (2, 2, 0, 8, 6, 12, 5), (3, 1, 2, 1, 1, 3, 4), (3, 2, nil, 2, 31, 3, 5),
    ]
    for c in cases {
      var b = builder(3, c.height, c.width)
      let x = b.convolution("first", 0, channels: c.from, kernel: 1)
      let y = b.convolution(
        "second", x, channels: c.to, kernel: c.kernel, stride: c.stride, padding: c.padding)
      _ = b.dense("fc", b.globalAveragePool(y), features: 3)
      var pair = Pair(b.plan(), count: 2, set)
      pair.compare()
    }
  }

  @Test(
    "Residual blocks with zero-channel shortcuts agree with plain loops", arguments: InstructionSet.available)
  func residual(set: InstructionSet) {
    for (stem, wide, size) in [(6, 19, 9), (16, 32, 8), (5, 10, 5)] {
      var pair = Pair(residualPlan(stem: stem, wide: wide, size: size), count: 18, set)
      pair.compare()
    }
  }

  @Test("Activations agree with their definitions", arguments: InstructionSet.available, Activation.allCases)
  func activations(set: InstructionSet, activation: Activation) {
    var b = PlanBuilder(architecture: "test", input: Shape(channels: 13), classes: 3)
    let x = b.activation(activation, b.dense("fc1", 0, features: 37, bias: false))
    _ = b.dense("fc2", x, features: 3)
    var pair = Pair(b.plan(), count: 19, set)
    pair.compare()
  }

  @Test("A value may be used twice, and by one addition", arguments: InstructionSet.available)
  func sharedValues(set: InstructionSet) {
    var b = builder(3, 4, 4)
    let x = b.convolution("conv", 0, channels: 5, kernel: 3)
    let twice = b.add(x, x)
    let y = b.add(b.activation(.sin, twice), x)
    _ = b.dense("fc", y, features: 4)
    var pair = Pair(b.plan(), count: 17, set)
    pair.compare()
  }

  @Test("Layers of more than 2^18 weights agree with plain loops", arguments: InstructionSet.available)
  func largeLayers(set: InstructionSet) {
    var b = PlanBuilder(architecture: "test", input: Shape(channels: 531), classes: 5)
    let x = b.activation(.relu, b.dense("fc1", 0, features: 501))
    _ = b.dense("fc3", b.dense("fc2", x, features: 530), features: 5)
    for count in [3, 32, 35] {
      var pair = Pair(b.plan(), count: count, set)
      pair.compare()
    }
    var c = builder(2, 3, 3)
    let y = c.convolution("conv1", 0, channels: 175, kernel: 3)
    _ = c.dense("fc", c.convolution("conv2", y, channels: 170, kernel: 3, stride: 2), features: 2)
    var pair = Pair(c.plan(), count: 18, set)
    pair.compare()
  }

  @Test("The bits are the same with 1, 2 and 3 threads", arguments: InstructionSet.available)
  func threads(set: InstructionSet) {
    var wide = builder(3, 3, 3)
    let x = wide.convolution("conv1", 0, channels: 175, kernel: 3)
    _ = wide.dense("fc", wide.convolution("conv2", x, channels: 170, kernel: 3), features: 2)
    for plan in [residualPlan(), wide.plan()] {
      let results = (1...3).map { threads in
        let pair = Pair(plan, count: 50, set, threads: threads)
        for _ in 0..<2 {
          pair.executor.forward(count: 50, training: true)
          pair.executor.backward(logitGradient: pair.logitGradient, count: 50)
          pair.executor.update(SGD(learningRate: 0.01, momentum: 0.9))
        }
        return (pair.executor.logits(count: 50) + pair.executor.gradients() + pair.executor.state()).map(
          \.bitPattern)
      }
      #expect(results[0] == results[1])
      #expect(results[0] == results[2])
    }
  }

  @Test(
    "Evaluation mode, its batch-norms folded into weights, agrees with a training executor's evaluation",
    arguments: InstructionSet.available)
  func evaluation(set: InstructionSet) {
    let plan = residualPlan()
    let training = Pair(plan, count: 37, set)
    let evaluation = Pair(plan, count: 37, set, threads: 2, mode: .evaluation)
    training.executor.forward(count: 37, training: false)
    evaluation.executor.forward(count: 37, training: true)
    for value in [plan.logits, plan.representations[0].value] {
      let expected = training.executor.value(value, count: 37).map(Double.init)
      #expect(distance(evaluation.executor.value(value, count: 37), expected) < 1e-5)
    }
    #expect(evaluation.executor.state() == training.executor.state())
  }

  @Test("Steps of SGD follow PyTorch's formula", arguments: InstructionSet.available)
  func optimiser(set: InstructionSet) {
    let pair = Pair(tinyPlan(), count: 4, set)
    var expected = pair.executor.state().map(Double.init)
    var momenta = expected.map { _ in 0.0 }
    for (step, nesterov) in [false, true, true].enumerated() {
      pair.executor.forward(count: 4, training: false)
      pair.executor.backward(logitGradient: pair.logitGradient, count: 4)
      let gradients = pair.executor.gradients()
      for tensor in pair.executor.plan.tensors where tensor.role == .parameter {
        for i in tensor.offset..<tensor.offset + tensor.count {
          let g = Double(gradients[i]) + 0.05 * expected[i]
          momenta[i] = step == 0 ? g : 0.9 * momenta[i] + g
          expected[i] -= 0.01 * (nesterov ? g + 0.9 * momenta[i] : momenta[i])
        }
      }
      pair.executor.update(SGD(learningRate: 0.01, momentum: 0.9, weightDecay: 0.05, nesterov: nesterov))
      #expect(distance(pair.executor.state(), expected) < 1e-6)
    }
  }

  @Test("A smaller batch leaves no trace in the next", arguments: InstructionSet.available)
  func batchSizes(set: InstructionSet) {
    let (fresh, used) = (Pair(residualPlan(), count: 20, set), Pair(residualPlan(), count: 20, set))
    used.executor.forward(count: 3, training: false)
    used.executor.backward(logitGradient: Array(used.logitGradient.prefix(30)), count: 3)
    for pair in [fresh, used] {
      pair.executor.forward(count: 20, training: true)
      pair.executor.backward(logitGradient: pair.logitGradient, count: 20)
    }
    #expect(fresh.executor.gradients() == used.executor.gradients())
  }
}
