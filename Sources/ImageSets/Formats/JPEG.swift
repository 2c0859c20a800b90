import CTurboJPEG

/// Decodes JPEG pictures through libjpeg-turbo, one at a time; what it allocates serves the next picture too.
///
/// Pixels are those of `djpeg`: accurate integer DCT, smooth upsampling. Any warning of the library, such as of
/// data that end too early, is an error, as what it warns of are pictures that are grey in part; bytes after the
/// end of the picture are passed over.
public final class JPEGDecoder {
  public enum Colour: Sendable {
    case grey, rgb, cmyk
  }

  public struct Header: Equatable, Sendable {
    public let size: PictureSize
    /// The colours that the file has; decoded are always red, green and blue.
    public let colour: Colour
  }

  private var handle: tjhandle
  private let mostPixels: Int
  /// `(y, x, ink)`: inks of the last picture that had them.
  private var inks: [UInt8] = []

  /// - Parameter mostPixels: pictures that claim more are refused before anything is allocated for them.
  public init(mostPixels: Int) throws {
    guard let handle = tjInitDecompress() else {
      throw ImageSetError(.input, "libjpeg-turbo", "cannot start", "see that there is memory left")
    }
    self.handle = handle
    self.mostPixels = mostPixels
  }

  deinit { tjDestroy(handle) }

  /// What the picture's header says.
  ///
  /// - Parameter subject: the file, for messages.
  public func header(_ bytes: UnsafeBufferPointer<UInt8>, of subject: @autoclosure () -> String) throws -> Header {
    var (width, height, sampling, colours): (Int32, Int32, Int32, Int32) = (0, 0, 0, -1)
    let status = tjDecompressHeader3(
      handle, bytes.baseAddress, UInt(bytes.count), &width, &height, &sampling, &colours)
    // -1: a subsampling that TurboJPEG has no name for; it is decoded like others.
    guard status == 0 || sampling == -1 && width > 0 && height > 0 else { throw damaged(subject()) }
    let size = try PictureSize(claimed: Int(width), Int(height), mostPixels: mostPixels, subject)
    switch colours {
    case Int32(TJCS_GRAY.rawValue): return Header(size: size, colour: .grey)
    case Int32(TJCS_CMYK.rawValue), Int32(TJCS_YCCK.rawValue): return Header(size: size, colour: .cmyk)
    default: return Header(size: size, colour: .rgb)
    }
  }

  /// Decodes the picture to `(y, x, channel)` of red, green and blue; grey is widened.
  ///
  /// - Parameters:
  ///   - header: the picture's own.
  ///   - pixels: height x width x 3 bytes; where it throws, some of them may be filled.
  public func decode(
    _ bytes: UnsafeBufferPointer<UInt8>, _ header: Header, into pixels: UnsafeMutableBufferPointer<UInt8>,
    of subject: @autoclosure () -> String
  ) throws {
    precondition(pixels.count == header.size.bytes, "a buffer of the picture's size")
    guard header.colour == .cmyk else {
      guard decode(bytes, header.size, TJPF_RGB, to: pixels.baseAddress) else { throw damaged(subject()) }
      return
    }
    let count = header.size.width * header.size.height * 4
    if inks.count < count { inks = [UInt8](repeating: 0, count: count) }
    let isWhole = inks.withUnsafeMutableBufferPointer { inks in
      guard decode(bytes, header.size, TJPF_CMYK, to: inks.baseAddress) else { return false }
      convert(inks: UnsafeBufferPointer(rebasing: inks[..<count]), to: pixels)
      return true
    }
    guard isWhole else { throw damaged(subject()) }
  }

  private func decode(
    _ bytes: UnsafeBufferPointer<UInt8>, _ size: PictureSize, _ format: TJPF, to pixels: UnsafeMutablePointer<UInt8>?
  ) -> Bool {
    // Scans without number, each over the whole picture, are few bytes and much work.
    let flags = TJFLAG_ACCURATEDCT | TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS
    return tjDecompress2(
      handle, bytes.baseAddress, UInt(bytes.count), pixels, Int32(size.width), 0, Int32(size.height),
      Int32(format.rawValue), flags) == 0
  }

  private func damaged(_ subject: String) -> ImageSetError {
    let text = tjGetErrorStr2(handle).map { String(cString: $0) } ?? "no reason given"
    // TurboJPEG 2 goes on amid a header in which it failed, whatever bytes it is given next.
    if let fresh = tjInitDecompress() {
      tjDestroy(handle)
      handle = fresh
    }
    return ImageSetError(.data, subject, "is no whole JPEG: \(text)", "fetch it again, or leave it out")
  }
}

/// Cyan, magenta, yellow and black, stored as Adobe's programs do (255 is no ink), to red, green and blue as Pillow
/// converts them.
private func convert(inks: UnsafeBufferPointer<UInt8>, to pixels: UnsafeMutableBufferPointer<UInt8>) {
  var next = 0
  for start in stride(from: 0, to: inks.count, by: 4) {
    // What black leaves, less the share of it that the ink takes; the share is rounded, not what is left of it.
    let left = UInt32(inks[start + 3])
    for ink in start..<start + 3 {
      let taken = UInt32(255 - inks[ink]) * left + 128
      pixels[next] = UInt8(left - ((taken + (taken >> 8)) >> 8))
      next += 1
    }
  }
}
