import Randomness

/// A change to the labels of a training split, for studies of what is memorised of wrong ones.
///
/// The random choices of one seed are nested: what a smaller rate changes a larger one changes too, to the same label.
public enum LabelChange: Equatable, Sendable {
  /// This share of the examples, to the nearest example, gets one of the other classes, each with the same
  /// probability (symmetric noise).
  case noise(Double)
  /// This share of the examples of each class gets the label of its partner: the next class, the first after
  /// the last (pair flipping; Han et al. 2018, "Co-teaching", arXiv 1804.06872), or of the pairs named, as in
  /// truck:automobile (Patrini et al. 2017, arXiv 1609.03683), the other classes keeping theirs.
  case noisePairs(Double, pairs: [Pair] = [])
  /// All labels are dealt out anew: each class keeps its number of examples (Zhang et al. 2017,
  /// arXiv 1611.03530).
  case shuffle
  /// Labels from elsewhere.
  case given(GivenLabels)

  public struct Pair: Equatable, Sendable {
    public let from: String
    public let to: String

    public init(from: String, to: String) {
      self.from = from
      self.to = to
    }
  }

  /// The labels after the change.
  ///
  /// - Parameters:
  ///   - labels: `(row)`, before it: numbers among the classes that are kept.
  ///   - positions: `(row)`: the place of each in the published order, ascending.
  ///   - available: the examples of the split before any selection.
  func apply(
    to labels: [Int32], at positions: [Int], available: Int, classes: ClassList, seed: UInt64
  ) throws -> [Int32] {
    switch self {
    case .noise(let rate):
      try check(rate, "--noise")
      let count = Int((rate * Double(positions.count)).rounded())
      let chosen = Positions(
        smallestDraws(count, of: positions, seed: seed, purpose: .labelChange, use: Use.noise.rawValue))
      return zip(labels, positions).map { label, position in
        guard chosen.contains(position) else { return label }
        return wrongLabel(
          label, classes: classes.kept.count, seed: seed, purpose: .labelChange, use: Use.noiseLabel.rawValue,
          position: position)
      }
    case .noisePairs(let rate, let pairs):
      try check(rate, "--noise-pairs")
      let partner = try partners(pairs, classes)
      var result = labels
      for (label, partner) in partner.enumerated() where partner != label {
        let rows = labels.indices.filter { labels[$0] == Int32(label) }
        let chosen = Positions(
          smallestDraws(
            Int((rate * Double(rows.count)).rounded()), of: rows.map { positions[$0] }, seed: seed,
            purpose: .labelChange, use: Use.pairs.rawValue))
        for row in rows where chosen.contains(positions[row]) { result[row] = Int32(partner) }
      }
      return result
    case .shuffle:
      var stream = RandomStream(seed: seed, purpose: .labelChange, run: Use.shuffle.rawValue)
      var result = labels
      stream.shuffle(&result)
      return result
    case .given(let given):
      return try given.apply(to: labels, at: positions, available: available, classes: classes)
    }
  }

  /// What random numbers are drawn for. The raw values are part of results.
  private enum Use: Int {
    case noise, noiseLabel, pairs, shuffle
  }

  private func check(_ rate: Double, _ option: String) throws {
    guard rate >= 0, rate <= 1 else {
      throw ImageSetError(.usage, "\(option) \(rate)", "is no share of the examples", "give 0 to 1")
    }
  }

  /// The class that each class is mistaken for; itself where it is not.
  private func partners(_ pairs: [Pair], _ classes: ClassList) throws -> [Int] {
    var partners = Array(classes.kept.indices)
    guard !pairs.isEmpty else { return partners.map { ($0 + 1) % partners.count } }
    func number(_ name: String) -> Int? { classes.index(of: name).flatMap { classes.numbers[$0] }.map(Int.init) }
    for pair in pairs {
      let option = "--pairs \(pair.from):\(pair.to)"
      guard let from = number(pair.from), let to = number(pair.to) else {
        throw ImageSetError(
          .usage, option, "names a class that is not there", "name two of \(listed(classes.keptNames))")
      }
      guard from != to, partners[from] == from else {
        throw ImageSetError(.usage, option, "gives a class no other, or a second, partner", "give each one")
      }
      partners[from] = to
    }
    return partners
  }
}

/// One of the other classes, each with the same probability.
func wrongLabel(
  _ label: Int32, classes: Int, seed: UInt64, purpose: Purpose, use: Int, position: Int
) -> Int32 {
  var stream = RandomStream(seed: seed, purpose: purpose, run: use, index: position)
  return (label + 1 + Int32(stream.below(classes - 1))) % Int32(classes)
}
