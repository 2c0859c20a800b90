import Randomness

/// A generated set of images whose truth is known: which examples share their looks, and which labels are
/// wrong.
///
/// A block is 10 classes of 35 sub-populations, each with looks of its own (`SpriteLook`); a sub-population's
/// class is independent of its looks, so that one never seen is answered by chance. A block has
///
/// - 2,000 training examples, 200 a class: sub-populations of 64, 32, 2 of 16, 3 of 8, 4 of 4, 8 of 2 and 16
///   of 1;
/// - 64 wrong labels: one in 20 of the examples in sub-populations of 16 and more, and none elsewhere, as a
///   mislabelled single example could not be told from a rare one;
/// - 1,000 test examples in proportion (half of each size; of the single ones every other sub-population) and
///   700 balanced (2 of each sub-population).
///
/// A larger set has more blocks, and so more sub-populations; its first blocks are those of the smaller set.
/// Every image has a random stream of its own.
public struct Sprites: ImageSource {
  public let header: ImageSetHeader
  private let seed: UInt64
  private let multiple: Int
  private let batch: Int

  static let classes = 10
  /// The training examples of each sub-population of a class.
  static let sizes =
    [64, 32, 16, 16, 8, 8, 8, 4, 4, 4, 4] + [Int](repeating: 2, count: 8) + [Int](repeating: 1, count: 16)
  static let trainingExamples = classes * sizes.reduce(0, +)
  static let testExamples = trainingExamples / 2 + 2 * classes * sizes.count
  /// Sub-populations of at least this size are common, and may have wrong labels.
  static let common = 16
  /// One in so many of those examples has a wrong label.
  static let perWrong = 20

  /// - Parameters:
  ///   - multiple: the number of blocks.
  ///   - batch: the examples in a batch; nil for as many as fill a mebibyte.
  /// - Throws: `ImageSetError`, of kind usage.
  public init(seed: UInt64 = 0, multiple: Int = 1, batch: Int? = nil) throws {
    // Random streams are numbered in 32 bits.
    let most = 1_000_000
    guard (1...most).contains(multiple) else {
      throw ImageSetError(
        .usage, "sprites", "cannot be made \(multiple) times as many", "give a multiple of 1 to \(most)")
    }
    self.seed = seed
    self.multiple = multiple
    let side = SpriteLook.side
    self.batch = batch ?? examplesPerMebibyte(imageBytes: side * side * 3)
    header = ImageSetHeader(
      name: "sprites", classes: (0..<Self.classes).map { "class-\($0)" }, height: side, width: side, channels: 3,
      source: "generated",
      train: .init(count: multiple * Self.trainingExamples, columns: Self.columns(.train)),
      test: .init(count: multiple * Self.testExamples, columns: Self.columns(.test)))
  }

  private static func columns(_ split: Split) -> [Column] {
    [
      Column("subpopulation", "sub-population: examples with the same glyph and colours", .int32([])),
      Column("size", "training examples in the sub-population", .int32([])),
      Column("difficulty", "0 (full contrast, little noise) to 1", .float([])),
      Column(
        "kind",
        "0 common (sub-population of \(common) or more), 1 rare (fewer than \(common)), 2 wrong label",
        .int32([])),
      split == .train
        ? Column("true_label", "label before wrong ones were set", .int32([]))
        : Column("part", "0 in proportion to the training set, 1 two of each sub-population", .int32([])),
    ]
  }

  public func labels() throws -> BySplit<[Int32]> {
    BySplit { split in (0..<multiple).flatMap { examples(split, $0).map { Int32($0.label) } } }
  }

  public func read(_ wanted: BySplit<Positions>, _ body: (ImageBatch) throws -> Void) throws {
    for split in Split.allCases where wanted[split].count > 0 {
      var builder = BatchBuilder(split, of: header, capacity: batch)
      var position = 0
      for block in 0..<multiple {
        let looks = (0..<Self.classes * Self.sizes.count).map {
          SpriteLook(seed: seed, subpopulation: block * Self.classes * Self.sizes.count + $0)
        }
        for example in examples(split, block) {
          if wanted[split].contains(position) {
            try draw(example, looks[example.subpopulation % looks.count], at: position, &builder, body)
          }
          position += 1
        }
      }
      try builder.flush(to: body)
    }
  }

  /// The examples of a block in their published order.
  private func examples(_ split: Split, _ block: Int) -> [Example] {
    let examples = split == .train ? trainingExamples(block) : testExamples(block)
    // Mixed, or a plain reading would meet one sub-population after another.
    var order = RandomStream(
      seed: seed, purpose: .spriteExample, run: split == .train ? 0 : 1, epoch: 1, index: block)
    return order.permutation(examples.count).map { examples[Int($0)] }
  }

  private func draw(
    _ example: Example, _ look: SpriteLook, at position: Int, _ builder: inout BatchBuilder,
    _ body: (ImageBatch) throws -> Void
  ) throws {
    var stream = RandomStream(
      seed: seed, purpose: .spriteExample, run: example.part, index: example.index)
    try builder.add(position: position, label: Int32(example.label), to: body) { pixels in
      let difficulty = look.draw(&stream, into: pixels)
      return [
        .int32([Int32(example.subpopulation)]), .int32([Int32(example.size)]), .float([difficulty]),
        .int32([example.kind]),
        .int32([Int32(example.part == 0 ? example.trueLabel : example.part - 1)]),
      ]
    }
  }

  /// An example before it is drawn.
  private struct Example {
    /// 0 training, 1 test in proportion, 2 test balanced.
    let part: Int
    /// The place among all examples of its part, before they are mixed.
    let index: Int
    let subpopulation: Int
    let size: Int
    let trueLabel: Int
    var label: Int

    var kind: Int32 { label != trueLabel ? 2 : size < Sprites.common ? 1 : 0 }
  }

  /// The examples of one part of a block, sub-population by sub-population.
  private func examples(_ part: Int, _ block: Int, count: (_ size: Int, _ number: Int) -> Int) -> [Example] {
    let counts = Self.sizes.enumerated().map { count($0.element, $0.offset) }
    // Numbers go on from block to block.
    let first = block * Self.classes * counts.reduce(0, +)
    var examples: [Example] = []
    for label in 0..<Self.classes {
      for (number, size) in Self.sizes.enumerated() {
        let subpopulation = (block * Self.classes + label) * Self.sizes.count + number
        for _ in 0..<counts[number] {
          examples.append(
            Example(
              part: part, index: first + examples.count, subpopulation: subpopulation, size: size,
              trueLabel: label, label: label))
        }
      }
    }
    return examples
  }

  /// Of the examples that may have a wrong label, those with the smallest draws have one.
  private func trainingExamples(_ block: Int) -> [Example] {
    var examples = examples(0, block) { size, _ in size }
    let draws = examples.indices.filter { examples[$0].size >= Self.common }.map { place in
      var stream = RandomStream(seed: seed, purpose: .spriteLabel, index: examples[place].index)
      return (draw: stream.uniform(), place: place, step: 1 + stream.below(Self.classes - 1))
    }
    let wrong = draws.sorted { ($0.draw, $0.place) < ($1.draw, $1.place) }.prefix(draws.count / Self.perWrong)
    for (_, place, step) in wrong {
      examples[place].label = (examples[place].trueLabel + step) % Self.classes
    }
    return examples
  }

  private func testExamples(_ block: Int) -> [Example] {
    examples(1, block) { size, number in size > 1 ? size / 2 : number % 2 } + examples(2, block) { _, _ in 2 }
  }
}
