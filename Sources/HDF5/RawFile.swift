#if canImport(Glibc)
  import Glibc
#endif

/// The bytes of a file that is open elsewhere too, for what cannot be left to libhdf5.
final class RawFile {
  /// Bytes.
  let size: Int
  private let descriptor: Int32
  private let object: String

  /// - Parameter object: what is read, for messages.
  init(_ path: String, size: Int, object: String) throws {
    descriptor = open(path, O_RDONLY | O_CLOEXEC)
    (self.size, self.object) = (size, object)
    guard descriptor >= 0 else { throw HDF5Error.system("read", object, errno) }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  func damaged(_ reason: String) -> HDF5Error { HDF5Error(action: "read", object: object, reason: reason) }

  func bytes(at address: UInt64, _ count: UInt64) throws -> [UInt8] {
    guard address <= UInt64(size), count <= UInt64(size) - address else {
      throw damaged("it lies beyond the end of the file")
    }
    let count = Int(count)
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      let n = bytes.withUnsafeMutableBytes {
        pread(descriptor, $0.baseAddress?.advanced(by: done), count - done, off_t(address) + off_t(done))
      }
      if n < 0 && errno == EINTR { continue }
      guard n >= 0 else { throw HDF5Error.system("read", object, errno) }
      guard n > 0 else { throw damaged("the file is shorter than it was") }
      done += n
    }
    return bytes
  }
}
