import Artefacts
import ToolKit

/// The memorisation of each example by one configuration, and its means, as a scores file has them.
struct CellScores {
  /// A mean over runs, with its 95 % interval and the standard deviation; NaN where the file has none.
  struct Mean {
    var value: Double
    var lower = Double.nan
    var upper = Double.nan
    var standardDeviation = Double.nan
  }

  let file: String
  let label: String
  let config: JSON
  let parameterCount: Int
  let runs: Int
  let diverged: Int
  /// (example) each; NaN where an example was in all runs or in none.
  let score: [Float]
  let lower: [Float]
  let upper: [Float]
  let inAccuracy: [Float]
  let outAccuracy: [Float]
  /// Shares of true memorisation by maximum likelihood in bins from -1 to 1, and in [0, .1] and [.9, 1]; nil where the file
  /// does not have them.
  let mixture: [Float]?
  let massWithoutNoise: (low: Double, high: Double)?
  private let means: [String: Mean]

  /// The mean of `memorisation`, `in_accuracy`, `out_accuracy` or `test_accuracy`.
  func mean(_ name: String) -> Mean? { means[name] }

  static let quantities = ["memorisation", "in_accuracy", "out_accuracy", "test_accuracy"]

  /// Those of all configurations of a file; none where it holds other measures only.
  static func all(in file: Scores) throws -> [CellScores] {
    guard try file.reader.has("/memorisation/score") else { return [] }
    func rows(_ part: String) throws -> [[Float]] {
      guard let rows = try file.rows("/memorisation/\(part)") else {
        throw Failure(
          .badData, file.reader.name, "lacks the variable /memorisation/\(part)",
          remedy: "make it with score memorisation")
      }
      return rows
    }
    let parts = try ["score", "lower", "upper", "in_accuracy", "out_accuracy"].map(rows)
    var means = [[String: Mean]](repeating: [:], count: file.cells.count)
    for name in quantities {
      guard let values = try file.summary(name) else { continue }
      let lower = try file.summary(name + "_lower")
      let upper = try file.summary(name + "_upper")
      let spread = try file.summary(name + "_sd")
      for i in means.indices {
        func part(_ values: [Float]?) -> Double { values.map { Double($0[i]) } ?? .nan }
        means[i][name] = Mean(
          value: part(values), lower: part(lower), upper: part(upper), standardDeviation: part(spread))
      }
    }
    let mixture = try mixtures(in: file)
    let masses = try ["mass_low_mixture", "mass_high_mixture"].map(file.summary)
    return file.cells.indices.map { i in
      CellScores(
        file: file.reader.name, label: file.cells[i], config: file.configs[i],
        parameterCount: file.parameterCounts[i], runs: file.runs[i], diverged: file.diverged[i],
        score: parts[0][i], lower: parts[1][i], upper: parts[2][i], inAccuracy: parts[3][i],
        outAccuracy: parts[4][i], mixture: mixture?[i],
        massWithoutNoise: masses[0].flatMap { low in masses[1].map { (Double(low[i]), Double($0[i])) } },
        means: means[i])
    }
  }

  private static func mixtures(in file: Scores) throws -> [[Float]]? {
    let path = "/histogram/mixture"
    guard try file.reader.has(path) else { return nil }
    let (values, shape) = try file.reader.read(path, Float.self, rank: 2)
    guard shape == [file.cells.count, mixtureBins] else {
      throw Failure(.badData, "\(file.reader.name): \(path)", "has shape \(shape)")
    }
    return file.cells.indices.map { Array(values[($0 * mixtureBins)..<(($0 + 1) * mixtureBins)]) }
  }

  static let mixtureBins = 20
}
