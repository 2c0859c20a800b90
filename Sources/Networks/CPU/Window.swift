import CKernels

/// The geometry of a convolution for the kernels: what is copied to the scratch, and which taps go over it.
///
/// The scratch holds an example with its border of zeros. With a stride, its columns are dealt into `stride`
/// phases, so that neighbours in the output read neighbours in the scratch.
struct Window: Sendable {
  /// Output pixels of one phase of the gradient by the input: rows and columns modulo the stride.
  struct DataPhase: Sendable {
    var taps: rote_taps
    var offsets: [Int32] = []
    /// The taps of the forward weights, in the order of `offsets`.
    var order: [Int32] = []
    /// The phase's first pixel in the input's gradient.
    var start: Int
  }

  let inputBlocks: Int
  let outputBlocks: Int
  let tapCount: Int
  let blockArea: Int

  /// How the input comes into the scratch; nil where it is read in place.
  let inputBorder: rote_border?
  let taps: rote_taps
  let offsets: [Int32]

  /// The same for the output's gradient on its way to the input's.
  let outputBorder: rote_border?
  let dataPhases: [DataPhase]

  /// Floats of scratch for one example.
  let scratchSize: Int

  /// That of a convolution that is in no groups.
  init(_ plan: Plan, _ operation: Operation, _ lanes: Int) {
    guard case .convolution(let convolution) = operation.kind else {
      preconditionFailure("\(operation.name) is no convolution")
    }
    self.init(
      convolution, input: plan.values[operation.inputs[0]], output: plan.values[operation.output], lanes: lanes)
  }

  init(_ convolution: Convolution, input: Shape, output: Shape, lanes: Int) {
    let (kernel, stride, padding) = (convolution.kernel, convolution.stride, convolution.padding)
    var (input, output) = (input, output)
    if kernel == 1, stride == 1, padding == 0 {
      // Pixels meet no neighbours: they are one long row, which fills the registers whatever the width.
      (input.width, input.height) = (input.area, 1)
      output = Shape(channels: output.channels, height: 1, width: input.width)
    }
    inputBlocks = blocks(input.channels, lanes)
    outputBlocks = blocks(output.channels, lanes)
    tapCount = kernel * kernel
    blockArea = lanes * lanes

    // Forward: output row r, tap ky reads scratch row r stride + ky.
    let phases = min(stride, kernel)
    let border = rote_border(
      blocks: Int32(inputBlocks), height: Int32(input.height), width: Int32(input.width), top: Int32(padding),
      left: Int32(padding), rows: Int32((output.height - 1) * stride + kernel), phases: Int32(phases),
      columns: Int32(output.width + (kernel - 1) / stride), step: Int32(stride))
    let inPlace = padding == 0 && stride == 1
    inputBorder = inPlace ? nil : border
    let pitch = inPlace ? input.width : Int(border.columns)
    let row = phases * pitch * lanes
    taps = rote_taps(
      rows: Int32(output.height), columns: Int32(output.width), input_blocks: Int32(inputBlocks),
      output_blocks: Int32(outputBlocks), taps: Int32(kernel * kernel), weight_taps: Int32(kernel * kernel),
      w_block: Int64(inputBlocks * tapCount * blockArea),
      last_lanes: Int32(input.channels - (inputBlocks - 1) * lanes), x_row: Int64(stride * row),
      x_block: Int64((inPlace ? input.height : Int(border.rows)) * row), y_row: Int64(output.width * lanes),
      y_column: Int64(lanes), y_block: Int64(output.area * lanes))
    offsets = (0..<kernel * kernel).map { tap in
      let (ky, kx) = (tap / kernel, tap % kernel)
      return Int32(ky * row + (kx % stride * pitch + kx / stride) * lanes)
    }

    // Backward: input row y = stride i + phase receives, by tap ky, output row i + (phase + padding - ky) /
    // stride, where that divides.
    func shifts(_ phase: Int) -> [(tap: Int, shift: Int)] {
      (0..<kernel).compactMap { tap in
        let distance = phase + padding - tap
        return distance.isMultiple(of: stride) ? (tap, distance / stride) : nil
      }
    }
    func extent(_ size: Int) -> (before: Int, length: Int) {
      var (before, end) = (0, 0)
      for phase in 0..<min(stride, size) {
        for (_, shift) in shifts(phase) {
          before = max(before, -shift)
          end = max(end, (size - phase + stride - 1) / stride + shift)
        }
      }
      return (before, before + end)
    }
    let (top, rows) = extent(input.height)
    let (left, columns) = extent(input.width)
    let outputInPlace = top == 0 && left == 0 && rows == output.height && columns == output.width
    let dataBorder = rote_border(
      blocks: Int32(outputBlocks), height: Int32(output.height), width: Int32(output.width), top: Int32(top),
      left: Int32(left), rows: Int32(rows), phases: 1, columns: Int32(columns), step: 1)
    outputBorder = outputInPlace ? nil : dataBorder

    var dataPhases: [DataPhase] = []
    for phaseY in 0..<min(stride, input.height) {
      for phaseX in 0..<min(stride, input.width) {
        var phase = DataPhase(
          taps: rote_taps(
            rows: Int32((input.height - phaseY + stride - 1) / stride),
            columns: Int32((input.width - phaseX + stride - 1) / stride), input_blocks: Int32(outputBlocks),
            output_blocks: Int32(inputBlocks), taps: 0, weight_taps: 0, w_block: 0,
            last_lanes: Int32(output.channels - (outputBlocks - 1) * lanes), x_row: Int64(columns * lanes),
            x_block: Int64(rows * columns * lanes), y_row: Int64(stride * input.width * lanes),
            y_column: Int64(stride * lanes), y_block: Int64(input.area * lanes)),
          start: (phaseY * input.width + phaseX) * lanes)
        for (ky, shiftY) in shifts(phaseY) {
          for (kx, shiftX) in shifts(phaseX) {
            phase.offsets.append(Int32(((top + shiftY) * columns + left + shiftX) * lanes))
            phase.order.append(Int32(ky * kernel + kx))
          }
        }
        phase.taps.taps = Int32(phase.order.count)
        phase.taps.weight_taps = phase.taps.taps
        phase.taps.w_block = Int64(outputBlocks * phase.order.count * blockArea)
        dataPhases.append(phase)
      }
    }
    self.dataPhases = dataPhases
    scratchSize = max(
      inPlace ? 0 : inputBlocks * Int(border.rows) * row,
      outputInPlace ? 0 : outputBlocks * rows * columns * lanes)
  }
}
