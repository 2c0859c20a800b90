/// Which examples of a set are taken.
public struct Selection: Equatable, Sendable {
  /// Positions in the published order of the split; nil for all.
  public var train: Range<Int>?
  public var test: Range<Int>?
  /// The first so many of each class in each split, within its range; nil for all.
  public var perClass: Int?

  public init(train: Range<Int>? = nil, test: Range<Int>? = nil, perClass: Int? = nil) {
    self.train = train
    self.test = test
    self.perClass = perClass
  }
}

/// A selection applied to one split: asked for each example in turn, in the published order.
struct SplitSelector: Sendable {
  let split: Split
  let range: Range<Int>
  let classes: [String]
  let perClass: Int?
  private var taken: [Int]

  /// - Throws: a usage error where `selection` asks for more than the `available` examples can give.
  init(_ split: Split, of selection: Selection, available: Int, classes: [String]) throws {
    self.split = split
    self.classes = classes
    taken = [Int](repeating: 0, count: classes.count)
    let wanted = split == .train ? selection.train : selection.test
    range = wanted ?? 0..<available
    if let wanted {
      let option = "--\(split.rawValue) \(wanted.lowerBound):\(wanted.upperBound)"
      if wanted.isEmpty { throw ImageSetError(.usage, option, "is empty", "give A:B with A below B") }
      if wanted.lowerBound < 0 || wanted.upperBound > available {
        throw ImageSetError(
          .usage, option, "the \(split.rawValue) split has \(available) examples",
          "give a range within 0:\(available)")
      }
    }
    // A set without a test split has nothing to take from it.
    perClass = range.isEmpty ? nil : selection.perClass
    if let perClass {
      let option = "--per-class \(perClass)"
      if perClass < 1 { throw ImageSetError(.usage, option, "is no number of examples", "give 1 or more") }
      if perClass > range.count / classes.count {
        throw ImageSetError(
          .usage, option,
          "\(classes.count) classes need \(classes.count) times as many \(split.rawValue) examples, and "
            + "there are \(range.count)",
          "give at most \(range.count / classes.count)")
      }
    }
  }

  /// The number of examples that will be taken.
  var count: Int { perClass.map { $0 * classes.count } ?? range.count }

  /// Whether the example at `position` is taken; asked once for each.
  mutating func takes(_ position: Int, label: Int) -> Bool {
    guard range.contains(position) else { return false }
    guard let perClass else { return true }
    guard taken[label] < perClass else { return false }
    taken[label] += 1
    return true
  }

  /// - Throws: a usage error where a class had fewer examples than were asked for.
  func finish() throws {
    guard let perClass, let short = taken.firstIndex(where: { $0 < perClass }) else { return }
    let fewest = taken.min() ?? 0
    throw ImageSetError(
      .usage, "--per-class \(perClass)",
      "class \(classes[short]) has only \(taken[short]) \(split.rawValue) examples in "
        + "\(range.lowerBound):\(range.upperBound)",
      fewest > 0 ? "give at most \(fewest), or a wider range" : "give a wider range")
  }
}
