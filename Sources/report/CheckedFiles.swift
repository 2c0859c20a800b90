import Artefacts
import ToolKit

/// Files that are checked one by one, and against each other. Of a file that was read a few words stay, and of runs files
/// their runs' digests.
struct CheckedFiles {
  private(set) var problems: [Failure] = []
  private var files: [(input: Input, kind: Kind)] = []
  private var summaries: [Int: FileSummary] = [:]
  private var agreement = Agreement()
  private var runs = NamedRuns()
  private var citations: [(file: Int, cited: CitedRuns)] = []

  /// Takes a file to be read, if it is one of ours at all.
  mutating func open(_ name: String) {
    attempt { check in
      let input = try Input(name)
      check.files.append((input, try ArtefactReader(input).kind))
    }
  }

  /// Reads all files, the data set first, since the others are of it.
  mutating func readAll() {
    let order = files.indices.sorted { (files[$0].kind == .data ? 0 : 1, $0) < (files[$1].kind == .data ? 0 : 1, $1) }
    for file in order { attempt { try $0.read(file) } }
    for (file, cited) in citations {
      switch runs.find(cited) {
      case .named: break
      case .absent: summaries[file]?.add("made from runs of \(cited.label), of which no whole file is named")
      case .others:
        problems.append(
          Failure(
            .badData, files[file].input.name, "was made from runs of \(cited.label) that are not those named",
            remedy: "name the runs that it was made from, all of them, or make it again"))
      }
    }
  }

  /// A line for each file that is one of ours, in the order in which they were named.
  var lines: [String] {
    files.indices.map { i in
      summaries[i]?.line ?? FileSummary(name: files[i].input.name, kind: files[i].kind).line
    }
  }

  private mutating func attempt(_ body: (inout CheckedFiles) throws -> Void) {
    do {
      try body(&self)
    } catch let failure as Failure {
      problems.append(failure)
    } catch {
      problems.append(Failure(.failed, nil, "\(error)"))
    }
  }

  private mutating func read(_ file: Int) throws {
    let reader = try ArtefactReader(files[file].input)
    let found = FileCheck.problems(in: reader)
    problems += found
    guard found.isEmpty else { return }
    switch reader.kind {
    case .data:
      let dataset = try ImageDataset(reader)
      summaries[file] = FileSummary(dataset)
      try agreement.check(dataset)
    case .runs:
      let runs = try RunsFile(reader)
      summaries[file] = try FileSummary(runs)
      try agreement.check(runs)
      try self.runs.add(runs)
    case .scores:
      let scores = try Scores(reader)
      summaries[file] = try FileSummary(scores)
      try agreement.check(scores)
      citations += try CitedRuns.all(in: scores).map { (file, $0) }
    case .alignment:
      let alignment = try Alignment(reader)
      summaries[file] = FileSummary(alignment)
      try agreement.check(alignment)
      citations += try CitedRuns.all(in: alignment).map { (file, $0) }
    }
  }
}
