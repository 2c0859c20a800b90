import CZlib
import Figures
import Testing

@Suite struct PNGTests {
  @Test(arguments: [(1, 1), (1, 5), (32, 32), (7, 3)])
  func `A PNG decodes to the pixels that were encoded`(width: Int, height: Int) throws {
    let pixels = (0..<width * height * 3).map { UInt8(truncatingIfNeeded: $0 * $0 * 31 + $0 / 7) }
    let file = PNG.encode(RGBImage(width: width, height: height, pixels: pixels))
    #expect(file.prefix(8) == [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
    let chunks = try chunks(file.dropFirst(8))
    #expect(chunks.map(\.type) == ["IHDR", "IDAT", "IEND"])
    #expect(chunks[0].content == bytes(width) + bytes(height) + [8, 2, 0, 0, 0])

    let stride = width * 3
    var filtered = [UInt8](repeating: 0, count: height * (stride + 1))
    var count = uLong(filtered.count)
    #expect(uncompress(&filtered, &count, chunks[1].content, uLong(chunks[1].content.count)) == Z_OK)
    #expect(Int(count) == filtered.count)
    var decoded: [UInt8] = []
    for y in 0..<height {
      let row = filtered[y * (stride + 1)..<(y + 1) * (stride + 1)]
      #expect(row.first == 1)
      for (i, byte) in row.dropFirst().enumerated() {
        decoded.append(i < 3 ? byte : byte &+ decoded[decoded.count - 3])
      }
    }
    #expect(decoded == pixels)
  }

  // RFC 4648, section 10, and all 64 characters.
  @Test(arguments: [
    ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
    ("foobar", "Zm9vYmFy"),
  ])
  func `Base64 has the values of RFC 4648`(plain: String, encoded: String) {
    #expect(Base64.encode(Array(plain.utf8)) == encoded)
  }

  @Test func `Base64 uses its whole alphabet in order`() {
    // 0, 1, …, 63 as six bits each.
    let bytes = stride(from: 0, to: 64, by: 4).flatMap { i -> [UInt8] in
      let bits = i << 18 | (i + 1) << 12 | (i + 2) << 6 | (i + 3)
      return [16, 8, 0].map { UInt8(truncatingIfNeeded: bits >> $0) }
    }
    #expect(Base64.encode(bytes) == "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
  }

  private func bytes(_ value: Int) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
  }

  /// The chunks of a file, their checksums compared with a bitwise CRC-32.
  private func chunks(_ file: ArraySlice<UInt8>) throws -> [(type: String, content: [UInt8])] {
    var rest = file
    var chunks: [(String, [UInt8])] = []
    while !rest.isEmpty {
      try #require(rest.count >= 12)
      let count = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
      try #require(rest.count >= 12 + count)
      let body = rest.dropFirst(4).prefix(4 + count)
      let checksum = rest.dropFirst(8 + count).prefix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      #expect(checksum == crc(body))
      chunks.append((String(decoding: body.prefix(4), as: UTF8.self), Array(body.dropFirst(4))))
      rest = rest.dropFirst(12 + count)
    }
    return chunks
  }

  private func crc(_ bytes: some Sequence<UInt8>) -> UInt32 {
    ~bytes.reduce(~0) { crc, byte in
      (0..<8).reduce(crc ^ UInt32(byte)) { crc, _ in crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
    }
  }
}
