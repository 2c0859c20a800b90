import ArgumentParser
import Measures
import ToolKit

/// `score plan`: how many runs a question takes, before they are trained.
struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "How sure scores of so many runs are, or how many runs a question takes; reads no files.",
    discussion: Program.text(
      """
      Prints a table. "worst" is for accuracies near one half, "typical" for the mean
      over all accuracies.

        score plan                        what 20 to 4000 runs give
        score plan --runs 100             all that 100 runs give
        score plan --standard-error 0.05  runs for that error of an example's score
        score plan --detect 0.2           runs that find such a difference of two scores
        score plan --alpha 0.1 --sizes 7  runs at which categories of trajectories hold
      """))

  enum Format: String, ExpressibleByArgument, CaseIterable { case text, tsv }

  @Option(help: "Share of the training set in a run's subset.")
  var ratio = 0.7

  @Option(help: "Runs of each configuration.")
  var runs: Int?

  @Option(help: ArgumentHelp("Wanted standard error of an example's score.", valueName: "error"))
  var standardError: Double?

  @Option(help: ArgumentHelp("Difference to be found: 5 % level, 80 % power.", valueName: "difference"))
  var detect: Double?

  @Option(help: ArgumentHelp("Threshold of trajectories.", valueName: "difference"))
  var alpha: Double?

  @Option(help: "Sizes that trajectories go over.")
  var sizes = 7

  @Option(
    help: ArgumentHelp(
      "Standard deviation over runs of a mean over examples, or of its difference between two sizes with the same masks.",
      valueName: "sd"))
  var runSd: Double?

  @Option(help: "Simulated examples for the share that is called constant.")
  var draws = 4000

  @Option(help: "Seed of the simulation.")
  var seed: UInt64 = 0

  @Option(help: "text or tsv.")
  var format = Format.text

  func validate() throws {
    guard ratio > 0, ratio < 1 else { throw ValidationError("--ratio takes a share between 0 and 1") }
    guard [runs != nil, standardError != nil, detect != nil].count(where: { $0 }) <= 1 else {
      throw ValidationError("--runs, --standard-error and --detect are questions of their own: give one")
    }
    guard alpha == nil || standardError == nil && detect == nil else {
      throw ValidationError("--alpha goes with --runs, or alone")
    }
    guard runSd == nil || runs != nil || detect != nil else {
      throw ValidationError("--run-sd goes with --runs or --detect")
    }
    guard (2...1_000_000).contains(runs ?? 2) else { throw ValidationError("--runs takes 2 to 1000000") }
    for (name, value) in [("standard-error", standardError), ("detect", detect), ("alpha", alpha), ("run-sd", runSd)] {
      // Below, no number of runs that is a number would do.
      guard value.map({ $0 >= 1e-4 && $0 <= 2 }) ?? true else { throw ValidationError("--\(name) takes 0.0001 to 2") }
    }
    guard (2...100).contains(sizes) else { throw ValidationError("--sizes takes 2 to 100") }
    guard (1...1_000_000).contains(draws) else { throw ValidationError("--draws takes 1 to 1000000") }
  }

  func run() throws {
    let text = format == .text ? aligned(lines) : PlanCommand.tsv(lines)
    try StandardOutput.write(Array(text.utf8))
  }

  private typealias Line = (name: String, value: String, unit: String)

  private static func tsv(_ lines: [Line]) -> String {
    "quantity\tvalue\tunit\n" + lines.map { "\($0.name)\t\($0.value)\t\($0.unit)\n" }.joined()
  }

  private var lines: [Line] {
    if let runs { return all(runs) }
    if let standardError {
      return forBoth("runs for a standard error of \(standardError)", "runs", places: 0) {
        $0.runs(standardError: standardError)
      }
    }
    if let detect {
      var lines = forBoth("runs to find a difference of \(detect) in an example's score", "runs a size", places: 0) {
        $0.runs(detecting: detect)
      }
      if let runSd {
        let runs = ScorePlan.runs(detectingMean: detect, standardDeviation: runSd)
        lines.append(("runs to find a mean of \(detect), s.d. \(runSd)", fixed(runs, places: 0), "runs"))
      }
      return lines
    }
    if let alpha {
      return forBoth(
        "runs for 90 % of constant examples called so at \(alpha), \(sizes) sizes", "runs a size", places: 0
      ) {
        constantShare($0).runs(alpha: alpha)
      }
    }
    return [20, 50, 100, 200, 400, 1000, 2000, 4000].flatMap { runs in
      forBoth("standard error at \(runs) runs", "of a memorisation score", places: 3) { $0.standardError(runs: runs) }
    }
  }

  private func all(_ runs: Int) -> [Line] {
    var lines = forBoth("standard error", "of a memorisation score", places: 3) { $0.standardError(runs: runs) }
    lines += forBoth("smallest difference found", "between an example's scores at two sizes", places: 3) {
      $0.detectableDifference(runs: runs)
    }
    if let runSd {
      let mean = ScorePlan.detectableMean(runs: runs, standardDeviation: runSd)
      lines.append(("smallest mean found, s.d. \(runSd)", fixed(mean, places: 4), "of the mean over examples"))
    }
    for alpha in alpha.map({ [$0] }) ?? [0.05, 0.1, 0.2, 0.3] {
      lines += forBoth("called constant at \(alpha)", "of examples that are, over \(sizes) sizes", places: 3) {
        constantShare($0).share(runs: runs, alpha: alpha)
      }
    }
    return lines
  }

  private func constantShare(_ plan: ScorePlan) -> ConstantShare {
    ConstantShare(plan: plan, sizes: sizes, draws: draws, seed: seed)
  }

  /// A line for each spread of accuracies.
  private func forBoth(_ name: String, _ unit: String, places: Int, _ value: (ScorePlan) -> Double) -> [Line] {
    ScorePlan.Spread.allCases.map { spread in
      ("\(name), \(spread)", fixed(value(ScorePlan(ratio: ratio, spread: spread)), places: places), unit)
    }
  }
}
