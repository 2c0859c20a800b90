import Networks
import Testing

private let image = Shape(channels: 2, height: 6, width: 5)
private let bound = 1e-6

/// Every gradient of a plan within the bound of its central difference, and none left out.
private func expectGradients(
  of plan: Plan, training: Bool = true, at location: SourceLocation = #_sourceLocation
) {
  let errors = gradientErrors(plan, training: training)
  #expect(
    errors.count == 1 + plan.tensors.count(where: { $0.role == .parameter }), sourceLocation: location)
  for (name, error) in errors { #expect(error <= bound, "\(name)", sourceLocation: location) }
}

@Suite struct ReferenceGradientTests {
  @Test(
    "A convolution's gradients are its finite differences",
    arguments: [
      (1, 1, 0), (1, 2, 0), (3, 1, 1), (3, 2, 1), (3, 1, 0), (3, 2, 0), (5, 1, 2), (5, 2, 2), (5, 1, 0),
      (3, 1, 3),
    ])
  func convolution(kernel: Int, stride: Int, padding: Int) {
    var net = PlanBuilder(architecture: "test", input: image, classes: 4)
    let x = net.convolution("conv", 0, channels: 3, kernel: kernel, stride: stride, padding: padding)
    _ = net.dense("fc", x, features: 4)
    expectGradients(of: net.plan())
  }

  @Test(
    "The gradients of a convolution in groups are its finite differences",
    arguments: [(2, 1, 3, 1), (2, 2, 5, 2), (4, 1, 5, 2), (4, 2, 3, 1), (4, 3, 3, 3)])
  func groupedConvolution(groups: Int, stride: Int, kernel: Int, padding: Int) {
    for channels in [4, 8] {
      var net = PlanBuilder(
        architecture: "test", input: Shape(channels: 4, height: 5, width: 4), classes: 3)
      let x = net.convolution(
        "conv", 0, channels: channels, kernel: kernel, stride: stride, padding: padding, groups: groups)
      _ = net.dense("fc", x, features: 3)
      expectGradients(of: net.plan())
    }
  }

  @Test("A convolution in groups is one without, whose weights between groups are zero")
  func groupsOfOne() {
    func value(groups: Int, weight: [Double]) -> [Double] {
      var net = PlanBuilder(
        architecture: "test", input: Shape(channels: 6, height: 3, width: 2), classes: 3)
      let x = net.convolution("conv", 0, channels: 4, kernel: 3, groups: groups)
      var network = ReferenceExecutor(plan: net.plan())
      network.load(state: weight)
      network.forward(input: randomValues(2 * 36, index: 0), count: 2, training: false)
      return network.value(x)
    }
    // Output channels 0 and 1 see the inputs 0 to 2, and 2 and 3 see 3 to 5.
    let weight = randomValues(4 * 3 * 9, index: 1)
    let none = [Double](repeating: 0, count: 3 * 9)
    let whole = (0..<4).flatMap { output in
      let own = Array(weight[output * 27..<(output + 1) * 27])
      return output < 2 ? own + none : none + own
    }
    let (grouped, ungrouped) = (value(groups: 2, weight: weight), value(groups: 1, weight: whole))
    #expect(relativeDifference(grouped, from: ungrouped) < 1e-15)
  }

  @Test("A dense layer's gradients are its finite differences", arguments: [true, false])
  func dense(bias: Bool) {
    var net = PlanBuilder(architecture: "test", input: image, classes: 4)
    _ = net.dense("fc", 0, features: 4, bias: bias)
    expectGradients(of: net.plan())
  }

  @Test(
    "Batch-norm's gradients are its finite differences in training and in evaluation",
    arguments: [true, false])
  func batchNorm(training: Bool) {
    var net = PlanBuilder(architecture: "test", input: image, classes: 4)
    _ = net.dense("fc", net.batchNorm("bn", 0), features: 4)
    expectGradients(of: net.plan(), training: training)
  }

  @Test("An activation's gradients are its finite differences", arguments: Activation.allCases)
  func activation(activation: Activation) {
    var net = PlanBuilder(architecture: "test", input: image, classes: 4)
    let x = net.dense("fc1", 0, features: 8)
    _ = net.dense("fc2", net.activation(activation, x), features: 4)
    expectGradients(of: net.plan())
  }

  @Test("A sum of two paths, and of a value with itself, passes gradients to both")
  func add() {
    var net = PlanBuilder(architecture: "test", input: image, classes: 4)
    let x = net.add(net.activation(.sin, 0), 0)
    _ = net.dense("fc", net.add(x, x), features: 4)
    expectGradients(of: net.plan())
  }

  @Test("Subsampling's gradients are its finite differences", arguments: [(1, 5), (2, 4), (2, 7), (3, 2)])
  func subsample(stride: Int, channels: Int) {
    var net = PlanBuilder(architecture: "test", input: image, classes: 4)
    _ = net.dense("fc", net.subsample(0, stride: stride, channels: channels), features: 4)
    expectGradients(of: net.plan())
  }

  @Test("A bias of a convolution has its finite differences as gradient", arguments: [1, 2])
  func convolutionBias(groups: Int) {
    var net = PlanBuilder(architecture: "test", input: image, classes: 4)
    _ = net.dense("fc", net.convolution("conv", 0, channels: 4, kernel: 3, groups: groups, bias: true), features: 4)
    expectGradients(of: net.plan())
  }

  @Test("A gate's gradients, and those of what it lets through, are their finite differences")
  func multiply() {
    var net = PlanBuilder(architecture: "test", input: image, classes: 4)
    let gate = net.activation(.sigmoid, net.convolution("conv", net.globalAveragePool(0), channels: 2, kernel: 1))
    _ = net.dense("fc", net.multiply(net.activation(.sin, 0), gate: gate), features: 4)
    expectGradients(of: net.plan())
  }

  @Test("A concatenation hands each part its gradients, also where one value is two parts")
  func concatenate() {
    var net = PlanBuilder(architecture: "test", input: image, classes: 4)
    let x = net.convolution("conv", 0, channels: 16, kernel: 1)
    _ = net.dense("fc", net.concatenate([x, net.activation(.sin, x), x, 0]), features: 4)
    expectGradients(of: net.plan())
  }

  @Test(
    "Pooling windows' gradients are their finite differences", arguments: [(2, 2, 0), (3, 2, 0), (3, 2, 1), (3, 1, 1)])
  func pooling(kernel: Int, stride: Int, padding: Int) {
    var net = PlanBuilder(architecture: "test", input: image, classes: 4)
    _ = net.dense("fc", net.maxPool(0, kernel: kernel, stride: stride, padding: padding), features: 4)
    expectGradients(of: net.plan())
    net = PlanBuilder(architecture: "test", input: image, classes: 4)
    _ = net.dense("fc", net.averagePool(0, kernel: kernel, stride: stride), features: 4)
    expectGradients(of: net.plan())
  }

  @Test("Global average pooling's gradients are its finite differences")
  func globalAveragePool() {
    var net = PlanBuilder(architecture: "test", input: image, classes: 4)
    _ = net.dense("fc", net.globalAveragePool(net.activation(.sin, 0)), features: 4)
    expectGradients(of: net.plan())
  }

  @Test("A whole residual network's gradients are its finite differences", arguments: [true, false])
  func residualNetwork(training: Bool) throws {
    let plan = try Architecture("resnet-8 width=0.0625").plan(
      image: Shape(channels: 1, height: 7, width: 7), classes: 3)
    expectGradients(of: plan, training: training)
  }

  @Test("A convolution is a cross-correlation: the kernel is not turned over")
  func orientation() {
    var net = PlanBuilder(architecture: "test", input: Shape(channels: 1, height: 3, width: 3), classes: 9)
    _ = net.convolution("conv", 0, channels: 1, kernel: 3)
    var network = ReferenceExecutor(plan: net.plan())
    network.load(state: [1, 2, 3, 4, 5, 6, 7, 8, 9])
    // A single 1 in the middle of the input brings out the kernel turned by half a circle.
    network.forward(input: [0, 0, 0, 0, 1, 0, 0, 0, 0], count: 1, training: false)
    #expect(network.value(1) == [9, 8, 7, 6, 5, 4, 3, 2, 1])
  }

  @Test("Option A keeps the middle channels and zeroes those around")
  func optionA() {
    var net = PlanBuilder(architecture: "test", input: Shape(channels: 1, height: 3, width: 2), classes: 4)
    let x = net.subsample(0, stride: 2, channels: 4)
    #expect(net.shape(x) == Shape(channels: 4, height: 2, width: 1))
    _ = net.dense("fc", x, features: 1)
    var network = ReferenceExecutor(plan: net.plan())
    network.forward(input: [1, 2, 3, 4, 5, 6], count: 1, training: false)
    // Three zero channels: one before, two after.
    #expect(network.value(x) == [0, 0, 1, 5, 0, 0, 0, 0])
  }

  @Test("Running statistics move by a tenth, with the unbiased variance, and only in training")
  func runningStatistics() {
    var net = PlanBuilder(architecture: "test", input: Shape(channels: 1, height: 1, width: 2), classes: 1)
    _ = net.dense("fc", net.batchNorm("bn", 0), features: 1, bias: false)
    var network = ReferenceExecutor(plan: net.plan())
    let state: [Double] = [1, 0, 0, 1, 0, 1, 1]
    network.load(state: state)
    network.forward(input: [1, 2, 3, 4], count: 2, training: false)
    #expect(network.state() == state)
    // Mean 2.5; variance 1.25, unbiased 5/3: 0.9 + 0.1 · 5/3.
    network.forward(input: [1, 2, 3, 4], count: 2, training: true)
    let after = network.state()
    #expect(relativeDifference(after, from: [1, 0, 0.25, 0.9 + 0.5 / 3, 1, 1, 1]) < 1e-15)
  }

  @Test("NaN in an input reaches the logits")
  func nanPasses() throws {
    let plan = try Architecture("resnet-8").plan(image: Shape(channels: 3, height: 4, width: 4), classes: 2)
    var network = ReferenceExecutor(plan: plan)
    network.load(state: randomState(plan))
    network.forward(input: [Double](repeating: .nan, count: plan.input.count), count: 1, training: false)
    #expect(network.logits.allSatisfy { $0.isNaN })
  }
}
