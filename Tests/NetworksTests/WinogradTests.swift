import Kernels
import Networks
import Randomness
import Testing

extension ConvolutionCase {
  /// 3x3 with stride 1.
  fileprivate init(_ inputs: Int, _ outputs: Int, _ height: Int, _ width: Int, padding: Int = 1, count: Int) {
    self.init(
      inputs: inputs, outputs: outputs, kernel: 3, padding: padding, height: height, width: width, count: count)
  }

  /// The bits of the convolution's output, and of the gradients by its weights and by those before it.
  fileprivate func bits(_ set: InstructionSet, exactConvolution: Bool) -> (forward: [UInt32], gradients: [UInt32]) {
    let plan = plan
    let comparison = Comparison(plan, count: count, state: randomState(plan).map(Float.init), number: uniform)
    let executor = comparison.executor(set, .training, threads: 1, exactConvolution: exactConvolution)
    executor.forward(count: count, training: true)
    executor.backward(logitGradient: randomValues(3 * count, index: 3).map(Float.init), count: count)
    return (
      executor.value(plan.representations[0].value, count: count).map(\.bitPattern),
      executor.gradients().map(\.bitPattern)
    )
  }
}

struct WinogradTests {
  private static let shapes: [ConvolutionCase] = {
    let fixed: [ConvolutionCase] = [
      .init(16, 16, 32, 32, count: 1), .init(32, 32, 16, 16, count: 1), .init(64, 64, 8, 8, count: 2),
      // Four, nine and sixteen tiles an image, and so groups of images that the last shard does not fill.
      .init(5, 17, 6, 7, count: 19), .init(20, 33, 9, 10, padding: 0, count: 3), .init(33, 5, 13, 13, count: 17),
    ]
    var stream = RandomStream(seed: 24, purpose: .test)
    return fixed
      + (0..<8).map { _ in
        // Tiles of 4x4 cover these well, whatever the padding.
        .init(
          5 + stream.below(30), 5 + stream.below(30), 9 + stream.below(8), 9 + stream.below(8),
          padding: stream.below(3), count: 1 + stream.below(20))
      }
  }()

  @Test(
    "Winograd's way is within 1e-4 in all that follows, the direct one within 2e-6 in its output", arguments: shapes)
  func errors(shape: ConvolutionCase) {
    let solution = Comparison(shape.plan, count: shape.count, number: uniform).solved()
    let output = "value \(shape.plan.representations[0].value)"
    for set in InstructionSet.available {
      for exact in [false, true] {
        for (name, difference) in solution.differences(set, exactConvolution: exact) {
          // What follows is sums over all pixels of numbers of both signs.
          let bound = !exact ? 1e-4 : name == output ? 2e-6 : 1e-5
          #expect(difference <= bound, "\(name), \(set), \(exact ? "direct" : "Winograd's")")
        }
      }
    }
  }

  @Test("By default 3x3 convolutions of stride 1 go Winograd's way, forward and backward", arguments: shapes)
  func isTaken(shape: ConvolutionCase) {
    for set in InstructionSet.available {
      let (winograd, direct) = (shape.bits(set, exactConvolution: false), shape.bits(set, exactConvolution: true))
      #expect(winograd.forward != direct.forward && winograd.gradients != direct.gradients, "\(set)")
    }
  }

  @Test(
    "Few channels, images that tiles cover badly, other kernels and strides go the direct way",
    arguments: [
      ConvolutionCase(4, 16, 16, 16, count: 2), .init(16, 4, 16, 16, count: 2), .init(16, 16, 2, 2, count: 2),
      .init(16, 16, 5, 5, count: 2), .init(16, 16, 3, 3, padding: 2, count: 2),
      .init(inputs: 16, outputs: 16, kernel: 5, padding: 2, height: 16, width: 16),
      .init(inputs: 16, outputs: 16, kernel: 3, stride: 2, padding: 1, height: 16, width: 16),
      .init(inputs: 16, outputs: 16, groups: 2, kernel: 3, padding: 1, height: 16, width: 16),
    ])
  func isNotTaken(shape: ConvolutionCase) {
    for set in InstructionSet.available {
      let (usual, direct) = (shape.bits(set, exactConvolution: false), shape.bits(set, exactConvolution: true))
      #expect(usual.forward == direct.forward && usual.gradients == direct.gradients, "\(set)")
    }
  }
}
