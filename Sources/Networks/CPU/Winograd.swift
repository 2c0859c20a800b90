import CKernels
import Kernels

/// A convolution that Winograd's F(4x4, 3x3) computes, forward, and back to its input and its weights.
struct Winograd: Sendable {
  private let forwardGeometry: rote_winograd
  private let dataGeometry: rote_winograd
  private let lanes: Int

  /// Floats of the transformed filters, and of the sums of their gradient.
  let filterSize: Int
  /// Whether these sums stay in the second-level cache: of one example they are written and read but once.
  var sumsAreSmall: Bool { filterSize <= 1 << 18 }

  /// nil where the kernel is not 3x3 with stride 1, and where the direct kernels are better: a few input channels
  /// leave most lanes without work, and tiles of 4x4 may reach far beyond small images.
  init?(_ input: Shape, _ output: Shape, _ convolution: Convolution, _ lanes: Int) {
    let padding = convolution.padding
    guard convolution.kernel == 3, convolution.stride == 1, convolution.groups == 1, padding <= 2, input.channels > 4,
      output.channels > 4
    else { return nil }
    func isCovered(_ shape: Shape) -> Bool {
      let tiles = (shape.height + 3) / 4 * ((shape.width + 3) / 4)
      return tiles * 16 * 4 <= shape.area * 9
    }
    guard isCovered(input), isCovered(output) else { return nil }
    func geometry(_ from: Shape, _ to: Shape, _ padding: Int) -> rote_winograd {
      let inputBlocks = blocks(from.channels, lanes)
      return rote_winograd(
        input_blocks: Int32(inputBlocks), output_blocks: Int32(blocks(to.channels, lanes)),
        last_lanes: Int32(from.channels - (inputBlocks - 1) * lanes), height: Int32(from.height),
        width: Int32(from.width), rows: Int32(to.height), columns: Int32(to.width), padding: Int32(padding))
    }
    forwardGeometry = geometry(input, output, padding)
    dataGeometry = geometry(output, input, 2 - padding)
    self.lanes = lanes
    filterSize = 36 * blocks(input.channels, lanes) * blocks(output.channels, lanes) * lanes * lanes
  }

  private static func tiles(_ g: rote_winograd) -> Int { Int((g.rows + 3) / 4 * ((g.columns + 3) / 4)) }

  /// How many examples fill a product's tiles.
  private static func group(_ g: rote_winograd, _ tilesAtOnce: Int32) -> Int {
    var group = 1
    while group < Shard.size / 2, 2 * group * tiles(g) <= tilesAtOnce { group *= 2 }
    return group
  }

  var forwardGroup: Int { Winograd.group(forwardGeometry, ROTE_WINOGRAD_TILES) }
  var dataGroup: Int { Winograd.group(dataGeometry, ROTE_WINOGRAD_TILES) }
  var gradientGroup: Int { Winograd.group(forwardGeometry, ROTE_WINOGRAD_GRADIENT_TILES) }

  /// Floats that a thread needs to work in.
  func scratchSize(gradient: Bool) -> Int {
    let tiles = gradient ? ROTE_WINOGRAD_GRADIENT_TILES : ROTE_WINOGRAD_TILES
    return Int(tiles) * 36 * lanes * Int(forwardGeometry.input_blocks + forwardGeometry.output_blocks)
  }

  func filter(_ kernels: KernelTable, _ weights: UnsafePointer<Float>, to filters: Memory) {
    kernels.c.winograd_filter(
      forwardGeometry.output_blocks, forwardGeometry.input_blocks, weights, filters.floats)
  }

  /// - Parameter weights: transposed and turned around.
  func dataFilter(_ kernels: KernelTable, _ weights: UnsafePointer<Float>, to filters: Memory) {
    kernels.c.winograd_filter(dataGeometry.output_blocks, dataGeometry.input_blocks, weights, filters.floats)
  }

  /// Consecutive examples of a value or a gradient, and floats from one to the next: more than its own where it lies
  /// within another.
  struct Examples {
    let first: UnsafeMutablePointer<Float>
    let stride: Int64

    init(_ step: Step, _ slot: Slot, from example: Int) {
      (first, stride) = (step.address(slot, example), Int64(step.stride(slot)))
    }
  }

  func forward(
    _ kernels: KernelTable, _ count: Int, _ x: Examples, _ filters: Memory, _ finish: rote_finish, to y: Examples,
    _ scratch: UnsafeMutablePointer<Float>, _ ahead: Ahead
  ) {
    kernels.c.winograd(
      forwardGeometry, Int32(count), x.first, x.stride, filters.floats, finish, y.first, y.stride, scratch, ahead.list)
  }

  func data(
    _ kernels: KernelTable, _ count: Int, _ dy: Examples, _ filters: Memory, accumulate: Int32, to dx: Examples,
    _ scratch: UnsafeMutablePointer<Float>, _ ahead: Ahead
  ) {
    let finish = rote_finish(bias: nil, residual: nil, residual_stride: 0, accumulate: accumulate, relu: 0)
    kernels.c.winograd(
      dataGeometry, Int32(count), dy.first, dy.stride, filters.floats, finish, dx.first, dx.stride, scratch,
      ahead.list)
  }

  func gradient(
    _ kernels: KernelTable, _ count: Int, _ x: Examples, _ dy: Examples, accumulate: Bool,
    to sums: UnsafeMutablePointer<Float>, _ scratch: UnsafeMutablePointer<Float>, _ ahead: Ahead
  ) {
    kernels.c.winograd_gradient(
      forwardGeometry, Int32(count), x.first, x.stride, dy.first, dy.stride, accumulate ? 1 : 0, sums, scratch,
      ahead.list)
  }

  func filterGradient(
    _ kernels: KernelTable, _ sums: UnsafePointer<Float>, to dw: UnsafeMutablePointer<Float>
  ) {
    kernels.c.winograd_filter_gradient(forwardGeometry.output_blocks, forwardGeometry.input_blocks, sums, dw)
  }
}
