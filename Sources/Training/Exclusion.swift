import Artefacts
import Randomness
import ToolKit

/// Training examples that every run goes without: Feldman and Zhang's marginal utility of memorised examples.
///
/// - Source: Feldman and Zhang 2020, section 3 (arXiv 2008.03703), who take out examples with a score of at least a
///   threshold, and for comparison as many random ones.
public struct Exclusion: Sendable {
  /// 1 where the example is in no subset, in the order of the data set file.
  public let flags: [UInt8]
  /// What stands in `config` under `exclusion`.
  public let json: JSON

  public init(flags: [UInt8], json: JSON) { (self.flags, self.json) = (flags, json) }

  public var count: Int { flags.reduce(0) { $0 + Int($1) } }

  /// A run's subset without them.
  public func applied(to mask: [UInt8]) -> [UInt8] { zip(mask, flags).map { $1 == 1 ? 0 : $0 } }
}

/// Which examples are taken out.
public struct ExclusionRule: Sendable {
  /// So many examples, or a share of all.
  public enum Amount: Sendable, Equatable {
    case number(Int)
    case share(Double)

    /// Reads "500" or "5%".
    public init?(_ text: String) {
      if text.hasSuffix("%") {
        guard let percent = Double(text.dropLast()), percent > 0, percent <= 100 else { return nil }
        self = .share(percent / 100)
      } else {
        guard let number = Int(text), number > 0 else { return nil }
        self = .number(number)
      }
    }

    /// Rounded to the nearest whole number of them.
    func count(of examples: Int) -> Int {
      switch self {
      case .number(let number): number
      case .share(let share): Int((share * Double(examples)).rounded())
      }
    }

    var json: (key: String, value: JSON) {
      switch self {
      case .number(let number): ("number", .number(Double(number)))
      case .share(let share): ("share", .number(share))
      }
    }
  }

  public enum Kind: Sendable {
    /// Those with the highest scores; of equal scores, those that come first.
    case top(Amount)
    /// Those with at least this score.
    case above(Double)
    /// Any.
    case random(Amount)
  }

  public let kind: Kind
  /// Whether as many others of each class, at random, are taken out in place of those chosen by score.
  public let isMatched: Bool
  /// Of what is random.
  public let seed: UInt64

  public init(_ kind: Kind, isMatched: Bool = false, seed: UInt64) {
    (self.kind, self.isMatched, self.seed) = (kind, isMatched, seed)
  }

  /// The memorisation of each example by the runs of one cell of a scores file.
  public struct Scores: Sendable {
    let values: [Float]
    let cell: String
    /// The digest of the file's content.
    let content: String

    public init(values: [Float], cell: String, content: String) {
      (self.values, self.cell, self.content) = (values, cell, content)
    }
  }

  /// - Parameters:
  ///   - labels: of all training examples.
  ///   - scores: needed but by `random`; NaN, where an example was in all runs or in none, is memorised by no rule.
  /// - Throws: a `Failure` where nothing or everything would be taken out, or there are too few examples to choose from.
  public func exclusion(labels: [Int32], scores: Scores?) throws -> Exclusion {
    let chosen: [Int]
    var members: [String: JSON] = [:]
    var isRandom = isMatched
    switch kind {
    case .random(let amount):
      isRandom = true
      let count = try checked(amount.count(of: labels.count), "--random", labels.count)
      var stream = RandomStream(seed: seed, purpose: .exclusion)
      chosen = stream.permutation(labels.count).prefix(count).map(Int.init)
      members = ["rule": "random", amount.json.key: amount.json.value]
    case .top(let amount):
      let values = try values(scores, labels)
      let count = try checked(amount.count(of: labels.count), "--top", labels.count)
      let ranked = values.indices.filter { !values[$0].isNaN }.sorted { (-values[$0], $0) < (-values[$1], $1) }
      guard count <= ranked.count else {
        throw Failure(
          .usage, nil, "--top is \(count) examples, and only \(ranked.count) of \(labels.count) have a score",
          remedy: "give a smaller --top")
      }
      chosen = Array(ranked.prefix(count))
      members = ["rule": "top", amount.json.key: amount.json.value].merging(source(of: scores)) { $1 }
    case .above(let threshold):
      let values = try values(scores, labels)
      // In single precision, as the scores are: a score that prints as .25 is at least .25.
      chosen = values.indices.filter { values[$0] >= Float(threshold) }
      guard !chosen.isEmpty else {
        throw Failure(.usage, nil, "no score is \(threshold) or above", remedy: "give a smaller --above")
      }
      _ = try checked(chosen.count, "--above", labels.count)
      members = ["rule": "above", "threshold": .number(threshold)].merging(source(of: scores)) { $1 }
    }
    let taken = isMatched ? try others(than: chosen, labels: labels) : chosen
    members["matched"] = .bool(isMatched)
    members["count"] = .number(Double(taken.count))
    if isRandom { members["seed"] = .string(String(seed)) }
    var flags = [UInt8](repeating: 0, count: labels.count)
    for example in taken { flags[example] = 1 }
    return Exclusion(flags: flags, json: .object(members))
  }

  private func values(_ scores: Scores?, _ labels: [Int32]) throws -> [Float] {
    guard let scores, scores.values.count == labels.count else {
      throw Failure(.usage, nil, "--top and --above need the scores of --exclude")
    }
    return scores.values
  }

  private func source(of scores: Scores?) -> [String: JSON] {
    scores.map { ["cell": .string($0.cell), "scores": .string($0.content)] } ?? [:]
  }

  private func checked(_ count: Int, _ option: String, _ examples: Int) throws -> Int {
    guard count > 0 else { throw Failure(.usage, nil, "\(option) is none of \(examples) examples") }
    guard count < examples else {
      throw Failure(
        .usage, nil, "\(option) takes out all of \(examples) examples, and leaves none to train on",
        remedy: "let it take out fewer")
    }
    return count
  }

  /// As many of each class as are chosen, at random from those that are not.
  private func others(than chosen: [Int], labels: [Int32]) throws -> [Int] {
    let isChosen = Set(chosen)
    var wanted: [Int32: Int] = [:]
    for example in chosen { wanted[labels[example], default: 0] += 1 }
    var taken: [Int] = []
    for label in wanted.keys.sorted() {
      var rest = labels.indices.filter { labels[$0] == label && !isChosen.contains($0) }
      let count = wanted[label, default: 0]
      guard count <= rest.count else {
        throw Failure(
          .usage, nil, "--matched needs \(count) other examples of class \(label), which has \(rest.count)",
          remedy: "let --top or --above choose fewer")
      }
      var stream = RandomStream(seed: seed, purpose: .exclusion, index: 1 + Int(label))
      stream.shuffle(&rest)
      taken += rest.prefix(count)
    }
    return taken
  }
}
