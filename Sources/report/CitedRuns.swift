import Artefacts
import ToolKit

/// Runs of one configuration that a file says it was made from: a digest of them, which does not tell how many they are.
struct CitedRuns {
  /// What is known of the runs beside.
  enum Numbers {
    case these([Int])
    /// So many, one after another among those of their configuration.
    case count(Int)
    case unknown
  }

  let cell: String
  let content: String
  /// What messages call the configuration.
  let label: String
  let numbers: Numbers

  static func all(in scores: Scores) throws -> [CitedRuns] {
    let contents = try scores.contents()
    return try records(in: scores.reader).map { cell, content in
      guard let i = contents.firstIndex(of: content) else {
        return CitedRuns(cell: cell, content: content, label: "configuration \(cell.prefix(8))", numbers: .unknown)
      }
      let (count, overflow) = scores.runs[i].addingReportingOverflow(scores.diverged[i])
      return CitedRuns(
        cell: cell, content: content, label: scores.cells[i], numbers: overflow ? .unknown : .count(count))
    }
  }

  static func all(in alignment: Alignment) throws -> [CitedRuns] {
    try records(in: alignment.reader).map {
      CitedRuns(cell: $0, content: $1, label: alignment.label, numbers: .these(alignment.runs))
    }
  }

  private static func records(in reader: ArtefactReader) throws -> [(cell: String, content: String)] {
    try reader.inputs().compactMap { record in
      record.kind == .runs ? record.cell.map { ($0, record.content) } : nil
    }
  }
}

/// The runs in the files that are named, by configuration.
struct NamedRuns {
  private struct Member {
    let shared: String
    let file: String
    /// By number.
    var runs: [Int: (file: String, digest: [UInt8])] = [:]
  }

  enum Place {
    case named
    /// No runs of the configuration are named at all.
    case absent
    /// Runs of the configuration are named, and these are not among them.
    case others
  }

  private var members: [String: Member] = [:]

  mutating func add(_ file: RunsFile) throws {
    var member = members[file.cell] ?? Member(shared: file.shared, file: file.name)
    guard member.shared == file.shared else {
      throw Failure(
        .badData, file.name, "differs from \(member.file) in what runs of a configuration share",
        remedy: "make it again, or leave it out")
    }
    let repeated = file.runs.first { member.runs[$0] != nil }
    for (index, run) in file.runs.enumerated() where member.runs[run] == nil {
      member.runs[run] = (file.name, try file.digest(index: index))
    }
    members[file.cell] = member
    if let repeated, let other = member.runs[repeated] {
      throw Failure(
        .badData, file.name, "run \(repeated) of the same configuration is in \(other.file) too",
        remedy: "name each run once")
    }
  }

  /// Where the runs are that a file was made from. Runs that were added later to those of a configuration do no harm.
  func find(_ cited: CitedRuns) -> Place {
    guard let member = members[cited.cell] else { return .absent }
    let runs = member.runs.map { (run: $0.key, digest: $0.value.digest) }.sorted { $0.run < $1.run }
    func isCited(_ chosen: [(run: Int, digest: [UInt8])]) -> Bool {
      runsContent(cell: cited.cell, shared: member.shared, runs: chosen) == cited.content
    }
    let isFound =
      switch cited.numbers {
      case .these(let numbers):
        isCited(runs.filter { Set(numbers).contains($0.run) })
      case .count(let count) where count > runs.count || count < 1: false
      case .count(let count):
        (0...runs.count - count).contains { isCited(Array(runs[$0..<$0 + count])) }
      case .unknown:
        // From the first on, as most are.
        runs.indices.reversed().contains { isCited(Array(runs[...$0])) }
      }
    return isFound ? .named : .others
  }
}
