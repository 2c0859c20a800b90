import CKernels
import Kernels
import Randomness
import Testing

/// A pooling of one example, and the same in plain Swift over (channel, y, x).
private struct Case: CustomStringConvertible {
  var channels: Int
  var height: Int
  var width: Int
  var kernel: Int
  var stride: Int
  var padding: Int

  init(_ random: inout RandomStream, padded: Bool) {
    kernel = 1 + random.below(5)
    stride = 1 + random.below(3)
    padding = padded ? random.below(kernel / 2 + 1) : 0
    channels = 1 + random.below(40)
    height = kernel + random.below(9)
    width = kernel + random.below(9)
  }

  var rows: Int { (height + 2 * padding - kernel) / stride + 1 }
  var columns: Int { (width + 2 * padding - kernel) / stride + 1 }
  var inputCount: Int { channels * height * width }
  var outputCount: Int { channels * rows * columns }
  var description: String { "\(channels)x\(height)x\(width) k\(kernel) s\(stride) p\(padding)" }

  func geometry(lanes: Int) -> rote_pooling {
    rote_pooling(
      blocks: Int32((channels + lanes - 1) / lanes), height: Int32(height), width: Int32(width),
      kernel: Int32(kernel), stride: Int32(stride), padding: Int32(padding))
  }

  /// Calls `body` with each output and the inputs of its window, row by row.
  func windows(_ body: (_ output: Int, _ inputs: [Int]) -> Void) {
    for output in 0..<outputCount {
      let (channel, r, c) = (output / (rows * columns), output / columns % rows, output % columns)
      var inputs: [Int] = []
      for y in r * stride - padding..<r * stride - padding + kernel where (0..<height).contains(y) {
        for x in c * stride - padding..<c * stride - padding + kernel where (0..<width).contains(x) {
          inputs.append((channel * height + y) * width + x)
        }
      }
      body(output, inputs)
    }
  }
}

/// (channel, pixel) values in blocks of `lanes`, the padded lanes zero, and back.
private struct Blocked {
  let memory: Memory
  let channels: Int
  let area: Int
  let lanes: Int

  init(_ values: [Float]? = nil, channels: Int, area: Int, lanes: Int) {
    (self.channels, self.area, self.lanes) = (channels, area, lanes)
    memory = Memory(count: (channels + lanes - 1) / lanes * lanes * area)
    for (i, value) in (values ?? []).enumerated() { memory.floats[place(i / area, i % area)] = value }
  }

  private func place(_ channel: Int, _ pixel: Int) -> Int {
    (channel / lanes * area + pixel) * lanes + channel % lanes
  }

  var floats: UnsafeMutablePointer<Float> { memory.floats }
  var values: [Float] { (0..<channels * area).map { memory.floats[place($0 / area, $0 % area)] } }
  var paddingIsZero: Bool {
    let padded = channels..<(channels + lanes - 1) / lanes * lanes
    return padded.allSatisfy { channel in (0..<area).allSatisfy { floats[place(channel, $0)] == 0 } }
  }
}

struct PoolingTests {
  /// Few values, so that windows have ties.
  private func coarse(_ count: Int, _ random: inout RandomStream) -> [Float] {
    (0..<count).map { _ in Float(random.below(9)) - 4 }
  }

  @Test("The maximum of windows and its gradient are the plain ones", arguments: InstructionSet.available)
  func maximum(set: InstructionSet) {
    let kernels = set.kernels.c
    var random = RandomStream(seed: 5, purpose: .test)
    for _ in 0..<60 {
      let shape = Case(&random, padded: true)
      let (x, dy) = (coarse(shape.inputCount, &random), coarse(shape.outputCount, &random))
      let start = coarse(shape.inputCount, &random)
      var y = [Float](repeating: 0, count: shape.outputCount)
      var dx = [Float](repeating: 0, count: shape.inputCount)
      shape.windows { output, inputs in
        let winner = inputs.dropFirst().reduce(inputs[0]) { x[$1] > x[$0] ? $1 : $0 }
        y[output] = x[winner]
        dx[winner] += dy[output]
      }

      let (area, pooledArea) = (shape.height * shape.width, shape.rows * shape.columns)
      func blocked(_ values: [Float]?, area: Int) -> Blocked {
        Blocked(values, channels: shape.channels, area: area, lanes: set.lanes)
      }
      let geometry = shape.geometry(lanes: set.lanes)
      let (input, upstream) = (blocked(x, area: area), blocked(dy, area: pooledArea))
      let result = blocked(nil, area: pooledArea)
      // A quarter of a float each.
      let winners = Memory(count: (result.memory.count + 3) / 4)
      withExtendedLifetime((input, upstream, winners)) {
        let winner = UnsafeMutableRawPointer(winners.floats).assumingMemoryBound(to: UInt8.self)
        kernels.max_pool(geometry, input.floats, result.floats, winner)
        let isPlain = result.values == y && result.paddingIsZero
        #expect(isPlain, "\(shape)")
        for accumulate in [false, true] {
          let gradient = blocked(start, area: area)
          kernels.max_pool_gradient(geometry, upstream.floats, winner, accumulate ? 1 : 0, gradient.floats)
          // Whole numbers: sums are exact in any order.
          let isPlain = gradient.values == (accumulate ? zip(start, dx).map(+) : dx) && gradient.paddingIsZero
          #expect(isPlain, "\(shape)")
        }
      }
    }
  }

  @Test("A window with NaN has NaN for its maximum, one of -infinity that", arguments: InstructionSet.available)
  func extremes(set: InstructionSet) {
    let x = Memory(count: 4 * set.lanes)
    let values: [Float] = [1, .nan, -.infinity, -.infinity]
    for (pixel, value) in values.enumerated() { x.floats[pixel * set.lanes] = value }
    let geometry = rote_pooling(blocks: 1, height: 2, width: 2, kernel: 2, stride: 2, padding: 1)
    var winner = [UInt8](repeating: 9, count: 4 * set.lanes)
    let corners = Memory(count: 4 * set.lanes)
    withExtendedLifetime(x) { set.kernels.c.max_pool(geometry, x.floats, corners.floats, &winner) }
    let maxima = (0..<4).map { corners.floats[$0 * set.lanes] }
    #expect(maxima[0] == 1 && maxima[1].isNaN && maxima[2] == -.infinity)
    // Each window's only pixel: its lower right, lower left, upper right and upper left.
    #expect((0..<4).map { winner[$0 * set.lanes] } == [3, 2, 1, 0])
  }

  @Test("The mean of windows and its gradient are the plain ones", arguments: InstructionSet.available)
  func mean(set: InstructionSet) {
    let kernels = set.kernels.c
    var random = RandomStream(seed: 6, purpose: .test)
    for _ in 0..<60 {
      let shape = Case(&random, padded: false)
      let (x, dy) = (coarse(shape.inputCount, &random), coarse(shape.outputCount, &random))
      let start = coarse(shape.inputCount, &random)
      var y = [Float](repeating: 0, count: shape.outputCount)
      var dx = [Double](repeating: 0, count: shape.inputCount)
      let share = 1 / Float(shape.kernel * shape.kernel)
      shape.windows { output, inputs in
        // The sum is of whole numbers, and so exact in any order.
        y[output] = inputs.reduce(0) { $0 + x[$1] } * share
        for input in inputs { dx[input] += Double(dy[output] * share) }
      }

      let (area, pooledArea) = (shape.height * shape.width, shape.rows * shape.columns)
      func blocked(_ values: [Float]?, area: Int) -> Blocked {
        Blocked(values, channels: shape.channels, area: area, lanes: set.lanes)
      }
      let geometry = shape.geometry(lanes: set.lanes)
      let (input, upstream) = (blocked(x, area: area), blocked(dy, area: pooledArea))
      let result = blocked(nil, area: pooledArea)
      withExtendedLifetime((input, upstream)) {
        kernels.average_pool(geometry, input.floats, result.floats)
        let isPlain = result.values == y && result.paddingIsZero
        #expect(isPlain, "\(shape)")
        for accumulate in [false, true] {
          let gradient = blocked(start, area: area)
          kernels.average_pool_gradient(geometry, upstream.floats, accumulate ? 1 : 0, gradient.floats)
          // At most 25 windows of at most 4 each hold a pixel: 2^-24 of a sum below 104, 26 times.
          let isPlain = zip(gradient.values, dx.indices).allSatisfy { value, i in
            abs(Double(value) - dx[i] - (accumulate ? Double(start[i]) : 0)) <= 2e-4
          }
          #expect(isPlain && gradient.paddingIsZero, "\(shape)")
        }
      }
    }
  }
}
