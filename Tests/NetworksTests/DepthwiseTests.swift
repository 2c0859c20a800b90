import Kernels
import Networks
import Randomness
import Testing

struct DepthwiseTests {
  @Test(
    "A depthwise convolution of any shape has the very sums of plain loops",
    arguments: InstructionSet.available)
  func anyShape(set: InstructionSet) {
    var stream = RandomStream(seed: 3, purpose: .test)
    for seed in 0..<80 {
      let channels = 2 + stream.below(40)
      let c = ConvolutionCase.random(&stream, groups: channels, inputs: channels, outputs: channels)
      for (name, difference) in differences(c.plan, count: c.count, set, seed: seed, number: smallInteger) {
        #expect(difference == 0, "\(name): \(c.testDescription)")
      }
    }
  }

  @Test(
    "Depthwise convolutions of more than 2^18 weights have the very sums of plain loops",
    arguments: InstructionSet.available)
  func manyWeights(set: InstructionSet) {
    let c = ConvolutionCase(
      inputs: 5355, outputs: 5355, groups: 5355, kernel: 7, padding: 3, height: 1, width: 2, count: 3)
    for (name, difference) in differences(c.plan, count: c.count, set, number: smallInteger) {
      #expect(difference == 0, "\(name): \(c.testDescription)")
    }
  }

  @Test(
    "Gradients that meet at the input of a depthwise convolution are added", arguments: InstructionSet.available)
  func sharedInput(set: InstructionSet) {
    var net = PlanBuilder(architecture: "test", input: Shape(channels: 3, height: 9, width: 17), classes: 3)
    let x = net.convolution("first", 0, channels: 20, kernel: 1)
    let y = net.convolution("second", x, channels: 20, kernel: 5, groups: 20)
    let z = net.convolution("third", x, channels: 20, kernel: 3, groups: 20)
    _ = net.dense("fc", net.add(net.add(y, x), z), features: 3)
    for (name, difference) in differences(net.plan(), count: 2, set, number: smallInteger) {
      #expect(difference == 0, "\(name)")
    }
  }
}
