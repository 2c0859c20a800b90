import CZlib
import Foundation
import ImageSets
import Testing

@Suite struct PNGTests {
  static let pictures = PictureFixture.all("png.txt")

  static func bytes(_ name: String) throws -> [UInt8] { try #require(pictures.first { $0.name == name }).bytes }

  @Test func `Fixtures are there`() { #expect(PNGTests.pictures.count == 37) }

  @Test(arguments: pictures)
  func `Pixels are those of Pillow`(picture: PictureFixture) throws {
    let decoded = try PictureDecoder(mostPixels: 100).decode(picture.bytes, of: picture.name)
    #expect(decoded == picture.picture)
  }

  @Test(arguments: pictures)
  func `A picture cut off anywhere is refused`(picture: PictureFixture) throws {
    let decoder = try PictureDecoder(mostPixels: 100)
    let taken = picture.bytes.indices.filter { (try? decoder.decode(Array(picture.bytes[..<$0]), of: "a.png")) != nil }
    #expect(taken == [])
  }

  @Test(arguments: pictures)
  func `Any changed bit is found`(picture: PictureFixture) throws {
    let decoder = try PictureDecoder(mostPixels: 100)
    let taken = picture.bytes.indices.filter { place in
      var changed = picture.bytes
      changed[place] ^= 1 << UInt8(place % 8)
      return (try? decoder.decode(changed, of: "a.png")) != nil
    }
    #expect(taken == [])
  }

  @Test func `A wrong checksum is refused with the name of its chunk`() throws {
    let bytes = try PNGTests.bytes("rgb-8-notes.png")
    for kind in ["PLTE", "gAMA", "tEXt", "IDAT", "IEND"] {
      guard let start = place(of: kind, in: bytes) else { continue }
      var changed = bytes
      // The last byte of its checksum; a chunk is length, kind, content, checksum.
      let length = bytes[start - 4..<start].reduce(0) { $0 << 8 | Int($1) }
      changed[start + 4 + length + 3] ^= 1
      #expect(refusal(changed) == "is no whole PNG: \(kind): CRC error")
    }
  }

  @Test func `A picture with more pixels than the limit is refused by its header`() throws {
    let bytes = try PNGTests.bytes("rgb-8.png")
    #expect(refusal(bytes, mostPixels: 99) == nil)
    #expect(refusal(bytes, mostPixels: 98) == "claims 11 x 9 pixels, more than the limit of 98")
    func claiming(_ width: Int, _ height: Int) throws -> [UInt8] {
      try with(chunk: "IHDR", of: "rgb-8.png") { $0.replaceSubrange(0..<8, with: bigEndian(width) + bigEndian(height)) }
    }
    #expect(
      try refusal(claiming(65_500, 65_500), mostPixels: 1 << 31)
        == "claims 65500 x 65500 pixels, more than the limit of 2147483648")
    #expect(
      try refusal(claiming(1, 65_501), mostPixels: 1 << 31) == "claims 1 x 65501 pixels, and a side may have 65500")
    #expect(try refusal(claiming(0, 9)) == "is a picture of 0 x 9 pixels")
    #expect(try refusal(claiming(11, 10), mostPixels: 1000) == "is no whole PNG: Not enough image data")
  }

  @Test func `Headers that PNG does not know are refused`() throws {
    // Depth and colour, compression, filter, interlace.
    for (place, value) in [(8, 3), (9, 5), (10, 1), (11, 1), (12, 2)] {
      let bytes = try with(chunk: "IHDR", of: "rgb-8.png") { $0[place] = UInt8(value) }
      #expect(refusal(bytes) == "is no whole PNG: Invalid IHDR data")
    }
  }

  @Test func `A palette must be there`() throws {
    let bytes = try PNGTests.bytes("palette-2.png")
    let start = try #require(place(of: "PLTE", in: bytes)) - 4
    var changed = bytes
    changed.removeSubrange(start..<start + 12 + 12)
    #expect(refusal(changed) == "is no whole PNG: IDAT: Missing PLTE before IDAT")
  }

  @Test func `What is neither JPEG nor PNG is refused whatever its name`() throws {
    for bytes in [[], Array("GIF89a".utf8), [0xFF, 0xD8], Array("\u{89}PNG".utf8), [UInt8](repeating: 0, count: 100)] {
      #expect(refusal(bytes) == "is neither JPEG nor PNG")
    }
  }

  @Test func `Text that would inflate to a gigabyte is passed over`() throws {
    let zeros = [UInt8](repeating: 0, count: 7 << 20)
    var count = compressBound(uLong(zeros.count))
    var text = [UInt8](repeating: 0, count: Int(count))
    try #require(compress2(&text, &count, zeros, uLong(zeros.count), 1) == Z_OK)
    let bomb = chunk("zTXt", Array("Bomb\0\0".utf8) + text.prefix(Int(count)))
    let whole = try #require(PNGTests.pictures.first { $0.name == "rgb-8.png" })
    // After the signature and the header.
    let bytes = whole.bytes[..<33] + (0..<150).flatMap { _ in bomb } + whole.bytes[33...]
    let start = threadSeconds()
    #expect(try PictureDecoder(mostPixels: 100).decode(Array(bytes), of: "a.png") == whole.picture)
    // 10 ms for the checksums; inflating takes seconds.
    #expect(threadSeconds() - start < 0.3)
  }

  // MARK: Chunks

  private func threadSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  /// A chunk with its length and checksum.
  private func chunk(_ kind: String, _ content: [UInt8]) -> [UInt8] {
    let body = Array(kind.utf8) + content
    return bigEndian(content.count) + body + bigEndian(Int(crc32(0, body, uInt(body.count))))
  }

  private func place(of kind: String, in bytes: [UInt8]) -> Int? {
    bytes.indices.first { bytes[$0...].starts(with: kind.utf8) }
  }

  private func bigEndian(_ value: Int) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }

  /// A fixture with another content of one chunk, of the same length, and the checksum that goes with it.
  private func with(chunk kind: String, of name: String, _ change: (inout [UInt8]) -> Void) throws -> [UInt8] {
    var bytes = try PNGTests.bytes(name)
    let start = try #require(place(of: kind, in: bytes))
    let length = bytes[start - 4..<start].reduce(0) { $0 << 8 | Int($1) }
    var content = Array(bytes[start + 4..<start + 4 + length])
    change(&content)
    bytes.replaceSubrange(start - 4..<start + 8 + length, with: chunk(kind, content))
    return bytes
  }

  /// Why a picture is refused; nil where it is not.
  private func refusal(_ bytes: [UInt8], mostPixels: Int = 1000) -> String? {
    do {
      _ = try PictureDecoder(mostPixels: mostPixels).decode(bytes, of: "a.png")
      return nil
    } catch {
      let error = error as? ImageSetError
      #expect(error?.kind == .data && error?.subject == "a.png")
      return error?.problem
    }
  }
}
