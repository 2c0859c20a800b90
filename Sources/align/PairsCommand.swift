import ArgumentParser
import Figures
import Measures
import ToolKit

/// `align pairs`: how the four measures differ, on two vectors.
struct PairsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pairs",
    abstract: "Alignment, diversity, stiffness and confusion of two vectors, by closed forms; reads no files.",
    discussion: Program.text(
      """
      Prints tab-separated values: Figure 3 of Mehta et al. 2021. The first vector
      has norm 1, the second that of --norm-ratios.

        align pairs --norm-ratios 1,2,10 --angles 0,45,90
      """))

  @Option(help: ArgumentHelp("Norms of the second vector over that of the first.", valueName: "list"))
  var normRatios = NumberSeries([1, 2, 5, 10])

  @Option(help: ArgumentHelp("Angles between the vectors, in degrees.", valueName: "list"))
  var angles = NumberSeries(Array(stride(from: 0, through: 180, by: 15)))

  func validate() throws {
    guard normRatios.values.allSatisfy({ $0 > 0 }) else { throw ValidationError("--norm-ratios takes numbers above 0") }
  }

  func run() throws {
    var table = Table(
      name: "two-vectors", title: "Measures of two vectors",
      columns: ["norm_ratio", "angle", "alignment", "diversity", "stiffness", "confusion"].map {
        .init($0, .number(digits: 3))
      })
    for ratio in normRatios.values {
      for angle in angles.values {
        let pair = TwoVectors(normRatio: ratio, angle: angle)
        table.append(
          [ratio, angle, pair.alignment, pair.diversity, pair.stiffness, pair.confusion].map { .number($0) })
      }
    }
    try StandardOutput.write(Array(TSV.render(table).utf8))
  }
}

/// Numbers with commas between them.
struct NumberSeries: ExpressibleByArgument {
  let values: [Double]

  init(_ values: [Double]) { self.values = values }

  init?(argument: String) {
    let numbers = argument.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) }
    guard numbers.allSatisfy({ $0?.isFinite == true }) else { return nil }
    values = numbers.compactMap { $0 }
  }

  var defaultValueDescription: String {
    values.map { $0 == $0.rounded() ? "\(Int($0))" : "\($0)" }.joined(separator: ",")
  }
}
