import HDF5
import ToolKit

/// Influence in a scores file: pairs of a training example and one that it influences, and on request all scores.
public enum InfluenceFile {
  /// A pair as it is stored.
  public struct Pair: Hashable, Sendable {
    /// Index into `/cell`.
    public var cell: Int32
    /// Positions in the published order: of the training example, and of the test or held-out one.
    public var trainExample: Int64
    public var target: Int64
    public var score: Float
    public var standardError: Float
    public var qValue: Float
    /// Runs that count, with the training example and without.
    public var inCount: Int32
    public var outCount: Int32

    public init(
      cell: Int32, trainExample: Int64, target: Int64, score: Float, standardError: Float, qValue: Float,
      inCount: Int32, outCount: Int32
    ) {
      (self.cell, self.trainExample, self.target) = (cell, trainExample, target)
      (self.score, self.standardError, self.qValue) = (score, standardError, qValue)
      (self.inCount, self.outCount) = (inCount, outCount)
    }
  }

  /// The most pairs that readers take in one dimension.
  public static let mostPairs = Int(Int32.max)

  /// What the influenced examples are called in a file: test examples, or training examples that were held out.
  static func targetName(_ split: ScoresFile.Split) -> String {
    split == .test ? "test_example" : "held_out_example"
  }

  /// Numbers of each cell: its pairs, those that have a score, and how many the threshold lets through by chance.
  public struct CellCounts: Sendable {
    public let pairs: Int
    public let tested: Int
    public let expectedFalsePairs: Double

    public init(pairs: Int, tested: Int, expectedFalsePairs: Double) {
      (self.pairs, self.tested, self.expectedFalsePairs) = (pairs, tested, expectedFalsePairs)
    }
  }

  /// Writes pairs one by one, in the order of cell, training example and target.
  ///
  /// Each column is written in whole chunks, so that bytes do not depend on how many pairs come at a time.
  public final class PairWriter {
    private let file: ArtefactWriter
    private let cell: Column<Int32>
    private let trainExample: Column<Int64>
    private let target: Column<Int64>
    private let score: Column<Float>
    private let standardError: Column<Float>
    private let qValue: Column<Float>
    private let inCount: Column<Int32>
    private let outCount: Column<Int32>

    /// - Parameters:
    ///   - counts: of each cell in turn.
    ///   - split: of the influenced examples; `train` means held out.
    public init(_ writer: ScoresFile.Writer, _ counts: [CellCounts], on split: ScoresFile.Split) throws {
      let file = writer.file
      self.file = file
      let pairs = counts.reduce(0) { $0 + $1.pairs }
      let cells = ["/cell"]
      try file.variable(
        "/summary/influence_pairs", counts.map { Int64($0.pairs) }, [counts.count], dimensions: cells,
        .init("pairs in /influence"))
      try file.variable(
        "/summary/influence_pairs_tested", counts.map { Int64($0.tested) }, [counts.count], dimensions: cells,
        .init("pairs that have a score, among which those in /influence were sought"))
      try file.variable(
        "/summary/influence_expected_false_pairs", counts.map { Float($0.expectedFalsePairs) }, [counts.count],
        dimensions: cells,
        .init(
          "expected number of pairs by chance alone",
          definition: "with each example's correctness permuted among the runs that count for it"))
      try file.dimension("/influence/pair", length: pairs)
      func column<T: Element>(_ name: String, _ type: T.Type, _ meaning: ArtefactWriter.Meaning) throws -> Column<T> {
        Column(
          try file.create("/influence/\(name)", type, [pairs], dimensions: ["/influence/pair"], meaning),
          piece: chunkShape([pairs], elementSize: MemoryLayout<T>.size, rowAtATime: false)[0])
      }
      cell = try column("cell", Int32.self, .init("configuration", definition: "index into /cell"))
      trainExample = try column(
        "train_example", Int64.self, .init("position in the published order of the train split"))
      target = try column(
        InfluenceFile.targetName(split), Int64.self,
        .init("position in the published order of the \(split.rawValue) split"))
      let over = split == .test ? "all runs" : "the runs that did not train on held_out_example"
      score = try column(
        "score", Float.self,
        .init(
          "influence on correctness",
          definition: "accuracy on the example in runs that trained on train_example, minus that in runs that did "
            + "not; over \(over)"))
      standardError = try column(
        "standard_error", Float.self,
        .init(
          "standard error of score",
          definition: "sqrt(in(1-in)/n_in + out(1-out)/n_out): 0 at the ends, where it says nothing"))
      qValue = try column(
        "q_value", Float.self,
        .init(
          "false discovery rate",
          definition: "least share of pairs expected by chance among the pairs of a threshold that the pair reaches; "
            + "thresholds are 1/1024 apart"))
      inCount = try column("n_in", Int32.self, .init("runs that trained on train_example", definition: "of \(over)"))
      outCount = try column(
        "n_out", Int32.self, .init("runs that did not train on train_example", definition: "of \(over)"))
    }

    public func append(_ pair: Pair) throws {
      try cell.append(pair.cell)
      try trainExample.append(pair.trainExample)
      try target.append(pair.target)
      try score.append(pair.score)
      try standardError.append(pair.standardError)
      try qValue.append(pair.qValue)
      try inCount.append(pair.inCount)
      try outCount.append(pair.outCount)
    }

    /// To be called when all pairs are there.
    public func finish() throws {
      try cell.finish(file)
      try trainExample.finish(file)
      try target.finish(file)
      try score.finish(file)
      try standardError.finish(file)
      try qValue.finish(file)
      try inCount.finish(file)
      try outCount.finish(file)
    }

    /// Bytes that the columns take at the most: a piece, and a chunk in libhdf5.
    public static let memory = 16 << 20
  }

  /// A column under way.
  private final class Column<T: Element> {
    private let variable: VariableWriter<T>
    private let piece: Int
    private var waiting: [T] = []

    init(_ variable: VariableWriter<T>, piece: Int) {
      (self.variable, self.piece) = (variable, piece)
      waiting.reserveCapacity(piece)
    }

    func append(_ value: T) throws {
      waiting.append(value)
      if waiting.count == piece { try flush() }
    }

    private func flush() throws {
      try variable.append(waiting)
      waiting.removeAll(keepingCapacity: true)
    }

    func finish(_ file: ArtefactWriter) throws {
      try flush()
      try file.finish(variable)
    }
  }

  /// Writes the scores of all pairs, a block of training examples at a time, of one cell after another.
  public final class DenseWriter {
    private let file: ArtefactWriter
    private let variable: VariableWriter<Float>
    private let examples: Int
    private var next = 0
    /// How many training examples must come at a time, but for the last of a cell: whole chunks.
    public let step: Int

    public init(_ writer: ScoresFile.Writer, cells: Int, examples: Int, targets: Int, on split: ScoresFile.Split) throws
    {
      let group = "influence_dense"
      file = writer.file
      self.examples = examples
      let scales = [
        "/cell", try writer.exampleScale(group),
        try writer.exampleScale(group, split, named: InfluenceFile.targetName(split)),
      ]
      let shape = [cells, examples, targets]
      variable = try file.create(
        "/\(group)/score", Float.self, shape, dimensions: scales,
        .init(
          "influence on correctness",
          definition: "as in /influence; NaN where all runs that count trained on the example, or none"),
        fill: .nan)
      step = DenseWriter.step(cells: cells, examples: examples, targets: targets)
    }

    /// Training examples in a chunk.
    public static func step(cells: Int, examples: Int, targets: Int) -> Int {
      chunkShape([cells, examples, targets], elementSize: MemoryLayout<Float>.size, rowAtATime: false)[1]
    }

    /// Appends (example, target).
    public func append(_ scores: [Float], count: Int) throws {
      try variable.append(scores, part: next..<next + count)
      next = next + count == examples ? 0 : next + count
    }

    public func finish() throws { try file.finish(variable) }
  }
}

extension Scores {
  /// What influence is on in this file; nil where it has none.
  public func influenceSplit() throws -> ScoresFile.Split? {
    for split in [ScoresFile.Split.test, .train]
    where try reader.has("/influence/\(InfluenceFile.targetName(split))") {
      return split
    }
    return nil
  }

  /// The numbers of pairs by cell.
  public func influenceCounts() throws -> [InfluenceFile.CellCounts] {
    let pairs = try reader.read("/summary/influence_pairs", Int64.self).values
    let tested = try reader.read("/summary/influence_pairs_tested", Int64.self).values
    let chance = try reader.read("/summary/influence_expected_false_pairs", Float.self).values
    guard [pairs.count, tested.count, chance.count].allSatisfy({ $0 == cells.count }),
      zip(pairs, tested).allSatisfy({ 0 <= $0 && $0 <= $1 && $0 <= InfluenceFile.mostPairs })
    else { throw Failure(.badData, "\(reader.name): /summary", "its numbers of pairs are not one for each cell") }
    return cells.indices.map {
      .init(pairs: Int(pairs[$0]), tested: Int(tested[$0]), expectedFalsePairs: Double(chance[$0]))
    }
  }

  /// The pairs of a cell, by training example and then the other; none where the file has none.
  ///
  /// - Parameter rows: some of them, counted from the cell's first; all unless given.
  public func influencePairs(ofCell cell: Int, rows: Range<Int>? = nil) throws -> [InfluenceFile.Pair] {
    guard let split = try influenceSplit() else { return [] }
    let counts = try influenceCounts().map(\.pairs)
    let start = counts[..<cell].reduce(0, +)
    let rows = rows ?? 0..<counts[cell]
    precondition(rows.upperBound <= counts[cell], "a cell has only its own pairs")
    guard !rows.isEmpty else { return [] }
    func column<T: Element>(_ name: String, _ type: T.Type) throws -> [T] {
      let variable = try reader.variable("/influence/\(name)", type, rank: 1)
      guard variable.shape[0] == counts.reduce(0, +) else {
        throw Failure(.badData, "\(reader.name): /influence/\(name)", "has \(variable.shape[0]) pairs")
      }
      return try reading(reader.name) {
        try variable.read(type, rows: start + rows.lowerBound..<start + rows.upperBound)
      }
    }
    let cells = try column("cell", Int32.self)
    guard cells.allSatisfy({ $0 == Int32(cell) }) else {
      throw Failure(.badData, "\(reader.name): /influence/cell", "its pairs are not in the order of cells")
    }
    let (examples, targets) = (
      try column("train_example", Int64.self), try column(InfluenceFile.targetName(split), Int64.self)
    )
    let (score, error, q) = (
      try column("score", Float.self), try column("standard_error", Float.self), try column("q_value", Float.self)
    )
    let (inside, outside) = (try column("n_in", Int32.self), try column("n_out", Int32.self))
    return cells.indices.map {
      .init(
        cell: cells[$0], trainExample: examples[$0], target: targets[$0], score: score[$0], standardError: error[$0],
        qValue: q[$0], inCount: inside[$0], outCount: outside[$0])
    }
  }
}
