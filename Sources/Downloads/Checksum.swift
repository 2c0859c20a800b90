import ToolKit

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The digest that a file is published with; as text "md5:HEX" or "sha256:HEX".
public struct Checksum: Hashable, Sendable, LosslessStringConvertible {
  public let algorithm: Digest.Algorithm
  /// In lower case.
  public let hexadecimal: String

  public init?(_ text: String) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2 else { return nil }
    let length: Int
    switch parts[0] {
    case "md5": (algorithm, length) = (.md5, 32)
    case "sha256": (algorithm, length) = (.sha256, 64)
    default: return nil
    }
    hexadecimal = parts[1].lowercased()
    guard hexadecimal.utf8.count == length, parts[1].allSatisfy({ $0.isASCII && $0.isHexDigit }) else { return nil }
  }

  /// The checksum of all bytes of an open file.
  init(_ algorithm: Digest.Algorithm, of descriptor: Int32, path: String) throws {
    let digest = Digest(algorithm)
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    var offset: off_t = 0
    while true {
      let count = pread(descriptor, &buffer, buffer.count, offset)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw Failure.system(path, "cannot read") }
      if count == 0 { break }
      buffer.withUnsafeBytes { digest.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
      offset += off_t(count)
    }
    self.algorithm = algorithm
    hexadecimal = digest.finishHex()
  }

  public var description: String { (algorithm == .md5 ? "md5:" : "sha256:") + hexadecimal }
}
