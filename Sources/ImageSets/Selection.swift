import Randomness

/// Which examples of a set are taken.
public struct Selection: Equatable, Sendable {
  /// Positions in the published order of the split; nil for all.
  public var train: Range<Int>?
  public var test: Range<Int>?
  /// Names or codes of the classes to keep, in both splits, in any order; nil for all.
  public var classes: [String]?
  /// The first so many of each class in each split; nil for all.
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

  /// The classes that are kept, as indices into `names`, ascending.
  ///
  /// - Parameter codes: further names, one a class or none at all.
  /// - Throws: a usage error where a name is unknown or named twice.
  func keptClasses(of names: [String], codes: [String] = []) throws -> [Int] {
    guard let classes else { return Array(names.indices) }
    let kept = try classes.map { name in
      guard let index = names.firstIndex(of: name) ?? codes.firstIndex(of: name) else {
        throw ImageSetError(
          .usage, "--classes \(name)", "is no class of the set", "name some of \(listed(names))")
      }
      return index
    }
    guard Set(kept).count == kept.count else {
      throw ImageSetError(
        .usage, "--classes \(classes.joined(separator: ","))", "names a class twice", "name each once")
    }
    guard kept.count > 1 else {
      throw ImageSetError(.usage, "--classes", "names fewer than two classes", "name two or more")
    }
    return kept.sorted()
  }

  /// The examples that are taken, by range first, then class, then number in the class, then at random.
  ///
  /// - Parameters:
  ///   - available: the examples of the split.
  ///   - labels: of each example; nil only where they are not needed.
  ///   - kept: the classes, as indices.
  ///   - seed: of the random sample. The samples of one seed are nested: a smaller one is part of a larger.
  /// - Throws: a usage error where more is asked for than there is.
  func positions(
    of split: Split, available: Int, labels: [Int32]?, kept: [Int], names: [String], seed: UInt64
  ) throws -> Positions {
    let range = try range(of: split, available: available)
    // A set without a test split has nothing to take from it.
    guard !range.isEmpty, needsLabels || sample != nil && split == .train else { return Positions(range) }
    var positions = Array(range)
    if let labels, needsLabels {
      var taken = [Int](repeating: 0, count: names.count)
      var isKept = [Bool](repeating: false, count: names.count)
      for index in kept { isKept[index] = true }
      positions = positions.filter {
        let label = Int(labels[$0])
        taken[label] += 1
        return isKept[label] && taken[label] <= perClass ?? Int.max
      }
      try checkEnough(kept.map { (names[$0], taken[$0]) }, split, range)
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

  private func checkEnough(_ found: [(name: String, count: Int)], _ split: Split, _ range: Range<Int>) throws {
    guard let least = found.min(by: { $0.count < $1.count }) else { return }
    let place = "\(split.rawValue) examples in \(range.lowerBound):\(range.upperBound)"
    if let perClass {
      let option = "--per-class \(perClass)"
      if perClass < 1 { throw noCount(option) }
      if least.count < perClass {
        throw ImageSetError(
          .usage, option, "class \(least.name) has only \(least.count) \(place)",
          least.count > 0 ? "give at most \(least.count), or a wider range" : "give a wider range")
      }
    } else if split == .train && least.count == 0 {
      throw ImageSetError(
        .usage, "--classes \(least.name)", "has no \(place)", "give a wider range, or leave the class out")
    }
  }
}

func noCount(_ option: String) -> ImageSetError {
  ImageSetError(.usage, option, "is no number of examples", "give 1 or more")
}

/// The names for a message, the first ten of many.
func listed(_ names: [String]) -> String {
  names.prefix(10).joined(separator: ", ") + (names.count > 10 ? ", ... (\(names.count))" : "")
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
