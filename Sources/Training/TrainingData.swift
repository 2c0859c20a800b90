import Artefacts
import Kernels
import Networks
import Randomness
import ToolKit

/// The images and labels of a data set, in memory, with what it takes to standardise them.
public struct TrainingData: Sendable {
  public struct Split: Sendable {
    /// (example, y, x, channel)
    public let image: [UInt8]
    public let label: [Int32]
    /// Positions in the published order, which name the random streams of an example.
    public let position: [Int64]

    public var count: Int { label.count }

    package init(image: [UInt8], label: [Int32], position: [Int64]) {
      (self.image, self.label, self.position) = (image, label, position)
    }
  }

  public let shape: Shape
  public let classes: Int
  public let train: Split
  public let test: Split?
  /// Of the raw bytes of all training images, one a channel.
  public let mean: [Double]
  public let deviation: [Double]

  /// - Throws: `Failure` where images have more channels than the smallest block of the fast executor.
  public init(_ dataset: ImageDataset) throws {
    guard dataset.channels <= 4 else {
      throw Failure(
        .badData, "the data set", "its images have \(dataset.channels) channels; networks here take up to 4")
    }
    shape = dataset.shape
    classes = dataset.classes.count
    train = Split(
      image: try dataset.images("train"), label: dataset.train.label, position: dataset.train.example)
    test = try dataset.test.map {
      Split(image: try dataset.images("test"), label: $0.label, position: $0.example)
    }
    (mean, deviation) = TrainingData.moments(train.image, channels: dataset.channels)
  }

  /// Images that are in no file.
  package init(shape: Shape, classes: Int, train: Split, test: Split? = nil) {
    (self.shape, self.classes, self.train, self.test) = (shape, classes, train, test)
    (mean, deviation) = TrainingData.moments(train.image, channels: shape.channels)
  }

  /// Mean and standard deviation of each channel; sums are of whole numbers, and so exact in any order.
  static func moments(_ image: [UInt8], channels: Int) -> (mean: [Double], deviation: [Double]) {
    var sum = [Int](repeating: 0, count: channels)
    var squares = [Int](repeating: 0, count: channels)
    image.withUnsafeBufferPointer { bytes in
      for channel in 0..<channels {
        var (s, q) = (0, 0)
        for i in stride(from: channel, to: bytes.count, by: channels) {
          s += Int(bytes[i])
          q += Int(bytes[i]) * Int(bytes[i])
        }
        (sum[channel], squares[channel]) = (s, q)
      }
    }
    let n = Double(image.count / channels)
    let mean = sum.map { Double($0) / n }
    let deviation = zip(squares, mean).map { max(0, Double($0) / n - $1 * $1).squareRoot() }
    return (mean, deviation)
  }
}

extension ImageDataset {
  /// Of an image.
  public var shape: Shape { Shape(channels: channels, height: height, width: width) }
}

/// Turns images into a network's input: augmented, standardised, in the executor's layout.
package struct InputWriter: Sendable {
  package let data: TrainingData
  let standardisation: Standardisation
  private let mean: [Float]
  private let inverse: [Float]

  package init(data: TrainingData, standardisation: Standardisation) {
    self.data = data
    self.standardisation = standardisation
    mean = data.mean.map(Float.init)
    // A channel that never varies is 0 throughout.
    inverse = data.deviation.map { $0 > 0 ? Float(1 / $0) : 0 }
  }

  /// Where an augmented image is cut out, and whether it is mirrored.
  package struct Cut: Sendable, Hashable {
    package var row = 0
    package var column = 0
    package var isFlipped = false

    package init() {}

    /// The cut of one example in one epoch of one run.
    package init(_ augmentation: Augmentation, seed: UInt64, run: Int, epoch: Int, position: Int64) {
      guard augmentation == .padCropFlip else { return }
      var stream = RandomStream(
        seed: seed, purpose: .augmentation, run: run, epoch: epoch, index: Int(position))
      row = stream.below(9) - 4
      column = stream.below(9) - 4
      isFlipped = stream.below(2) == 1
    }
  }

  /// Fills an executor's input with a batch of images.
  ///
  /// - Parameter cut: of an example by its place in the split.
  package func write(
    _ examples: ArraySlice<Int32>, of split: TrainingData.Split, to executor: CPUExecutor,
    cut: @Sendable (Int) -> Cut = { _ in Cut() }
  ) {
    let first = examples.startIndex
    // A flat network takes the pixels one after another.
    let stride = executor.plan.input.area == 1 ? data.shape.channels : executor.pixelStride
    executor.prepare(count: examples.count) { slot, target in
      let example = Int(examples[first + slot])
      write(split, example, cut(example), stride, to: target)
    }
  }

  private func write(
    _ split: TrainingData.Split, _ example: Int, _ cut: Cut, _ pixelStride: Int,
    to target: UnsafeMutablePointer<Float>
  ) {
    let size = data.shape.count
    var preparation = ImagePreparation(
      height: data.shape.height, width: data.shape.width, channels: data.shape.channels, pixelStride: pixelStride)
    preparation.rowOffset = cut.row
    preparation.columnOffset = cut.column
    preparation.flipped = cut.isFlipped
    split.image.withUnsafeBufferPointer { bytes in
      guard let base = bytes.baseAddress else { return }
      let image = base + example * size
      switch standardisation {
      case .perChannel:
        preparation.write(image, mean: mean, inverse: inverse, to: target)
      case .perImage:
        let (mean, inverse) = InputWriter.imageMoments(UnsafeBufferPointer(start: image, count: size))
        preparation.write(image, mean: mean, inverse: inverse, to: target)
      }
    }
  }

  /// Mean and 1 / max(s.d., 1/sqrt(n)) over all values of an image, before it is cut.
  static func imageMoments(_ image: UnsafeBufferPointer<UInt8>) -> (mean: Float, inverse: Float) {
    var (sum, squares) = (0, 0)
    // 65,536 squares of bytes fit into 32 bits, of which a vector holds twice as many.
    for start in stride(from: 0, to: image.count, by: 1 << 16) {
      var (part, partSquares) = (UInt32(0), UInt32(0))
      for byte in image[start..<min(start + 1 << 16, image.count)] {
        part &+= UInt32(byte)
        partSquares &+= UInt32(byte) &* UInt32(byte)
      }
      sum += Int(part)
      squares += Int(partSquares)
    }
    let n = Double(image.count)
    let mean = Double(sum) / n
    let deviation = max(0, Double(squares) / n - mean * mean).squareRoot()
    return (Float(mean), Float(1 / max(deviation, 1 / n.squareRoot())))
  }
}
