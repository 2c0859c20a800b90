import Kernels
import Networks
import Randomness
import Testing

/// A convolution between an unmixed input and a dense layer; another convolution before it needs the gradient by its
/// input.
struct ConvolutionCase: Sendable, CustomTestStringConvertible {
  var inputs: Int
  var outputs: Int
  var groups = 1
  var kernel: Int
  var stride = 1
  var padding: Int
  var height: Int
  var width: Int
  var count = 2

  var testDescription: String {
    "\(inputs) to \(outputs) channels in \(groups) groups, \(kernel)x\(kernel) by \(stride), padding \(padding), "
      + "\(count) images of \(height)x\(width)"
  }

  var plan: Plan {
    var net = PlanBuilder(
      architecture: "test", input: Shape(channels: 3, height: height, width: width), classes: 3)
    let x = net.convolution("first", 0, channels: inputs, kernel: 1)
    let y = net.convolution(
      "second", x, channels: outputs, kernel: kernel, stride: stride, padding: padding, groups: groups)
    net.represent("second", y)
    _ = net.dense("fc", y, features: 3)
    return net.plan()
  }

  /// Any shape there may be, within these groups.
  static func random(
    _ stream: inout RandomStream, groups: Int = 1, inputs: Int, outputs: Int
  ) -> ConvolutionCase {
    let kernel = [1, 3, 5, 7][stream.below(4)]
    let padding = stream.below(4)
    let least = max(1, kernel - 2 * padding)
    return ConvolutionCase(
      inputs: inputs, outputs: outputs, groups: groups, kernel: kernel, stride: 1 + stream.below(3),
      padding: padding, height: least + stream.below(10), width: least + stream.below(20),
      count: 1 + stream.below(3))
  }
}

struct ConvolutionTests {
  @Test("A convolution of any shape agrees with plain loops", arguments: InstructionSet.available)
  func anyShape(set: InstructionSet) {
    var stream = RandomStream(seed: 1, purpose: .test)
    for seed in 0..<40 {
      let c = ConvolutionCase.random(&stream, inputs: 1 + stream.below(35), outputs: 1 + stream.below(35))
      for (name, difference) in differences(c.plan, count: c.count, set, seed: seed, number: uniform) {
        #expect(difference < 1e-4, "\(name): \(c.testDescription)")
      }
    }
  }

  @Test(
    "Groups that fill whole blocks, and groups that do not, have the very sums of plain loops",
    arguments: InstructionSet.available)
  func groups(set: InstructionSet) {
    var stream = RandomStream(seed: 2, purpose: .test)
    for seed in 0..<30 {
      let groups = 2 + stream.below(4)
      let unit = seed.isMultiple(of: 2) ? set.lanes : 1
      let most = unit == 1 ? 20 : 2
      let c = ConvolutionCase.random(
        &stream, groups: groups, inputs: groups * unit * (1 + stream.below(most)),
        outputs: groups * unit * (1 + stream.below(most)))
      for (name, difference) in differences(c.plan, count: c.count, set, seed: seed, number: smallInteger) {
        #expect(difference == 0, "\(name): \(c.testDescription)")
      }
    }
  }

  @Test(
    "Grouped convolutions of more than 2^18 weights have the very sums of plain loops",
    arguments: [(108, 100, 2), (96, 128, 2), (48, 5376, 48)], InstructionSet.available)
  func manyWeights(channels: (inputs: Int, outputs: Int, groups: Int), set: InstructionSet) {
    let c = ConvolutionCase(
      inputs: channels.inputs, outputs: channels.outputs, groups: channels.groups, kernel: 7, padding: 3,
      height: 1, width: 2, count: 3)
    for (name, difference) in differences(c.plan, count: c.count, set, number: smallInteger) {
      #expect(difference == 0, "\(name): \(c.testDescription)")
    }
  }

  @Test(
    "In batches of several shards groups have the very sums of plain loops, and the same bits for any threads",
    arguments: InstructionSet.available)
  func shards(set: InstructionSet) {
    for groups in [2, 8, 48] {
      let c = ConvolutionCase(
        inputs: 48, outputs: 48, groups: groups, kernel: 3, padding: 1, height: 3, width: 4, count: 37)
      for (name, difference) in differences(c.plan, count: c.count, set, number: smallInteger) {
        #expect(difference == 0, "\(name): \(c.testDescription)")
      }
      let bits = (1...3).map { threads in
        let executor = CPUExecutor(
          plan: c.plan, capacity: c.count, mode: .training, pool: ThreadPool(threads: threads),
          instructionSet: set)
        executor.load(state: randomState(c.plan).map(Float.init))
        executor.prepare(count: c.count) { example, x in x[0] = 0.1 * Float(example) }
        executor.forward(count: c.count, training: true)
        executor.backward(
          logitGradient: randomValues(3 * c.count, index: 3).map(Float.init), count: c.count)
        return (executor.logits(count: c.count) + executor.gradients()).map(\.bitPattern)
      }
      #expect(bits[0] == bits[1] && bits[0] == bits[2], "\(c.testDescription)")
    }
  }

  @Test("A grouped convolution has the weights and operations of its groups alone")
  func counts() {
    var net = PlanBuilder(architecture: "test", input: Shape(channels: 6, height: 4, width: 4), classes: 5)
    _ = net.convolution("conv", 0, channels: 9, kernel: 3, stride: 2, groups: 3)
    let plan = net.plan()
    #expect(plan.tensors[0].shape == [9, 2, 3, 3])
    #expect(plan.forwardFLOPs == 2 * 9 * 2 * 9 * 4)
  }
}
