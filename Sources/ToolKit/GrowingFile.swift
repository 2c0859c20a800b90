import CToolKit

#if canImport(Glibc)
  import Glibc
#endif

/// A file of which a first part is known to be good, and which grows from there.
public struct GrowingFile: Sendable {
  public let path: String

  public init(_ path: String) { self.path = path }

  /// Puts bytes at `offset`, in place of all that is there from it on, and returns when they are safely on disk.
  public func write(_ bytes: [UInt8], at offset: Int) throws {
    let descriptor = rote_open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw Failure.system(path, "cannot write") }
    defer { close(descriptor) }
    guard ftruncate(descriptor, off_t(offset)) == 0, lseek(descriptor, off_t(offset), SEEK_SET) == offset else {
      throw Failure.system(path, "cannot write")
    }
    try bytes.withUnsafeBytes { try writeAll($0, to: descriptor, subject: path) }
    guard fsync(descriptor) == 0 else { throw Failure.system(path, "cannot write") }
  }

  /// The first `count` bytes, or all where `count` is nil; nil where there are fewer, or no such file.
  public func read(_ count: Int? = nil) -> [UInt8]? {
    let descriptor = rote_open(path, O_RDONLY | O_CLOEXEC, 0)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var info = stat()
    guard fstat(descriptor, &info) == 0, info.st_mode & S_IFMT == S_IFREG else { return nil }
    let size = Int(info.st_size)
    let count = count ?? size
    guard count <= size else { return nil }
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      let n = bytes.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress?.advanced(by: done), count - done) }
      guard n > 0 else { return nil }
      done += n
    }
    return bytes
  }
}
