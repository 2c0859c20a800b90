import Artefacts
import ToolKit

/// A file in one line: its name, kind, what it holds, and the first 8 digits of its content digest.
struct FileSummary {
  private let name: String
  private let kind: Kind
  private var words: String
  private let content: String?

  /// Of a file that is not whole.
  init(name: String, kind: Kind) {
    (self.name, self.kind, words, content) = (name, kind, "not whole", nil)
  }

  init(_ dataset: ImageDataset) {
    let test = dataset.test.map { " and \($0.count) test" } ?? ""
    self.init(
      dataset.reader,
      "\(dataset.name): \(dataset.train.count) training\(test) images of \(dataset.classes.count) classes")
  }

  init(_ runs: RunsFile) throws {
    let teacher = runs.config["teachers"]?["architecture"]?.string.map { " < \($0)" } ?? ""
    let kept = try FileTable.kept(in: runs)
    self.init(
      runs.reader,
      "runs \(FileTable.ranges(runs.runs)) of \(runs.architecture)\(teacher)"
        + (kept.isEmpty ? "" : ", with \(kept.joined(separator: ", "))"))
  }

  init(_ scores: Scores) throws {
    let count = scores.cells.count
    self.init(
      scores.reader,
      "scores of \(count == 1 ? scores.cells[0] : "\(count) cells"): "
        + (try scores.measures()).joined(separator: ", "))
  }

  init(_ alignment: Alignment) {
    self.init(alignment.reader, "alignment of runs \(FileTable.ranges(alignment.runs)) of \(alignment.label)")
  }

  private init(_ reader: ArtefactReader, _ words: String) {
    (name, kind, self.words, content) = (reader.name, reader.kind, words, reader.content)
  }

  /// Says more of the file.
  mutating func add(_ note: String) { words += "; \(note)" }

  /// With tabs between, and none within: names and labels of hostile files must not steer a terminal.
  var line: String {
    [name, kind.rawValue, words, content.map { String($0.prefix(8)) } ?? "none"].map(printable).joined(separator: "\t")
  }
}
