import ToolKit

#if canImport(Glibc)
  import Glibc
#endif

/// A piece of a run's row: bytes of a variable.
public struct RowPiece: Sendable, Equatable {
  public let path: String
  public let range: Range<Int>

  public init(path: String, range: Range<Int>) { (self.path, self.range) = (path, range) }
}

/// What is on disk of a run that is under way, so that a run which is cut off goes on and need not begin anew.
///
/// Two files. `000012.rows` grows by the pieces of rows that are final: snapshots, dynamics of an epoch. However many there
/// are, each is written once. `000012.state` holds all else, and how many bytes of the former count, with their digest;
/// it is replaced as a whole. Both carry SHA-256: what is damaged, cut short or another run's counts as not there.
///
///     state:  "rote run", version u32, identity 32 bytes, bytes of rows u64, digest of rows 32 bytes,
///             what the caller wrote, SHA-256 of all that
///     rows:   pieces, each: path, offset u64, bytes, SHA-256 of the digest before and of these;
///             a text or an array has its number of elements, u64, in front
public struct RunJournal: Sendable {
  static let magic = Array("rote run".utf8)
  static let version: UInt32 = 1
  private static let start = [UInt8](repeating: 0, count: 32)

  private let statePath: String
  private let rows: GrowingFile
  private let identity: [UInt8]
  /// Bytes of the rows that count, and their digest.
  private var length = 0
  private var digest = RunJournal.start

  /// - Parameters:
  ///   - path: of the files, without what sets them apart.
  ///   - identity: 32 bytes that no other run has.
  public init(path: String, identity: [UInt8]) {
    statePath = path + ".state"
    rows = GrowingFile(path + ".rows")
    self.identity = identity
  }

  // MARK: Saving

  /// Saves a state, safely on disk, after the pieces of rows that have become final since the last one.
  ///
  /// - Parameter body: writes the state.
  public mutating func save(
    adding pieces: [RowPiece], of values: RunRows, _ body: (inout StateWriter) throws -> Void
  ) throws {
    do {
      try write(pieces, of: values, body)
    } catch {
      // Rows that no state counts are of no use to anyone, as on a disk that is full.
      if length == 0 { unlink(rows.path) }
      throw error
    }
  }

  private mutating func write(
    _ pieces: [RowPiece], of values: RunRows, _ body: (inout StateWriter) throws -> Void
  ) throws {
    var (length, digest) = (length, digest)
    if !pieces.isEmpty {
      length = try rows.write(at: length) { file in
        for piece in pieces {
          let bytes = values.rows[piece.path, default: []][piece.range]
          let head = try RunJournal.head(piece.path, offset: piece.range.lowerBound, count: bytes.count)
          digest = RunJournal.next(digest, head, bytes)
          try head.withUnsafeBytes { try file.write($0) }
          try bytes.withUnsafeBytes { try file.write($0) }
          try digest.withUnsafeBytes { try file.write($0) }
        }
      }
    }
    let output = try Output(ownFile: statePath)
    var writer = StateWriter(output)
    try RunJournal.magic.withUnsafeBytes { try writer.write($0) }
    try writer.write(RunJournal.version)
    try identity.withUnsafeBytes { try writer.write($0) }
    try writer.write(UInt64(length))
    try digest.withUnsafeBytes { try writer.write($0) }
    try body(&writer)
    try writer.finish()
    // The rows are on disk by now, so that no crash can leave a state that names what is not there.
    try output.commit()
    (self.length, self.digest) = (length, digest)
  }

  private static func head(_ path: String, offset: Int, count: Int) throws -> [UInt8] {
    var head = ByteWriter()
    try head.write(path)
    try head.write(UInt64(offset))
    try head.write(UInt64(count))
    return head.bytes
  }

  private static func next(_ digest: [UInt8], _ head: [UInt8], _ bytes: ArraySlice<UInt8>) -> [UInt8] {
    let sum = Digest()
    sum.update(digest)
    sum.update(head)
    bytes.withUnsafeBytes { sum.update($0) }
    return sum.finish()
  }

  // MARK: Going on

  /// Whether there is a state, of whatever worth.
  public var isThere: Bool {
    get throws { try FileStatus.of(statePath) != nil }
  }

  /// What was saved last: the state, and the final pieces in their places in `values`.
  ///
  /// - Returns: nil where nothing is, or nothing that can be trusted; what has become of `values` is then of no use.
  /// - Throws: where the system does not let it be read: it may be good.
  public mutating func load(into values: inout RunRows) throws -> ArraySlice<UInt8>? {
    guard let reader = try GrowingFile(statePath).reader(), reader.left >= 32,
      let file = try reader.read(reader.left)
    else { return nil }
    let whole = Digest()
    file.dropLast(32).withUnsafeBytes { whole.update($0) }
    guard whole.finish().elementsEqual(file.suffix(32)) else { return nil }
    var state = ByteReader(file.dropLast(32))
    guard state.take(RunJournal.magic.count).map({ $0.elementsEqual(RunJournal.magic) }) == true,
      state.read(UInt32.self) == RunJournal.version,
      state.take(32).map({ $0.elementsEqual(identity) }) == true,
      let length = state.read(UInt64.self).flatMap({ Int(exactly: $0) }),
      let digest = state.take(32).map(Array.init),
      try readPieces(length, into: &values) == digest
    else { return nil }
    (self.length, self.digest) = (length, digest)
    return state.rest
  }

  /// The digest of the pieces in the first `length` bytes of the rows; nil where there are no such pieces.
  private func readPieces(_ length: Int, into values: inout RunRows) throws -> [UInt8]? {
    var digest = RunJournal.start
    guard length > 0 else { return digest }
    guard let file = try rows.reader(), file.left >= length else { return nil }
    let end = file.left - length
    while file.left > end {
      guard let pathLength = try file.readNumber(), let text = try file.read(pathLength),
        let offset = try file.readNumber(), let count = try file.readNumber(), let bytes = try file.read(count),
        let expected = try file.read(32)
      else { return nil }
      let path = String(decoding: text, as: UTF8.self)
      guard let head = try? RunJournal.head(path, offset: offset, count: count) else { return nil }
      digest = RunJournal.next(digest, head, bytes[...])
      guard expected == digest, let row = values.rows[path], count <= row.count, offset <= row.count - count else {
        return nil
      }
      values.rows[path]?.replaceSubrange(offset..<offset + count, with: bytes)
    }
    return file.left == end ? digest : nil
  }

  /// Removes what was saved: the state first, which is nothing without its rows.
  static func remove(_ path: String) {
    unlink(path + ".state")
    unlink(path + ".rows")
  }
}

/// Writes a state to its file, and digests it on the way.
public struct StateWriter: ByteSink {
  private let output: Output
  private let digest = Digest()
  /// What is small waits, as each write to a file costs the same.
  private var waiting: [UInt8] = []

  fileprivate init(_ output: Output) { self.output = output }

  public mutating func write(_ bytes: UnsafeRawBufferPointer) throws {
    digest.update(bytes)
    if bytes.count < 1 << 16 {
      waiting.append(contentsOf: bytes)
    } else {
      try flush()
      try output.write(bytes)
    }
  }

  private mutating func flush() throws {
    try output.write(waiting)
    waiting.removeAll(keepingCapacity: true)
  }

  fileprivate mutating func finish() throws {
    waiting += digest.finish()
    try flush()
  }
}
