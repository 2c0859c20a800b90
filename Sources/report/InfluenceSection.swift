import Artefacts
import Figures
import Measures
import ToolKit

/// What `score influence` wrote of one configuration: numbers of pairs, and the strongest of them.
struct CellInfluence {
  /// Training examples that networks need to be right about one other example, the strongest first.
  struct Target {
    let example: Int64
    let pairs: [InfluenceFile.Pair]
  }

  let label: String
  let runs: Int
  let split: ScoresFile.Split
  let counts: InfluenceFile.CellCounts
  /// The least score in the file by size; NaN without pairs.
  let threshold: Double
  /// Pairs with a positive score, and those with a false discovery rate of .05 at most.
  let positive: Int
  let discoveries: Int
  /// Pairs of examples of one sub-population, where the data set knows; nil where it does not.
  let related: Int?
  /// By their strongest pair.
  let strongest: [Target]

  /// Below this, noise makes more pairs than influence does at the thresholds that are in use.
  static let fewRuns = 1000
  private static let targets = 8
  fileprivate static let perTarget = 3
  private static let block = 1 << 18

  /// - Parameter groups: the sub-population by position in the published order, of training examples and of targets.
  static func all(
    in file: Scores, groups: (ScoresFile.Split) throws -> [Int64: Int32]?
  ) throws -> [CellInfluence] {
    guard let split = try file.influenceSplit() else { return [] }
    let own = try groups(.train)
    let others = try groups(split)
    return try file.influenceCounts().enumerated().map { cell, counts in
      var (positive, discoveries, related, least) = (0, 0, 0, Float.infinity)
      var found: [Int64: [InfluenceFile.Pair]] = [:]
      for start in stride(from: 0, to: counts.pairs, by: block) {
        for pair in try file.influencePairs(ofCell: cell, rows: start..<min(counts.pairs, start + block)) {
          least = min(least, pair.score.magnitude)
          if pair.qValue <= 0.05 { discoveries += 1 }
          if let group = own?[pair.trainExample], others?[pair.target] == group { related += 1 }
          guard pair.score > 0 else { continue }
          positive += 1
          found[pair.target, default: []].keepStrongest(pair, perTarget)
        }
      }
      let ordered = found.map { Target(example: $0.key, pairs: $0.value) }.sorted {
        $0.pairs[0].score == $1.pairs[0].score ? $0.example < $1.example : $0.pairs[0].score > $1.pairs[0].score
      }
      return CellInfluence(
        label: file.cells[cell], runs: file.runs[cell], split: split, counts: counts,
        threshold: least.isFinite ? Double(least) : .nan, positive: positive, discoveries: discoveries,
        related: own == nil || others == nil ? nil : related, strongest: Array(ordered.prefix(targets)))
    }
  }
}

extension [InfluenceFile.Pair] {
  /// Takes a pair in if it is among so many with the largest scores; of equal ones those of the first examples.
  fileprivate mutating func keepStrongest(_ pair: InfluenceFile.Pair, _ limit: Int) {
    if count == limit, let last, last.score >= pair.score { return }
    let place = firstIndex { $0.score < pair.score } ?? count
    insert(pair, at: place)
    if count > limit { removeLast() }
  }
}

extension Material {
  /// Which training examples networks need to be right about others.
  ///
  /// - Source: Feldman and Zhang 2020 (arXiv 2008.03703).
  func influenceSection() throws -> Page.Section? {
    guard !influence.isEmpty else { return nil }
    var table = Table(
      name: "influence", title: "Pairs of examples by influence.",
      caption:
        "Influence of a training example on another is the accuracy on the other in runs that trained on the first, "
        + "less that in runs that did not. Pairs: those in the file, whose influence is at least the least one by size. By "
        + "chance: how many of them there would be if nothing influenced anything, from permutations among runs. q ≤ .05: "
        + "pairs at whose threshold chance makes one in twenty at most. Related: pairs of one sub-population, which are true, "
        + "where the data set knows. Below \(CellInfluence.fewRuns) runs chance makes many pairs.",
      columns: [
        .init("cell", heading: "Network", .text), .init("runs", heading: "Runs", .integer),
        .init("on", heading: "On", .text), .init("tested", heading: "Tested", .integer),
        .init("pairs", heading: "Pairs", .integer), .init("least", heading: "Least", .number(digits: 3)),
        .init("by_chance", heading: "By chance", .number(digits: 1)), .init("positive", heading: "Above 0", .integer),
        .init("discoveries", heading: "q ≤ .05", .integer), .init("related", heading: "Related", .integer),
        .init("note", heading: "Note", .text),
      ])
    for cell in influence {
      table.append([
        .text(cell.label), .integer(cell.runs), .text(cell.split == .test ? "test" : "held-out training"),
        .integer(cell.counts.tested), .integer(cell.counts.pairs), .number(cell.threshold),
        .number(cell.counts.expectedFalsePairs), .integer(cell.positive), .integer(cell.discoveries),
        cell.related.map { .integer($0) } ?? .missing,
        .text(cell.runs < CellInfluence.fewRuns ? "few runs" : ""),
      ])
    }
    return Page.Section("Influence", [.table(table)] + (try influenceImages().map { [.images($0)] } ?? []))
  }

  /// Test images beside the training images that count for them, of the configuration with most runs.
  private func influenceImages() throws -> ImageGrid? {
    let most = influence.map(\.runs).max()
    guard let dataset, [1, 3].contains(dataset.channels),
      let cell = influence.first(where: { $0.runs == most && !$0.strongest.isEmpty })
    else { return nil }
    let train = dataset.rows(of: .train)
    let targets = dataset.rows(of: cell.split)
    let entries = try cell.strongest.flatMap { target -> [ImageGrid.Entry] in
      guard let row = targets[target.example] else { return [] }
      let kind = cell.split == .test ? "test" : "held out"
      let label = dataset.label(cell.split, row)
      let first = ImageGrid.Entry(
        try dataset.thumbnail(row, of: cell.split), label: label, detail: "\(kind) №\u{A0}\(target.example)",
        alternative: "\(kind) example \(target.example), labelled \(label)")
      let others = try target.pairs.compactMap { pair -> ImageGrid.Entry? in
        guard let row = train[pair.trainExample] else { return nil }
        let label = dataset.label(.train, row)
        let score = Table.Cell.number(Double(pair.score)).text(digits: 2)
        return ImageGrid.Entry(
          try dataset.thumbnail(row), label: label, detail: "\(score) №\u{A0}\(pair.trainExample)",
          alternative: "training example \(pair.trainExample), labelled \(label), influence \(score)")
      }
      return [first] + others + [ImageGrid.Entry](repeating: .empty, count: CellInfluence.perTarget - others.count)
    }
    guard !entries.isEmpty else { return nil }
    return ImageGrid(
      name: "influence-pairs", title: "The most influential pairs.",
      caption:
        "By \(cell.label), over \(cell.runs) runs: in each row an example of the \(cell.split.rawValue) split, then up "
        + "to three training examples with the largest influence on it.",
      entries: entries, columns: 1 + CellInfluence.perTarget)
  }
}

extension ImageDataset {
  /// Rows of a split by position in the published order.
  func rows(of split: ScoresFile.Split) -> [Int64: Int] {
    let examples = split == .train ? train.example : test?.example ?? []
    return Dictionary(examples.enumerated().map { ($1, $0) }) { first, _ in first }
  }

  /// The name of an example's class.
  func label(_ split: ScoresFile.Split, _ row: Int) -> String {
    classes[Int(split == .train ? train.label[row] : test?.label[row] ?? 0)]
  }
}
