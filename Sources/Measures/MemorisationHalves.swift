/// Memorisation on both halves of the runs of one configuration, for several splits.
public struct MemorisationHalves: Sendable {
  private let halves: RunHalves
  private let sides: [[UInt8]]
  /// `(split, half)`
  private var counts: [MemorisationCounts]
  private var all: MemorisationCounts
  private var added = 0

  public init(examples: Int, halves: RunHalves) {
    self.halves = halves
    sides = (0..<halves.splits).map { halves.sides($0) }
    counts = [MemorisationCounts](repeating: MemorisationCounts(examples: examples), count: 2 * halves.splits)
    all = MemorisationCounts(examples: examples)
  }

  /// Adds the next run, in ascending order of run number; the parameters are those of `MemorisationCounts.add`.
  public mutating func add(correct: UnsafeBufferPointer<UInt8>, inMask: UnsafeBufferPointer<UInt8>) {
    precondition(added < halves.runs, "no more runs than are split")
    all.add(correct: correct, inMask: inMask)
    for split in sides.indices {
      counts[2 * split + Int(sides[split][added])].add(correct: correct, inMask: inMask)
    }
    added += 1
  }

  /// `(example)`: over all runs.
  public var score: [Float] { all.scores.score }

  /// `(split)(half)(example)`: NaN where all or none of the half's runs were trained on the example.
  public var halfScores: [[[Double]]] {
    (0..<halves.splits).map { split in (0..<2).map { counts[2 * split + $0].differences } }
  }
}

extension MemorisationCounts {
  /// `(example)`: in- minus out-of-sample accuracy, without the intervals.
  public var differences: [Double] {
    (0..<examples).map { inSample($0).accuracy - outOfSample($0).accuracy }
  }
}
