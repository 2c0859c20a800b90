import HDF5
import ToolKit

/// The kinds of file that the tools pass, as in the `kind` attribute.
public enum Kind: String, Sendable {
  case data, runs, scores, alignment

  /// As a message says it.
  var description: String {
    switch self {
    case .data: "a data set file"
    case .runs: "a runs file"
    case .scores: "a scores file"
    case .alignment: "an alignment file"
    }
  }
}

/// What a file was made from, by content.
public struct InputRecord: Hashable, Sendable {
  public let kind: Kind
  /// The configuration, where the input is runs.
  public let cell: String?
  public let content: String

  public init(kind: Kind, cell: String? = nil, content: String) {
    self.kind = kind
    self.cell = cell
    self.content = content
  }

  var json: JSON {
    var members: [String: JSON] = ["kind": .string(kind.rawValue), "content": .string(content)]
    if let cell { members["cell"] = .string(cell) }
    return .object(members)
  }
}

/// The attributes that every file carries: how it came about, and nothing about where or when.
public struct Provenance: Sendable {
  public let kind: Kind
  /// The options that affect the values.
  public let options: JSON
  public let inputs: [InputRecord]

  /// The newest layout that this build writes and reads.
  public static let format: Int32 = 1

  public init(kind: Kind, options: JSON, inputs: [InputRecord]) {
    self.kind = kind
    self.options = options
    self.inputs = inputs
  }

  func write(to file: File, content: String) throws {
    try file.set("kind", to: kind.rawValue)
    try file.set("format", to: Provenance.format)
    try file.set("content", to: content)
    try file.set("software", to: kind.software)
    try file.set("options", to: options.canonical)
    let records = Set(inputs).map(\.json.canonical).sorted()
    try file.set("inputs", to: "[" + records.joined(separator: ",") + "]")
    try file.set("Conventions", to: "CF-1.8")
  }
}

extension ArtefactReader {
  /// What the file says that it was made from; nothing where it does not say. Kinds that we do not know are passed over.
  public func inputs() throws -> [InputRecord] {
    guard let text = try text("inputs") else { return [] }
    let records = try JSON(parsing: text, subject: "\(name): inputs").array ?? []
    return records.compactMap { record in
      guard let kind = record["kind"]?.string.flatMap(Kind.init), let content = record["content"]?.string else {
        return nil
      }
      return InputRecord(kind: kind, cell: record["cell"]?.string, content: content)
    }
  }
}

/// Libraries behind the files, for `--version`.
public var fileLibraries: [String] { ["HDF5 \(HDF5.libraryVersion())"] }

/// Runs `body`; what libhdf5 reports becomes a failure to write `name`.
func writing<T>(_ name: String, _ body: () throws -> T) throws -> T {
  do {
    return try body()
  } catch let error as HDF5Error {
    throw Failure(.inputOutput, name, "cannot write \(error.object): \(error.reason)")
  }
}

/// Runs `body`; what libhdf5 reports becomes a failure of the data in `name`, or of the system that should read it.
func reading<T>(_ name: String, _ body: () throws -> T) throws -> T {
  do {
    return try File.guarding(name, body)
  } catch let error as HDF5Error where error.isOfSystem {
    throw Failure(.inputOutput, name, "cannot read \(error.object): \(error.reason)")
  } catch let error as HDF5Error {
    throw Failure(
      .badData, "\(name): \(error.object)", error.reason, remedy: "the file is damaged or is not rote's")
  }
}
