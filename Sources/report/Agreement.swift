import Artefacts
import ToolKit

/// The data set that all files must be of: that of the first.
struct Agreement {
  private var first: (file: String, data: String)?
  /// The classes of the data set, once a file has told them; and of alignment, which may be of some of them.
  private var whole: [String]?
  private var some: [String] = []
  var classes: [String] { whole ?? some }
  /// The data set's content; nil before the first file.
  var data: String? { first?.data }
  /// Of the training split: positions and labels; empty before a file that has them.
  var trainExamples: (example: [Int64], label: [Int32]) {
    examples[.train].map { ($0.example, $0.label) } ?? ([], [])
  }
  private var examples: [ScoresFile.Split: (file: String, example: [Int64], label: [Int32])] = [:]

  mutating func check(_ file: ImageDataset) throws {
    try check(file.reader.name, data: file.content, classes: file.classes)
    try check(file.reader.name, .train, file.train.example, file.train.label)
    try check(file.reader.name, .test, file.test?.example ?? [], file.test?.label ?? [])
  }

  mutating func check(_ file: Scores) throws {
    try check(file.reader.name, data: file.data, classes: file.classes)
    try check(file.reader.name, .train, file.trainExample, file.trainLabel)
  }

  mutating func check(_ file: RunsFile) throws {
    try check(file.name, data: file.data, classes: file.classes)
    try check(file.name, .train, file.trainExample, file.trainLabel)
    try check(file.name, .test, file.testExample, file.testLabel)
  }

  mutating func check(_ file: Alignment) throws {
    try check(file.reader.name, data: file.data, isSame: whole.map { Set($0).isSuperset(of: file.classes) } ?? true)
    some = file.classes
  }

  private mutating func check(_ file: String, data: String, classes: [String]) throws {
    try check(file, data: data, isSame: whole.map { $0 == classes } ?? Set(classes).isSuperset(of: some))
    whole = classes
  }

  private mutating func check(_ file: String, data: String, isSame: Bool) throws {
    guard let first else {
      first = (file, data)
      return
    }
    guard first.data == data, isSame else {
      throw Failure(
        .badData, file, "is of another data set than \(first.file)", remedy: "name files of one data set")
    }
  }

  private mutating func check(
    _ file: String, _ split: ScoresFile.Split, _ example: [Int64], _ label: [Int32]
  ) throws {
    guard let known = examples[split] else {
      examples[split] = (file, example, label)
      return
    }
    guard known.example == example, known.label == label else {
      throw Failure(
        .badData, file, "its \(split) examples or labels are not those of \(known.file)",
        remedy: "name files of one data set")
    }
  }
}
