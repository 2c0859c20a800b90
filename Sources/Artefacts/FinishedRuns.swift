import ToolKit

extension RunSchema {
  /// What a file holds instead of exactly these runs, for a message; nil where it holds them, whole and undamaged.
  ///
  /// - Parameters:
  ///   - runs: their numbers, ascending.
  ///   - teachers: the digest of each run's teacher, where runs are distilled.
  /// - Throws: where the system does not let the file be read.
  public func difference(
    of name: String, from runs: [Int], teachers: [Int: [UInt8]] = [:]
  ) throws -> String? {
    do {
      let file = try RunsFile(ArtefactReader(Input(name)))
      guard file.cell == cell else { return "holds runs of another configuration" }
      guard file.runs == runs else { return "holds other runs of this configuration: \(RunSchema.list(file.runs))" }
      guard try file.reader.text("software") == Kind.runs.software else {
        return "holds these runs as another version has made them"
      }
      guard try hasSameRows(as: file) else { return "holds these runs, with other things kept of them" }
      if hasTeacher {
        for (index, run) in runs.enumerated() {
          guard try file.row("/teacher_digest", UInt8.self, index: index, shape: [32]) == teachers[run] else {
            return "holds these runs, taught by other networks"
          }
        }
      }
      let problems = FileCheck.problems(in: file.reader)
      if let failure = problems.first(where: { $0.status != .badData }) { throw failure }
      return problems.isEmpty ? nil : "holds these runs, and is damaged"
    } catch let failure as Failure where failure.status == .badData {
      return "holds no runs that can be read: \(failure.problem)"
    }
  }

  /// Whether what is kept of a run is the same there.
  private func hasSameRows(as file: RunsFile) throws -> Bool {
    let paths = Set(variables.map(\.path))
    for path in paths.union(["/train/logit", "/test/logit", "/checkpoint/parameter", "/dynamics/train/correct"]) {
      guard try file.has(path) == paths.contains(path) else { return false }
    }
    guard try !keep.contains(.checkpoint) || file.snapshots() == snapshots else { return false }
    let pass = try file.reader.text("pass", of: "/dynamics/train/correct")
    return !keep.contains(.dynamics) || pass == dynamicsPass.rawValue
  }

  /// "0 to 9", or "3 of 0 to 9" where numbers in between are missing.
  private static func list(_ runs: [Int]) -> String {
    guard let first = runs.first, let last = runs.last else { return "none" }
    let whole = first == last ? "\(first)" : "\(first) to \(last)"
    return runs.count == last - first + 1 ? whole : "\(runs.count) of \(whole)"
  }
}
