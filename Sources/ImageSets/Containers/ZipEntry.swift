/// A member of a zip archive, as the central directory has it.
struct ZipEntry: Sendable {
  let path: String
  /// In bytes, once it is read.
  let size: Int
  let compressedSize: Int
  /// Where its own header lies.
  let offset: Int
  /// Where the next member begins, or the directory: its header and data end before.
  var end: Int
  let crc32: UInt32
  let flags: UInt16
  let isDeflated: Bool

  /// Whether it stands for a folder, and has no bytes.
  var isFolder: Bool { path.utf8.last == UInt8(ascii: "/") }

  /// The least bytes of a member in the directory, and of its own header.
  static let directoryBytes = 46
  static let headerBytes = 30

  /// The flags that change how a member is read: encryption (0, 6, 13), sizes behind the data (3), patches (5).
  static let readingFlags: UInt16 = 0b0010_0000_0110_1001
  static let sizesFollow: UInt16 = 1 << 3
  private static let encryption: UInt16 = 0b0010_0000_0100_0001
  private static let patch: UInt16 = 1 << 5

  /// - Parameters:
  ///   - record: its fixed part in the directory.
  ///   - extra: its extra fields.
  ///   - archive: the file, for messages.
  /// - Throws: where it is of no kind that is read, or its numbers cannot be.
  init(_ record: ArraySlice<UInt8>, name: ArraySlice<UInt8>, extra: ArraySlice<UInt8>, in archive: String) throws {
    let path = try memberPath(name, in: archive)
    self.path = path
    func refused(_ problem: String, _ remedy: String = "fetch it again") -> ImageSetError {
      ImageSetError(.data, "\(archive): \(path)", problem, remedy)
    }

    flags = record.number(at: 8)
    if flags & Self.encryption != 0 { throw refused("is encrypted", "decrypt the archive first") }
    if flags & Self.patch != 0 { throw refused("is a patch of another file", "give the published archive") }
    let method = record.number(at: 10, as: UInt16.self)
    guard method == 0 || method == 8 else {
      throw refused("is compressed by method \(method)", "pack it anew by deflate, as `zip` does by default")
    }
    isDeflated = method == 8
    crc32 = record.number(at: 16)

    // What does not fit its field stands in the zip64 extra field, in this order.
    guard let fields = zip64Fields(extra) else { throw refused("has a damaged extra field") }
    var large = fields
    func number(_ place: Int) throws -> Int {
      let small = record.number(at: place, as: UInt32.self)
      if small < .max || fields.isEmpty { return Int(small) }
      guard large.count >= 8 else { throw refused("has too short a zip64 extra field") }
      let value = large.number(at: 0, as: UInt64.self)
      large = large.dropFirst(8)
      guard let number = Int(exactly: value) else { throw refused("claims \(value) bytes") }
      return number
    }
    size = try number(24)
    compressedSize = try number(20)
    offset = try number(42)
    end = offset

    let disk = record.number(at: 34, as: UInt16.self)
    guard disk == 0 || disk == .max && !fields.isEmpty else {
      throw refused("lies in another part of the archive", "join the parts into one first")
    }
    // Unix file types, in the upper half of the attributes: none, folder, regular file.
    let type = record.number(at: 40, as: UInt16.self) >> 12
    guard type == 0 || type == 0o04 || type == 0o10 else {
      throw refused(type == 0o12 ? "is a symbolic link" : "is no regular file", "give the published archive")
    }
    guard isDeflated || size == compressedSize else {
      throw refused("is stored as it is, with \(size) bytes in \(compressedSize)")
    }
    if isFolder && size > 0 { throw refused("is a folder, with \(size) bytes") }
  }
}

/// The content of the zip64 field among extra fields, empty where there is none; nil where they are damaged.
func zip64Fields(_ extra: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
  var rest = extra
  while !rest.isEmpty {
    guard rest.count >= 4 else { return nil }
    let (kind, length) = (rest.number(at: 0, as: UInt16.self), Int(rest.number(at: 2, as: UInt16.self)))
    guard length <= rest.count - 4 else { return nil }
    if kind == 1 { return rest.dropFirst(4).prefix(length) }
    rest = rest.dropFirst(4 + length)
  }
  return rest
}

/// As file systems have it.
private let longestPath = 4096

/// The name as a path within the archive.
private func memberPath(_ name: ArraySlice<UInt8>, in archive: String) throws -> String {
  let path = String(decoding: name, as: UTF8.self)
  func refused(_ problem: String) -> ImageSetError {
    ImageSetError(.data, "\(archive): \(path)", problem, "give the published archive")
  }
  if name.isEmpty { throw ImageSetError(.data, archive, "has a member without a name", "fetch it again") }
  if name.count > longestPath { throw refused("is a path of more bytes than the limit of \(longestPath)") }
  // Not all UTF-8 where decoding repaired it.
  guard Array(path.utf8)[...] == name else { throw refused("has a name that is not UTF-8") }
  if name.contains(0) || name.contains(UInt8(ascii: "\\")) {
    throw refused("has a name with a backslash or NUL in it")
  }
  if name.first == UInt8(ascii: "/") || climbs(name) { throw refused("is a path out of the archive") }
  return path
}

/// Whether a component of the path is `..`.
private func climbs(_ path: ArraySlice<UInt8>) -> Bool {
  var dots = 0
  var others = 0
  for byte in path {
    switch byte {
    case UInt8(ascii: "/"):
      if dots == 2 && others == 0 { return true }
      (dots, others) = (0, 0)
    case UInt8(ascii: "."): dots += 1
    default: others += 1
    }
  }
  return dots == 2 && others == 0
}
