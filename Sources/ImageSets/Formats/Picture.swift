/// A picture of 8-bit red, green and blue.
public struct Picture: Equatable, Sendable {
  public let size: PictureSize
  /// `(y, x, channel)`, rows from the top.
  public let pixels: [UInt8]

  public init(size: PictureSize, pixels: [UInt8]) {
    precondition(pixels.count == size.bytes, "a picture needs height x width x 3 bytes")
    self.size = size
    self.pixels = pixels
  }
}

/// The width and height of a picture in pixels, neither of them 0.
public struct PictureSize: Hashable, Sendable {
  public let width: Int
  public let height: Int

  public init(width: Int, height: Int) {
    precondition(width > 0 && height > 0, "a picture has pixels")
    self.width = width
    self.height = height
  }

  /// The size that a picture's header claims.
  ///
  /// - Throws: a data error where it is no size, or has more than `mostPixels`.
  init(claimed width: Int, _ height: Int, mostPixels: Int, _ subject: () -> String) throws {
    guard width > 0, height > 0 else {
      throw ImageSetError(
        .data, subject(), "is a picture of \(width) x \(height) pixels", "fetch it again, or leave it out")
    }
    let (pixels, overflow) = width.multipliedReportingOverflow(by: height)
    guard !overflow, pixels <= mostPixels else {
      throw ImageSetError(
        .data, subject(), "claims \(width) x \(height) pixels, more than the limit of \(mostPixels)",
        "leave it out, make it smaller, or raise the limit")
    }
    self.init(width: width, height: height)
  }

  /// The bytes of its pixels in red, green and blue.
  public var bytes: Int { width * height * 3 }
}

/// Decodes JPEG and PNG pictures, one at a time; told apart by their first bytes, not by a name.
public final class PictureDecoder {
  private let jpeg: JPEGDecoder
  private let png: PNGDecoder

  /// - Parameter mostPixels: pictures that claim more are refused before anything is allocated for them.
  /// - Throws: `ImageSetError`, where libjpeg-turbo cannot start.
  public init(mostPixels: Int) throws {
    jpeg = try JPEGDecoder(mostPixels: mostPixels)
    png = PNGDecoder(mostPixels: mostPixels)
  }

  /// The picture in the bytes of a file.
  ///
  /// - Parameter subject: the file, for messages.
  /// - Throws: a data error where it is damaged, too large or neither JPEG nor PNG.
  public func decode(_ bytes: UnsafeBufferPointer<UInt8>, of subject: @autoclosure () -> String) throws -> Picture {
    switch PictureFormat(bytes) {
    case .jpeg:
      let header = try jpeg.header(bytes, of: subject())
      return try Picture(header.size) { try jpeg.decode(bytes, header, into: $0, of: subject()) }
    case .png:
      let size = try png.size(bytes, of: subject())
      return try Picture(size) { try png.decode(bytes, size, into: $0, of: subject()) }
    case nil:
      throw ImageSetError(.data, subject(), "is neither JPEG nor PNG", "convert it, or leave it out")
    }
  }
}

/// The kinds of file that are decoded.
enum PictureFormat {
  case jpeg, png

  /// The format that the first bytes of a file tell; nil for another.
  init?(_ bytes: UnsafeBufferPointer<UInt8>) {
    // Start of image, and the first byte of the marker after it.
    if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
      self = .jpeg
    } else if bytes.starts(with: PNGDecoder.signature) {
      self = .png
    } else {
      return nil
    }
  }
}

extension Picture {
  /// A picture whose pixels `fill` writes, all of them.
  fileprivate init(_ size: PictureSize, fill: (UnsafeMutableBufferPointer<UInt8>) throws -> Void) rethrows {
    self.size = size
    pixels = try [UInt8](unsafeUninitializedCapacity: size.bytes) { buffer, filled in
      try fill(UnsafeMutableBufferPointer(rebasing: buffer[..<size.bytes]))
      filled = size.bytes
    }
  }
}
