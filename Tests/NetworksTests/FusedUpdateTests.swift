import Kernels
import Networks
import Testing

struct FusedUpdateTests {
  /// Gradients summed over shards, and of more than 2^18 weights: convolutions, in groups and depthwise, and dense.
  private static func plan() -> Plan {
    var net = PlanBuilder(architecture: "test", input: Shape(channels: 3, height: 3, width: 3), classes: 3)
    var x = net.activation(.relu, net.batchNorm("bn", net.convolution("stem", 0, channels: 171, kernel: 3)))
    x = net.convolution("large", x, channels: 176, kernel: 3)
    x = net.batchNorm("bn2", net.convolution("grouped", x, channels: 88, kernel: 7, groups: 2))
    x = net.convolution("small", net.activation(.sin, x), channels: 20, kernel: 3)
    x = net.convolution("depthwise", x, channels: 20, kernel: 3, groups: 20)
    _ = net.dense("fc2", net.dense("fc1", x, features: 1460), features: 3)
    return net.plan()
  }

  @Test(
    "An update taken along with the backward pass has the bits of one that follows it",
    arguments: InstructionSet.available)
  func bits(set: InstructionSet) {
    let plan = Self.plan()
    let large = plan.tensors.filter { $0.count > 1 << 18 }.map(\.name)
    #expect(large == ["large.weight", "grouped.weight", "fc1.weight"])
    let count = 17
    let gradient = randomValues(3 * count, index: 5).map(Float.init)
    let states = [false, true].map { isFused in
      let executor = CPUExecutor(
        plan: plan, capacity: count, mode: .training, pool: ThreadPool(threads: 2), instructionSet: set)
      executor.load(state: randomState(plan).map { Float(0.1 * $0) })
      let stride = executor.pixelStride
      executor.prepare(count: count) { example, x in
        for pixel in 0..<plan.input.area { x[pixel * stride + pixel % 3] = Float(example - pixel) / 8 }
      }
      for step in 1...3 {
        let sgd = SGD(
          learningRate: 0.01 * Float(step), momentum: 0.9, weightDecay: 0.01, nesterov: step.isMultiple(of: 2))
        executor.forward(count: count, training: true)
        if isFused {
          executor.backward(logitGradient: gradient, count: count, updating: sgd)
        } else {
          executor.backward(logitGradient: gradient, count: count)
          executor.update(sgd)
        }
      }
      return executor.state().map(\.bitPattern)
    }
    #expect(states[0] == states[1])
  }

  @Test(
    "An executor that is given state and momenta goes on with the bits of one that never stopped",
    arguments: InstructionSet.available)
  func resumed(set: InstructionSet) {
    let plan = Self.plan()
    let count = 5
    let gradient = randomValues(3 * count, index: 5).map(Float.init)
    func executor() -> CPUExecutor {
      CPUExecutor(plan: plan, capacity: count, mode: .training, pool: ThreadPool(threads: 1), instructionSet: set)
    }
    func step(_ executor: CPUExecutor) {
      let stride = executor.pixelStride
      executor.prepare(count: count) { example, x in
        for pixel in 0..<plan.input.area { x[pixel * stride + pixel % 3] = Float(example - pixel) / 8 }
      }
      executor.forward(count: count, training: true)
      executor.backward(
        logitGradient: gradient, count: count,
        updating: SGD(learningRate: 0.01, momentum: 0.9, weightDecay: 0.01, nesterov: true))
    }
    let steady = executor()
    steady.load(state: randomState(plan).map { Float(0.1 * $0) })
    step(steady)
    let resumed = executor()
    resumed.load(state: steady.state(), momenta: steady.momenta())
    // Without its momenta it would go elsewhere.
    let forgetful = executor()
    forgetful.load(state: steady.state())
    for executor in [steady, resumed, forgetful] { step(executor) }
    #expect(resumed.state().map(\.bitPattern) == steady.state().map(\.bitPattern))
    #expect(resumed.momenta().map(\.bitPattern) == steady.momenta().map(\.bitPattern))
    #expect(forgetful.state() != steady.state())
    #expect(resumed.paddingIsZero(count: count))
  }
}
