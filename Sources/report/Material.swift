import Artefacts
import Figures
import Measures
import ToolKit

/// What the files on the command line hold, on one data set, by configuration.
struct Material {
  /// One configuration; what no file tells of it is nil.
  struct Cell {
    let label: String
    /// For charts: the label without the first words that all labels share.
    let shortLabel: String
    let config: JSON
    let parameterCount: Int
    let scores: CellScores?
    let runs: CellRuns?
    let alignment: Alignment?

    /// Whether any example has a score.
    var hasScores: Bool { scores.map { $0.score.contains { !$0.isNaN } } ?? false }
    /// Without its teacher.
    var architecture: String { config["architecture"]?.string ?? label }
    /// The architecture of its teacher, where it has one.
    var teacher: String? { config["teachers"]?["architecture"]?.string }
  }

  /// By parameter count; of equal ones, trained on labels before distilled.
  let cells: [Cell]
  /// Whether scores files are named, whatever they hold.
  let hasScoresFiles: Bool
  let dataset: ImageDataset?
  /// The data set's content.
  let data: String?
  /// Positions and labels of the training examples; empty where no file has them.
  let trainExamples: (example: [Int64], label: [Int32])
  let classes: [String]
  /// What the data set file knows of its examples, and images of some: nil without one.
  let truth: GroundTruth?
  let images: ExampleImages?
  /// Of the scores over sizes, and what `score agreement` found.
  let trajectories: Trajectories?
  let agreements: [ProxyAgreement]
  let proxyMeans: [ProxyMeans]
  let influence: [CellInfluence]

  var scored: [Cell] { cells.filter { $0.scores != nil } }

  init(_ inputs: [Input], quiet: Bool) throws {
    var agreement = Agreement()
    var datasets: [ImageDataset] = []
    var scores: [CellScores] = []
    var measured: [MeasuredCell] = []
    var alignments: [Alignment] = []
    var trajectories: [Trajectories] = []
    var agreements: [ProxyAgreement] = []
    var proxyMeans: [ProxyMeans] = []
    var influential: [Scores] = []
    var runInputs: [Input] = []
    for input in inputs {
      let reader = try ArtefactReader(input)
      switch reader.kind {
      case .data:
        datasets.append(try ImageDataset(reader))
        try agreement.check(datasets[datasets.count - 1])
      case .scores:
        let file = try Scores(reader)
        try agreement.check(file)
        scores += try CellScores.all(in: file)
        measured += try MeasuredCell.all(in: file)
        try Trajectories(file).map { trajectories.append($0) }
        try ProxyAgreement(file).map { agreements.append($0) }
        try ProxyMeans(file).map { proxyMeans.append($0) }
        if try file.influenceSplit() != nil { influential.append(file) }
      case .alignment:
        alignments.append(try Alignment(reader))
        try agreement.check(alignments[alignments.count - 1])
      case .runs:
        try agreement.check(try RunsFile(reader))
        runInputs.append(input)
      }
    }
    guard datasets.count <= 1 else {
      throw Failure(.usage, datasets[1].reader.name, "is a second data set file", remedy: "name one")
    }
    try MeasuredCell.refuseRepeats(measured)
    guard trajectories.count <= 1 else {
      throw Failure(.usage, trajectories[1].reader, "is a second file of trajectories", remedy: "name one")
    }
    self.trajectories = trajectories.first
    self.agreements = agreements
    self.proxyMeans = proxyMeans
    try Material.refuseRepeats(alignments)
    let runs =
      runInputs.isEmpty
      ? []
      : try CellRuns.all(
        in: try RunsSet(runInputs), categories: trajectories.first?.shownCategories ?? ([], 0), quiet: quiet)
    let dataset = datasets.first
    self.dataset = dataset
    influence = try influential.flatMap { file in
      try CellInfluence.all(in: file) { split in
        try dataset.flatMap { dataset in
          let examples = split == .train ? dataset.train.example : dataset.test?.example ?? []
          return try dataset.integers(split.rawValue, "subpopulation").map { groups in
            Dictionary(zip(examples, groups)) { first, _ in first }
          }
        }
      }
    }
    classes = agreement.classes
    data = agreement.data
    trainExamples = agreement.trainExamples
    hasScoresFiles = !measured.isEmpty
    cells = Material.joined(scores, alignments, runs)
    truth = try dataset.flatMap { try GroundTruth($0) }
    // Of equal sizes the first: the one that was trained on labels.
    let largest = cells.filter { $0.scores != nil }.reduce(nil as Cell?) { largest, cell in
      largest.map { $0.parameterCount >= cell.parameterCount } ?? false ? largest : cell
    }
    images = try dataset.flatMap { dataset in try largest.flatMap { try ExampleImages($0, dataset) } }
  }

  /// A configuration in two files would be counted twice.
  private static func refuseRepeats(_ alignments: [Alignment]) throws {
    var seen: [JSON: String] = [:]
    for alignment in alignments {
      if let other = seen.updateValue(alignment.reader.name, forKey: alignment.config) {
        throw Failure(
          .badData, alignment.reader.name, "has a configuration that is in \(other) too",
          remedy: "name each configuration once")
      }
    }
  }

  private static func joined(_ scores: [CellScores], _ alignments: [Alignment], _ runs: [CellRuns]) -> [Cell] {
    var named: [(config: JSON, label: String, parameterCount: Int)] = []
    named += scores.map { ($0.config, $0.label, $0.parameterCount) }
    named += alignments.map { ($0.config, $0.label, $0.parameterCount) }
    named += runs.map { ($0.config, $0.label, $0.parameterCount) }
    var seen: Set<JSON> = []
    named = named.filter { seen.insert($0.config).inserted }.sorted {
      ($0.parameterCount, $0.config.isDistilled ? 1 : 0, $0.label)
        < ($1.parameterCount, $1.config.isDistilled ? 1 : 0, $1.label)
    }
    let labels = RunsSet.distinct(named.map(\.label), configs: named.map(\.config))
    let short = Material.short(labels)
    return zip(named, zip(labels, short)).map { cell, names in
      Cell(
        label: names.0, shortLabel: names.1, config: cell.config, parameterCount: cell.parameterCount,
        scores: scores.first { $0.config == cell.config }, runs: runs.first { $0.config == cell.config },
        alignment: alignments.first { $0.config == cell.config })
    }
  }
}

extension Material {
  /// Labels for charts: without the first words that all share, without settings that are none, and with numbers to three
  /// figures, as far as they stay apart.
  static func short(_ labels: [String]) -> [String] {
    let words = labels.map { $0.split(separator: " ").map(String.init) }
    let candidates = max(0, (words.map(\.count).min() ?? 0) - 1)
    let shared =
      words.count < 2 ? 0 : (0..<candidates).prefix { i in words.allSatisfy { $0[i] == words[0][i] } }.count
    let ends = words.map { Array($0.dropFirst(shared)) }
    let brief = zip(words, ends).map { all, end in
      let kept = end.filter { !$0.hasSuffix("=none") }.map(rounded)
      return (kept.isEmpty ? Array(all.prefix(max(1, shared))) : kept).joined(separator: " ")
    }
    return Set(brief).count == brief.count ? brief : ends.map { $0.joined(separator: " ") }
  }

  /// A setting whose value is a number of many digits, to three figures.
  private static func rounded(_ setting: String) -> String {
    let parts = setting.split(separator: "=", maxSplits: 1)
    guard parts.count == 2, parts[1].count > 6, let value = Double(parts[1]), value.magnitude < 1 else {
      return setting
    }
    return "\(parts[0])=\(Table.Cell.number(value).text(digits: 3))"
  }
}

extension JSON {
  /// Whether a configuration has teachers.
  var isDistilled: Bool { if case .object = self["teachers"] { true } else { false } }

  /// A configuration without what `keys` say.
  func without(_ keys: String...) -> JSON {
    guard case .object(var members) = self else { return self }
    for key in keys { members[key] = nil }
    return .object(members)
  }
}
