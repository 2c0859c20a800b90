import CPictures

/// Decodes PNG pictures through libpng.
///
/// Pixels are those of Pillow's `convert("RGB")`: palettes and grey widened, alpha and transparent colours left out
/// (the pixel keeps the colour beneath), gamma and profiles ignored, the high byte of 16 bits; but Pillow cuts
/// 16-bit grey off at 255, where this takes the high byte too. Any wrong checksum is an error.
public struct PNGDecoder: Sendable {
  static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
  /// As JPEG has it: longer rows than this are no pictures.
  static let longestSide = 65_500

  let mostPixels: Int

  /// - Parameter mostPixels: pictures that claim more are refused before anything is allocated for them.
  public init(mostPixels: Int) { self.mostPixels = mostPixels }

  /// The size that the picture's header claims.
  ///
  /// - Parameter subject: the file, for messages.
  public func size(_ bytes: UnsafeBufferPointer<UInt8>, of subject: @autoclosure () -> String) throws -> PictureSize {
    // The header is the first chunk: its length, 13, its type, then width and height.
    guard bytes.starts(with: Self.signature + [0, 0, 0, 13] + Array("IHDR".utf8)), bytes.count >= 24 else {
      throw damaged("it has no header", subject())
    }
    func number(at start: Int) -> Int { bytes[start..<start + 4].reduce(0) { $0 << 8 | Int($1) } }
    let (width, height) = (number(at: 16), number(at: 20))
    guard max(width, height) <= Self.longestSide else {
      throw ImageSetError(
        .data, subject(), "claims \(width) x \(height) pixels, and a side may have \(Self.longestSide)",
        "leave it out, or make it smaller")
    }
    return try PictureSize(claimed: width, height, mostPixels: mostPixels, subject)
  }

  /// Decodes the picture to `(y, x, channel)` of red, green and blue.
  ///
  /// - Parameters:
  ///   - size: the picture's own.
  ///   - pixels: height x width x 3 bytes; where it throws, some of them may be filled.
  public func decode(
    _ bytes: UnsafeBufferPointer<UInt8>, _ size: PictureSize, into pixels: UnsafeMutableBufferPointer<UInt8>,
    of subject: @autoclosure () -> String
  ) throws {
    precondition(pixels.count == size.bytes, "a buffer of the picture's size")
    var error = rote_png_error()
    let status = rote_png_decode(
      bytes.baseAddress, bytes.count, UInt32(size.width), UInt32(size.height), pixels.baseAddress, &error)
    if status != 0 { throw damaged(error.message, subject()) }
  }

  private func damaged(_ reason: String, _ subject: String) -> ImageSetError {
    ImageSetError(.data, subject, "is no whole PNG: \(reason)", "fetch it again, or leave it out")
  }
}

extension rote_png_error {
  fileprivate var message: String {
    withUnsafeBytes(of: text) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }
}
