import ImageSets
import Testing

@Suite struct JPEGTests {
  static let pictures = PictureFixture.all("jpeg.txt")

  static func bytes(_ name: String) throws -> [UInt8] { try #require(pictures.first { $0.name == name }).bytes }

  @Test func `Fixtures are there`() { #expect(JPEGTests.pictures.count == 16) }

  @Test(arguments: pictures)
  func `Pixels are those of djpeg, and of Pillow where the picture has inks`(picture: PictureFixture) throws {
    let decoded = try PictureDecoder(mostPixels: 1000).decode(picture.bytes, of: picture.name)
    #expect(decoded == picture.picture)
  }

  @Test(arguments: [
    ("grey.jpg", 23, 19, JPEGDecoder.Colour.grey), ("progressive.jpg", 35, 21, .rgb), ("rgb.jpg", 35, 21, .rgb),
    ("odd-sampling.jpg", 35, 21, .rgb), ("cmyk.jpg", 20, 18, .cmyk), ("ycck.jpg", 20, 18, .cmyk),
    ("1x1.jpg", 1, 1, .rgb),
  ])
  func `The header tells size and colour`(name: String, width: Int, height: Int, colour: JPEGDecoder.Colour) throws {
    let header = try JPEGTests.bytes(name).withUnsafeBufferPointer {
      try JPEGDecoder(mostPixels: 1000).header($0, of: name)
    }
    #expect(header.size == PictureSize(width: width, height: height))
    #expect(header.colour == colour)
  }

  @Test func `A picture with more pixels than the limit is refused by its header`() throws {
    let bytes = try JPEGTests.bytes("420.jpg")
    #expect(throws: Never.self) { try PictureDecoder(mostPixels: 35 * 21).decode(bytes, of: "a.jpg") }
    #expect(refusal(bytes, mostPixels: 35 * 21 - 1) == "claims 35 x 21 pixels, more than the limit of 734")
    // The frame header: marker, length, precision, height and width.
    var huge = bytes
    let frame = try #require(huge.indices.first { huge[$0...].starts(with: [0xFF, 0xC0, 0, 17, 8]) })
    huge.replaceSubrange(frame + 5..<frame + 9, with: [0xFF, 0xDC, 0xFF, 0xDC])
    #expect(
      refusal(huge, mostPixels: 1 << 31) == "claims 65500 x 65500 pixels, more than the limit of 2147483648")
    huge.replaceSubrange(frame + 5..<frame + 9, with: [0xFF, 0xFF, 0xFF, 0xFF])
    #expect(refusal(huge, mostPixels: 1 << 40)?.contains("65500") == true)
  }

  @Test(arguments: pictures)
  func `A picture cut off anywhere is refused`(picture: PictureFixture) throws {
    let decoder = try PictureDecoder(mostPixels: 1000)
    let taken = picture.bytes.indices.filter { (try? decoder.decode(Array(picture.bytes[..<$0]), of: "a.jpg")) != nil }
    #expect(taken == [])
  }

  @Test(arguments: ["420.jpg", "progressive.jpg", "cmyk.jpg"])
  func `A refused picture leaves nothing behind in the decoder`(name: String) throws {
    let whole = try #require(JPEGTests.pictures.first { $0.name == name })
    let decoder = try PictureDecoder(mostPixels: 1000)
    let wrong = whole.bytes.indices.filter { count in
      _ = try? decoder.decode(Array(whole.bytes[..<count]), of: "a.jpg")
      return (try? decoder.decode(whole.bytes, of: "a.jpg")) != whole.picture
    }
    #expect(wrong == [])
  }

  @Test(arguments: pictures)
  func `Changed bits give a picture of the size that is claimed, or an error`(picture: PictureFixture) throws {
    let decoder = try PictureDecoder(mostPixels: 1000)
    var refused = 0
    for place in 0..<600 {
      var changed = picture.bytes
      changed[place &* 7919 % changed.count] ^= 1 << UInt8(place % 8)
      do {
        let decoded = try decoder.decode(changed, of: "a.jpg")
        #expect(decoded.pixels.count == decoded.size.bytes)
      } catch let error as ImageSetError {
        #expect(error.kind == .data)
        refused += 1
      }
    }
    #expect(refused > 100)
  }

  @Test func `What libjpeg only warns of is refused with its words`() throws {
    let bytes = try JPEGTests.bytes("420.jpg")
    #expect(refusal(bytes.dropLast(2)) == "is no whole JPEG: Premature end of JPEG file")
    // A marker in the midst of the data ends it.
    var cut = bytes
    cut.replaceSubrange(bytes.count - 40..<bytes.count - 38, with: [0xFF, 0xD9])
    #expect(refusal(cut) == "is no whole JPEG: Corrupt JPEG data: premature end of data segment")
  }

  @Test func `Bytes after the end of a picture are passed over`() throws {
    for picture in JPEGTests.pictures {
      let longer = picture.bytes + [UInt8](repeating: 7, count: 1000) + picture.bytes
      #expect(try PictureDecoder(mostPixels: 1000).decode(longer, of: "a.jpg") == picture.picture)
    }
  }

  @Test func `Scans without number are refused`() throws {
    let bytes = try JPEGTests.bytes("spectral.jpg")
    // The last scan, from its header to the end of the picture, again and again.
    let last = try #require(bytes.indices.last { bytes[$0...].starts(with: [0xFF, 0xDA, 0, 8, 1]) })
    func repeated(_ times: Int) -> [UInt8] {
      bytes[..<last] + (0..<times).flatMap { _ in bytes[last..<bytes.count - 2] } + [0xFF, 0xD9]
    }
    #expect(refusal(repeated(400)) == nil)
    #expect(refusal(repeated(600)) == "is no whole JPEG: Progressive JPEG image has more than 500 scans")
  }

  /// Why a picture is refused; nil where it is not.
  private func refusal(_ bytes: some Collection<UInt8>, mostPixels: Int = 1000) -> String? {
    do {
      _ = try PictureDecoder(mostPixels: mostPixels).decode(Array(bytes), of: "a.jpg")
      return nil
    } catch {
      let error = error as? ImageSetError
      #expect(error?.kind == .data && error?.subject == "a.jpg")
      return error?.problem
    }
  }
}
