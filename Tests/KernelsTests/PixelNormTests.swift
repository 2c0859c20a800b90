import CKernels
import Kernels
import Randomness
import Testing

/// Norms of a convolution's own gradients from products of pixels, against the gradient by plain loops.
@Suite struct PixelNormTests {
  struct Shape: Sendable {
    let inputs, outputs, height, width, padding: Int

    init(_ inputs: Int, _ outputs: Int, _ height: Int, _ width: Int, padding: Int) {
      (self.inputs, self.outputs, self.height, self.width, self.padding) = (inputs, outputs, height, width, padding)
    }

    var kernel: Int { 2 * padding + 1 }

    func geometry(_ lanes: Int) -> rote_pixels {
      rote_pixels(
        input_blocks: Int32((inputs + lanes - 1) / lanes), output_blocks: Int32((outputs + lanes - 1) / lanes),
        height: Int32(height), width: Int32(width), kernel: Int32(kernel), padding: Int32(padding))
    }

    /// The sum of squares of dw(o, i, tap) = the sum over pixels of x(i, pixel + tap) dy(o, pixel).
    func norm(_ x: [Float], _ dy: [Float]) -> Double {
      var total = 0.0
      for o in 0..<outputs {
        for i in 0..<inputs {
          for tap in 0..<kernel * kernel {
            var gradient = 0.0
            for pixel in 0..<height * width {
              let (row, column) = (pixel / width + tap / kernel - padding, pixel % width + tap % kernel - padding)
              guard 0..<height ~= row, 0..<width ~= column else { continue }
              gradient += Double(x[(i * height + row) * width + column]) * Double(dy[o * height * width + pixel])
            }
            total += gradient * gradient
          }
        }
      }
      return total
    }
  }

  /// (block, pixel, lane) of (channel, pixel), zero past the last channel.
  private func blocked(_ values: [Float], area: Int, lanes: Int) -> Memory {
    let channels = values.count / area
    let memory = Memory(count: (channels + lanes - 1) / lanes * lanes * area)
    for (index, value) in values.enumerated() {
      let (channel, pixel) = (index / area, index % area)
      memory.floats[(channel / lanes * area + pixel) * lanes + channel % lanes] = value
    }
    return memory
  }

  /// The kernel's norm, in memory full of what earlier work may have left; nothing past its end may change.
  private func norm(_ set: InstructionSet, _ shape: Shape, _ x: [Float], _ dy: [Float]) -> Double {
    let (area, lanes) = (shape.height * shape.width, set.lanes)
    let g = shape.geometry(lanes)
    let size = Int(rote_pixel_scratch(g, Int32(lanes)))
    let room = Memory(count: size + 64)
    room.floats.update(repeating: .nan, count: size)
    (room.floats + size).update(repeating: 7, count: 64)
    let (input, gradient) = (blocked(x, area: area, lanes: lanes), blocked(dy, area: area, lanes: lanes))
    return withExtendedLifetime((input, gradient)) {
      let norm = set.kernels.c.pixel_norm(g, input.floats, gradient.floats, room.floats)
      #expect((size..<size + 64).allSatisfy { room.floats[$0] == 7 }, "nothing is written past the room")
      return norm
    }
  }

  @Test(
    arguments: InstructionSet.available,
    [
      Shape(64, 64, 8, 8, padding: 1), Shape(5, 17, 4, 4, padding: 1), Shape(16, 33, 1, 1, padding: 1),
      Shape(33, 5, 2, 2, padding: 1), Shape(20, 8, 3, 7, padding: 1), Shape(8, 20, 7, 3, padding: 2),
      Shape(17, 16, 5, 6, padding: 0), Shape(40, 9, 1, 16, padding: 0), Shape(3, 2, 9, 11, padding: 1),
      Shape(6, 7, 2, 3, padding: 3),
    ])
  func `Norms from products of pixels are those of the gradient`(set: InstructionSet, shape: Shape) {
    var stream = RandomStream(seed: 31, purpose: .test)
    let area = shape.height * shape.width
    for _ in 0..<4 {
      let x = (0..<shape.inputs * area).map { _ in Float(stream.normal()) }
      let dy = (0..<shape.outputs * area).map { _ in Float(stream.normal()) }
      let expected = shape.norm(x, dy)
      #expect(abs(norm(set, shape, x, dy) - expected) <= 1e-5 * expected)
    }
  }

  @Test(arguments: InstructionSet.available)
  func `A norm that cancels out is not below zero, and one of NaN is NaN`(set: InstructionSet) {
    let shape = Shape(8, 8, 4, 4, padding: 0)
    let x = [Float](repeating: 1.1, count: 8 * 16)
    // Of each channel the gradients of the pixels sum up to nothing.
    var dy: [Float] = (0..<8 * 16).map { i in
      let size = Float(1 + i / 2 % 3)
      return i % 2 == 0 ? size : -size
    }
    let norm = norm(set, shape, x, dy)
    #expect(norm >= 0 && norm < 1e-3)
    dy[5] = .nan
    #expect(self.norm(set, shape, x, dy).isNaN)
  }
}
