import CKernels
import Kernels
import Randomness
import Testing

/// Examples of (channel, pixel) in blocks of `lanes`, followed by elements that nobody may touch.
private struct Blocked {
  let memory: Memory
  let count: Int
  let channels: Int
  let area: Int
  let lanes: Int

  private static let fence = 64

  init(_ values: [Float]? = nil, count: Int, channels: Int, area: Int, lanes: Int) {
    (self.count, self.channels, self.area, self.lanes) = (count, channels, area, lanes)
    let size = count * blocks(channels, lanes) * lanes * area
    memory = Memory(count: size + Blocked.fence)
    if let values {
      for i in values.indices { memory.floats[place(i)] = values[i] }
    } else {
      memory.floats.update(repeating: .nan, count: size)
    }
    (memory.floats + size).update(repeating: 7, count: Blocked.fence)
  }

  var stride: Int { blocks(channels, lanes) * lanes * area }
  var floats: UnsafeMutablePointer<Float> { memory.floats }

  private func place(_ flat: Int) -> Int {
    let (channel, pixel) = (flat / area % channels, flat % area)
    return flat / (area * channels) * stride + (channel / lanes * area + pixel) * lanes + channel % lanes
  }

  var values: [Float] { (0..<count * channels * area).map { memory.floats[place($0)] } }

  /// Whether the lanes past the last channel are zero, and nothing past the end was written.
  var isClean: Bool {
    let padded = (0..<count * stride).allSatisfy { i in
      let channel = i % stride / (area * lanes) * lanes + i % lanes
      return channel < channels || memory.floats[i] == 0
    }
    return padded && (count * stride..<memory.count).allSatisfy { memory.floats[$0] == 7 }
  }
}

private func blocks(_ channels: Int, _ lanes: Int) -> Int { (channels + lanes - 1) / lanes }

/// A 3x3 convolution of stride 1, its three passes by plain loops in `Double`, and by Winograd's kernels.
private struct Case: CustomStringConvertible {
  let inputs: Int
  let outputs: Int
  let height: Int
  let width: Int
  let padding: Int
  let count: Int

  var rows: Int { height + 2 * padding - 2 }
  var columns: Int { width + 2 * padding - 2 }
  var description: String { "\(inputs) to \(outputs), \(height)x\(width), padding \(padding), \(count) examples" }

  static func random(_ stream: inout RandomStream) -> Case {
    let channels = [5, 8, 16, 17, 20, 33]
    let padding = stream.below(3)
    // From 3 rows on there is at least one of the output.
    return Case(
      inputs: channels[stream.below(6)], outputs: channels[stream.below(6)], height: 3 + stream.below(12),
      width: 3 + stream.below(12), padding: padding, count: 1 + stream.below(6))
  }

  /// Calls `body` with the places of the elements of y, x and w that meet.
  func forEachProduct(_ body: (_ y: Int, _ x: Int, _ w: Int) -> Void) {
    for (n, o, r, c) in (0..<count).lazy.flatMap({ n in
      (0..<outputs).lazy.flatMap { o in
        (0..<rows).lazy.flatMap { r in (0..<columns).lazy.map { c in (n, o, r, c) } }
      }
    }) {
      let y = ((n * outputs + o) * rows + r) * columns + c
      for i in 0..<inputs {
        for tap in 0..<9 {
          let (row, column) = (r + tap / 3 - padding, c + tap % 3 - padding)
          guard row >= 0, row < height, column >= 0, column < width else { continue }
          body(y, ((n * inputs + i) * height + row) * width + column, (o * inputs + i) * 9 + tap)
        }
      }
    }
  }

  func geometry(lanes: Int) -> rote_winograd {
    rote_winograd(
      input_blocks: Int32(blocks(inputs, lanes)), output_blocks: Int32(blocks(outputs, lanes)),
      last_lanes: Int32(inputs - (blocks(inputs, lanes) - 1) * lanes), height: Int32(height), width: Int32(width),
      rows: Int32(rows), columns: Int32(columns), padding: Int32(padding))
  }

  /// The convolution that leads from the gradient by y to that by x.
  var turned: Case {
    Case(inputs: outputs, outputs: inputs, height: rows, width: columns, padding: 2 - padding, count: count)
  }

  /// Where a weight (o, i, tap) lies in (output block, input block, tap, input lane, output lane).
  func packed(_ o: Int, _ i: Int, _ tap: Int, lanes: Int) -> Int {
    (((o / lanes * blocks(inputs, lanes) + i / lanes) * 9 + tap) * lanes + i % lanes) * lanes + o % lanes
  }

  func weightCount(lanes: Int) -> Int { blocks(inputs, lanes) * blocks(outputs, lanes) * 9 * lanes * lanes }

  func pack(_ weights: [Float], lanes: Int) -> Memory {
    let memory = Memory(count: weightCount(lanes: lanes))
    for (flat, value) in weights.enumerated() {
      memory.floats[packed(flat / 9 / inputs, flat / 9 % inputs, flat % 9, lanes: lanes)] = value
    }
    return memory
  }

  /// The weights of `turned`.
  func turn(_ weights: [Float]) -> [Float] {
    (0..<weights.count).map { flat in
      let (i, o, tap) = (flat / 9 / outputs, flat / 9 % outputs, flat % 9)
      return weights[(o * inputs + i) * 9 + 8 - tap]
    }
  }
}

/// Numbers to convolve, and the results by plain loops.
private struct Problem {
  let shape: Case
  let x, w, dy: [Float]
  private(set) var y, dx, dw: [Double]

  init(_ shape: Case, _ random: inout RandomStream) {
    self.shape = shape
    func numbers(_ count: Int) -> [Float] { (0..<count).map { _ in Float(random.normal()) } }
    x = numbers(shape.count * shape.inputs * shape.height * shape.width)
    w = numbers(shape.outputs * shape.inputs * 9)
    dy = numbers(shape.count * shape.outputs * shape.rows * shape.columns)
    var (y, dx, dw) = ([Double](repeating: 0, count: dy.count), x.map { _ in 0.0 }, w.map { _ in 0.0 })
    let (a, b, c) = (x.map(Double.init), w.map(Double.init), dy.map(Double.init))
    shape.forEachProduct { i, j, k in
      y[i] += a[j] * b[k]
      dx[j] += c[i] * b[k]
      dw[k] += c[i] * a[j]
    }
    (self.y, self.dx, self.dw) = (y, dx, dw)
  }
}

/// The largest error in units of the largest result; NaN where there is one.
private func error(_ a: [Float], _ b: [Double]) -> Double {
  let scale = b.reduce(0) { max($0, abs($1)) }
  return zip(a, b).reduce(0) { worst, pair in
    let error = abs(Double(pair.0) - pair.1) / scale
    return error <= worst ? worst : error
  }
}

/// Memory for the kernels to work in, full of what earlier work may have left there.
private func scratch(_ g: rote_winograd, tiles: Int32, lanes: Int) -> Memory {
  let memory = Memory(count: Int(tiles * 36 * (g.input_blocks + g.output_blocks)) * lanes)
  memory.floats.update(repeating: .nan, count: memory.count)
  return memory
}

/// y = [y +] the convolution of x.
private func convolve(
  _ set: InstructionSet, _ shape: Case, _ x: Blocked, _ weights: [Float], _ finish: rote_finish, to y: Blocked
) {
  let (kernels, lanes, ahead) = (set.kernels.c, set.lanes, Ahead())
  let g = shape.geometry(lanes: lanes)
  let packed = shape.pack(weights, lanes: lanes)
  let filters = Memory(count: packed.count * 4)
  let work = scratch(g, tiles: ROTE_WINOGRAD_TILES, lanes: lanes)
  withExtendedLifetime((packed, filters, work, ahead)) {
    kernels.winograd_filter(g.output_blocks, g.input_blocks, packed.floats, filters.floats)
    kernels.winograd(
      g, Int32(shape.count), x.floats, Int64(x.stride), filters.floats, finish, y.floats, Int64(y.stride), work.floats,
      ahead.list)
  }
}

private var plain: rote_finish { rote_finish(bias: nil, residual: nil, residual_stride: 0, accumulate: 0, relu: 0) }

struct WinogradKernelTests {
  /// The largest error that is allowed, in units of the largest result.
  private static let bound = 1e-4

  private static let shapes: [Case] = {
    var stream = RandomStream(seed: 21, purpose: .test)
    let fixed = [
      Case(inputs: 16, outputs: 16, height: 32, width: 32, padding: 1, count: 1),
      Case(inputs: 32, outputs: 32, height: 16, width: 16, padding: 1, count: 2),
      Case(inputs: 64, outputs: 64, height: 8, width: 8, padding: 1, count: 3),
      // 12 tiles, 45 and 48: less than the kernels take at once, and some left over.
      Case(inputs: 5, outputs: 17, height: 5, width: 7, padding: 1, count: 3),
      Case(inputs: 20, outputs: 33, height: 9, width: 10, padding: 0, count: 5),
      Case(inputs: 33, outputs: 5, height: 13, width: 13, padding: 2, count: 3),
      Case(inputs: 17, outputs: 20, height: 3, width: 3, padding: 0, count: 1),
    ]
    return fixed + (0..<20).map { _ in .random(&stream) }
  }()

  @Test("All three passes are within 1e-4 of plain loops and keep padded lanes zero", arguments: shapes)
  fileprivate func passes(shape: Case) {
    var random = RandomStream(seed: 22, purpose: .test, index: shape.height * 100 + shape.width)
    let problem = Problem(shape, &random)
    let (area, outputArea) = (shape.height * shape.width, shape.rows * shape.columns)
    for set in InstructionSet.available {
      let lanes = set.lanes
      let x = Blocked(problem.x, count: shape.count, channels: shape.inputs, area: area, lanes: lanes)
      let dy = Blocked(problem.dy, count: shape.count, channels: shape.outputs, area: outputArea, lanes: lanes)

      let y = Blocked(count: shape.count, channels: shape.outputs, area: outputArea, lanes: lanes)
      convolve(set, shape, x, problem.w, plain, to: y)
      #expect(error(y.values, problem.y) <= Self.bound && y.isClean, "forward, \(set)")

      let dx = Blocked(count: shape.count, channels: shape.inputs, area: area, lanes: lanes)
      convolve(set, shape.turned, dy, shape.turn(problem.w), plain, to: dx)
      #expect(error(dx.values, problem.dx) <= Self.bound && dx.isClean, "gradient by the input, \(set)")

      let (dw, isPadded) = weightGradient(set, shape, x, dy)
      #expect(error(dw, problem.dw) <= Self.bound && isPadded, "gradient by the weights, \(set)")
    }
  }

  /// The first example on its own, the others added to it.
  private func weightGradient(
    _ set: InstructionSet, _ shape: Case, _ x: Blocked, _ dy: Blocked
  ) -> (dw: [Float], isPadded: Bool) {
    let (kernels, lanes, ahead) = (set.kernels.c, set.lanes, Ahead())
    let g = shape.geometry(lanes: lanes)
    let work = scratch(g, tiles: ROTE_WINOGRAD_GRADIENT_TILES, lanes: lanes)
    let gradient = Memory(count: shape.weightCount(lanes: lanes))
    let sums = Memory(count: gradient.count * 4)
    sums.floats.update(repeating: .nan, count: sums.count)
    kernels.winograd_gradient(
      g, 1, x.floats, Int64(x.stride), dy.floats, Int64(dy.stride), 0, sums.floats, work.floats, ahead.list)
    kernels.winograd_gradient(
      g, Int32(shape.count - 1), x.floats + x.stride, Int64(x.stride), dy.floats + dy.stride, Int64(dy.stride), 1,
      sums.floats, work.floats, ahead.list)
    kernels.winograd_filter_gradient(g.output_blocks, g.input_blocks, sums.floats, gradient.floats)
    let places = (0..<shape.outputs * shape.inputs * 9).map { flat in
      shape.packed(flat / 9 / shape.inputs, flat / 9 % shape.inputs, flat % 9, lanes: lanes)
    }
    let dw = places.map { gradient.floats[$0] }
    for place in places { gradient.floats[place] = 0 }
    return withExtendedLifetime((work, ahead)) { (dw, (0..<gradient.count).allSatisfy { gradient.floats[$0] == 0 }) }
  }

  @Test(
    "A bias, a residual, what was there and ReLU are added as they would be afterwards, to the bit",
    arguments: InstructionSet.available)
  func finish(set: InstructionSet) {
    var random = RandomStream(seed: 23, purpose: .test)
    for _ in 0..<10 {
      let shape = Case.random(&random)
      let problem = Problem(shape, &random)
      let (area, outputArea) = (shape.height * shape.width, shape.rows * shape.columns)
      func output(_ values: [Float]? = nil) -> Blocked {
        Blocked(values, count: shape.count, channels: shape.outputs, area: outputArea, lanes: set.lanes)
      }
      let x = Blocked(problem.x, count: shape.count, channels: shape.inputs, area: area, lanes: set.lanes)
      let y = output()
      convolve(set, shape, x, problem.w, plain, to: y)

      let sum = output(problem.dy)
      var accumulate = plain
      accumulate.accumulate = 1
      convolve(set, shape, x, problem.w, accumulate, to: sum)
      #expect(sum.values == zip(y.values, problem.dy).map { $0 + $1 } && sum.isClean, "\(shape)")

      let biases = (0..<shape.outputs).map { _ in Float(random.normal()) }
      let bias = Blocked(biases, count: 1, channels: shape.outputs, area: 1, lanes: set.lanes)
      let residual = output(problem.dy)
      let finished = output()
      withExtendedLifetime((bias, residual)) {
        convolve(
          set, shape, x, problem.w,
          rote_finish(
            bias: bias.floats, residual: residual.floats, residual_stride: Int64(residual.stride), accumulate: 0,
            relu: 1), to: finished)
      }
      let expected = y.values.enumerated().map { i, value in
        max((value + biases[i / outputArea % shape.outputs]) + problem.dy[i], 0)
      }
      #expect(finished.values == expected && finished.isClean, "\(shape)")
    }
  }
}
