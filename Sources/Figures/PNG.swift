import CZlib

/// An image of 8-bit red, green and blue.
public struct RGBImage: Hashable, Sendable {
  public let width: Int
  public let height: Int
  /// `(y, x, channel)`.
  public let pixels: [UInt8]

  public init(width: Int, height: Int, pixels: [UInt8]) {
    precondition(
      width > 0 && height > 0 && pixels.count == width * height * 3, "an image needs w × h × 3 bytes")
    self.width = width
    self.height = height
    self.pixels = pixels
  }
}

/// Images as files of the Portable Network Graphics format.
///
/// - Source: W3C, Portable Network Graphics (PNG) Specification, third edition.
public enum PNG {
  /// The bytes of a PNG file: true colour, no interlace, level 9, each row as differences from its left neighbours.
  public static func encode(_ image: RGBImage) -> [UInt8] {
    let stride = image.width * 3
    var filtered: [UInt8] = []
    filtered.reserveCapacity(image.height * (stride + 1))
    for y in 0..<image.height {
      let row = image.pixels[y * stride..<(y + 1) * stride]
      filtered.append(1)
      filtered += row.prefix(3)
      filtered += zip(row.dropFirst(3), row).map { $0 &- $1 }
    }
    let header = bigEndian(image.width) + bigEndian(image.height) + [8, 2, 0, 0, 0]
    return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
      + chunk("IHDR", header) + chunk("IDAT", deflate(filtered)) + chunk("IEND", [])
  }

  private static func chunk(_ type: String, _ content: [UInt8]) -> [UInt8] {
    let body = Array(type.utf8) + content
    let checksum = crc32(0, body, uInt(body.count))
    return bigEndian(content.count) + body + bigEndian(Int(checksum))
  }

  private static func deflate(_ bytes: [UInt8]) -> [UInt8] {
    var count = compressBound(uLong(bytes.count))
    var compressed = [UInt8](repeating: 0, count: Int(count))
    let status = compress2(&compressed, &count, bytes, uLong(bytes.count), 9)
    precondition(status == Z_OK, "zlib fails only for want of memory")
    return Array(compressed.prefix(Int(count)))
  }

  private static func bigEndian(_ value: Int) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
  }
}
