import HDF5
import ToolKit

/// Scores files: measures of each training example, per cell, and their means.
public enum ScoresFile {
  /// A value of each cell, with its interval or spread where it has one.
  public struct Summary: Sendable {
    public let name: String
    public let definition: String
    public var value: [Float]
    public var lower: [Float]?
    public var upper: [Float]?
    public var standardDeviation: [Float]?

    public init(
      name: String, definition: String, value: [Float], lower: [Float]? = nil, upper: [Float]? = nil,
      standardDeviation: [Float]? = nil
    ) {
      (self.name, self.definition, self.value) = (name, definition, value)
      (self.lower, self.upper, self.standardDeviation) = (lower, upper, standardDeviation)
    }
  }

  /// A measure of each example, by the names of its parts; (cell, example) each.
  public struct Measure: Sendable {
    public let group: String
    public var floats: [(name: String, definition: String, values: [Float])]
    public var counts: [(name: String, definition: String, values: [Int32])]

    public init(
      group: String, floats: [(name: String, definition: String, values: [Float])],
      counts: [(name: String, definition: String, values: [Int32])]
    ) {
      (self.group, self.floats, self.counts) = (group, floats, counts)
    }
  }

  /// The part of the data set that a measure is of.
  public enum Split: String, Sendable {
    case train, test
  }

  /// One configuration in the file.
  public struct CellRecord: Sendable {
    public let label: String
    public let config: JSON
    public let parameterCount: Int
    /// Runs used, and runs left out because they diverged.
    public let runs: Int
    public let diverged: Int
    /// The content of the runs, hexadecimal, 64 digits; empty, and then all 0 in the file, where it is not known.
    public let content: String

    public init(label: String, config: JSON, parameterCount: Int, runs: Int, diverged: Int, content: String) {
      (self.label, self.config, self.parameterCount) = (label, config, parameterCount)
      (self.runs, self.diverged, self.content) = (runs, diverged, content)
    }
  }

  /// What scores are of: the examples of a data set.
  public struct Examples: Sendable {
    /// The content of the data set.
    public let data: String
    public let classes: [String]
    public let trainExample: [Int64]
    public let trainLabel: [Int32]
    /// Empty where there is no test split, or nothing is known of it.
    public let testExample: [Int64]

    /// Those that runs were trained and tested on.
    public init(_ runs: RunsSet) {
      (data, classes) = (runs.data, runs.classes)
      (trainExample, trainLabel, testExample) = (runs.trainExample, runs.trainLabel, runs.testExample)
    }

    public init(_ dataset: ImageDataset) {
      (data, classes) = (dataset.content, dataset.classes)
      (trainExample, trainLabel) = (dataset.train.example, dataset.train.label)
      testExample = dataset.test?.example ?? []
    }

    /// Those of another scores file, which knows no test split.
    public init(_ scores: Scores) {
      (data, classes) = (scores.data, scores.classes)
      (trainExample, trainLabel, testExample) = (scores.trainExample, scores.trainLabel, [])
    }
  }

  /// Writes a scores file piece by piece: the cells first, then measures in any order, and the provenance at the end.
  public final class Writer {
    public let file: ArtefactWriter
    private let cells: Int
    private let examples: [Split: [Int64]]

    /// - Parameters:
    ///   - runs: what the scores are made from; of these the file takes the classes, examples and labels.
    ///   - cells: in the order of the rows of all that is written.
    public convenience init(_ output: Output, runs: RunsSet, cells: [CellRecord]) throws {
      try self.init(output, of: Examples(runs), cells: cells)
    }

    /// - Parameter cells: in the order of the rows of all that is written.
    public init(_ output: Output, of set: Examples, cells: [CellRecord]) throws {
      file = try ArtefactWriter(output)
      self.cells = cells.count
      examples = [.train: set.trainExample, .test: set.testExample]
      try file.textScale("/cell", cells.map(\.label), .init("configuration"))
      try file.textScale("/class", set.classes, .init("names of the classes"))
      try file.dimension("/byte", length: 32)
      try file.text(
        "/cell_config", cells.map(\.config.canonical), dimensions: ["/cell"], .init("configuration as JSON"))
      let counts: [(String, [Int64], String)] = [
        ("/parameter_count", cells.map { Int64($0.parameterCount) }, "trained parameters"),
        ("/runs", cells.map { Int64($0.runs) }, "runs used"),
        ("/diverged", cells.map { Int64($0.diverged) }, "diverged runs, left out"),
      ]
      for (path, values, name) in counts {
        try file.variable(path, values, [cells.count], dimensions: ["/cell"], .init(name))
      }
      try file.variable(
        "/digest", cells.flatMap { bytes(ofHex: $0.content.isEmpty ? String(repeating: "0", count: 64) : $0.content) },
        [cells.count, 32], dimensions: ["/cell", "/byte"],
        .init("content of the runs", definition: "the same for any split of the runs into files"))
      try file.scale(
        "/train/example", set.trainExample, .init("position in the published order of the split"))
      try file.variable(
        "/train/label", set.trainLabel, [set.trainLabel.count], dimensions: ["/train/example"],
        .init("label", definition: "index into /class"))
      try file.set("data", to: set.data)
    }

    /// The examples of a split as a coordinate of a group, and its path.
    ///
    /// Each group has its own: netCDF looks for dimensions in the group and in those around it, and nowhere else.
    public func exampleScale(
      _ group: String, _ split: Split = .train, named name: String = "example"
    ) throws -> String {
      let path = "/\(group)/\(name)"
      try file.scale(path, examples[split, default: []], .init("position in the published order of the \(split) split"))
      return path
    }

    /// A measure, (cell, example) each part.
    public func write(_ measure: Measure, of split: Split = .train) throws {
      let dimensions = ["/cell", try exampleScale(measure.group, split)]
      let shape = [cells, examples[split, default: []].count]
      for part in measure.floats {
        try file.variable(
          "/\(measure.group)/\(part.name)", part.values, shape, dimensions: dimensions,
          .init(part.name, definition: part.definition), fill: .nan)
      }
      for part in measure.counts {
        try file.variable(
          "/\(measure.group)/\(part.name)", part.values, shape, dimensions: dimensions,
          .init(part.name, definition: part.definition))
      }
    }

    /// A value of each cell, with what it has of interval and spread.
    public func write(_ summary: Summary) throws {
      let parts = [
        ("", summary.value), ("_lower", summary.lower), ("_upper", summary.upper), ("_sd", summary.standardDeviation),
      ]
      for (suffix, values) in parts {
        guard let values else { continue }
        try file.variable(
          "/summary/\(summary.name)\(suffix)", values, [cells], dimensions: ["/cell"],
          .init(summary.name + suffix, definition: summary.definition), fill: .nan)
      }
    }

    /// Writes the provenance, and makes the file appear.
    public func finish(options: JSON, inputs: [InputRecord]) throws {
      try file.finish(Provenance(kind: .scores, options: options, inputs: inputs))
    }
  }
}

extension RunsSet {
  /// The data set and all runs, as provenance names them.
  public var inputRecords: [InputRecord] {
    [InputRecord(kind: .data, content: data)] + members.map { record(of: $0) }
  }
}

/// The bytes of hexadecimal text.
func bytes(ofHex text: String) -> [UInt8] {
  let digits = Array(text.utf8)
  return stride(from: 0, to: digits.count - 1, by: 2).map { i in
    UInt8(String(decoding: digits[i..<(i + 2)], as: UTF8.self), radix: 16) ?? 0
  }
}

/// A scores file open for reading.
public final class Scores {
  public let reader: ArtefactReader
  /// Labels of the configurations.
  public let cells: [String]
  public let configs: [JSON]
  public let parameterCounts: [Int]
  public let runs: [Int]
  public let diverged: [Int]
  /// The content of the data set.
  public let data: String
  public let classes: [String]
  public let trainExample: [Int64]
  public let trainLabel: [Int32]

  public init(_ reader: ArtefactReader) throws {
    try reader.require(.scores)
    self.reader = reader
    cells = try reader.readText("/cell")
    configs = try reader.readText("/cell_config").map {
      try JSON(parsing: $0, subject: "\(reader.name): /cell_config")
    }
    parameterCounts = try reader.read("/parameter_count", Int64.self).values.map(Int.init)
    runs = try reader.read("/runs", Int64.self).values.map(Int.init)
    diverged = try reader.read("/diverged", Int64.self).values.map(Int.init)
    data = try reader.requireText("data")
    classes = try reader.readText("/class")
    trainExample = try reader.read("/train/example", Int64.self).values
    trainLabel = try reader.read("/train/label", Int32.self).values
    let counts = [configs.count, parameterCounts.count, runs.count, diverged.count]
    guard !cells.isEmpty, counts.allSatisfy({ $0 == cells.count }), trainLabel.count == trainExample.count
    else {
      throw Failure(.badData, reader.name, "its variables differ in length")
    }
    guard (parameterCounts + runs + diverged).allSatisfy({ $0 >= 0 }) else {
      throw Failure(.badData, reader.name, "has a number of parameters or runs below 0")
    }
    guard Set(cells).count == cells.count else {
      throw Failure(.badData, "\(reader.name): /cell", "two configurations have one label")
    }
    guard trainLabel.allSatisfy({ (0..<Int32(classes.count)).contains($0) }) else {
      throw Failure(.badData, "\(reader.name): /train/label", "a label is outside of the classes")
    }
  }

  /// A measure's part, one row a cell; nil where the file does not have it.
  public func rows(_ path: String) throws -> [[Float]]? {
    guard try reader.has(path) else { return nil }
    let (values, shape) = try reader.read(path, Float.self, rank: 2)
    guard shape == [cells.count, trainExample.count] else {
      throw Failure(.badData, "\(reader.name): \(path)", "has shape \(shape)")
    }
    return cells.indices.map { Array(values[($0 * shape[1])..<(($0 + 1) * shape[1])]) }
  }

  /// The content of the runs that each cell was made from, hexadecimal; empty where the file does not say.
  public func contents() throws -> [String] {
    guard try reader.has("/digest") else { return cells.map { _ in "" } }
    let (values, shape) = try reader.read("/digest", UInt8.self, rank: 2)
    guard shape == [cells.count, 32] else {
      throw Failure(.badData, "\(reader.name): /digest", "has shape \(shape)")
    }
    return cells.indices.map { Digest.hex(values[($0 * 32)..<(($0 + 1) * 32)]) }
  }

  /// Like `rows`, of whole numbers.
  public func countRows(_ path: String) throws -> [[Int32]]? {
    guard try reader.has(path) else { return nil }
    let (values, shape) = try reader.read(path, Int32.self, rank: 2)
    guard shape == [cells.count, trainExample.count] else {
      throw Failure(.badData, "\(reader.name): \(path)", "has shape \(shape)")
    }
    return cells.indices.map { Array(values[($0 * shape[1])..<(($0 + 1) * shape[1])]) }
  }

  /// A summary by name, such as `memorisation` or `memorisation_lower`: one value a cell.
  public func summary(_ name: String) throws -> [Float]? {
    let path = "/summary/\(name)"
    guard try reader.has(path) else { return nil }
    let values = try reader.read(path, Float.self).values
    guard values.count == cells.count else {
      throw Failure(
        .badData, "\(reader.name): \(path)", "has \(values.count) values for \(cells.count) cells")
    }
    return values
  }
}
