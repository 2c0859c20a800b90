import Kernels
import Networks
import Randomness
import Testing

/// A plan run by plain loops in Double, `(example, channel, y, x)`; slow and obvious.
private struct PlainNetwork {
  let plan: Plan
  let count: Int
  var state: [Double]
  var values: [[Double]]
  var gradient: [Double]
  var means: [ValueID: [Double]] = [:]
  var variances: [ValueID: [Double]] = [:]

  init(_ plan: Plan, state: [Float], input: [Float], count: Int) {
    self.plan = plan
    self.count = count
    self.state = state.map(Double.init)
    gradient = [Double](repeating: 0, count: state.count)
    values = plan.values.map { [Double](repeating: 0, count: count * $0.count) }
    values[0] = input.map(Double.init)
  }

  /// Calls `body` with the places of a convolution's output, input and weight elements that meet.
  private func convolve(
    _ operation: Networks.Operation, _ kernel: Int, _ stride: Int, _ padding: Int, _ groups: Int,
    _ body: (_ y: Int, _ x: Int, _ w: Int) -> Void
  ) {
    let (a, b) = (plan.values[operation.inputs[0]], plan.values[operation.output])
    let depth = a.channels / groups
    for n in 0..<count {
      for o in 0..<b.channels {
        let first = o / (b.channels / groups) * depth
        for r in 0..<b.height {
          for c in 0..<b.width {
            let y = ((n * b.channels + o) * b.height + r) * b.width + c
            for i in 0..<depth {
              for ky in 0..<kernel {
                for kx in 0..<kernel {
                  let (row, column) = (r * stride + ky - padding, c * stride + kx - padding)
                  guard row >= 0, row < a.height, column >= 0, column < a.width else { continue }
                  body(
                    y, ((n * a.channels + first + i) * a.height + row) * a.width + column,
                    ((o * depth + i) * kernel + ky) * kernel + kx)
                }
              }
            }
          }
        }
      }
    }
  }

  /// Calls `body` with the places of a shortcut's elements.
  private func shortcut(
    _ operation: Networks.Operation, _ stride: Int, _ before: Int, _ body: (_ y: Int, _ x: Int) -> Void
  ) {
    let (a, b) = (plan.values[operation.inputs[0]], plan.values[operation.output])
    for n in 0..<count {
      for i in 0..<a.channels {
        for r in 0..<b.height {
          for c in 0..<b.width {
            body(
              ((n * b.channels + i + before) * b.height + r) * b.width + c,
              ((n * a.channels + i) * a.height + r * stride) * a.width + c * stride)
          }
        }
      }
    }
  }

  mutating func forward(training: Bool) {
    for operation in plan.operations {
      let x = values[operation.inputs[0]]
      let shape = plan.values[operation.inputs[0]]
      var y = [Double](repeating: 0, count: values[operation.output].count)
      switch operation.kind {
      case .convolution(let weight, let kernel, let stride, let padding, let groups):
        let w = plan.tensors[weight].offset
        convolve(operation, kernel, stride, padding, groups) { y[$0] += x[$1] * state[w + $2] }
      case .dense(let weight, let bias):
        let outputs = plan.values[operation.output].channels
        for n in 0..<count {
          for o in 0..<outputs {
            var sum = bias.map { state[plan.tensors[$0].offset + o] } ?? 0
            for i in 0..<shape.count {
              sum += x[n * shape.count + i] * state[plan.tensors[weight].offset + o * shape.count + i]
            }
            y[n * outputs + o] = sum
          }
        }
      case .batchNorm(let norm):
        let m = Double(count * shape.area)
        var (means, variances) = ([Double](), [Double]())
        for c in 0..<shape.channels {
          let places = channel(c, shape)
          let running = plan.tensors[norm.runningMean].offset + c
          let runningVariance = plan.tensors[norm.runningVariance].offset + c
          var (mean, variance) = (state[running], state[runningVariance])
          if training {
            mean = places.reduce(0) { $0 + x[$1] } / m
            variance = places.reduce(0) { $0 + (x[$1] - mean) * (x[$1] - mean) } / m
            state[running] = 0.9 * state[running] + 0.1 * mean
            state[runningVariance] = 0.9 * state[runningVariance] + 0.1 * variance * m / (m - 1)
          }
          let scale = state[plan.tensors[norm.weight].offset + c] / (variance + 1e-5).squareRoot()
          for i in places { y[i] = (x[i] - mean) * scale + state[plan.tensors[norm.bias].offset + c] }
          means.append(mean)
          variances.append(variance)
        }
        if training { state[plan.tensors[norm.batches].offset] += 1 }
        self.means[operation.output] = means
        self.variances[operation.output] = variances
      case .activation(let activation):
        y = x.map { PlainNetwork.activate(activation, $0) }
      case .add:
        y = zip(x, values[operation.inputs[1]]).map(+)
      case .subsample(let stride, let before, _):
        shortcut(operation, stride, before) { y[$0] = x[$1] }
      case .globalAveragePool:
        for i in y.indices {
          y[i] = x[i * shape.area..<(i + 1) * shape.area].reduce(0, +) / Double(shape.area)
        }
      }
      values[operation.output] = y
    }
  }

  mutating func backward(_ logitGradient: [Double], training: Bool) {
    var gradients = values.map { [Double](repeating: 0, count: $0.count) }
    gradients[plan.logits] = logitGradient
    for operation in plan.operations.reversed() {
      let dy = gradients[operation.output]
      let input = operation.inputs[0]
      let x = values[input]
      let shape = plan.values[input]
      switch operation.kind {
      case .convolution(let weight, let kernel, let stride, let padding, let groups):
        let w = plan.tensors[weight].offset
        var (dx, dw) = (gradients[input], gradient)
        convolve(operation, kernel, stride, padding, groups) {
          dx[$1] += dy[$0] * state[w + $2]
          dw[w + $2] += dy[$0] * x[$1]
        }
        (gradients[input], gradient) = (dx, dw)
      case .dense(let weight, let bias):
        let outputs = plan.values[operation.output].channels
        for n in 0..<count {
          for o in 0..<outputs {
            let d = dy[n * outputs + o]
            if let bias { gradient[plan.tensors[bias].offset + o] += d }
            for i in 0..<shape.count {
              let w = plan.tensors[weight].offset + o * shape.count + i
              gradients[input][n * shape.count + i] += d * state[w]
              gradient[w] += d * x[n * shape.count + i]
            }
          }
        }
      case .batchNorm(let norm):
        let m = Double(count * shape.area)
        for c in 0..<shape.channels {
          guard let mean = means[operation.output]?[c], let variance = variances[operation.output]?[c] else {
            continue
          }
          let inverse = 1 / (variance + 1e-5).squareRoot()
          let places = channel(c, shape)
          let sum = places.reduce(0) { $0 + dy[$1] }
          let product = places.reduce(0) { $0 + dy[$1] * (x[$1] - mean) * inverse }
          gradient[plan.tensors[norm.weight].offset + c] += product
          gradient[plan.tensors[norm.bias].offset + c] += sum
          let scale = state[plan.tensors[norm.weight].offset + c] * inverse
          for i in places {
            let correction = training ? (sum + (x[i] - mean) * inverse * product) / m : 0
            gradients[input][i] += scale * (dy[i] - correction)
          }
        }
      case .activation(let activation):
        // The central difference of a smooth function is good to 1e-9 here; of ReLU it is exact but within
        // 1e-6 of 0.
        for i in dy.indices {
          let (up, down) = (
            PlainNetwork.activate(activation, x[i] + 1e-5), PlainNetwork.activate(activation, x[i] - 1e-5)
          )
          gradients[input][i] += dy[i] * (up - down) / 2e-5
        }
      case .add:
        for input in operation.inputs { gradients[input] = zip(gradients[input], dy).map(+) }
      case .subsample(let stride, let before, _):
        var dx = gradients[input]
        shortcut(operation, stride, before) { dx[$1] += dy[$0] }
        gradients[input] = dx
      case .globalAveragePool:
        for i in gradients[input].indices { gradients[input][i] += dy[i / shape.area] / Double(shape.area) }
      }
    }
  }

  /// The places of one channel's elements over the batch.
  private func channel(_ c: Int, _ shape: Shape) -> [Int] {
    (0..<count).flatMap { n in (0..<shape.area).map { (n * shape.channels + c) * shape.area + $0 } }
  }

  private static func activate(_ activation: Activation, _ x: Double) -> Double {
    switch activation {
    case .relu: max(x, 0)
    case .sin: sine(x)
    case .sigmoid: 1 / (1 + Elementary.exp(-x))
    case .linear: x
    }
  }

  /// Its series, for the arguments of a few units that the tests have.
  private static func sine(_ x: Double) -> Double {
    var (term, sum, k) = (x, x, 1.0)
    while abs(term) > 1e-18 {
      term *= -x * x / ((k + 1) * (k + 2))
      sum += term
      k += 2
    }
    return sum
  }
}

/// An executor with random contents, and the same in plain loops.
private struct Pair {
  let executor: CPUExecutor
  var plain: PlainNetwork
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
    plain = PlainNetwork(plan, state: state, input: input, count: count)
    self.count = count
  }

  /// Runs both, and holds values, state and gradients of one to the other's.
  mutating func compare(training: Bool = true) {
    executor.forward(count: count, training: training)
    plain.forward(training: training)
    for id in plain.values.indices where executor.keeps(id) {
      let difference = distance(executor.value(id, count: count), plain.values[id])
      #expect(difference < 2e-5, "value \(id)")
    }
    #expect(executor.paddingIsZero(count: count))
    executor.backward(logitGradient: logitGradient, count: count)
    plain.backward(logitGradient.map(Double.init), training: training)
    let gradients = executor.gradients()
    let state = executor.state()
    for tensor in plain.plan.tensors {
      let range = tensor.offset..<tensor.offset + tensor.count
      #expect(distance(gradients[range], plain.gradient[range]) < 2e-4, "gradient of \(tensor.name)")
      #expect(distance(state[range], plain.state[range]) < 1e-5, "\(tensor.name)")
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
