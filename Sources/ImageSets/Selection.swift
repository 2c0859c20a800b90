import Randomness

/// Which examples of a set are taken.
public struct Selection: Equatable, Sendable {
  /// Positions in the published order of the split; nil for all.
  public var train: Range<Int>?
  public var test: Range<Int>?
  /// Names or codes of the classes to keep, in both splits, in any order; nil for all.
  public var classes: [String]?
  /// The first so many of each class; of the test split fewer where it has fewer. Nil for all.
  public var perClass: Int?
  /// So many training examples, at random; nil for all.
  public var sample: Int?

  public init(
    train: Range<Int>? = nil, test: Range<Int>? = nil, classes: [String]? = nil, perClass: Int? = nil,
    sample: Int? = nil
  ) {
    self.train = train
    self.test = test
    self.classes = classes
    self.perClass = perClass
    self.sample = sample
  }

  /// Whether it can be told only from the labels which examples are taken.
  var needsLabels: Bool { classes != nil || perClass != nil }

  /// The examples that are taken, by range first, then class, then number in the class, then at random.
  ///
  /// - Parameters:
  ///   - available: the examples of the split.
  ///   - labels: of each example; nil only where they are not needed.
  ///   - seed: of the random sample. The samples of one seed are nested: a smaller one is part of a larger.
  /// - Throws: a usage error where more is asked for than there is.
  func positions(
    of split: Split, available: Int, labels: [Int32]?, classes: ClassList, seed: UInt64
  ) throws -> Positions {
    let range = try range(of: split, available: available)
    // A set without a test split has nothing to take from it.
    guard !range.isEmpty, needsLabels || sample != nil && split == .train else { return Positions(range) }
    var positions = Array(range)
    if let labels, needsLabels {
      var taken = [Int](repeating: 0, count: classes.names.count)
      positions = positions.filter {
        let label = Int(labels[$0])
        taken[label] += 1
        return classes.numbers[label] != nil && taken[label] <= perClass ?? Int.max
      }
      if split == .train { try checkEnough(classes.kept.map { (classes.names[$0], taken[$0]) }, range) }
    }
    if let sample, split == .train {
      let option = "--sample \(sample)"
      guard sample > 0 else { throw noCount(option) }
      guard sample <= positions.count else {
        throw ImageSetError(
          .usage, option, "there are \(positions.count) training examples to draw from",
          "give at most \(positions.count)")
      }
      positions = smallestDraws(sample, of: positions, seed: seed, purpose: .selection)
    }
    return Positions(positions)
  }

  private func range(of split: Split, available: Int) throws -> Range<Int> {
    guard let wanted = split == .train ? train : test else { return 0..<available }
    let option = "--\(split.rawValue) \(wanted.lowerBound):\(wanted.upperBound)"
    if wanted.isEmpty { throw ImageSetError(.usage, option, "is empty", "give A:B with A below B") }
    if wanted.lowerBound < 0 || wanted.upperBound > available {
      throw ImageSetError(
        .usage, option, "the \(split.rawValue) split has \(available) examples",
        "give a range within 0:\(available)")
    }
    return wanted
  }

  private func checkEnough(_ found: [(name: String, count: Int)], _ range: Range<Int>) throws {
    if let perClass, perClass < 1 { throw noCount("--per-class \(perClass)") }
    guard let least = found.min(by: { $0.count < $1.count }) else { return }
    let place = "training examples in \(range.lowerBound):\(range.upperBound)"
    if let perClass, least.count < perClass {
      throw ImageSetError(
        .usage, "--per-class \(perClass)", "class \(least.name) has only \(least.count) \(place)",
        least.count > 0 ? "give at most \(least.count), or a wider range" : "give a wider range")
    }
    if classes != nil && least.count == 0 {
      throw ImageSetError(
        .usage, "--classes \(least.name)", "has no \(place)", "give a wider range, or leave the class out")
    }
  }
}

func noCount(_ option: String) -> ImageSetError {
  ImageSetError(.usage, option, "is no number of examples", "give 1 or more")
}

/// The `count` positions whose random draws are smallest, ascending.
///
/// A position's draw depends on it and the seed alone, so that what a smaller count takes a larger one takes too.
func smallestDraws(
  _ count: Int, of positions: [Int], seed: UInt64, purpose: Purpose, use: Int = 0
) -> [Int] {
  let draws = positions.map { position in
    var stream = RandomStream(seed: seed, purpose: purpose, run: use, index: position)
    return (draw: stream.uniform(), position: position)
  }
  return draws.sorted { ($0.draw, $0.position) < ($1.draw, $1.position) }.prefix(count).map(\.position).sorted()
}
