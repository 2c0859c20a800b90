import Artefacts
import ToolKit

/// A configuration of which a scores file holds measures, such as memorisation, proxies or influence.
struct MeasuredCell {
  let file: String
  let label: String
  let config: JSON
  /// The file's groups that hold measures.
  let measures: [String]

  static func all(in file: Scores) throws -> [MeasuredCell] {
    // On test examples and on held-out ones it is two measures.
    let isOnTrain = try file.influenceSplit() == .train
    let measures = try file.measures().map { $0 == "influence" && isOnTrain ? "influence on held-out examples" : $0 }
    return file.cells.indices.map { i in
      MeasuredCell(
        file: file.reader.name, label: file.cells[i], config: file.configs[i], measures: measures)
    }
  }

  /// Several files may have the same configurations, but a measure of one only once: it would be counted twice.
  static func refuseRepeats(_ cells: [MeasuredCell]) throws {
    var seen: [JSON: [String: String]] = [:]
    for cell in cells {
      for measure in cell.measures {
        guard let other = seen[cell.config, default: [:]].updateValue(cell.file, forKey: measure) else { continue }
        throw Failure(
          .badData, cell.file, "holds \(measure) of \(cell.label), as \(other) does",
          remedy: "name a file of each measure of a configuration")
      }
    }
  }
}

extension Scores {
  /// The groups that hold measures, in byte order: all but examples and means.
  func measures() throws -> [String] { try reader.groups().filter { !["train", "test", "summary"].contains($0) } }
}
