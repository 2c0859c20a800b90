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
    // Made only where it is thrown: this runs for every member.
    func disagrees() -> ImageSetError { damaged(entry, "has a header that disagrees with the directory") }
    guard (header.number(at: 6, as: UInt16.self) ^ entry.flags) & ZipEntry.readingFlags == 0,
      header.number(at: 8, as: UInt16.self) == (entry.isDeflated ? 8 : 0),
      header.number(at: 26, as: UInt16.self) == name.count,
      header[ZipEntry.headerBytes...] == name[...]
    else { throw disagrees() }
    let extraBytes = Int(header.number(at: 28, as: UInt16.self))
    guard extraBytes <= entry.end - start, entry.compressedSize <= entry.end - start - extraBytes else {
      throw damaged(entry, "reaches into what follows it at byte \(entry.end)")
    }
    let range = start + extraBytes..<start + extraBytes + entry.compressedSize
    let extra = extraBytes == 0 ? [] : try archive.file.read(extraBytes, at: start, of: "the header of \(entry.path)")
    guard let large = zip64Fields(extra[...]) else { throw damaged(entry, "has a damaged extra field") }
    if entry.flags & ZipEntry.sizesFollow != 0 {
      try checkDescriptor(entry, at: range.upperBound)
    } else {
      guard header.number(at: 14, as: UInt32.self) == entry.crc32,
        sizesAgree([22, 18].map { header.number(at: $0, as: UInt32.self) }, large, entry)
      else { throw disagrees() }
    }
    return range
  }

  /// Whether the size and the compressed size of a member's own header are the directory's; what does not fit its field
  /// stands in the zip64 field.
  private func sizesAgree(_ small: [UInt32], _ large: ArraySlice<UInt8>, _ entry: ZipEntry) -> Bool {
    var large = large
    for (small, known) in zip(small, [entry.size, entry.compressedSize]) {
      if small < .max || known == Int(UInt32.max) && large.isEmpty {
        if Int(small) != known { return false }
        continue
      }
      guard large.count >= 8, large.number(at: 0, as: UInt64.self) == UInt64(known) else { return false }
      large = large.dropFirst(8)
    }
    return true
  }

  /// CRC-32, compressed size and size may stand behind the data, after a signature or without, in 32 bits or 64.
  private func checkDescriptor(_ entry: ZipEntry, at place: Int) throws {
    let bytes = try archive.file.read(min(24, entry.end - place), at: place, of: "what follows \(entry.path)")
    let isSigned = bytes.count >= 4 && bytes.number(at: 0, as: UInt32.self) == 0x0807_4b50
    let matches = [isSigned ? 4 : 0, 0].contains { start in
      guard bytes.count >= start + 12, bytes.number(at: start, as: UInt32.self) == entry.crc32 else { return false }
      let known = [UInt64(entry.compressedSize), UInt64(entry.size)]
      let short = [4, 8].map { UInt64(bytes.number(at: start + $0, as: UInt32.self)) }
      if short == known { return true }
      return bytes.count >= start + 20
        && [4, 12].map { bytes.number(at: start + $0, as: UInt64.self) } == known
    }
    if !matches { throw damaged(entry, "is followed by sizes that disagree with the directory") }
  }

  private func damaged(_ entry: ZipEntry, _ problem: String, _ remedy: String = "fetch it again") -> ImageSetError {
    ImageSetError(.data, archive.subject(entry), problem, remedy)
  }
}

private func crc32(_ bytes: UnsafeMutableBufferPointer<UInt8>) -> UInt32 {
  UInt32(truncatingIfNeeded: crc32_z(0, bytes.baseAddress, bytes.count))
}
