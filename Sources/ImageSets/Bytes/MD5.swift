import CCrypto

/// The MD5 digest that the published archives are checked by, taken over bytes as they come.
final class MD5 {
  private let context: OpaquePointer

  init() throws {
    guard let context = EVP_MD_CTX_new() else { throw MD5.unavailable }
    self.context = context
    guard EVP_DigestInit_ex(context, EVP_md5(), nil) == 1 else { throw MD5.unavailable }
  }

  deinit { EVP_MD_CTX_free(context) }

  func update(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { _ = EVP_DigestUpdate(context, $0.baseAddress, $0.count) }
  }

  /// The digest in lower-case hexadecimal; nothing may be added after.
  func hexadecimal() -> String {
    let digest = [UInt8](unsafeUninitializedCapacity: 16) { buffer, count in
      EVP_DigestFinal_ex(context, buffer.baseAddress, nil)
      count = 16
    }
    return ImageSets.hexadecimal(digest)
  }

  /// Systems in FIPS mode have no MD5.
  private static var unavailable: ImageSetError {
    ImageSetError(.input, "MD5", "is not offered by libcrypto here", "go without verification")
  }
}

/// The SHA-256 of bytes in lower-case hexadecimal.
func sha256(_ bytes: [UInt8]) -> String {
  var digest = [UInt8](repeating: 0, count: 32)
  bytes.withUnsafeBytes { _ = EVP_Digest($0.baseAddress, $0.count, &digest, nil, EVP_sha256(), nil) }
  return hexadecimal(digest)
}

func hexadecimal(_ bytes: [UInt8]) -> String {
  let digits = Array("0123456789abcdef".utf8)
  return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}
