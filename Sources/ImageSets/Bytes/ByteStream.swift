import CZlib

/// A regular file as a stream of bytes, inflated on the way where it is gzip.
///
/// A place in it can be marked and returned to, also inside compressed data: a mark keeps zlib's state (about
/// 45 kB).
final class ByteStream {
  /// A place in the stream.
  final class Mark {
    fileprivate let position: Int
    fileprivate let fileOffset: Int
    fileprivate let ended: Bool
    fileprivate let inflater: UnsafeMutablePointer<z_stream>?

    fileprivate init(
      position: Int, fileOffset: Int, ended: Bool, inflater: UnsafeMutablePointer<z_stream>?
    ) {
      self.position = position
      self.fileOffset = fileOffset
      self.ended = ended
      self.inflater = inflater
    }

    deinit { inflater.map(release) }
  }

  let path: String
  /// The number of bytes given so far, as they are after inflation.
  private(set) var position = 0
  private let file: RandomFile
  private var fileOffset = 0
  private var ended = false
  private var inflater: UnsafeMutablePointer<z_stream>?
  private let input = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 1 << 18)

  /// - Parameter inflating: whether gzip is recognised (by its first two bytes).
  init(path: String, inflating: Bool) throws {
    self.path = path
    file = try RandomFile(path: path)
    guard inflating, try fill() >= 2, input[0] == 0x1f, input[1] == 0x8b else {
      fileOffset = 0
      return
    }
    fileOffset = 0
    let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    stream.initialize(to: z_stream())
    // 15 bits of window, and 16 for a gzip header and its checks.
    guard inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
      stream.deallocate()
      throw ImageSetError(.input, path, "zlib cannot start", "see that there is memory left")
    }
    inflater = stream
  }

  deinit {
    inflater.map(release)
    input.deallocate()
  }

  /// The number of bytes in the file, as it lies on disk.
  var fileSize: Int { file.size }

  /// Fills `buffer`, or as much of it as there is; returns the number of bytes.
  func read(into buffer: UnsafeMutableBufferPointer<UInt8>) throws -> Int {
    guard let start = buffer.baseAddress else { return 0 }
    let count = try inflater.map { try inflate($0, start, buffer.count) } ?? readFile(start, buffer.count)
    position += count
    return count
  }

  /// The next `count` bytes.
  ///
  /// - Throws: where the file ends before; `what` says in what.
  func read(_ count: Int, of what: String) throws -> [UInt8] {
    try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      filled = try read(into: UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
      guard filled == count else { throw truncated(in: what) }
    }
  }

  /// The next `count` bytes, or as many as there are.
  func read(upTo count: Int) throws -> [UInt8] {
    try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      filled = try read(into: UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
    }
  }

  /// Passes over `count` bytes, or over what there is.
  func skip(_ count: Int) throws {
    guard inflater != nil else {
      fileOffset += count
      position += count
      return
    }
    var left = count
    try withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 1 << 16) { scratch in
      while left > 0 {
        let given = try read(into: UnsafeMutableBufferPointer(rebasing: scratch[..<min(left, scratch.count)]))
        if given == 0 { return }
        left -= given
      }
    }
  }

  func mark() throws -> Mark {
    guard let inflater else {
      return Mark(position: position, fileOffset: fileOffset, ended: ended, inflater: nil)
    }
    return Mark(
      position: position, fileOffset: fileOffset - Int(inflater.pointee.avail_in), ended: ended,
      inflater: try copy(inflater))
  }

  func rewind(to mark: Mark) throws {
    if let saved = mark.inflater {
      let fresh = try copy(saved)
      fresh.pointee.avail_in = 0
      inflater.map(release)
      inflater = fresh
    }
    position = mark.position
    fileOffset = mark.fileOffset
    ended = mark.ended
  }

  func truncated(in what: String) -> ImageSetError {
    ImageSetError(.data, path, "ends in the midst of \(what)", "fetch it again")
  }

  private func copy(_ source: UnsafeMutablePointer<z_stream>) throws -> UnsafeMutablePointer<z_stream> {
    let result = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    result.initialize(to: z_stream())
    guard inflateCopy(result, source) == Z_OK else {
      result.deallocate()
      throw ImageSetError(.input, path, "zlib cannot keep its place", "see that there is memory left")
    }
    return result
  }

  private func inflate(
    _ stream: UnsafeMutablePointer<z_stream>, _ start: UnsafeMutablePointer<UInt8>, _ count: Int
  ) throws -> Int {
    stream.pointee.next_out = start
    stream.pointee.avail_out = UInt32(count)
    while stream.pointee.avail_out > 0 && !ended {
      if stream.pointee.avail_in == 0, try refill(stream) == 0 { throw truncated(in: "its gzip data") }
      switch CZlib.inflate(stream, Z_NO_FLUSH) {
      case Z_OK: break
      case Z_STREAM_END: try endGzipMember(stream)
      default: throw damaged(stream)
      }
    }
    return count - Int(stream.pointee.avail_out)
  }

  /// A gzip file is a series of members (RFC 1952, 2.2): after one comes another, or the end.
  private func endGzipMember(_ stream: UnsafeMutablePointer<z_stream>) throws {
    if stream.pointee.avail_in == 0, try refill(stream) == 0 {
      ended = true
    } else if stream.pointee.next_in.pointee == 0x1f {
      inflateReset(stream)
    } else {
      let end = fileOffset - Int(stream.pointee.avail_in)
      throw ImageSetError(
        .data, path, "\(fileSize - end) bytes follow after the end of its gzip data", "fetch it again")
    }
  }

  private func damaged(_ stream: UnsafeMutablePointer<z_stream>) -> ImageSetError {
    let reason = stream.pointee.msg.map { String(cString: $0) } ?? "zlib cannot read it"
    let problem =
      switch reason {
      case "incorrect data check": "its gzip data do not have the CRC-32 that they were written with"
      case "incorrect length check": "its gzip data do not have the length that they were written with"
      default: "its gzip data are damaged (\(reason))"
      }
    return ImageSetError(.data, path, problem, "fetch it again")
  }

  private func refill(_ stream: UnsafeMutablePointer<z_stream>) throws -> Int {
    let count = try fill()
    stream.pointee.next_in = input.baseAddress
    stream.pointee.avail_in = UInt32(count)
    return count
  }

  private func fill() throws -> Int {
    guard let start = input.baseAddress else { return 0 }
    return try readFile(start, input.count)
  }

  private func readFile(_ start: UnsafeMutablePointer<UInt8>, _ count: Int) throws -> Int {
    let given = try file.read(at: fileOffset, upTo: UnsafeMutableRawBufferPointer(start: start, count: count))
    fileOffset += given
    return given
  }
}

private func release(_ stream: UnsafeMutablePointer<z_stream>) {
  inflateEnd(stream)
  stream.deallocate()
}
