import Artefacts
import Figures
import ToolKit

/// What `score agreement` wrote of wrong labels: how well memorisation and proxies find them.
struct Detection {
  let cells: [String]
  let measures: [String]
  let against: [String]
  /// (cell, measure, against) each.
  let auroc, lower, upper, averagePrecision: [Float]
  let wrong, right: [Int32]

  /// Nil where the file has none.
  init?(_ scores: Scores) throws {
    let reader = scores.reader
    guard try reader.has("/detection/auroc") else { return nil }
    cells = scores.cells
    measures = try reader.readText("/detection/measure")
    against = try reader.readText("/detection/against")
    let shape = [cells.count, measures.count, against.count]
    func checked<Value>(_ name: String, _ read: (values: [Value], shape: [Int])) throws -> [Value] {
      guard read.shape == shape else {
        throw Failure(.badData, "\(reader.name): /detection/\(name)", "has shape \(read.shape)")
      }
      return read.values
    }
    func numbers(_ name: String) throws -> [Float] {
      try checked(name, reader.read("/detection/\(name)", Float.self, rank: 3))
    }
    func counts(_ name: String) throws -> [Int32] {
      try checked(name, reader.read("/detection/\(name)", Int32.self, rank: 3))
    }
    (auroc, lower, upper) = (try numbers("auroc"), try numbers("auroc_lower"), try numbers("auroc_upper"))
    averagePrecision = try numbers("average_precision")
    (wrong, right) = (try counts("wrong"), try counts("right"))
  }
}

extension Material {
  /// How well memorisation and proxies find wrong labels.
  func detectionTable() -> Table? {
    let found = agreements.compactMap(\.detection)
    guard !found.isEmpty else { return nil }
    var table = Table(
      name: "detection", title: "How well memorisation and its proxies find wrong labels.",
      caption:
        "AUROC: how often an example with a wrong label is put above one with a right label, ties counted as half; "
        + ".5 is chance; 95 % intervals (DeLong) are over examples. Against all right labels, or against those of large "
        + "sub-populations (head), or of one or two examples (tail), which networks can only learn by rote too. Average "
        + "precision is the area under precision against recall; chance is the share of wrong labels.",
      columns: [
        .init("cell", heading: "Network", .text), .init("measure", heading: "Measure", .text),
        .init("against", heading: "Against", .text), .init("wrong", heading: "Wrong", .integer),
        .init("right", heading: "Right", .integer), .init("auroc", heading: "AUROC", .interval(digits: 3)),
        .init("average_precision", heading: "Average precision", .number(digits: 3)),
      ])
    for file in found {
      var place = 0
      for cell in file.cells {
        for measure in file.measures {
          for against in file.against {
            defer { place += 1 }
            table.append([
              .text(cell), .text(measure), .text(against), .integer(Int(file.wrong[place])),
              .integer(Int(file.right[place])),
              .interval(
                Double(file.auroc[place]), lower: Double(file.lower[place]), upper: Double(file.upper[place])),
              .number(Double(file.averagePrecision[place])),
            ])
          }
        }
      }
    }
    return table
  }
}
