/// A zip archive by its central directory: its members are read at random, by many threads at once.
///
/// Members are stored or deflated; zip64 and sizes behind the data are read, encryption and other methods refused.
/// What no honest archive of images has is refused before the first member is read: paths out of the archive,
/// links, names met twice, members that share bytes with others or with the directory, and bytes before the first
/// or after the end.
///
/// - Source: PKWARE, .ZIP File Format Specification (APPNOTE) 6.3.10.
struct ZipArchive: Sendable {
  let file: RandomFile
  /// In the order of the directory.
  let entries: [ZipEntry]

  /// - Throws: `ImageSetError`.
  init(path: String) throws {
    file = try RandomFile(path: path)
    let directory = try ZipDirectory(of: file)
    var entries = try Self.entries(directory, file)
    try Self.setEnds(of: &entries, before: directory.range.lowerBound, in: file)
    self.entries = entries
  }

  /// What messages call a member.
  func subject(_ entry: ZipEntry) -> String { "\(file.path): \(entry.path)" }

  private static func entries(_ directory: ZipDirectory, _ file: RandomFile) throws -> [ZipEntry] {
    var bytes = Cursor(file, directory.range)
    var entries: [ZipEntry] = []
    var paths: Set<PathBytes> = []
    entries.reserveCapacity(directory.entries)
    paths.reserveCapacity(directory.entries)
    for _ in 0..<directory.entries {
      let place = bytes.place
      let record = try bytes.take(ZipEntry.directoryBytes)
      guard record.number(at: 0, as: UInt32.self) == 0x0201_4b50 else {
        throw ImageSetError(.data, file.path, "has no member in its directory at byte \(place)", "fetch it again")
      }
      let lengths = (
        name: Int(record.number(at: 28, as: UInt16.self)), extra: Int(record.number(at: 30, as: UInt16.self)),
        comment: Int(record.number(at: 32, as: UInt16.self))
      )
      let rest = try bytes.take(lengths.name + lengths.extra + lengths.comment)
      let entry = try ZipEntry(
        record, name: rest.prefix(lengths.name), extra: rest.dropFirst(lengths.name).prefix(lengths.extra),
        in: file.path)
      guard paths.insert(PathBytes(path: entry.path)).inserted else {
        throw ImageSetError(
          .data, "\(file.path): \(entry.path)", "is the second member of that name", "leave one of them in the archive")
      }
      entries.append(entry)
    }
    guard bytes.left == 0 else {
      throw ImageSetError(
        .data, file.path, "has \(bytes.left) bytes left over in its directory after \(entries.count) members",
        "fetch it again")
    }
    return entries
  }

  /// Gives each entry its end, once it is seen that none reaches into another one or into the directory.
  ///
  /// How long a member's own extra field is, only its header tells: `ZipReader` checks the rest.
  private static func setEnds(of entries: inout [ZipEntry], before directory: Int, in file: RandomFile) throws {
    let order = entries.indices.sorted { entries[$0].offset < entries[$1].offset }
    let first = order.first.map { entries[$0].offset } ?? directory
    if first > 0 {
      throw ImageSetError(.data, file.path, "has \(first) bytes before its first member", "fetch it again")
    }
    for (rank, index) in order.enumerated() {
      let entry = entries[index]
      let next = rank + 1 < order.count ? entries[order[rank + 1]] : nil
      let end = next?.offset ?? directory
      // Sizes may be as large as they like: nothing is added to them.
      let own = ZipEntry.headerBytes + entry.path.utf8.count
      guard end - entry.offset >= own, entry.compressedSize <= end - entry.offset - own else {
        let what = next.map { "\($0.path) begins" } ?? "the directory begins"
        throw ImageSetError(
          .data, "\(file.path): \(entry.path)",
          "claims \(entry.compressedSize) bytes from byte \(entry.offset) on, and \(what) at byte \(end)",
          "fetch it again")
      }
      entries[index].end = end
    }
  }

  /// Takes the directory in pieces: that of a large archive need not be in memory as a whole.
  private struct Cursor {
    private let file: RandomFile
    private let range: Range<Int>
    private var piece: [UInt8] = []
    private var used = 0
    /// Where the next byte lies in the file.
    private(set) var place: Int

    init(_ file: RandomFile, _ range: Range<Int>) {
      self.file = file
      self.range = range
      place = range.lowerBound
    }

    var left: Int { range.upperBound - place }

    mutating func take(_ count: Int) throws -> ArraySlice<UInt8> {
      guard count <= left else {
        throw ImageSetError(
          .data, file.path, "has a member that its directory ends in the midst of, at byte \(place)",
          "fetch it again")
      }
      if count > piece.count - used {
        piece = try file.read(min(left, max(count, 1 << 17)), at: place, of: "its directory")
        used = 0
      }
      defer {
        used += count
        place += count
      }
      return piece[used..<used + count]
    }
  }
}

/// A path that is told from others by its bytes: names that only look alike are different.
private struct PathBytes: Hashable {
  let path: String

  static func == (a: PathBytes, b: PathBytes) -> Bool { a.path.utf8.elementsEqual(b.path.utf8) }

  func hash(into hasher: inout Hasher) {
    var path = path
    path.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }
}
