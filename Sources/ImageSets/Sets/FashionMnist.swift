#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Fashion-MNIST: 28 x 28 grey images of clothing, from the published IDX files, plain or gzip.
///
/// Images are padded with zeros to 32 x 32 and repeated in three channels. Files are verified by what they hold
/// once inflated, so that it does not matter who packed them.
///
/// - Source: Xiao, Rasul and Vollgraf 2017, "Fashion-MNIST" (arXiv 1708.07747);
///   https://github.com/zalandoresearch/fashion-mnist.
public struct FashionMnist: ImageSource {
  public static let publishedFiles = FashionMnistPart.all.flatMap { [$0.images.published, $0.labels.published] }

  /// The folder of Debian's package dataset-fashion-mnist, where it is installed.
  public static var installed: String? {
    let folder = "/usr/share/datasets/fashion-mnist"
    return access(folder, F_OK) == 0 ? folder : nil
  }

  public let header: ImageSetHeader
  private let parts: [Part]
  private let verify: Bool
  private let batch: Int

  private struct Part: Sendable {
    let published: FashionMnistPart
    /// The file of images.
    let path: String
    let labels: [UInt8]
  }

  private static let classes = [
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
  ]
  private static let side = 28
  private static let margin = 2
  private static let paddedSide = side + 2 * margin
  private static let channels = 3

  /// - Parameters:
  ///   - paths: a folder with the files, or the files in any order; each may end in `.gz`.
  ///   - verify: whether every file must be the published one, by its number of items and MD5; else any number is
  ///     taken.
  ///   - batch: the examples in a batch; nil for as many as fill a mebibyte.
  /// - Throws: `ImageSetError`.
  public init(from paths: [String], verify: Bool = true, batch: Int? = nil) throws {
    let parts = FashionMnistPart.all
    let names = parts.flatMap { [$0.images.name, $0.labels.name] }
    let found = try namedFiles(names, from: paths, compressed: ".gz")
    let files = names.compactMap { found[$0] }
    self.parts = try parts.enumerated().map { index, part in
      Part(
        published: part, path: files[2 * index],
        labels: try Self.labels(part, path: files[2 * index + 1], verify: verify))
    }
    self.verify = verify
    let imageBytes = Self.paddedSide * Self.paddedSide * Self.channels
    self.batch = batch ?? examplesPerMebibyte(imageBytes: imageBytes)
    let counts = BySplit { [parts = self.parts] split in
      parts.reduce(0) { $0 + ($1.published.split == split ? $1.labels.count : 0) }
    }
    if counts.train == 0 {
      throw ImageSetError(.data, files[0], "there are no training examples", "give some")
    }
    header = ImageSetHeader(
      name: "fashion-mnist", classes: Self.classes, height: Self.paddedSide, width: Self.paddedSide,
      channels: Self.channels, source: sourceText(FashionMnistPart.address, verified: verify),
      train: .init(count: counts.train, columns: []), test: .init(count: counts.test, columns: []))
  }

  public func labels() throws -> BySplit<[Int32]> {
    BySplit { split in parts.filter { $0.published.split == split }.flatMap { $0.labels.map(Int32.init) } }
  }

  public func read(_ wanted: BySplit<Positions>, _ body: (ImageBatch) throws -> Void) throws {
    for part in parts where wanted[part.published.split].count > 0 {
      let split = part.published.split
      let file = try IDXFile(path: part.path, shape: [Self.side, Self.side])
      try check(file, part)
      let digest = verify ? try MD5() : nil
      digest?.update(file.header)
      var builder = BatchBuilder(split, of: header, capacity: batch)
      var position = 0
      repeat {
        let images = try file.read(256)
        digest?.update(images)
        for start in stride(from: 0, to: images.count, by: Self.side * Self.side) {
          if wanted[split].contains(position) {
            try builder.add(position: position, label: Int32(part.labels[position]), to: body) {
              Self.pad(images[start..<start + Self.side * Self.side], into: $0)
              return []
            }
          }
          position += 1
        }
      } while position < file.count
      try digest.map { try part.published.images.check($0, part.path) }
      try builder.flush(to: body)
    }
  }

  private static func labels(_ part: FashionMnistPart, path: String, verify: Bool) throws -> [UInt8] {
    let file = try IDXFile(path: path, shape: [])
    if verify { try part.check(file.count, path) }
    let digest = verify ? try MD5() : nil
    digest?.update(file.header)
    var labels: [UInt8] = []
    repeat {
      let piece = try file.read(1 << 16)
      digest?.update(piece)
      if let place = piece.firstIndex(where: { $0 >= classes.count }) {
        throw ImageSetError(
          .data, path,
          "record \(labels.count + place) has label \(piece[place]), and there are \(classes.count) classes",
          "fetch it again")
      }
      labels += piece
    } while labels.count < file.count
    try digest.map { try part.labels.check($0, path) }
    return labels
  }

  private func check(_ file: IDXFile, _ part: Part) throws {
    if verify { try part.published.check(file.count, part.path) }
    if file.count != part.labels.count {
      throw ImageSetError(
        .data, part.path, "has \(file.count) images, and there are \(part.labels.count) labels",
        "give the files that belong together")
    }
  }

  /// Grey pixels with a margin of zeros, each three times.
  private static func pad(_ grey: ArraySlice<UInt8>, into pixels: UnsafeMutableBufferPointer<UInt8>) {
    pixels.update(repeating: 0)
    grey.withUnsafeBufferPointer { grey in
      for y in 0..<side {
        var place = ((y + margin) * paddedSide + margin) * channels
        for x in 0..<side {
          for channel in 0..<channels { pixels[place + channel] = grey[y * side + x] }
          place += channels
        }
      }
    }
  }
}
