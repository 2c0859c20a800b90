/// Where the central directory of a zip archive lies, by the records at the archive's end.
///
/// - Source: PKWARE, .ZIP File Format Specification (APPNOTE) 6.3.10, sections 4.3.14 to 4.3.16.
struct ZipDirectory {
  let range: Range<Int>
  let entries: Int

  private static let endBytes = 22
  private static let locatorBytes = 20
  private static let end64Bytes = 56

  /// - Throws: a data error where the archive does not end in such records, or they do not fit its size.
  init(of file: RandomFile) throws {
    let place = try Self.findEnd(file)
    let end = try file.read(Self.endBytes, at: place, of: "its end record")
    let disks = [4, 6].map { end.number(at: $0, as: UInt16.self) }
    let counts = [8, 10].map { UInt64(end.number(at: $0, as: UInt16.self)) }
    var record = Record(
      disks: disks.map { $0 == .max ? nil : UInt32($0) }, counts: counts,
      bytes: UInt64(end.number(at: 12, as: UInt32.self)), offset: UInt64(end.number(at: 16, as: UInt32.self)))
    var directoryEnd = place
    if let (larger, start) = try Self.zip64(file, before: place) {
      guard record.agrees(with: larger) else {
        throw Self.damaged(file, "has two end records that disagree")
      }
      (record, directoryEnd) = (larger, start)
    }

    guard record.disks.allSatisfy({ $0 == 0 }), record.counts[0] == record.counts[1] else {
      throw ImageSetError(.data, file.path, "is one part of an archive in several", "join them into one first")
    }
    guard let bytes = Int(exactly: record.bytes), let offset = Int(exactly: record.offset),
      bytes <= directoryEnd, offset == directoryEnd - bytes
    else {
      throw Self.damaged(
        file,
        "its directory of \(record.bytes) bytes at byte \(record.offset) does not end where its end records begin, "
          + "at byte \(directoryEnd)")
    }
    // What the bytes could not hold is refused before memory is taken for it.
    guard let entries = Int(exactly: record.counts[1]), entries <= bytes / ZipEntry.directoryBytes else {
      throw Self.damaged(file, "claims \(record.counts[1]) members in a directory of \(bytes) bytes")
    }
    range = offset..<directoryEnd
    self.entries = entries
  }

  /// The place of the end record: the last that is followed by its comment and nothing else.
  private static func findEnd(_ file: RandomFile) throws -> Int {
    let longest = endBytes + Int(UInt16.max)
    let start = max(0, file.size - longest)
    let tail = try file.read(file.size - start, at: start, of: "its end")
    var nearest: Int?
    for place in stride(from: tail.count - endBytes, through: 0, by: -1)
    where tail[place] == UInt8(ascii: "P") && tail.number(at: place, as: UInt32.self) == 0x0605_4b50 {
      let left = tail.count - place - endBytes - Int(tail.number(at: place + 20, as: UInt16.self))
      if left == 0 { return start + place }
      if left > 0 && nearest == nil { nearest = left }
    }
    if let nearest { throw damaged(file, "\(nearest) bytes follow after its end record") }
    throw ImageSetError(
      .data, file.path, "is no whole zip archive: it has no end record", "give the published archive, or fetch it again"
    )
  }

  /// The zip64 end record and its place, where a locator before the plain one names it.
  private static func zip64(_ file: RandomFile, before end: Int) throws -> (Record, Int)? {
    guard end >= locatorBytes else { return nil }
    let place = end - locatorBytes
    let locator = try file.read(locatorBytes, at: place, of: "its zip64 locator")
    guard locator.number(at: 0, as: UInt32.self) == 0x0706_4b50 else { return nil }
    guard let start = Int(exactly: locator.number(at: 8, as: UInt64.self)), start <= place - end64Bytes else {
      throw damaged(file, "its zip64 locator names a place behind itself")
    }
    let record = try file.read(end64Bytes, at: start, of: "its zip64 end record")
    guard record.number(at: 0, as: UInt32.self) == 0x0606_4b50,
      record.number(at: 4, as: UInt64.self) == UInt64(place - start - 12)
    else { throw damaged(file, "has no zip64 end record where its locator says") }
    let disks = [4, 16].map { locator.number(at: $0, as: UInt32.self) }
    return (
      Record(
        // A locator counts the parts from 1; some writers leave 0.
        disks: [disks[0], disks[1] == 1 ? 0 : disks[1]] + [16, 20].map { record.number(at: $0, as: UInt32.self) },
        counts: [24, 32].map { record.number(at: $0, as: UInt64.self) },
        bytes: record.number(at: 40, as: UInt64.self), offset: record.number(at: 48, as: UInt64.self)),
      start
    )
  }

  private struct Record {
    /// Nil where another record has it.
    let disks: [UInt32?]
    /// Of this part, and of the archive.
    let counts: [UInt64]
    let bytes: UInt64
    let offset: UInt64

    /// Whether all that the plain record has room for is as in the larger one.
    func agrees(with larger: Record) -> Bool {
      zip(counts, larger.counts).allSatisfy { $0 == UInt64(UInt16.max) || $0 == $1 }
        && [(bytes, larger.bytes), (offset, larger.offset)].allSatisfy { $0 == UInt64(UInt32.max) || $0 == $1 }
        && disks.allSatisfy { $0 == nil || $0 == 0 }
    }
  }

  private static func damaged(_ file: RandomFile, _ problem: String) -> ImageSetError {
    ImageSetError(.data, file.path, problem, "fetch it again")
  }
}
