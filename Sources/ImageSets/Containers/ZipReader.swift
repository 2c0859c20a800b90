import CZlib

/// Reads whole members of a zip archive: one a thread, on one archive.
final class ZipReader {
  private let archive: ZipArchive
  private let stream: PartStream
  private var member: UnsafeMutableBufferPointer<UInt8>

  init(_ archive: ZipArchive) throws {
    self.archive = archive
    stream = try PartStream()
    member = .allocate(capacity: 1 << 16)
  }

  deinit { member.deallocate() }

  /// Gives the bytes of a member to `body`, after all checks; they are gone when it returns.
  ///
  /// - Parameter limit: the most bytes that the member may have.
  /// - Throws: `ImageSetError`, and what `body` throws.
  func read<Result>(
    _ entry: ZipEntry, limit: Int, _ body: (UnsafeBufferPointer<UInt8>) throws -> Result
  ) throws -> Result {
    guard entry.size <= limit else {
      throw damaged(entry, "has \(entry.size) bytes, more than the limit of \(limit)", "give a smaller one")
    }
    if member.count < entry.size {
      member.deallocate()
      // At least twice as many: members that grow little by little do not ask each time.
      member = .allocate(capacity: max(entry.size, min(2 * member.count, limit)))
    }
    let bytes = UnsafeMutableBufferPointer(rebasing: member[..<entry.size])
    stream.begin(
      try dataRange(entry), of: archive.file, coding: entry.isDeflated ? .deflate : .plain,
      subject: archive.subject(entry))
    let count = try stream.read(into: bytes)
    guard count == entry.size else {
      throw damaged(entry, "inflates to \(count) bytes, and the directory says \(entry.size)")
    }
    try stream.finish()
    guard crc32(bytes) == entry.crc32 else {
      throw damaged(entry, "does not have the CRC-32 that it was written with")
    }
    return try body(UnsafeBufferPointer(bytes))
  }

  /// Where the data of a member lie.
  ///
  /// - Throws: where the member's own header is not what the directory says of it.
  private func dataRange(_ entry: ZipEntry) throws -> Range<Int> {
    let name = Array(entry.path.utf8)
    let start = entry.offset + ZipEntry.headerBytes + name.count
    let header = try archive.file.read(start - entry.offset, at: entry.offset, of: "the header of \(entry.path)")
    guard header.number(at: 0, as: UInt32.self) == 0x0403_4b50 else {
      throw damaged(entry, "has no header at byte \(entry.offset)")
    }
    let sizes = [18, 22].map { header.number(at: $0, as: UInt32.self) }
    let known = [entry.compressedSize, entry.size]
    guard (header.number(at: 6, as: UInt16.self) ^ entry.flags) & ZipEntry.readingFlags == 0,
      header.number(at: 8, as: UInt16.self) == (entry.isDeflated ? 8 : 0),
      header.number(at: 26, as: UInt16.self) == name.count,
      header[ZipEntry.headerBytes...] == name[...],
      entry.flags & ZipEntry.sizesFollow != 0
        || header.number(at: 14, as: UInt32.self) == entry.crc32
          // Larger ones stand in the zip64 field of either.
          && zip(sizes, known).allSatisfy({ $0 == .max || $0 == $1 })
    else { throw damaged(entry, "has a header that disagrees with the directory") }
    let extra = Int(header.number(at: 28, as: UInt16.self))
    guard extra <= entry.end - start, entry.compressedSize <= entry.end - start - extra else {
      throw damaged(entry, "reaches into what follows it at byte \(entry.end)")
    }
    return start + extra..<start + extra + entry.compressedSize
  }

  private func damaged(_ entry: ZipEntry, _ problem: String, _ remedy: String = "fetch it again") -> ImageSetError {
    ImageSetError(.data, archive.subject(entry), problem, remedy)
  }
}

private func crc32(_ bytes: UnsafeMutableBufferPointer<UInt8>) -> UInt32 {
  UInt32(truncatingIfNeeded: crc32_z(0, bytes.baseAddress, bytes.count))
}
