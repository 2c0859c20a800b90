import CKernels

/// How one image of bytes becomes a network's input: moved, mirrored, standardised.
public struct ImagePreparation: Sendable, Hashable {
  public var height: Int
  public var width: Int
  public var channels: Int
  /// Floats a pixel in the result; those past the channels are left as they are.
  public var pixelStride: Int
  /// The crop's first row and column in the image, which lies in a border of raw zeros, as torchvision's
  /// `RandomCrop`.
  public var rowOffset = 0
  public var columnOffset = 0
  /// Whether the crop is mirrored left to right.
  public var flipped = false

  public init(height: Int, width: Int, channels: Int, pixelStride: Int) {
    self.height = height
    self.width = width
    self.channels = channels
    self.pixelStride = pixelStride
  }

  /// Writes (byte - mean) × inverse for `(y, x, channel)` bytes, as `(y, x, pixelStride)` floats.
  ///
  /// - Parameters:
  ///   - mean: one a channel, of raw bytes.
  ///   - inverse: one a channel, 1 / standard deviation of raw bytes.
  public func write(
    _ image: UnsafePointer<UInt8>, mean: [Float], inverse: [Float], to output: UnsafeMutablePointer<Float>
  ) {
    precondition(mean.count == channels && inverse.count == channels, "one mean and deviation a channel")
    write(image, means: mean, inverses: inverse, to: output)
  }

  /// The same with one mean and deviation for all channels.
  public func write(
    _ image: UnsafePointer<UInt8>, mean: Float, inverse: Float, to output: UnsafeMutablePointer<Float>
  ) {
    withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * channels) { both in
      guard let means = both.baseAddress else { return }
      let inverses = means + channels
      means.initialize(repeating: mean, count: channels)
      inverses.initialize(repeating: inverse, count: channels)
      write(image, means: means, inverses: inverses, to: output)
    }
  }

  private func write(
    _ image: UnsafePointer<UInt8>, means: UnsafePointer<Float>, inverses: UnsafePointer<Float>,
    to output: UnsafeMutablePointer<Float>
  ) {
    precondition(1...Int(ROTE_MOST_CHANNELS) ~= channels, "images have at most \(ROTE_MOST_CHANNELS) channels")
    let geometry = rote_preparation(
      height: Int32(height), width: Int32(width), channels: Int32(channels), pixel_stride: Int32(pixelStride),
      dy: Int32(rowOffset), dx: Int32(columnOffset), flip: flipped ? 1 : 0)
    rote_prepare(geometry, image, means, inverses, output)
  }
}
