#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A regular file that any number of threads read at once, each where it likes.
final class RandomFile: Sendable {
  let path: String
  /// In bytes, when it was opened.
  let size: Int
  private let file: Int32

  /// - Throws: an input error where it cannot be opened or is no regular file.
  init(path: String) throws {
    self.path = path
    // Without waiting: a FIFO that nobody writes to would never open.
    file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else { throw inputError(path, errno) }
    var status = stat()
    let code = fstat(file, &status) == 0 ? 0 : errno
    size = Int(status.st_size)
    guard code == 0 else { throw inputError(path, code) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw ImageSetError(.input, path, "is no regular file", "save it to a file first")
    }
  }

  deinit { if file >= 0 { close(file) } }

  /// Fills `buffer` with the bytes from `offset` on.
  ///
  /// - Throws: a data error where the file ends before; `what` says in what.
  func read(
    at offset: Int, into buffer: UnsafeMutableRawBufferPointer, of what: @autoclosure () -> String = "its data"
  ) throws {
    if try read(at: offset, upTo: buffer) < buffer.count {
      throw ImageSetError(.data, path, "ends in the midst of \(what())", "fetch it again")
    }
  }

  /// Fills `buffer`, or as much of it as there is from `offset` on; returns the number of bytes.
  func read(at offset: Int, upTo buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    guard let start = buffer.baseAddress else { return 0 }
    var done = 0
    while done < buffer.count {
      let given = pread(file, start + done, buffer.count - done, offset + done)
      if given == 0 { break }
      if given < 0 {
        if errno == EINTR { continue }
        throw inputError(path, errno)
      }
      done += given
    }
    return done
  }

  /// The `count` bytes from `offset` on.
  ///
  /// - Throws: as above; before memory is taken where the file was too short from the start.
  func read(_ count: Int, at offset: Int, of what: @autoclosure () -> String) throws -> [UInt8] {
    guard offset <= size, count <= size - offset else {
      throw ImageSetError(.data, path, "ends in the midst of \(what())", "fetch it again")
    }
    return try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      let whole = UnsafeMutableRawBufferPointer(start: buffer.baseAddress, count: count)
      try read(at: offset, into: whole, of: what())
      filled = count
    }
  }
}

extension ArraySlice<UInt8> {
  /// The whole number that lies `offset` bytes after the beginning, least byte first unless `bigEndian`.
  func number<Number: FixedWidthInteger>(
    at offset: Int, as type: Number.Type = Number.self, bigEndian: Bool = false
  ) -> Number {
    precondition(offset >= 0 && offset <= count - MemoryLayout<Number>.size)
    let value = withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: Number.self) }
    return bigEndian ? Number(bigEndian: value) : Number(littleEndian: value)
  }
}

extension [UInt8] {
  /// As that of a slice.
  func number<Number: FixedWidthInteger>(
    at offset: Int, as type: Number.Type = Number.self, bigEndian: Bool = false
  ) -> Number { self[...].number(at: offset, bigEndian: bigEndian) }
}

/// What the system said of a file.
func inputError(_ path: String, _ code: Int32) -> ImageSetError {
  ImageSetError(
    .input, path, "cannot be read: \(String(cString: strerror(code)))", "see that it is there and readable")
}
