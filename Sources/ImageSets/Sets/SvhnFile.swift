/// One of the files that SVHN was published in.
struct SvhnPart: Sendable {
  let split: Split
  let images: Int
  let published: PublishedFile

  static func all(extra: Bool) -> [SvhnPart] { extra ? [train, Self.extra, test] : [train, test] }

  static let train = part(.train, "train", 73_257, 182_040_794, "e26dedcc434d2e4c54c9b2d4a06d8373")
  static let test = part(.test, "test", 26_032, 64_275_384, "eb5a983be6a315427106f1b164d9cef3")
  static let extra = part(.train, "extra", 531_131, 1_329_278_602, "a93ce644f1a588dc4d68dda5feec44a7")

  private static func part(_ split: Split, _ name: String, _ images: Int, _ bytes: Int, _ md5: String) -> SvhnPart {
    SvhnPart(
      split: split, images: images,
      published: PublishedFile(address: "\(Svhn.address)/\(name)_32x32.mat", bytes: bytes, md5: md5))
  }
}

/// A file of SVHN that is open, with its labels.
struct SvhnFile: Sendable {
  let part: SvhnPart
  let mat: MatFile
  /// `(image)`: 0 to 9.
  let labels: [UInt8]
  private let images: MatVariable

  init(_ part: SvhnPart, path: String, verify: Bool) throws {
    self.part = part
    mat = try MatFile(path: path)
    if verify, let bytes = part.published.bytes, mat.file.size != bytes {
      throw ImageSetError(
        .data, path, "has \(mat.file.size) bytes, and \(bytes) were published",
        "fetch it again, or go without verification")
    }
    images = try mat.variable("X")
    let shape = [Svhn.side, Svhn.side, Svhn.channels]
    // MATLAB drops a last dimension of 1.
    guard images.kind == .uint8, images.dimensions.starts(with: shape), images.dimensions.count <= 4 else {
      throw ImageSetError(
        .data, mat.subject(images), "is \(images.shape) of class \(images.kind), not 32x32x3xN of uint8",
        "give the published file")
    }
    let count = images.dimensions.count == 4 ? images.dimensions[3] : 1
    if verify && count != part.images {
      throw ImageSetError(
        .data, path, "has \(count) images, and \(part.images) were published",
        "fetch it again, or go without verification")
    }
    // That there are as many numbers as the images claim, before room is made for their labels.
    _ = try MatNumbers(images, of: mat)
    labels = try Self.labels(of: count, in: mat)
  }

  private static func labels(of count: Int, in mat: MatFile) throws -> [UInt8] {
    let variable = try mat.variable("y")
    guard variable.dimensions == [count, 1] || variable.dimensions == [1, count] else {
      throw ImageSetError(
        .data, mat.subject(variable), "is \(variable.shape), and there are \(count) images", "give the published file")
    }
    let numbers = try MatNumbers(variable, of: mat)
    var labels: [UInt8] = []
    while labels.count < count {
      for number in try numbers.read(4096) {
        guard let label = UInt8(exactly: number), (1...10).contains(label) else {
          throw ImageSetError(
            .data, mat.subject(variable), "record \(labels.count) has label \(text(number)), not 1 to 10",
            "give the published file")
        }
        labels.append(label % 10)
      }
    }
    return labels
  }

  /// Gives all images to `emit` as they lie, in pieces of at most so many.
  func read(images count: Int, verify: Bool, _ emit: ([UInt8]) throws -> Void) throws {
    let digest = verify ? try FileDigest(mat.file) : nil
    let numbers = try MatNumbers(images, of: mat, witness: digest.map { digest in { try digest.take($0, at: $1) } })
    while true {
      let piece = try [UInt8](unsafeUninitializedCapacity: count * Svhn.imageBytes) { $1 = try numbers.read(into: $0) }
      if piece.isEmpty { break }
      try emit(piece)
    }
    if let found = try digest?.finish(), found != part.published.md5 {
      throw ImageSetError(
        .data, mat.file.path, "has MD5 \(found), and \(part.published.md5) was published",
        "fetch it again, or go without verification")
    }
  }
}

/// A whole number without the point.
private func text(_ number: Double) -> String { Int(exactly: number).map(String.init) ?? "\(number)" }

/// The MD5 of a file most of whose bytes are read for another purpose: what nobody else reads it reads itself.
private final class FileDigest {
  private let file: RandomFile
  private let md5: MD5
  private var next = 0

  init(_ file: RandomFile) throws {
    self.file = file
    md5 = try MD5()
  }

  /// Takes bytes that were read at `offset`, each read behind the one before.
  func take(_ bytes: UnsafeBufferPointer<UInt8>, at offset: Int) throws {
    try read(upTo: offset)
    md5.update(Array(bytes))
    next += bytes.count
  }

  /// The digest of the whole file, in hexadecimal.
  func finish() throws -> String {
    try read(upTo: file.size)
    return md5.hexadecimal()
  }

  private func read(upTo end: Int) throws {
    while next < end {
      let piece = try file.read(min(end - next, 1 << 18), at: next, of: "its data")
      md5.update(piece)
      next += piece.count
    }
  }
}
