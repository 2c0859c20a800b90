import HDF5
import ToolKit

/// What is wrong with the rows of runs in a runs file, and with what is computed from them.
enum RunsCheck {
  /// - Parameters:
  ///   - rows: the paths of variables with a row a run.
  ///   - shared: all other variables; nil where something is wrong with them, and what is computed from them is passed
  ///     over.
  static func problems(in reader: ArtefactReader, rows: [String], shared: [String: FileCheck.Variable]?) -> [Failure] {
    var opened: RunsFile?
    var problems = FileCheck.failures { opened = try RunsFile(reader) }
    guard let file = opened else { return problems }
    var columns: [Column] = []
    for path in rows.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
      problems += FileCheck.failures {
        try reading(file.name) {
          let dataset = try reader.file.dataset(path)
          columns.append(Column(path: path, type: try reader.file.typeName(dataset) ?? "", dataset: dataset))
        }
      }
    }
    // What is wrong, and with which runs: one damaged chunk may hold rows of many.
    var found: [(failure: Failure, runs: [Int])] = []
    for index in file.runs.indices {
      let checks: [() throws -> Void] = [
        { try checkFlags(of: file, index) },
        { try check(file, index, "/digest", columns.filter { !isKept($0.path) }) },
        { try check(file, index, "/kept_digest", columns.filter { isKept($0.path) }) },
      ]
      for failure in checks.flatMap({ FileCheck.failures($0) }) {
        if let known = found.firstIndex(where: { $0.failure.description == failure.description }) {
          if found[known].runs.last != file.runs[index] { found[known].runs.append(file.runs[index]) }
        } else {
          found.append((failure, [file.runs[index]]))
        }
      }
    }
    problems += found.map { failure, runs in
      let others = runs.count > 1 ? " and \(runs.count - 1) more" : ""
      return Failure(
        failure.status, failure.subject, "\(failure.problem) (run \(runs[0])\(others))", remedy: failure.remedy)
    }
    if let shared, problems.isEmpty { problems += FileCheck.failures { try checkIdentity(of: file, shared) } }
    return problems
  }

  private struct Column {
    let path: String
    let type: String
    let dataset: HDF5.Dataset
  }

  /// Whether a variable is one of those that `--keep` and `--dynamics` add, or says something of a run's teacher.
  private static func isKept(_ path: String) -> Bool {
    path == "/teacher_out_accuracy" || path.hasSuffix("/logit") || path.hasPrefix("/dynamics/")
      || path.hasPrefix("/checkpoint/")
  }

  private static func checkFlags(of file: RunsFile, _ index: Int) throws {
    var flags = [("/train/in_mask", file.trainExample.count), ("/train/correct", file.trainExample.count)]
    if file.hasTest, try file.has("/test/correct") { flags.append(("/test/correct", file.testExample.count)) }
    for (path, count) in flags
    where try file.row(path, UInt8.self, index: index, shape: [count]).contains(where: { $0 > 1 }) {
      throw Failure(.badData, "\(file.name): \(path)", "has values other than 0 and 1")
    }
    _ = try file.isDiverged(index: index)
  }

  /// Reads the rows of one run, whether or not the file has their digest.
  private static func check(_ file: RunsFile, _ index: Int, _ digestPath: String, _ columns: [Column]) throws {
    let digest = Digest()
    for column in columns {
      let shape = column.dataset.shape.dropFirst().map(String.init).joined(separator: ",")
      digest.update("\(column.path)\0\(column.type)\0\(shape)\0")
      try reading(file.name) { try column.dataset.update(digest, type: column.type, rows: index..<index + 1) }
    }
    guard try file.has(digestPath) else { return }
    guard try file.row(digestPath, UInt8.self, index: index, shape: [32]) == digest.finish() else {
      throw Failure(
        .badData, "\(file.name): \(digestPath)", "rows are not those that were written",
        remedy: "make it again; a changed file needs new digests, or none")
    }
  }

  /// `cell`, `shared` and `content` against what they are of.
  private static func checkIdentity(of file: RunsFile, _ variables: [String: FileCheck.Variable]) throws {
    let config = try file.reader.requireText("config")
    guard file.cell == Digest.sha256(config) else {
      throw Failure(
        .badData, file.name, "its cell is not the SHA-256 of its config", remedy: "set it anew, or remove it")
    }
    let splits = ["/train/example", "/train/label", "/train/excluded", "/test/example", "/test/label"]
    let shared = variables.filter { (["/class", "/epoch"] + splits).contains($0.key) }
    try FileCheck.compare("shared", in: file.reader, FileCheck.digest(of: shared), file.reader.text("shared"))
    guard try file.has("/digest") else { return }
    let runs = try file.runs.indices.map { (run: file.runs[$0], digest: try file.digest(index: $0)) }
    try FileCheck.compare(
      "content", in: file.reader, runsContent(cell: file.cell, shared: file.shared, runs: runs), file.reader.content)
  }
}
