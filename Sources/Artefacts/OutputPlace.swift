import HDF5
import ToolKit

/// Where a command's output goes, and the rule of what it may replace there; every `-o` of every tool is opened by it.
///
/// A file of ours replaces nothing, an empty file, or one of the same kind; text replaces no HDF5 file; `--force` lets either
/// replace whatever is there. Devices, FIFOs and standard output pass. What the command reads is never its output.
public struct OutputPlace: Sendable {
  /// What is to be written.
  public enum Content: Sendable {
    case file(Kind)
    /// A scores file, by the command of `score` that makes it.
    case scores(String)
    /// Tables, pages, pictures.
    case text
    /// A log, which is not replaced but grows.
    case log

    fileprivate var isText: Bool {
      switch self {
      case .text, .log: true
      case .file, .scores: false
      }
    }
  }

  /// As the user named it.
  public let argument: String
  /// The path that is meant, with links followed; nil where it is no regular file.
  public let path: String?
  /// What was there at the first look.
  public let seen: FileStatus?
  public let replacesAll: Bool
  private let content: Content

  /// Takes a first look, and refuses what must not be replaced.
  ///
  /// - Parameters:
  ///   - inputs: all files that the command reads, as they are named; `-` is standard input.
  ///   - others: the command's other outputs.
  /// - Throws: a `Failure` of status 64 where the output may not go there.
  public init(
    _ argument: String, for content: Content, inputs: [String], others: [OutputPlace] = [], force: Bool
  ) throws {
    (self.argument, self.content, replacesAll) = (argument, content, force)
    if argument == "-", !content.isText { try Output.refuseTerminal() }
    path = try Output.regularPath(of: argument)
    seen = try path.flatMap { try FileStatus.of($0, name: argument) }
    try refuseInputs(inputs)
    for other in others where try isSame(as: other) {
      throw Failure(
        .usage, argument, "is named as two outputs of one command", remedy: "name another file for one of them")
    }
    if !force { try refuseOthers() }
  }

  private init(_ place: OutputPlace, seen: FileStatus?) {
    (argument, path, content, replacesAll) = (place.argument, place.path, place.content, place.replacesAll)
    self.seen = seen
  }

  /// The same place with what is there now.
  public func lookedAtAgain() throws -> OutputPlace {
    OutputPlace(self, seen: try path.flatMap { try FileStatus.of($0, name: argument) })
  }

  /// Whether there is a file with something in it.
  public var isTaken: Bool { seen.map { $0.size > 0 } ?? false }

  /// Begins the output; its commit replaces what was seen here, and nothing that came later.
  public func open() throws -> Output {
    try Output(argument, at: path, isText: content.isText, replacing: replaces)
  }

  private var replaces: Output.Replaces { replacesAll ? .whatever : .only(seen) }

  /// Of the file that is there, which standard output may be too.
  private func identity() throws -> FileStatus.Identity? {
    argument == "-" ? try FileStatus.ofStandardOutput()?.identity : seen?.identity
  }

  /// Whether both are one file, or this lies among the unfinished runs of the other.
  private func isSame(as other: OutputPlace) throws -> Bool {
    if let mine = try identity(), try other.identity() == mine { return true }
    guard let path else { return argument == other.argument }
    guard let otherPath = other.path else { return false }
    let parts = PartsFolder.root(beside: otherPath)
    return path == otherPath || path == parts || path.hasPrefix(parts + "/")
  }

  // MARK: The rule

  /// - Throws: also where standard output is a file that is read.
  private func refuseInputs(_ inputs: [String]) throws {
    guard let identity = try identity() else { return }
    for input in inputs {
      let status = try input == "-" ? FileStatus.ofStandardInput() : FileStatus.of(input)
      guard try status?.identity == identity || lies(in: input) else { continue }
      throw Failure(
        .usage, argument == "-" ? "standard output" : argument, "is an input of this command",
        remedy: "name another file to write")
    }
  }

  /// Whether the file is one of those in a folder that is read. HDF5 files are not: no source reads them.
  private func lies(in folder: String) throws -> Bool {
    guard let identity = try identity(), isTaken, isFolder(folder) else { return false }
    return try !Input(argument).hasHDF5Signature()
      && files(below: folder, named: "").contains { try FileStatus.of($0)?.identity == identity }
  }

  private func refuseOthers() throws {
    guard path != nil, isTaken else { return }
    let input = try Input(argument)
    guard try input.hasHDF5Signature() else {
      switch content {
      case .text, .log: return
      case .file, .scores: throw refusal("is no file of rote's")
      }
    }
    let wanted: Kind
    switch content {
    case .text: throw refusal("is an HDF5 file, which text does not replace")
    case .log:
      throw Failure(.usage, argument, "is an HDF5 file, to which no log is appended", remedy: "name another file")
    case .scores: wanted = .scores
    case .file(let kind): wanted = kind
    }
    let reader: ArtefactReader
    do {
      reader = try ArtefactReader(input)
    } catch let failure as Failure where failure.status == .badData {
      throw refusal("is no file of rote's, or is damaged")
    }
    guard reader.kind == wanted else { throw refusal("is \(reader.kind.description), not \(wanted.description)") }
    guard case .scores(let command) = content else { return }
    let made: String?
    do {
      made = try reader.text("options").flatMap { try JSON(parsing: $0, subject: argument)["command"]?.string }
    } catch let failure as Failure where failure.status == .badData {
      made = nil
    }
    guard made == command else {
      throw refusal(
        made.map { "has the scores of score \($0), not of score \(command)" } ?? "does not say what its scores are")
    }
  }

  private func refusal(_ problem: String) -> Failure {
    Failure(.usage, argument, "exists, and \(problem)", remedy: "name another file, or give --force")
  }
}

extension OutputOptions {
  /// Where the output goes, after a first look.
  public func place(
    for content: OutputPlace.Content, inputs: [String], others: [OutputPlace] = []
  ) throws -> OutputPlace {
    try OutputPlace(output, for: content, inputs: inputs, others: others, force: force)
  }
}

extension Input {
  /// Whether it is an HDF5 file: the signature is at the start, or behind a block of the user's of 512 bytes or a power of two
  /// times that (HDF5 File Format Specification, II.A).
  fileprivate func hasHDF5Signature() throws -> Bool {
    let (signature, size) = ([0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A] as [UInt8], try size())
    var offset = 0
    while offset + signature.count <= size {
      if try bytes(signature.count, at: offset) == signature { return true }
      offset = max(512, 2 * offset)
    }
    return false
  }
}
