import HDF5
import ToolKit

/// A file of ours, or of another program in our layout, open for reading and checked as far as that is cheap.
public final class ArtefactReader {
  public let input: Input
  public let kind: Kind
  /// The digest of what the file holds; nil where another program wrote the file without one.
  public let content: String?
  let file: File

  public var name: String { input.name }

  public init(_ input: Input) throws {
    self.input = input
    try ArtefactReader.checkEnds(input)
    file = try reading(input.name) { try File.open(input.path) }
    let file = file
    (kind, content) = try reading(input.name) {
      guard let text = try file.text("kind"), let kind = Kind(rawValue: text) else {
        throw Failure(
          .badData, input.name, "is no file of rote's: it has no `kind` that is known",
          remedy: "docs/format.md says what a file must have")
      }
      let format = try file.integer("format") ?? 1
      guard format <= Int64(Provenance.format) else {
        throw Failure(
          .badData, input.name, "has format \(format), newer than this version knows (\(Provenance.format))",
          remedy: "install a newer rote")
      }
      return (kind, try file.text("content"))
    }
  }

  /// Opens files and refuses those of other kinds.
  public func require(_ wanted: Kind) throws {
    guard kind == wanted else {
      throw Failure(
        .badData, name, "is \(kind.description), not \(wanted.description)",
        remedy: "name \(wanted.description)")
    }
  }

  /// The HDF5 signature at the start, and not a byte missing or left over at the end, which libhdf5 would not notice.
  private static func checkEnds(_ input: Input) throws {
    let head = try input.head(96)
    guard Array(head.prefix(8)) == [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A], head.count > 48 else {
      throw Failure(.badData, input.name, "is no HDF5 file")
    }
    // The end-of-file address in superblocks 0 and 1, and 2 and 3 (HDF5 File Format Specification, II.A).
    let offset = head[8] == 0 ? 40 : head[8] == 1 ? 44 : 28
    let end = head[offset..<(offset + 8)].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    let size = UInt64(try input.size())
    if size < end {
      throw Failure(.badData, input.name, "is cut short: \(size) of \(end) bytes", remedy: "make it again")
    }
    if size > end {
      throw Failure(
        .badData, input.name, "has \(size - end) bytes after its end",
        remedy: "pass several files by name, not through one pipe")
    }
  }

  // MARK: Attributes

  public func text(_ attribute: String, of path: String = "/") throws -> String? {
    try reading(name) { try file.has(path) ? file.text(attribute, of: path) : nil }
  }
  public func integer(_ attribute: String) throws -> Int64? {
    try reading(name) { try file.integer(attribute) }
  }

  public func requireText(_ attribute: String) throws -> String {
    guard let value = try text(attribute) else {
      throw lacks("the attribute \(attribute)")
    }
    return value
  }

  // MARK: Variables

  public func has(_ path: String) throws -> Bool { try reading(name) { try file.has(path) } }

  /// The names of what lies in a group, in byte order; none without the group.
  public func variables(in group: String) throws -> [String] {
    try reading(name) {
      guard try file.has(group) else { return [] }
      return try file.names(in: group).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
  }

  /// The names of the groups at the top of the file, in byte order.
  public func groups() throws -> [String] { try reading(name) { try file.groups(in: "/") } }

  private func lacks(_ what: String) -> Failure {
    Failure(.badData, name, "lacks \(what)", remedy: "docs/format.md says what a file must have")
  }

  /// A numeric variable of the given type and number of dimensions.
  public func variable<T: Element>(_ path: String, _ type: T.Type, rank: Int) throws -> Dataset {
    try reading(name) {
      guard try file.has(path) else { throw lacks("the variable \(path)") }
      let dataset = try file.dataset(path)
      guard dataset.shape.count == rank else {
        throw Failure(
          .badData, "\(name): \(path)", "has \(dataset.shape.count) dimensions instead of \(rank)")
      }
      guard try file.typeName(dataset) == T.name else {
        throw Failure(.badData, "\(name): \(path)", "is not of type \(T.name)", remedy: "write it so")
      }
      return dataset
    }
  }

  /// All of a variable, checked against its digest where it has one.
  public func read<T: Element>(_ path: String, _ type: T.Type, rank: Int = 1) throws -> (
    values: [T], shape: [Int]
  ) {
    let dataset = try variable(path, type, rank: rank)
    return try reading(name) {
      let values = try dataset.read(type)
      if let expected = try file.text("sha256", of: path) {
        let digest = Digest()
        digest.update(values)
        try check(path, digest.finishHex(), expected)
      }
      return (values, dataset.shape)
    }
  }

  /// Like `read`, piece by piece: what is wrong may show only after the last.
  func forEachPiece<T: Element>(
    of path: String, _ type: T.Type, rank: Int, _ body: (UnsafeRawBufferPointer) -> Void
  ) throws {
    let dataset = try variable(path, type, rank: rank)
    try reading(name) {
      let digest = Digest()
      try dataset.forEachPiece(type) {
        digest.update(UnsafeRawBufferPointer($0))
        body(UnsafeRawBufferPointer($0))
      }
      if let expected = try file.text("sha256", of: path) { try check(path, digest.finishHex(), expected) }
    }
  }

  /// All of a text variable, checked against its digest where it has one: HDF5 keeps no checksum of text.
  public func readText(_ path: String) throws -> [String] {
    try reading(name) {
      guard try file.has(path) else { throw lacks("the variable \(path)") }
      let dataset = try file.dataset(path)
      guard dataset.shape.count == 1 else {
        throw Failure(.badData, "\(name): \(path)", "is no list of text")
      }
      let values = try dataset.readText()
      if let expected = try file.text("sha256", of: path) { try check(path, textDigest(values), expected) }
      return values
    }
  }

  func check(_ path: String, _ found: String, _ expected: String) throws {
    guard found == expected else {
      throw Failure(
        .badData, "\(name): \(path)", "its values are not those that were written",
        remedy: "a changed file needs new `sha256` attributes, or none")
    }
  }
}
