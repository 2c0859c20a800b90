import HDF5
import ToolKit

#if canImport(Glibc)
  import Glibc
#endif

/// The finished runs of a job that is under way: one runs file a run, in `FILE.partial/<key>/`.
///
/// Beside them lies the state of the runs that are under way: see `RunJournal`.
///
/// The key covers all that a run's rows depend on, so runs of another configuration, another build or another instruction
/// set never meet. A part that is damaged counts as not there. A target that is no regular file has no place beside it:
/// its runs wait in a temporary file without a name, and are gone with the job.
public final class RunParts {
  private enum Place {
    case folder(root: String, path: String)
    case spool(Spool)
  }

  private let schema: RunSchema
  private let output: Output
  private let place: Place
  /// All that rows depend on beside the run's number, mask and teacher.
  private let identity: String
  /// Where each run begins in the spool.
  private var offsets: [Int: Int] = [:]

  /// - Parameter dependencies: what rows depend on beside the configuration and the build: the instruction set.
  public init(output: Output, schema: RunSchema, dependencies: [String]) throws {
    self.schema = schema
    self.output = output
    let kept = schema.keep.map(\.rawValue).sorted().joined(separator: ",")
    let parts = [schema.cell, Kind.runs.software, HDF5.libraryVersion(), kept, schema.details] + dependencies
    identity = parts.joined(separator: "\0")
    guard let target = output.regularPath else {
      place = .spool(try Spool())
      return
    }
    let key = String(Digest.sha256(identity).prefix(16))
    let root = target + ".partial"
    place = .folder(root: root, path: "\(root)/\(key)")
    for path in [root, "\(root)/\(key)"] where mkdir(path, 0o777) != 0 && errno != EEXIST {
      throw Failure.system(path, "cannot make the folder of unfinished runs")
    }
  }

  /// Folders without a finished run are of no use to a later start.
  deinit {
    if case .folder(let root, let path) = place, rmdir(path) == 0 { rmdir(root) }
  }

  private func stem(_ folder: String, _ run: Int) -> String {
    let digits = String(run)
    return "\(folder)/\(String(repeating: "0", count: max(0, 6 - digits.count)))\(digits)"
  }

  private func file(_ folder: String, _ run: Int) -> String { stem(folder, run) + ".h5" }

  /// Where a run's state is saved while it is under way; nil where there is no place for it.
  public func journal(of run: Int, mask: [UInt8], teacher: [UInt8]?) -> RunJournal? {
    guard case .folder(_, let folder) = place else { return nil }
    let digest = Digest()
    digest.update("\(identity)\0\(run)\0")
    digest.update(mask)
    digest.update(teacher ?? [])
    return RunJournal(path: stem(folder, run), identity: digest.finish())
  }

  /// Of `runs`, those that are done, whole and undamaged.
  ///
  /// - Parameter teachers: the digest of each run's teacher, where runs are distilled: a run that another network taught,
  ///   trained again since then, is not one of them.
  public func finished(of runs: [Int], teachers: [Int: [UInt8]] = [:]) -> [Int] {
    guard case .folder(_, let folder) = place else { return [] }
    let names = Set(fileNames(in: folder))
    return runs.filter { run in
      guard names.contains(Output.base(of: file(folder, run))), let rows = try? rows(of: run) else { return false }
      return rows.rows["/teacher_digest"] == teachers[run]
    }
  }

  /// Keeps a finished run, safely on disk; its saved state goes.
  public func add(_ rows: RunRows) throws {
    switch place {
    case .folder(_, let folder):
      let part = try Output(file(folder, rows.run))
      let writer = try RunsWriter(part, schema: schema, runs: [rows.run])
      try writer.append(rows)
      try writer.finish()
      RunJournal.remove(stem(folder, rows.run))
    case .spool(let spool):
      offsets[rows.run] = spool.count
      for variable in schema.variables { try spool.write(rows.rows[variable.path, default: []]) }
    }
  }

  /// The run that a file of the folder belongs to: its part, its state, or a temporary file of either.
  private func run(of name: String) -> Int? {
    let digits = name.drop { $0 == "." }.prefix { $0 != "." }
    return digits.utf8.count >= 6 ? Int(digits) : nil
  }

  private func rows(of run: Int) throws -> RunRows {
    switch place {
    case .folder(_, let folder):
      let path = file(folder, run)
      let part = try RunsFile(ArtefactReader(Input(path)))
      guard part.runs == [run], part.cell == schema.cell else {
        throw Failure(.badData, path, "is not the part that its name says")
      }
      let rows = try part.rows(index: 0, schema: schema)
      guard try part.digest(index: 0) == schema.digest(of: rows) else {
        throw Failure(.badData, path, "its rows are not those that were written")
      }
      return rows
    case .spool(let spool):
      var rows = RunRows(run: run)
      var offset = offsets[run, default: 0]
      for variable in schema.variables {
        rows.rows[variable.path] = try spool.read(variable.rowBytes, at: offset)
        offset += variable.rowBytes
      }
      return rows
    }
  }

  /// Puts the runs together into the target, in ascending order, makes it appear, and removes their parts.
  ///
  /// - Parameter replacesOthers: removes the parts of other configurations too. Else they stay, as do runs of this one
  ///   that were not asked for: nothing finished goes that is not in the target.
  public func assemble(_ runs: [Int], replacesOthers: Bool = false) throws {
    let writer = try RunsWriter(output, schema: schema, runs: runs)
    for run in runs { try writer.append(try rows(of: run)) }
    try writer.finish()
    guard case .folder(let root, let folder) = place else { return }
    // With what a killed process left of them.
    let wanted = Set(runs)
    for name in fileNames(in: folder) where run(of: name).map(wanted.contains) == true {
      unlink("\(folder)/\(name)")
    }
    if replacesOthers {
      for other in fileNames(in: root).map({ "\(root)/\($0)" }) where other != folder {
        for name in fileNames(in: other) { unlink("\(other)/\(name)") }
        rmdir(other)
      }
    }
    rmdir(folder)
    rmdir(root)
  }
}
