import CZlib

/// A part of a file as a stream of bytes, inflated on the way where it is compressed.
///
/// It may be begun again with another part, and then uses the same memory: one does for all that a thread reads.
final class PartStream {
  enum Coding: Int32 {
    case plain = 0
    /// Deflate (RFC 1951), and within zlib's wrapping (RFC 1950); the values are zlib's `windowBits`.
    case deflate = -15
    case zlib = 15
  }

  /// Told of all bytes as they come from the file, in their order; the places are in the file.
  typealias Witness = (_ bytes: UnsafeBufferPointer<UInt8>, _ offset: Int) throws -> Void

  /// The number of bytes given so far.
  private(set) var position = 0
  private var file: RandomFile?
  private var subject = ""
  private var coding = Coding.plain
  private var next = 0
  private var end = 0
  private var witness: Witness?
  private var ended = false
  private let input: UnsafeMutableBufferPointer<UInt8>
  private let inflater: UnsafeMutablePointer<z_stream>

  /// - Parameter pieceBytes: what is read from a compressed part at a time.
  init(pieceBytes: Int = 1 << 16) throws {
    input = .allocate(capacity: pieceBytes)
    inflater = .allocate(capacity: 1)
    inflater.initialize(to: z_stream())
    guard inflateInit2_(inflater, 15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
      throw ImageSetError(.input, "zlib", "cannot start", "see that there is memory left")
    }
  }

  deinit {
    inflateEnd(inflater)
    inflater.deallocate()
    input.deallocate()
  }

  /// Stands at the beginning of a part.
  ///
  /// - Parameters:
  ///   - range: within the file.
  ///   - subject: what messages call it.
  func begin(
    _ range: Range<Int>, of file: RandomFile, coding: Coding, subject: String, witness: Witness? = nil
  ) {
    (self.file, self.subject, self.coding, self.witness) = (file, subject, coding, witness)
    (next, end) = (range.lowerBound, range.upperBound)
    (position, ended) = (0, false)
    inflater.pointee.avail_in = 0
    if coding != .plain { inflateReset2(inflater, coding.rawValue) }
  }

  /// Fills `buffer`, or as much of it as there is; returns the number of bytes.
  func read(into buffer: UnsafeMutableBufferPointer<UInt8>) throws -> Int {
    let count =
      coding == .plain
      ? try fill(buffer) : try inflate(into: buffer)
    position += count
    return count
  }

  /// The next `count` bytes.
  ///
  /// - Throws: where the part ends before; `what` says in what.
  func read(_ count: Int, of what: String) throws -> [UInt8] {
    try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      filled = try read(into: UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
      guard filled == count else { throw damaged("ends in the midst of \(what)") }
    }
  }

  /// - Throws: where the part has not been read to its very end.
  func finish() throws {
    if coding != .plain && !ended {
      let given = position
      let more = try withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 1) { try read(into: $0) }
      if more > 0 { throw damaged("inflates to more than its \(given) bytes") }
    }
    let left = end - next + Int(inflater.pointee.avail_in)
    if left > 0 { throw damaged("has \(left) bytes left over after its data") }
  }

  private func damaged(_ problem: String) -> ImageSetError {
    ImageSetError(.data, subject, problem, "fetch it again")
  }

  /// The next bytes as they lie in the file.
  private func fill(_ buffer: UnsafeMutableBufferPointer<UInt8>) throws -> Int {
    let piece = UnsafeMutableBufferPointer(rebasing: buffer[..<min(buffer.count, end - next)])
    guard let file, !piece.isEmpty else { return 0 }
    try file.read(at: next, into: UnsafeMutableRawBufferPointer(piece))
    try witness?(UnsafeBufferPointer(piece), next)
    next += piece.count
    return piece.count
  }

  private func inflate(into buffer: UnsafeMutableBufferPointer<UInt8>) throws -> Int {
    var done = 0
    while done < buffer.count && !ended {
      if inflater.pointee.avail_in == 0 {
        inflater.pointee.avail_in = UInt32(try fill(input))
        inflater.pointee.next_in = input.baseAddress
        if inflater.pointee.avail_in == 0 { throw damaged("ends in the midst of its compressed data") }
      }
      // zlib counts in 32 bits.
      let room = min(buffer.count - done, 1 << 30)
      inflater.pointee.next_out = buffer.baseAddress.map { $0 + done }
      inflater.pointee.avail_out = UInt32(room)
      let code = CZlib.inflate(inflater, Z_NO_FLUSH)
      done += room - Int(inflater.pointee.avail_out)
      switch code {
      case Z_OK: break
      case Z_STREAM_END: ended = true
      case Z_MEM_ERROR: throw ImageSetError(.input, subject, "zlib has no memory", "see that there is some left")
      default:
        let reason = inflater.pointee.msg.map { String(cString: $0) } ?? "zlib cannot read them"
        throw damaged("its compressed data are damaged (\(reason))")
      }
    }
    return done
  }
}
