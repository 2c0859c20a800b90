import CAllocations
import Kernels
import Randomness
import Testing

struct ImagePreparationTests {
  /// The definition, a byte at a time; lanes past the channels stay as `output` has them.
  private func reference(
    _ preparation: ImagePreparation, _ image: [UInt8], _ mean: [Float], _ inverse: [Float], _ output: [Float]
  ) -> [Float] {
    var result = output
    let (height, width, channels) = (preparation.height, preparation.width, preparation.channels)
    for r in 0..<height {
      for c in 0..<width {
        let row = r + preparation.rowOffset
        let column = (preparation.flipped ? width - 1 - c : c) + preparation.columnOffset
        let isInside = (0..<height).contains(row) && (0..<width).contains(column)
        for k in 0..<channels {
          let raw = isInside ? Float(image[(row * width + column) * channels + k]) : 0
          result[(r * width + c) * preparation.pixelStride + k] = (raw - mean[k]) * inverse[k]
        }
      }
    }
    return result
  }

  @Test("A crop out of a border of raw zeros is standardised, then mirrored, to the bit", arguments: [1, 2, 3, 4, 64])
  func crops(channels: Int) {
    var random = RandomStream(seed: 3, purpose: .test, index: channels)
    for _ in 0..<60 {
      // Wide images are worked on in pieces; offsets beyond the size leave nothing but border.
      let (height, width) = (1 + random.below(6), 1 + random.below(random.below(4) == 0 ? 300 : 12))
      var preparation = ImagePreparation(
        height: height, width: width, channels: channels, pixelStride: channels + [0, 1, 13][random.below(3)])
      preparation.rowOffset = random.below(2 * height + 5) - height - 2
      preparation.columnOffset = random.below(2 * width + 5) - width - 2
      preparation.flipped = random.below(2) == 1
      let image = (0..<height * width * channels).map { _ in UInt8(random.below(256)) }
      let mean = (0..<channels).map { _ in Float(random.uniform() * 255) }
      let inverse = (0..<channels).map { _ in Float(random.uniform()) }
      let before = [Float](repeating: -1, count: height * width * preparation.pixelStride)
      var result = before
      preparation.write(image, mean: mean, inverse: inverse, to: &result)
      #expect(result == reference(preparation, image, mean, inverse, before), "\(preparation)")
      preparation.write(image, mean: mean[0], inverse: inverse[0], to: &result)
      let (oneMean, oneInverse) = (mean.map { _ in mean[0] }, inverse.map { _ in inverse[0] })
      #expect(result == reference(preparation, image, oneMean, oneInverse, before), "\(preparation)")
    }
  }

  @Test("Preparing an image allocates nothing")
  func allocations() {
    let preparation = ImagePreparation(height: 32, width: 32, channels: 3, pixelStride: 16)
    let image = [UInt8](repeating: 7, count: 3072)
    let (mean, inverse): ([Float], [Float]) = ([1, 2, 3], [4, 5, 6])
    var result = [Float](repeating: 0, count: 16 * 1024)
    let before = rote_allocations()
    preparation.write(image, mean: mean, inverse: inverse, to: &result)
    preparation.write(image, mean: 5, inverse: 0.5, to: &result)
    #expect(rote_allocations() == before)
    #expect(result[0] == 1)
  }
}
