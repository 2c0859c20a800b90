import ArgumentParser
import Artefacts
import ToolKit
import Training

/// Which examples no run is trained on.
struct ExclusionOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Leave examples out of every subset by their memorisation in this scores file; with --top or --above.",
      valueName: "scores"))
  var exclude: String?

  @Option(help: ArgumentHelp("The most memorised: a share of the training set, as 5%, or a number.", valueName: "n|n%"))
  var top: String?

  @Option(help: ArgumentHelp("Those with a score of at least this.", valueName: "score"))
  var above: Double?

  @Option(help: ArgumentHelp("Random examples instead, for comparison: a share or a number.", valueName: "n|n%"))
  var random: String?

  @Flag(help: "Leave out, instead, as many random other examples of each class.")
  var matched = false

  @Option(help: ArgumentHelp("Whose scores, where the file has several cells.", valueName: "label"))
  var cell: String?

  @Option(help: "Seed of --random and --matched; --seed where it is not given.")
  var excludeSeed: UInt64?

  /// The files that it reads.
  var files: [String] { exclude.map { [$0] } ?? [] }

  /// What is left out of the runs on a data set, or nil.
  func resolved(_ dataset: ImageDataset, seed: UInt64) throws -> Exclusion? {
    guard let kind = try kind() else { return nil }
    let rule = ExclusionRule(kind, isMatched: matched, seed: excludeSeed ?? seed)
    let file = try exclude.map { try open($0, for: dataset) }
    if case .random = kind { return try rule.exclusion(labels: dataset.train.label, scores: nil) }
    return try rule.exclusion(labels: dataset.train.label, scores: file.map(scores))
  }

  private func kind() throws -> ExclusionRule.Kind? {
    func usage(_ problem: String) -> Failure { Failure(.usage, nil, problem) }
    func amount(_ text: String, _ option: String) throws -> ExclusionRule.Amount {
      guard let amount = ExclusionRule.Amount(text) else {
        throw usage("\(option) takes a share such as 5%, or a number of examples of at least 1")
      }
      return amount
    }
    let count = [top != nil, above != nil, random != nil].count { $0 }
    guard count <= 1 else { throw usage("--top, --above and --random are one or the other") }
    guard count == 1 else {
      guard exclude == nil, !matched, cell == nil, excludeSeed == nil else {
        throw usage("what is excluded is said by --top, --above or --random, and none of them is given")
      }
      return nil
    }
    if let random {
      guard !matched else { throw usage("--matched goes with --top and --above") }
      guard cell == nil else { throw usage("--cell goes with --top and --above") }
      return .random(try amount(random, "--random"))
    }
    guard exclude != nil else { throw usage("--top and --above need the scores of --exclude") }
    guard matched || excludeSeed == nil else { throw usage("--exclude-seed goes with --random and --matched") }
    if let top { return .top(try amount(top, "--top")) }
    guard let above, above.isFinite else { throw usage("--above takes a number") }
    return .above(above)
  }

  private func open(_ name: String, for dataset: ImageDataset) throws -> Scores {
    let file = try Scores(ArtefactReader(Input(name)))
    guard file.data == dataset.content, file.trainExample == dataset.train.example else {
      throw Failure(
        .badData, name, "has the scores of another data set than \(dataset.reader.name)",
        remedy: "name scores of runs on this one")
    }
    return file
  }

  private func scores(_ file: Scores) throws -> ExclusionRule.Scores {
    let name = file.reader.name
    let path = "/memorisation/score"
    guard let rows = try file.rows(path) else {
      throw Failure(.badData, name, "has no \(path)", remedy: "name a file that score memorisation made")
    }
    let labels = file.cells.joined(separator: ", ")
    let row: Int
    if let cell {
      guard let found = file.cells.firstIndex(of: cell) else {
        throw Failure(.usage, name, "has no cell \(cell)", remedy: "it has \(labels)")
      }
      row = found
    } else {
      guard file.cells.count == 1 else {
        throw Failure(.usage, name, "has the scores of several cells", remedy: "name one by --cell: \(labels)")
      }
      row = 0
    }
    return .init(values: rows[row], cell: file.cells[row], content: try content(of: file, rows[row]))
  }

  /// The file's own digest, or one of the scores where another program wrote none.
  private func content(of file: Scores, _ values: [Float]) throws -> String {
    if let content = file.reader.content { return content }
    let digest = Digest()
    digest.update(values)
    return digest.finishHex()
  }
}
