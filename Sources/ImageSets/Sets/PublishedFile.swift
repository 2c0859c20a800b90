/// A file as its publisher offers it.
public struct PublishedFile: Equatable, Sendable {
  public let address: String
  /// Its size; nil where none was published.
  public let bytes: Int?
  /// In lower-case hexadecimal.
  public let md5: String

  /// The last component of its address.
  public var name: String { lastComponent(address) }

  /// - Throws: a data error where the file at `path` is another.
  func check(_ path: String) throws {
    let stream = try ByteStream(path: path, inflating: false)
    let size = stream.fileSize
    if let bytes, size != bytes {
      throw ImageSetError(
        .data, path, "has \(size) bytes, and \(bytes) were published",
        "fetch it again, or go without verification")
    }
    let digest = try MD5()
    while true {
      let piece = try stream.read(upTo: 1 << 20)
      if piece.isEmpty { break }
      digest.update(piece)
    }
    let found = digest.hexadecimal()
    if found != md5 {
      throw ImageSetError(
        .data, path, "has MD5 \(found), and \(md5) was published", "fetch it again, or go without verification")
    }
  }
}
