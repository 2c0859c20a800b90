import HDF5
import ToolKit

/// Whether a file is whole, of which everything is read: each variable against its `sha256`, `content` against the
/// variables, and in runs files each run's rows against `/digest` and `/kept_digest`.
///
/// Memory is for a piece of a variable, for text, and for what readers of the kind keep: examples and labels. Digests
/// that another program left out are not missed.
///
/// - Source: docs/format.md, "Digests".
public enum FileCheck {
  /// What is wrong with a file, each thing once; nothing with one that is whole.
  public static func problems(in reader: ArtefactReader) -> [Failure] {
    var problems: [Failure] = []
    var paths: [String] = []
    var whole: [String: Variable] = [:]
    var rows: [String] = []
    problems += failures { paths = try reading(reader.name) { try reader.file.variables() } }
    var runs: Int?
    if reader.kind == .runs {
      problems += failures { runs = try reader.variable("/run", Int64.self, rank: 1).shape[0] }
    }
    for path in paths {
      problems += failures {
        if try reader.isRowOfRuns(path, runs: runs) {
          rows.append(path)
        } else {
          whole[path] = try reader.checkedVariable(path)
        }
      }
    }
    problems += failures { try open(reader) }
    // Where a variable is damaged, so is all that is computed from it: that is said once.
    let isSound = problems.isEmpty
    if reader.kind == .runs {
      problems += RunsCheck.problems(in: reader, rows: rows, shared: isSound ? whole : nil)
    } else if isSound {
      problems += failures { try checkContent(reader, whole) }
    }
    // Of a file that could not be read nothing else is known.
    if let unread = problems.first(where: { $0.status == .inputOutput }) { return [unread] }
    var seen: Set<String> = []
    return problems.filter { seen.insert($0.description).inserted }
  }

  /// What stands in a content digest for a variable.
  struct Variable {
    let type: String
    let shape: [Int]
    let digest: String
    /// Whether the file has it as `sha256`.
    let isRecorded: Bool
  }

  /// What `body` throws, if it does.
  static func failures(_ body: () throws -> Void) -> [Failure] {
    do {
      try body()
      return []
    } catch let failure as Failure {
      return [failure]
    } catch {
      return [Failure(.failed, nil, "\(error)")]
    }
  }

  /// The digest of a set of variables, in byte order of their paths.
  static func digest(of variables: [String: Variable]) -> String {
    let sorted = variables.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    return Digest.sha256(sorted.map { digestLine($0, $1.type, $1.shape, $1.digest) }.joined())
  }

  static func compare(_ what: String, in reader: ArtefactReader, _ found: String, _ expected: String?) throws {
    guard let expected, found != expected else { return }
    throw Failure(
      .badData, reader.name, "its \(what) is not that of its variables",
      remedy: "make it again; a changed file needs a new `\(what)`, or none")
  }

  private static func checkContent(_ reader: ArtefactReader, _ whole: [String: Variable]) throws {
    try compare("content", in: reader, digest(of: whole.filter(\.value.isRecorded)), reader.content)
  }

  /// As the commands that want its kind open it.
  private static func open(_ reader: ArtefactReader) throws {
    switch reader.kind {
    case .data: _ = try ImageDataset(reader)
    case .runs: _ = try RunsFile(reader)
    case .scores: _ = try Scores(reader)
    case .alignment: _ = try Alignment(reader)
    }
    _ = try reader.inputs()
  }
}

extension ArtefactReader {
  /// What in runs files has as many rows as there are runs by chance alone, where another program left out `sha256`.
  private static let shared: Set<String> = [
    "/run", "/class", "/epoch", "/digest", "/kept_digest", "/train/example", "/train/label", "/train/excluded",
    "/test/example", "/test/label", "/dynamics/train/example", "/snapshot", "/tensor", "/tensor_offset",
    "/tensor_shape",
  ]

  /// Whether a variable has a row a run. Its scales would tell, but they lie in a heap that HDF5 keeps no checksum of.
  fileprivate func isRowOfRuns(_ path: String, runs: Int?) throws -> Bool {
    try reading(name) {
      guard let runs, !ArtefactReader.shared.contains(path), try file.text("sha256", of: path) == nil,
        try !file.isDimensionAlone(path)
      else { return false }
      let dataset = try file.dataset(path)
      let type = try file.typeName(dataset)
      return dataset.shape[0] == runs && type != nil && type != "text"
    }
  }

  /// Reads all of a variable and checks it; nil for a dimension alone, and for what another program added in types that
  /// we do not have.
  fileprivate func checkedVariable(_ path: String) throws -> FileCheck.Variable? {
    let recorded = try text("sha256", of: path)
    return try reading(name) {
      if try recorded == nil && file.isDimensionAlone(path) { return nil }
      let dataset = try file.dataset(path)
      guard let type = try file.typeName(dataset) else {
        guard recorded == nil else {
          throw Failure(.badData, "\(name): \(path)", "has a `sha256`, and a type that docs/format.md does not have")
        }
        return nil
      }
      let own: String
      if type == "text" {
        own = textDigest(try readText(path))
      } else {
        let digest = Digest()
        try dataset.update(digest, type: type)
        own = digest.finishHex()
        if let recorded { try check(path, own, recorded) }
      }
      return FileCheck.Variable(type: type, shape: dataset.shape, digest: own, isRecorded: recorded != nil)
    }
  }
}

extension HDF5.Dataset {
  /// Takes in the elements of all rows, or of some.
  ///
  /// - Parameter type: the name of a type of `Element`.
  func update(_ digest: Digest, type: String, rows: Range<Int>? = nil) throws {
    func add<T: Element>(_ type: T.Type) throws {
      try forEachPiece(type, rows: rows) { digest.update(UnsafeRawBufferPointer($0)) }
    }
    switch type {
    case UInt8.name: try add(UInt8.self)
    case Int8.name: try add(Int8.self)
    case Int32.name: try add(Int32.self)
    case Int64.name: try add(Int64.self)
    case Float.name: try add(Float.self)
    default: preconditionFailure("\(path): no type of numbers: \(type)")
    }
  }
}
