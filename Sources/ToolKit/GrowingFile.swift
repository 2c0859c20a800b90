import CToolKit

#if canImport(Glibc)
  import Glibc
#endif

/// A file of which a first part is known to be good, and which grows from there.
public struct GrowingFile: Sendable {
  public let path: String

  public init(_ path: String) { self.path = path }

  /// Puts what `body` writes at `offset`, in place of all that is there from it on, and returns when it is safely on disk.
  ///
  /// - Returns: the file's length.
  public func write(at offset: Int, _ body: (inout Writer) throws -> Void) throws -> Int {
    let descriptor = rote_open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw Failure.system(path, "cannot write") }
    defer { close(descriptor) }
    guard ftruncate(descriptor, off_t(offset)) == 0, lseek(descriptor, off_t(offset), SEEK_SET) == offset else {
      throw Failure.system(path, "cannot write")
    }
    var writer = Writer(descriptor: descriptor, path: path, length: offset)
    try body(&writer)
    guard fsync(descriptor) == 0 else { throw Failure.system(path, "cannot write") }
    return writer.length
  }

  public struct Writer: ByteSink {
    fileprivate let descriptor: Int32
    fileprivate let path: String
    fileprivate var length: Int

    public mutating func write(_ bytes: UnsafeRawBufferPointer) throws {
      try writeAll(bytes, to: descriptor, subject: path)
      length += bytes.count
    }
  }

  /// The file from its start; nil where there is none.
  public func reader() -> Reader? {
    let descriptor = rote_open(path, O_RDONLY | O_CLOEXEC, 0)
    var info = stat()
    guard descriptor >= 0, fstat(descriptor, &info) == 0, info.st_mode & S_IFMT == S_IFREG else {
      if descriptor >= 0 { close(descriptor) }
      return nil
    }
    return Reader(descriptor, size: Int(info.st_size))
  }

  public final class Reader {
    /// Bytes that have not been read yet.
    public private(set) var left: Int
    private let descriptor: Int32

    fileprivate init(_ descriptor: Int32, size: Int) { (self.descriptor, left) = (descriptor, size) }

    deinit { close(descriptor) }

    /// The next `count` bytes; nil where there are fewer.
    public func read(_ count: Int) -> [UInt8]? {
      guard (0...left).contains(count) else { return nil }
      left -= count
      var bytes = [UInt8](repeating: 0, count: count)
      var done = 0
      while done < count {
        let n = bytes.withUnsafeMutableBytes {
          Glibc.read(descriptor, $0.baseAddress?.advanced(by: done), count - done)
        }
        guard n > 0 else { return nil }
        done += n
      }
      return bytes
    }

    public func readNumber() -> Int? {
      read(8).flatMap { bytes in
        var reader = ByteReader(bytes[...])
        return reader.read(UInt64.self).flatMap { Int(exactly: $0) }
      }
    }
  }
}
