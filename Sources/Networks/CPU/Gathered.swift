import CKernels
import Kernels

/// The geometry of a convolution of small images, or of a dense layer, whose columns are the examples of a shard.
///
/// Values are gathered into (block, pixel, example, lane), so that neighbouring examples are neighbours in memory, and a
/// tap that falls beside the image costs nothing: of a 3x3 kernel on 2x2 pixels more than half do.
struct Gathered: Sendable {
  /// For one pixel of a result: the pixels of the other side that it sums over, as offsets, and the tap of each.
  struct Sum: Sendable {
    var offsets: [Int32] = []
    var taps: [Int32] = []
    var count: Int32 { Int32(taps.count) }
  }

  let inputBlocks: Int
  let outputBlocks: Int
  let inputPixels: Int
  let outputPixels: Int
  let taps: Int
  let inputLastLanes: Int
  let outputLastLanes: Int
  let lanes: Int
  /// One an output pixel, over the input; and one an input pixel, over the output.
  let forward: [Sum]
  let data: [Sum]
  /// By tap: offsets of the input and output pixels that meet in it.
  let pairs: [[(x: Int64, y: Int64)]]

  /// - Parameters:
  ///   - links: by output pixel, the input pixels that it sums over and their taps.
  private init(
    input: Shape, output: Shape, flattening: Bool, taps: Int, lanes: Int, links: [[(pixel: Int, tap: Int)]]
  ) {
    // The pixels of a flattened value are further blocks: each has weights of its own.
    let (pixels, blockFactor) = flattening ? (1, input.area) : (input.area, 1)
    (inputPixels, outputPixels) = (pixels, output.area)
    inputBlocks = blocks(input.channels, lanes) * blockFactor
    outputBlocks = blocks(output.channels, lanes)
    self.taps = taps
    self.lanes = lanes
    let last = input.channels - (blocks(input.channels, lanes) - 1) * lanes
    inputLastLanes = flattening && input.area > 1 ? lanes : last
    outputLastLanes = output.channels - (outputBlocks - 1) * lanes
    let step = Int64(Shard.size * lanes)
    var forward = links.map { _ in Sum() }
    var data = [Sum](repeating: Sum(), count: pixels)
    var pairs = [[(x: Int64, y: Int64)]](repeating: [], count: taps)
    for (pixel, inputs) in links.enumerated() {
      for (from, tap) in inputs {
        forward[pixel].offsets.append(Int32(Int64(from) * step))
        forward[pixel].taps.append(Int32(tap))
        data[from].offsets.append(Int32(Int64(pixel) * step))
        data[from].taps.append(Int32(tap))
        pairs[tap].append((Int64(from) * step, Int64(pixel) * step))
      }
    }
    (self.forward, self.data, self.pairs) = (forward, data, pairs)
  }

  /// y = W x + b over the flattened value.
  init(denseFrom input: Shape, to output: Shape, lanes: Int) {
    self.init(input: input, output: output, flattening: true, taps: 1, lanes: lanes, links: [[(0, 0)]])
  }

  init(_ convolution: Convolution, from input: Shape, to output: Shape, lanes: Int) {
    var links: [[(pixel: Int, tap: Int)]] = []
    for y in 0..<output.height {
      for x in 0..<output.width {
        var inputs: [(pixel: Int, tap: Int)] = []
        for ky in 0..<convolution.kernel {
          for kx in 0..<convolution.kernel {
            let row = y * convolution.stride + ky - convolution.padding
            let column = x * convolution.stride + kx - convolution.padding
            if (0..<input.height).contains(row), (0..<input.width).contains(column) {
              inputs.append((row * input.width + column, ky * convolution.kernel + kx))
            }
          }
        }
        links.append(inputs)
      }
    }
    self.init(
      input: input, output: output, flattening: false, taps: convolution.kernel * convolution.kernel, lanes: lanes,
      links: links)
  }

  /// Floats of a gathered shard.
  var inputSize: Int { inputBlocks * inputPixels * Shard.size * lanes }
  var outputSize: Int { outputBlocks * outputPixels * Shard.size * lanes }
  /// From one gathered shard to the next in a batch: not a multiple of a page, since caches have one place for all that is
  /// whole pages apart, and outer products go over the same block of all shards.
  var inputStep: Int { inputSize + Gathered.gap }
  var outputStep: Int { outputSize + Gathered.gap }
  private static let gap = 144
  /// Floats of the weights of one output block.
  var weightBlock: Int { inputBlocks * taps * lanes * lanes }

  /// Copies a shard of the input, or of the output's gradient, to where examples are neighbours; missing ones are zero.
  func gather(
    _ side: Side, _ kernels: KernelTable, _ step: Step, _ slot: Slot, shard: Int,
    to target: UnsafeMutablePointer<Float>
  ) {
    let examples = Shard.examples(shard, of: step.count)
    let rows = side == .input ? inputBlocks * inputPixels : outputBlocks * outputPixels
    kernels.c.gather(
      Int32(rows), Int32(examples.count), Int32(Shard.size), step.address(slot, examples.lowerBound),
      Int64(step.stride(slot)), Int64(Shard.size * lanes), target)
  }

  enum Side { case input, output }
}
