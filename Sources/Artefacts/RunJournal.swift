import ToolKit

#if canImport(Glibc)
  import Glibc
#endif

/// A piece of a run's row: bytes from an offset on.
public struct RowPiece: Sendable, Equatable {
  public let path: String
  public let offset: Int
  public let bytes: [UInt8]

  public init(path: String, offset: Int, bytes: [UInt8]) {
    (self.path, self.offset, self.bytes) = (path, offset, bytes)
  }
}

/// What is on disk of a run that is under way, so that a run which is cut off goes on and need not begin anew.
///
/// Two files. `000012.rows` grows by the pieces of rows that are final: snapshots, dynamics of an epoch. However many there
/// are, each is written once. `000012.state` holds all else, and how many bytes of the former count, with their digest;
/// it is replaced as a whole. Both carry SHA-256: what is damaged, cut short or another run's counts as not there.
///
///     state:  "rote run", version u32, identity 32 bytes, bytes of rows u64, digest of rows 32 bytes,
///             what the caller wrote, SHA-256 of all that
///     rows:   blocks of: bytes u64, pieces, SHA-256 of the digest before and the pieces
///     piece:  path, offset u64, bytes; a text or an array has its number of elements (u64) in front
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

  /// Saves a state, safely on disk, after the pieces that have become final since the last one.
  ///
  /// - Parameter body: writes the state.
  public mutating func save(adding pieces: [RowPiece], _ body: (inout StateWriter) throws -> Void) throws {
    var (length, digest) = (length, digest)
    if !pieces.isEmpty {
      var block = ByteWriter()
      for piece in pieces {
        try block.write(piece.path)
        try block.write(UInt64(piece.offset))
        try block.write(piece.bytes)
      }
      digest = RunJournal.next(digest, block.bytes[...])
      var all = ByteWriter()
      try all.write(block.bytes)
      digest.withUnsafeBytes { all.write($0) }
      try rows.write(all.bytes, at: length)
      length += all.bytes.count
    }
    let output = try Output(statePath)
    var writer = StateWriter(output)
    try RunJournal.magic.withUnsafeBytes { try writer.write($0) }
    try writer.write(RunJournal.version)
    try identity.withUnsafeBytes { try writer.write($0) }
    try writer.write(UInt64(length))
    try digest.withUnsafeBytes { try writer.write($0) }
    try body(&writer)
    try writer.finish()
    // The state names what the rows hold by then, so that no crash can leave it naming what is not there.
    try output.commit()
    (self.length, self.digest) = (length, digest)
  }

  /// What was saved last: the state, and the final pieces of rows; nil where nothing is, or nothing that can be trusted.
  public mutating func load() -> (state: ArraySlice<UInt8>, pieces: [RowPiece])? {
    guard let file = GrowingFile(statePath).read(), file.count >= 32 else { return nil }
    let whole = Digest()
    file.dropLast(32).withUnsafeBytes { whole.update($0) }
    guard whole.finish() == file.suffix(32) else { return nil }
    var reader = ByteReader(file.dropLast(32))
    guard reader.take(RunJournal.magic.count).map({ $0.elementsEqual(RunJournal.magic) }) == true,
      reader.read(UInt32.self) == RunJournal.version,
      reader.take(32).map({ $0.elementsEqual(identity) }) == true,
      let length = reader.read(UInt64.self).flatMap({ Int(exactly: $0) }),
      let digest = reader.take(32).map(Array.init),
      let pieces = pieces(length: length, digest: digest)
    else { return nil }
    (self.length, self.digest) = (length, digest)
    return (reader.rest, pieces)
  }

  private func pieces(length: Int, digest: [UInt8]) -> [RowPiece]? {
    guard length > 0 else { return digest == RunJournal.start ? [] : nil }
    guard let bytes = rows.read(length) else { return nil }
    var (reader, pieces, sum) = (ByteReader(bytes[...]), [RowPiece](), RunJournal.start)
    while !reader.isAtEnd {
      guard let count = reader.read(UInt64.self).flatMap({ Int(exactly: $0) }), let block = reader.take(count),
        let expected = reader.take(32)
      else { return nil }
      sum = RunJournal.next(sum, block)
      guard expected.elementsEqual(sum) else { return nil }
      var parts = ByteReader(block)
      while !parts.isAtEnd {
        guard let path = parts.readText(), let offset = parts.read(UInt64.self).flatMap({ Int(exactly: $0) }),
          let bytes = parts.readArray(UInt8.self)
        else { return nil }
        pieces.append(RowPiece(path: path, offset: offset, bytes: bytes))
      }
    }
    return sum == digest ? pieces : nil
  }

  private static func next(_ digest: [UInt8], _ block: ArraySlice<UInt8>) -> [UInt8] {
    let sum = Digest()
    sum.update(digest)
    block.withUnsafeBytes { sum.update($0) }
    return sum.finish()
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
