import HDF5
import ToolKit

/// A data set file open for reading.
public final class ImageDataset {
  public struct Split: Sendable {
    public let example: [Int64]
    public let label: [Int32]

    public var count: Int { example.count }
  }

  public let reader: ArtefactReader
  public let name: String
  public let content: String
  public let classes: [String]
  public let height: Int
  public let width: Int
  public let channels: Int
  public let train: Split
  public let test: Split?

  public var imageCount: Int { height * width * channels }

  public init(_ reader: ArtefactReader) throws {
    try reader.require(.data)
    self.reader = reader
    name = try reader.text("name") ?? "unnamed"
    classes = try reader.readText("/class")
    guard !classes.isEmpty else { throw Failure(.badData, reader.name, "has no classes") }
    let image = try reader.variable("/train/image", UInt8.self, rank: 4)
    (height, width, channels) = (image.shape[1], image.shape[2], image.shape[3])
    guard image.rowCount > 0 else { throw Failure(.badData, reader.name, "has images of no pixels") }
    train = try ImageDataset.split("train", reader, image.shape, classes.count)
    test =
      try reader.has("/test/image")
      ? ImageDataset.split(
        "test", reader, reader.variable("/test/image", UInt8.self, rank: 4).shape, classes.count)
      : nil
    if try reader.has("/test/image") {
      let other = try reader.variable("/test/image", UInt8.self, rank: 4).shape
      guard other[1...] == image.shape[1...] else {
        throw Failure(
          .badData, "\(reader.name): /test/image",
          "images of \(other[1]) x \(other[2]) x \(other[3]) beside those of "
            + "\(height) x \(width) x \(channels) to train on")
      }
    }
    // A file of another program may come without digests: its labels and examples then stand for it.
    if let content = reader.content {
      self.content = content
    } else {
      let digest = Digest()
      digest.update(train.example)
      digest.update(train.label)
      try reader.forEachPiece(of: "/train/image", UInt8.self, rank: 4) { digest.update($0) }
      content = digest.finishHex()
    }
  }

  private static func split(
    _ name: String, _ reader: ArtefactReader, _ shape: [Int], _ classes: Int
  ) throws -> Split {
    let example = try reader.read("/\(name)/example", Int64.self).values
    let label = try reader.read("/\(name)/label", Int32.self).values
    guard example.count == shape[0], label.count == shape[0], !example.isEmpty else {
      throw Failure(
        .badData, "\(reader.name): /\(name)",
        "\(shape[0]) images, \(label.count) labels and \(example.count) example numbers")
    }
    if let bad = label.first(where: { !(0..<Int32(classes)).contains($0) }) {
      throw Failure(
        .badData, "\(reader.name): /\(name)/label", "label \(bad) is outside of the \(classes) classes")
    }
    return Split(example: example, label: label)
  }

  /// All images of a split, (example, y, x, channel).
  public func images(_ split: String) throws -> [UInt8] {
    try reader.read("/\(split)/image", UInt8.self, rank: 4).values
  }

  /// Some images, (row, y, x, channel); rows count within the file.
  public func images(_ split: String, rows: Range<Int>) throws -> [UInt8] {
    let variable = try reader.variable("/\(split)/image", UInt8.self, rank: 4)
    return try reading(reader.name) { try variable.read(UInt8.self, rows: rows) }
  }

  /// Training images in a chunk as we write them: reading so many at a time reads no chunk twice.
  public var rowsPerChunk: Int {
    chunkShape([train.count, height, width, channels], elementSize: 1, rowAtATime: false)[0]
  }

  /// A column of whole numbers beside the labels, where the file has it.
  public func integers(_ split: String, _ column: String) throws -> [Int32]? {
    let path = "/\(split)/\(column)"
    return try reader.has(path) ? reader.read(path, Int32.self).values : nil
  }

  public var record: InputRecord { InputRecord(kind: .data, content: content) }
}
