import Artefacts
import Figures
import ToolKit

/// What a file is, as a table of properties.
enum FileTable {
  static func of(_ dataset: ImageDataset, _ counts: ClassCounts) throws -> Table {
    let colours = [1: "grey", 3: "RGB"][dataset.channels] ?? "\(dataset.channels) channels"
    let marked = counts.columns.map { ($0.heading, String($0.counts.reduce(0, +))) }
    return try table(
      "A data set file", dataset.reader,
      [
        ("Name", dataset.name), ("Source", try dataset.reader.text("source")),
        ("Images", "\(dataset.width) × \(dataset.height), \(colours)"), ("Classes", String(dataset.classes.count)),
      ] + marked)
  }

  static func of(_ runs: RunsFile) throws -> Table {
    let kept = try kept(in: runs)
    let diverged = try runs.runs.indices.filter { try runs.isDiverged(index: $0) }
    return try table(
      "A runs file", runs.reader,
      [
        ("Architecture", runs.architecture), ("Parameters", String(runs.parameterCount)),
        ("Distilled from", runs.config["teachers"]?["architecture"]?.string),
        ("Runs", String(runs.runs.count)), ("Run numbers", ranges(runs.runs)),
        ("Diverged", String(diverged.count)),
        ("Epochs", try runs.has("/epoch") ? String(runs.reader.read("/epoch", Int32.self).values.count) : nil),
        ("Kept", kept.isEmpty ? "nothing more" : kept.joined(separator: ", ")),
        ("Classes", String(runs.classes.count)), ("Training examples", String(runs.trainExample.count)),
        ("Test examples", String(runs.testExample.count)), ("Data set", runs.data), ("Cell", runs.cell),
      ])
  }

  /// What was kept of the runs.
  static func kept(in runs: RunsFile) throws -> [String] {
    try [
      ("logits", "/train/logit"), ("dynamics", "/dynamics/train/example"), ("checkpoints", "/checkpoint/parameter"),
    ].filter { try runs.has($0.1) }.map(\.0)
  }

  static func of(_ scores: Scores) throws -> Table {
    try table(
      "A scores file", scores.reader,
      [
        ("Configurations", String(scores.cells.count)), ("Classes", String(scores.classes.count)),
        ("Training examples", String(scores.trainExample.count)), ("Data set", scores.data),
      ])
  }

  /// The configurations of a scores file.
  static func cells(of scores: Scores) -> Table {
    Table(
      name: "cells", title: "Configurations",
      columns: [
        .init("cell", heading: "Network", .text), .init("parameters", heading: "Parameters", .integer),
        .init("runs", heading: "Runs", .integer), .init("diverged", heading: "Diverged", .integer),
      ],
      rows: scores.cells.indices.map {
        [
          .text(scores.cells[$0]), .integer(scores.parameterCounts[$0]), .integer(scores.runs[$0]),
          .integer(scores.diverged[$0]),
        ]
      })
  }

  static func of(_ alignment: Alignment) throws -> Table {
    try table(
      "An alignment file", alignment.reader,
      [
        ("Network", alignment.label), ("Parameters", String(alignment.parameterCount)),
        ("Runs", String(alignment.runs.count)), ("Run numbers", ranges(alignment.runs)),
        ("Snapshots", alignment.snapshots.map(String.init).joined(separator: ", ")),
        ("Tensors", alignment.tensors.joined(separator: ", ")), ("Classes", String(alignment.classes.count)),
        ("Taken over", alignment.scope), ("Data set", alignment.data), ("Cell", alignment.cell),
      ])
  }

  /// The properties, without those that the file does not have, and after them those that every file has.
  private static func table(
    _ title: String, _ reader: ArtefactReader, _ properties: [(name: String, value: String?)]
  ) throws -> Table {
    let all = properties + [("Made by", try reader.text("software")), ("Content", reader.content)]
    return Table(
      name: "file", title: title,
      columns: [.init("property", heading: "Property", .text), .init("value", heading: "Value", .text)],
      rows: all.compactMap { name, value in value.map { [.text(name), .text($0)] } })
  }

  /// The options that a file was made with, a row each; those that were not given have none.
  static func options(of reader: ArtefactReader) throws -> Table {
    let json = try reader.text("options").map { try JSON(parsing: $0, subject: "\(reader.name): options") }
    return table(of: json ?? [:], "options", "Options")
  }

  /// What the runs of a configuration depend on.
  static func configuration(_ config: JSON) -> Table { table(of: config, "configuration", "Configuration") }

  private static func table(of json: JSON, _ name: String, _ title: String) -> Table {
    Table(
      name: name, title: title,
      columns: [.init("option", heading: "Option", .text), .init("value", heading: "Value", .text)],
      rows: leaves(json, path: []).map { [.text($0.path), .text($0.value)] })
  }

  /// Members of members by their paths, as `selection.per_class`, in order.
  private static func leaves(_ json: JSON, path: [String]) -> [(path: String, value: String)] {
    switch json {
    case .null: []
    case .object(let members):
      members.sorted { $0.key < $1.key }.flatMap { leaves($0.value, path: path + [$0.key]) }
    case .string(let text): [(path.joined(separator: "."), text)]
    case .bool, .number, .array: [(path.joined(separator: "."), json.canonical)]
    }
  }

  /// Ascending numbers as half-open ranges, such as "0:10, 12:13".
  static func ranges(_ numbers: [Int]) -> String {
    var ranges: [ClosedRange<Int>] = []
    for number in numbers {
      if let last = ranges.last, last.upperBound < number, last.upperBound == number - 1 {
        ranges[ranges.count - 1] = last.lowerBound...number
      } else {
        ranges.append(number...number)
      }
    }
    // The end of the last that a file can hold is no number.
    return ranges.map { "\($0.lowerBound):\($0.upperBound == .max ? "" : String($0.upperBound + 1))" }
      .joined(separator: ", ")
  }
}
