import CCrypto

/// A running SHA-256 or MD5, by libcrypto.
public final class Digest {
  public enum Algorithm: Sendable { case sha256, md5 }

  private let context: OpaquePointer

  public init(_ algorithm: Algorithm = .sha256) {
    guard let context = EVP_MD_CTX_new() else { preconditionFailure("out of memory") }
    self.context = context
    let known = EVP_DigestInit_ex(context, algorithm == .md5 ? EVP_md5() : EVP_sha256(), nil)
    precondition(known == 1, "libcrypto lacks the digest")
  }

  deinit { EVP_MD_CTX_free(context) }

  public func update(_ bytes: UnsafeRawBufferPointer) {
    EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
  }

  public func update(_ text: String) { Array(text.utf8).withUnsafeBytes(update) }

  /// The elements as they lie in memory; the hosts that we build for are little-endian.
  public func update<T: BitwiseCopyable>(_ elements: [T]) { elements.withUnsafeBytes(update) }

  /// The digest; the object is spent.
  public func finish() -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
    var count: UInt32 = 0
    EVP_DigestFinal_ex(context, &bytes, &count)
    return Array(bytes.prefix(Int(count)))
  }

  public func finishHex() -> String { Digest.hex(finish()) }

  public static func hex(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for byte in bytes { text += [digits[Int(byte >> 4)], digits[Int(byte & 15)]] }
    return String(decoding: text, as: UTF8.self)
  }

  public static func sha256(_ text: String) -> String {
    let digest = Digest()
    digest.update(text)
    return digest.finishHex()
  }

  static var library: String { String(cString: OpenSSL_version(OPENSSL_VERSION)) }
}
