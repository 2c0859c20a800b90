import CFileDriver
@_exported import CHDF5
import CToolKit

#if canImport(Glibc)
  import Glibc
#endif

/// What libhdf5 said went wrong, and on which object.
public struct HDF5Error: Error, Sendable, CustomStringConvertible {
  public let action: String
  public let object: String
  public let reason: String
  /// Whether it was the system that failed (a full disk, a read error, no memory), and not the file that is wrong.
  public let isOfSystem: Bool

  public init(action: String, object: String, reason: String, isOfSystem: Bool = false) {
    (self.action, self.object, self.reason, self.isOfSystem) = (action, object, reason, isOfSystem)
  }

  public var description: String { "\(action) \(object): \(reason)" }

  /// The failure of a system call, by its errno.
  static func system(_ action: String, _ object: String, _ code: Int32) -> HDF5Error {
    HDF5Error(action: action, object: object, reason: String(cString: strerror(code)), isOfSystem: true)
  }

  /// What the last call said: the system by the driver, or libhdf5 by its error stack.
  ///
  /// - Parameter error: `errno` after the call.
  fileprivate static func last(_ action: String, _ object: String, errno error: Int32) -> HDF5Error {
    let stack = rote_h5_error()
    let code = rote_driver_error()
    if code > 0 { return .system(action, object, code) }
    if code == Int32(ROTE_DAMAGED_HEAP) {
      return HDF5Error(action: action, object: object, reason: "its text is not where it should be")
    }
    // libhdf5 says the same of a message that is too short for what it should hold.
    if stack.is_out_of_memory != 0, error == ENOMEM { return .system(action, object, ENOMEM) }
    let message = withUnsafeBytes(of: stack.text) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    // Addresses in memory are of no use to the reader, and differ from run to run.
    let reason = message.split(separator: ": current p", maxSplits: 1).first.map { String($0) }
    return HDF5Error(action: action, object: object, reason: reason ?? "unknown error")
  }

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

/// Makes a call of libhdf5, guarded where a file is being read, and returns its result.
///
/// - Throws: what it says went wrong, and what a system call under it did, whatever libhdf5 made of that.
@discardableResult
func check<T: SignedInteger>(_ call: @autoclosure () -> T, _ action: String, _ object: String) throws -> T {
  let result = guarded(call)
  let code = errno
  guard result >= 0, rote_driver_error() == 0 else { throw HDF5Error.last(action, object, errno: code) }
  return result
}

/// Makes a call that reads values, whose bytes may by chance be those that a heap begins with.
func checkValues<T: SignedInteger>(_ call: @autoclosure () -> T, _ action: String, _ object: String) throws {
  rote_driver_read_values(1)
  defer { rote_driver_read_values(0) }
  try check(call(), action, object)
}

/// Makes a call whose result alone does not tell whether something is not there or could not be read.
///
/// - Throws: where it could not be read.
func look<T>(_ call: @autoclosure () -> T, _ action: String, _ object: String) throws -> T {
  let result = guarded(call)
  let code = errno
  guard rote_driver_error() == 0 else { throw HDF5Error.last(action, object, errno: code) }
  return result
}

/// Makes a call whose result says no more than that there is another way.
func guarded<T>(_ call: () -> T) -> T {
  rote_driver_begin()
  rote_guard_enter()
  defer { rote_guard_leave() }
  return call()
}

extension File {
  /// Runs `body`, whose calls are about the file of this name: where libhdf5 crashes in them, or comes to no end, the
  /// process ends with status 65 and one line that names it, as the file is damaged.
  public static func guarding<T>(_ name: String, _ body: () throws -> T) rethrows -> T {
    try name.withCString { name in
      let previous = rote_guard_subject(name)
      defer { _ = rote_guard_subject(previous) }
      return try body()
    }
  }
}

/// An open libhdf5 identifier, closed when the last reference goes.
///
/// What closing writes has no result here: the driver keeps its errors for `File.close`. libhdf5 may be built without
/// safety for threads: files are used from one thread at a time.
public final class Handle {
  public let id: hid_t
  private let close: (hid_t) -> herr_t

  init(_ call: @autoclosure () -> hid_t, _ action: String, _ object: String, close: @escaping (hid_t) -> herr_t) throws
  {
    id = try check(call(), action, object)
    self.close = close
  }

  // `File.close` closes what is open in the file.
  deinit { guarded { if H5Iis_valid(id) > 0 { _ = close(id) } } }
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
