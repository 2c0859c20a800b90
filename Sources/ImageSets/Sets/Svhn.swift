/// SVHN, the cropped digits: 32 x 32 images of house numbers, each centred on a digit, from the published MATLAB
/// files.
///
/// The label 10 of the files, which means the digit 0, becomes class 0. Images of `extra` follow after those of
/// `train`. Memory does not grow with the files: one thread inflates, the caller's turns the columns of pixels into
/// rows.
///
/// - Source: Netzer et al. 2011, "Reading digits in natural images with unsupervised feature learning", NIPS workshop;
///   http://ufldl.stanford.edu/housenumbers.
public struct Svhn: ImageSource {
  /// `train` and `test`.
  public static var publishedFiles: [PublishedFile] { publishedFiles(extra: false) }

  /// The same, with `extra` between them where it is wanted.
  public static func publishedFiles(extra: Bool) -> [PublishedFile] { SvhnPart.all(extra: extra).map(\.published) }

  public let header: ImageSetHeader
  /// In the order that they are read.
  private let files: [SvhnFile]
  private let verify: Bool
  private let batch: Int

  static let side = 32
  static let channels = 3
  static let imageBytes = side * side * channels
  static let address = "http://ufldl.stanford.edu/housenumbers"

  /// - Parameters:
  ///   - paths: a folder with the files, or the files in any order.
  ///   - extra: whether `extra_32x32.mat` belongs to the training split.
  ///   - verify: whether every file must be the published one, by its number of images and MD5; else any number is
  ///     taken.
  ///   - batch: the examples in a batch; nil for as many as fill a mebibyte.
  /// - Throws: `ImageSetError`.
  public init(from paths: [String], extra: Bool = false, verify: Bool = true, batch: Int? = nil) throws {
    if let path = paths.first(where: { lastComponent($0) == SvhnPart.extra.published.name }), !extra {
      throw ImageSetError(.usage, path, "is given, and not asked for", "add --extra, or leave it out")
    }
    let parts = SvhnPart.all(extra: extra)
    let found = try namedFiles(parts.map(\.published.name), from: paths)
    files = try parts.compactMap { part in
      try found[part.published.name].map { try SvhnFile(part, path: $0, verify: verify) }
    }
    self.verify = verify
    self.batch = batch ?? examplesPerMebibyte(imageBytes: Self.imageBytes)
    let counts = BySplit { [files] split in files.reduce(0) { $0 + ($1.part.split == split ? $1.labels.count : 0) } }
    if counts.train == 0 {
      throw ImageSetError(.data, files[0].mat.file.path, "there are no training examples", "give some")
    }
    header = ImageSetHeader(
      name: "svhn", classes: (0...9).map(String.init), height: Self.side, width: Self.side, channels: Self.channels,
      source: sourceText(Self.address, verified: verify), train: .init(count: counts.train, columns: []),
      test: .init(count: counts.test, columns: []))
  }

  public func labels() throws -> BySplit<[Int32]> {
    BySplit { split in files.filter { $0.part.split == split }.flatMap { $0.labels.map(Int32.init) } }
  }

  public func read(_ wanted: BySplit<Positions>, _ body: (ImageBatch) throws -> Void) throws {
    for split in Split.allCases where wanted[split].count > 0 {
      var builder = BatchBuilder(split, of: header, capacity: batch)
      var position = 0
      for file in files where file.part.split == split {
        // Pieces of about 256 KiB: large enough that the queue costs nothing, small enough for the cache.
        let perPiece = (1 << 18) / Self.imageBytes
        var place = 0
        try overlap(depth: 4, produce: { [verify] in try file.read(images: perPiece, verify: verify, $0) }) { pieces in
          try pieces.withUnsafeBufferPointer { pieces in
            for start in stride(from: 0, to: pieces.count, by: Self.imageBytes) {
              if wanted[split].contains(position) {
                let columns = UnsafeBufferPointer(rebasing: pieces[start..<start + Self.imageBytes])
                try builder.add(position: position, label: Int32(file.labels[place]), to: body) {
                  rows(columns, into: $0)
                  return []
                }
              }
              place += 1
              position += 1
            }
          }
        }
      }
      try builder.flush(to: body)
    }
  }
}

/// Pixels of an image from `(channel, x, y)`, as MATLAB's columns lie, to `(y, x, channel)`.
private func rows(_ columns: UnsafeBufferPointer<UInt8>, into pixels: UnsafeMutableBufferPointer<UInt8>) {
  let side = Svhn.side
  guard let source = columns.baseAddress, var pixel = pixels.baseAddress,
    columns.count == Svhn.imageBytes, pixels.count == Svhn.imageBytes
  else { return }
  for y in 0..<side {
    for x in 0..<side {
      let place = source + x * side + y
      pixel[0] = place[0]
      pixel[1] = place[side * side]
      pixel[2] = place[2 * side * side]
      pixel += Svhn.channels
    }
  }
}
