#if canImport(Glibc)
  import Glibc
#endif

/// A file of our own of which a first part is known to be good, and which grows from there.
public struct GrowingFile: Sendable {
  public let path: String

  public init(_ path: String) { self.path = path }

  /// Puts what `body` writes at `offset`, in place of all that is there from it on, and returns when it is safely on disk.
  ///
  /// - Returns: the file's length.
  public func write(at offset: Int, _ body: (inout Writer) throws -> Void) throws -> Int {
    guard let descriptor = try OwnFile.open(path, O_WRONLY | O_CREAT, failing: "cannot write") else {
      throw Failure.system(path, "cannot write", ENOENT)
    }
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
  public func reader() throws -> Reader? {
    guard let descriptor = try OwnFile.open(path, O_RDONLY, failing: "cannot read") else { return nil }
    do {
      return Reader(descriptor, path: path, size: try FileStatus.of(descriptor: descriptor, name: path).size)
    } catch {
      close(descriptor)
      throw error
    }
  }

  public final class Reader {
    /// Bytes that have not been read yet.
    public private(set) var left: Int
    private let descriptor: Int32
    private let path: String

    fileprivate init(_ descriptor: Int32, path: String, size: Int) {
      (self.descriptor, self.path, left) = (descriptor, path, size)
    }

    deinit { close(descriptor) }

    /// The next `count` bytes; nil where there are fewer.
    public func read(_ count: Int) throws -> [UInt8]? {
      guard (0...left).contains(count) else { return nil }
      left -= count
      var bytes = [UInt8](repeating: 0, count: count)
      var done = 0
      while done < count {
        let n = bytes.withUnsafeMutableBytes {
          let place = $0.baseAddress?.advanced(by: done)
          return retrying { Glibc.read(descriptor, place, count - done) }
        }
        guard n >= 0 else { throw Failure.system(path, "cannot read") }
        guard n > 0 else { return nil }
        done += n
      }
      return bytes
    }

    public func readNumber() throws -> Int? {
      try read(8).flatMap { bytes in
        var reader = ByteReader(bytes[...])
        return reader.read(UInt64.self).flatMap { Int(exactly: $0) }
      }
    }
  }
}
