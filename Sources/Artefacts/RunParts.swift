import HDF5
import ToolKit

#if canImport(Glibc)
  import Glibc
#endif

/// The finished runs of a job that is under way: one runs file a run, in `FILE.partial/<key>/`, which one command has at a
/// time (`PartsFolder`).
///
/// Beside them lies the state of the runs that are under way: see `RunJournal`.
///
/// The key covers all that a run's rows depend on, so runs of another configuration, another build or another instruction
/// set never meet. A part that is damaged counts as not there. A target that is no regular file has no place beside it:
/// its runs wait in a temporary file without a name, and are gone with the job.
public final class RunParts {
  private enum Place {
    case folder(PartsFolder)
    case spool(Spool)
  }

  private let schema: RunSchema
  private let place: Place
  /// All that rows depend on beside the run's number, mask and teacher.
  private let identity: String
  /// Where each run begins in the spool.
  private var offsets: [Int: Int] = [:]

  /// - Parameters:
  ///   - target: the path that the runs are for; nil where it is no regular file.
  ///   - dependencies: what rows depend on beside the configuration and the build: the instruction set.
  ///   - waiting: called again and again while another command works on the target; it may throw.
  public init(
    target: String?, schema: RunSchema, dependencies: [String], waiting: () throws -> Void = {}
  ) throws {
    self.schema = schema
    let kept = schema.keep.map(\.rawValue).sorted().joined(separator: ",")
    let parts = [schema.cell, Kind.runs.software, HDF5.libraryVersion(), kept, schema.details] + dependencies
    identity = parts.joined(separator: "\0")
    place =
      if let target {
        .folder(
          try PartsFolder(beside: target, key: String(Digest.sha256(identity).prefix(16)), waiting: waiting))
      } else {
        .spool(try Spool())
      }
  }

  /// Whether something is left beside a target of commands that have not ended, or were cut off.
  public static func areLeft(beside target: String) throws -> Bool {
    try FileStatus.of(PartsFolder.root(beside: target)) != nil
  }

  /// Whether no other command can work on the target meanwhile: not every file system keeps locks.
  public var isLocked: Bool {
    if case .folder(let folder) = place { folder.isLocked } else { true }
  }

  private func stem(_ folder: String, _ run: Int) -> String {
    let digits = String(run)
    return "\(folder)/\(String(repeating: "0", count: max(0, 6 - digits.count)))\(digits)"
  }

  private func file(_ folder: String, _ run: Int) -> String { stem(folder, run) + ".h5" }

  /// Where a run's state is saved while it is under way; nil where there is no place for it.
  public func journal(of run: Int, mask: [UInt8], teacher: [UInt8]?) -> RunJournal? {
    guard case .folder(let folder) = place else { return nil }
    let digest = Digest()
    digest.update("\(identity)\0\(run)\0")
    digest.update(mask)
    digest.update(teacher ?? [])
    return RunJournal(path: stem(folder.path, run), identity: digest.finish())
  }

  /// Of `runs`, those that are done, whole and undamaged.
  ///
  /// - Parameter teachers: the digest of each run's teacher, where runs are distilled: a run that another network taught,
  ///   trained again since then, is not one of them.
  /// - Throws: where the system does not let a part be read: it may be whole.
  public func finished(of runs: [Int], teachers: [Int: [UInt8]] = [:]) throws -> [Int] {
    guard case .folder(let folder) = place else { return [] }
    let names = Set(try fileNames(in: folder.path))
    return try runs.filter { run in
      guard names.contains(Output.base(of: file(folder.path, run))) else { return false }
      do {
        return try rows(of: run).rows["/teacher_digest"] == teachers[run]
      } catch let failure as Failure where failure.status == .badData {
        return false
      }
    }
  }

  /// Keeps a finished run, safely on disk; its saved state goes.
  public func add(_ rows: RunRows) throws {
    switch place {
    case .folder(let folder):
      let part = try Output(ownFile: file(folder.path, rows.run))
      let writer = try RunsWriter(part, schema: schema, runs: [rows.run])
      try writer.append(rows)
      try writer.finish()
      RunJournal.remove(stem(folder.path, rows.run))
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
    case .folder(let folder):
      let path = file(folder.path, run)
      try OwnFile.check(path, S_IFREG)
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
  /// - Throws: also where the target is no more what it was; the parts stay then.
  public func assemble(_ runs: [Int], into output: Output, replacesOthers: Bool = false) throws {
    let writer = try RunsWriter(output, schema: schema, runs: runs)
    for run in runs { try writer.append(try rows(of: run)) }
    try writer.finish()
    try clear(runs)
    if replacesOthers, case .folder(let folder) = place { try folder.removeOthers() }
  }

  /// Removes the parts of runs that are in the target, with what a killed process left of them.
  public func clear(_ runs: [Int]) throws {
    guard case .folder(let folder) = place else { return }
    let wanted = Set(runs)
    try folder.remove { run(of: $0).map(wanted.contains) == true }
  }
}
