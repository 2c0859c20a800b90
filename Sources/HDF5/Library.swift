@_exported import CHDF5
import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// What libhdf5 said went wrong, and on which object.
public struct HDF5Error: Error, Sendable, CustomStringConvertible {
  public let action: String
  public let object: String
  public let reason: String

  public var description: String { "\(action) \(object): \(reason)" }

  /// The error that libhdf5 holds now.
  static func last(_ action: String, _ object: String) -> HDF5Error {
    let message = withUnsafeBytes(of: rote_h5_error().text) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    // Around what the system said, libhdf5 has the time, addresses and so on.
    let parts = message.split(separator: "error message = '", maxSplits: 1)
    let reason = parts.count == 2 ? String(parts[1].prefix { $0 != "'" }) : message
    return HDF5Error(action: action, object: object, reason: reason.isEmpty ? "unknown error" : reason)
  }
}

extension HDF5Error {
  static func nul(_ action: String, _ object: String) -> HDF5Error {
    HDF5Error(action: action, object: object, reason: "text with a NUL in it, which HDF5 cannot hold")
  }
}

/// Text of a file as it was written: other encodings are refused, since repaired text would not be what was there.
func utf8(_ bytes: some Sequence<UInt8>, _ action: String, _ object: String) throws -> String {
  guard let text = String(validating: bytes, as: UTF8.self) else {
    throw HDF5Error(action: action, object: object, reason: "text that is not UTF-8")
  }
  return text
}

func utf8(_ pointer: UnsafePointer<CChar>, _ action: String, _ object: String) throws -> String {
  let bytes = UnsafeRawBufferPointer(start: pointer, count: strlen(pointer))
  return try utf8(bytes, action, object)
}

@discardableResult
func check<T: SignedInteger>(_ result: T, _ action: String, _ object: String) throws -> T {
  guard result >= 0 else {
    if action.hasPrefix("write") { Closing.isSafe.store(false, ordering: .relaxed) }
    throw HDF5Error.last(action, object)
  }
  return result
}

/// Whether identifiers may be closed. After a failed write libhdf5 tries again on closing, and crashes (H5Dclose and
/// H5Fclose of 1.10.8, on a full disk): from then on all that is open is left to the end of the process.
enum Closing {
  static let isSafe = Atomic(true)
}

/// An open libhdf5 identifier, closed when the last reference goes.
///
/// libhdf5 may be built without safety for threads: files are used from one thread at a time.
public final class Handle {
  public let id: hid_t
  private let close: (hid_t) -> herr_t

  init(_ id: hid_t, _ action: String, _ object: String, close: @escaping (hid_t) -> herr_t) throws {
    self.id = try check(id, action, object)
    self.close = close
  }

  // `File.close` closes what is open in the file.
  deinit { if Closing.isSafe.load(ordering: .relaxed), H5Iis_valid(id) > 0 { _ = close(id) } }
}

/// The types that variables are made of; stored little-endian on every host.
public protocol Element: BitwiseCopyable, Sendable {
  static var memoryType: hid_t { get }
  static var fileType: hid_t { get }
  /// As it stands in digests and messages: u8, i8, i32, i64, f32.
  static var name: String { get }
  static var zero: Self { get }
}

extension UInt8: Element {
  public static var memoryType: hid_t { rote_h5_u8() }
  public static var fileType: hid_t { rote_h5_u8_file() }
  public static var name: String { "u8" }
}

extension Int8: Element {
  public static var memoryType: hid_t { rote_h5_i8() }
  public static var fileType: hid_t { rote_h5_i8_file() }
  public static var name: String { "i8" }
}

extension Int32: Element {
  public static var memoryType: hid_t { rote_h5_i32() }
  public static var fileType: hid_t { rote_h5_i32_file() }
  public static var name: String { "i32" }
}

extension Int64: Element {
  public static var memoryType: hid_t { rote_h5_i64() }
  public static var fileType: hid_t { rote_h5_i64_file() }
  public static var name: String { "i64" }
}

extension Float: Element {
  public static var memoryType: hid_t { rote_h5_f32() }
  public static var fileType: hid_t { rote_h5_f32_file() }
  public static var name: String { "f32" }
}
