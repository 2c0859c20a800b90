/// The members of a tar archive, in the order that it has them.
///
/// Reads old, POSIX (ustar, pax) and GNU headers. Nothing is unpacked; paths out of the archive's own folder
/// are refused all the same, as no honest archive of images has them.
struct TarReader {
  struct Member {
    let path: String
    let size: Int
    let isFile: Bool

    /// The path's last component.
    var name: String { lastComponent(path) }
  }

  /// Stands at the first byte of the member that `next` gave; may be read or moved at will before the next
  /// call.
  let stream: ByteStream
  private var nextHeader = 0
  private var headers = 0

  private static let block = 512
  /// Longer headers than any path needs are not read into memory.
  private static let longestHeader = 1 << 16
  private static let largestMember = 1 << 40
  /// As file systems have it.
  private static let longestPath = 4096
  private static let mostHeaders = 100_000
  /// Tapes are padded to some ten thousand bytes; gzip makes endless zeros of a small file.
  private static let mostPadding = 1 << 22

  init(_ stream: ByteStream) { self.stream = stream }

  /// The next member that is not there for tar's own use; nil after the last.
  mutating func next() throws -> Member? {
    var longPath: String?
    var longSize: String?
    while true {
      headers += 1
      guard headers <= Self.mostHeaders else {
        throw damaged("has more tar headers than the limit of \(Self.mostHeaders)")
      }
      try stream.skip(nextHeader - stream.position)
      let start = nextHeader
      let header = try stream.read(Self.block, of: start == 0 ? "its first tar header" : "its tar archive")
      if header.allSatisfy({ $0 == 0 }) {
        try expectZerosToTheEnd()
        return nil
      }
      guard checksumHolds(header) else {
        throw start == 0
          ? ImageSetError(
            .data, stream.path, "is no tar archive, plain or in gzip", "give the published archive")
          : damaged("has no tar header at byte \(start)")
      }
      let type = header[156]
      let isHeader = "xgLK".utf8.contains(type)
      let path = isHeader ? nil : longPath ?? shortPath(header)
      if let path { try refuseTricks(path) }
      let subject = path.map { "\(stream.path): \($0)" } ?? stream.path
      guard let size = !isHeader && longSize != nil ? longSize.flatMap({ Int($0) }) : octal(header[124..<136]),
        (0...Self.largestMember).contains(size)
      else {
        throw ImageSetError(
          .data, subject,
          "has no size that can be\(longSize.map { ": \($0)" } ?? "") in its tar header at byte \(start)",
          "give the published archive")
      }
      nextHeader = stream.position + (size + Self.block - 1) / Self.block * Self.block

      switch type {
      case UInt8(ascii: "x"):
        let records = try paxRecords(try longHeader(size))
        longPath = records["path"] ?? longPath
        longSize = records["size"]
      case UInt8(ascii: "L"):
        longPath = text(try longHeader(size)[...])
      case UInt8(ascii: "g"), UInt8(ascii: "K"):
        _ = try longHeader(size)
      default:
        let path = path ?? ""
        let isFile = type == UInt8(ascii: "0") || type == 0 && !path.hasSuffix("/")
        return Member(path: path, size: size, isFile: isFile)
      }
    }
  }

  private func longHeader(_ size: Int) throws -> [UInt8] {
    guard size <= Self.longestHeader else {
      throw damaged("has a tar header of \(size) bytes, more than the limit of \(Self.longestHeader)")
    }
    return try stream.read(size, of: "a tar header")
  }

  /// The sum over the header with its own field taken as spaces.
  private func checksumHolds(_ header: [UInt8]) -> Bool {
    let sum = header.reduce(0) { $0 + Int($1) }
    let own = header[148..<156].reduce(0) { $0 + Int($1) }
    return octal(header[148..<156]) == sum - own + 8 * 32
  }

  private func octal(_ field: ArraySlice<UInt8>) -> Int? {
    let digits = field.drop { $0 == 32 }.prefix { $0 != 0 && $0 != 32 }
    return digits.isEmpty ? nil : Int(text(digits), radix: 8).flatMap { $0 >= 0 ? $0 : nil }
  }

  private func text(_ field: ArraySlice<UInt8>) -> String {
    String(decoding: field.prefix { $0 != 0 }, as: UTF8.self)
  }

  /// The name, after the prefix that POSIX headers have.
  private func shortPath(_ header: [UInt8]) -> String {
    let name = text(header[0..<100])
    guard text(header[257..<263]) == "ustar" else { return name }
    let prefix = text(header[345..<500])
    return prefix.isEmpty ? name : prefix + "/" + name
  }

  /// Records of the form `length key=value\n`, length in decimal over all of it.
  private func paxRecords(_ bytes: [UInt8]) throws -> [String: String] {
    var records: [String: String] = [:]
    var rest = bytes[...]
    while let space = rest.firstIndex(of: 32) {
      guard let length = Int(String(decoding: rest[..<space], as: UTF8.self)),
        length > space - rest.startIndex + 1, length <= rest.count,
        let equals = rest[space...].firstIndex(of: UInt8(ascii: "=")), equals < rest.startIndex + length - 1
      else { throw damaged("has a damaged pax header") }
      let end = rest.startIndex + length
      let key = String(decoding: rest[(space + 1)..<equals], as: UTF8.self)
      records[key] = String(decoding: rest[(equals + 1)..<(end - 1)], as: UTF8.self)
      rest = rest[end...]
    }
    return records
  }

  private func refuseTricks(_ path: String) throws {
    guard path.utf8.count <= Self.longestPath else {
      throw ImageSetError(
        .data, "\(stream.path): \(path)", "is a path of more bytes than the limit of \(Self.longestPath)",
        "give the published archive")
    }
    let slash = UInt8(ascii: "/")
    let parts = path.utf8.split(separator: slash)
    if path.utf8.first == slash || parts.contains(where: { $0.elementsEqual("..".utf8) }) || parts.isEmpty
      || path.utf8.contains(UInt8(ascii: "\\"))
    {
      throw ImageSetError(
        .data, "\(stream.path): \(path)", "is a path out of the archive", "give the published archive")
    }
  }

  /// An archive ends in blocks of zeros, as many as its writer liked, within reason.
  private func expectZerosToTheEnd() throws {
    let start = stream.position
    try withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 1 << 14) { buffer in
      while true {
        let count = try stream.read(into: buffer)
        if count == 0 { return }
        guard stream.position - start <= Self.mostPadding else {
          throw damaged("its tar archive ends in more than \(Self.mostPadding) bytes of zeros")
        }
        guard buffer[..<count].allSatisfy({ $0 == 0 }) else {
          throw damaged("something follows after the end of its tar archive")
        }
      }
    }
  }

  private func damaged(_ problem: String) -> ImageSetError {
    ImageSetError(.data, stream.path, problem, "fetch it again")
  }
}
