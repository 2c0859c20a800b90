import CZlib
import Foundation

@testable import ImageSets

/// A member of a zip archive made for a test; what is nil is as it should be.
struct ZipMember {
  var path: [UInt8]
  var bytes: [UInt8]
  var isDeflated = true
  var flags: UInt16 = 0
  var method: UInt16?
  var data: [UInt8]?
  var crc: UInt32?
  var size: Int?
  var compressedSize: Int?
  var offset: Int?
  /// Whether sizes stand in zip64 fields.
  var isLarge = false
  var disk: UInt16 = 0
  var attributes: UInt32 = 0o100644 << 16
  var extra: [UInt8] = []
  /// Of its own header.
  var ownExtra: [UInt8] = []
  var ownFlags: UInt16?
  var ownMethod: UInt16?
  var ownPath: [UInt8]?
  var ownSignature: UInt32 = 0x0403_4b50
  var ownSize: Int?
  var comment: [UInt8] = []

  init(_ path: String, _ bytes: [UInt8], deflated: Bool = true) {
    self.path = Array(path.utf8)
    self.bytes = bytes
    isDeflated = deflated
  }

  var sizesFollow: Bool { flags & 8 != 0 }
  var packed: [UInt8] { data ?? (isDeflated ? deflated(bytes) : bytes) }
  var checksum: UInt32 { crc ?? UInt32(crc32_z(0, bytes, bytes.count)) }
  private var shortSize: (Int) -> UInt32 { { [isLarge] in isLarge ? .max : UInt32(truncatingIfNeeded: $0) } }

  /// Header, data and what may follow them.
  var own: [UInt8] {
    let name = ownPath ?? path
    let sizes = [compressedSize ?? packed.count, ownSize ?? size ?? bytes.count]
    let large: [UInt8] = isLarge ? little(UInt16(1)) + little(UInt16(16)) + sizes.reversed().flatMap { little($0) } : []
    let extra = large + ownExtra
    var header = little(ownSignature) + little(UInt16(20)) + little(ownFlags ?? flags)
    header += little(ownMethod ?? method ?? (isDeflated ? 8 : 0)) + [0, 0, 0, 0]
    header += little(sizesFollow ? 0 : checksum) + sizes.flatMap { little(sizesFollow ? 0 : shortSize($0)) }
    header += little(UInt16(name.count)) + little(UInt16(extra.count)) + name + extra
    let after =
      little(UInt32(0x0807_4b50)) + little(checksum) + sizes.flatMap { little(UInt32(truncatingIfNeeded: $0)) }
    return header + packed + (sizesFollow ? after : [])
  }

  func directoryRecord(at place: Int) -> [UInt8] {
    let numbers = [size ?? bytes.count, compressedSize ?? packed.count, offset ?? place]
    let large = isLarge ? little(UInt16(1)) + little(UInt16(24)) + numbers.flatMap { little($0) } : []
    let fields = large + extra
    var record = little(UInt32(0x0201_4b50)) + little(UInt16(0x031e)) + little(UInt16(20)) + little(flags)
    record += little(method ?? (isDeflated ? 8 : 0)) + [0, 0, 0, 0] + little(checksum)
    record += little(shortSize(numbers[1])) + little(shortSize(numbers[0]))
    record += little(UInt16(path.count)) + little(UInt16(fields.count)) + little(UInt16(comment.count))
    record += little(disk) + little(UInt16(0)) + little(attributes) + little(shortSize(numbers[2]))
    return record + path + fields + comment
  }
}

/// A zip archive; `end` may change its end record before it is written.
func zip(
  _ members: [ZipMember], zip64: Bool = false, comment: [UInt8] = [], end change: (inout ZipEnd) -> Void = { _ in }
) -> [UInt8] {
  var archive: [UInt8] = []
  var directory: [UInt8] = []
  for member in members {
    directory += member.directoryRecord(at: archive.count)
    archive += member.own
  }
  var end = ZipEnd(entries: members.count, bytes: directory.count, offset: archive.count, comment: comment)
  end.zip64 = zip64
  change(&end)
  return archive + directory + end.records(at: archive.count + directory.count)
}

struct ZipEnd {
  var entries: Int
  var bytes: Int
  var offset: Int
  var comment: [UInt8]
  var zip64 = false
  var disk: UInt16 = 0
  var disks: UInt32 = 1
  /// Where the locator says that the zip64 record is, beside the truth.
  var locatorError = 0
  /// What the plain record says where there is a larger one.
  var plainEntries: UInt16?

  func records(at place: Int) -> [UInt8] {
    var plain = little(UInt32(0x0605_4b50)) + little(disk) + little(disk)
    let count = plainEntries ?? (zip64 ? .max : UInt16(entries))
    plain += little(count) + little(count) + little(zip64 ? .max : UInt32(bytes))
    plain += little(zip64 ? .max : UInt32(offset)) + little(UInt16(comment.count)) + comment
    guard zip64 else { return plain }
    var large = little(UInt32(0x0606_4b50)) + little(44) + little(UInt32(45 << 16 | 45)) + little(UInt32(0))
    large += little(UInt32(0)) + little(entries) + little(entries) + little(bytes) + little(offset)
    let locator =
      little(UInt32(0x0706_4b50)) + little(UInt32(0)) + little(place + locatorError) + little(disks)
    return large + locator + plain
  }
}

func little<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
  withUnsafeBytes(of: number.littleEndian) { Array($0) }
}

/// Deflate without a wrapping; `wrapping` 15 for zlib's, and 16 more for gzip's.
func deflated(_ bytes: [UInt8], wrapping: Int32 = -15, level: Int32 = 9) -> [UInt8] {
  var stream = z_stream()
  deflateInit2_(
    &stream, level, Z_DEFLATED, wrapping, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
  defer { deflateEnd(&stream) }
  var input = bytes
  return [UInt8](unsafeUninitializedCapacity: Int(deflateBound(&stream, UInt(bytes.count)))) { output, count in
    input.withUnsafeMutableBufferPointer {
      stream.next_in = $0.baseAddress
      stream.avail_in = UInt32($0.count)
      stream.next_out = output.baseAddress
      stream.avail_out = UInt32(output.count)
      deflate(&stream, Z_FINISH)
    }
    count = Int(stream.total_out)
  }
}

/// All members of an archive, by name and bytes.
func unzip(_ path: String, limit: Int = 1 << 20) throws -> [String: [UInt8]] {
  let archive = try ZipArchive(path: path)
  let reader = try ZipReader(archive)
  return try Dictionary(
    uniqueKeysWithValues: archive.entries.map { entry in
      (entry.path, try reader.read(entry, limit: limit) { Array($0) })
    })
}

/// Writes a file anew, without waiting for the disk as `Data` does: for tests that write thousands.
func overwrite(_ path: String, _ bytes: [UInt8]) {
  // ext4 brings a file to disk at once where it was cut to nothing and written again.
  unlink(path)
  guard let file = fopen(path, "w") else { preconditionFailure("cannot write \(path)") }
  fwrite(bytes, 1, bytes.count, file)
  fclose(file)
}

/// Pseudo-random numbers that a test can repeat (SplitMix64; Steele et al. 2014, doi 10.1145/2660193.2660195).
struct Dice: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}

/// How many times as many damaged files as usual are tried: `ROTE_FLIPS=20 swift test` to look harder.
let flipFactor = Int(ProcessInfo.processInfo.environment["ROTE_FLIPS"] ?? "") ?? 1
