/// What the scores of one example over sizes are made from: of D sizes, in ascending order of parameter count, how
/// many runs had the example in their subset and outside of it, and how many of these were right about it.
public struct TrajectoryCounts: Sendable, Equatable {
  /// `(size)`; right runs never more than runs.
  public let inRight: [Int]
  public let inRuns: [Int]
  public let outRight: [Int]
  public let outRuns: [Int]

  public init(inRight: [Int], inRuns: [Int], outRight: [Int], outRuns: [Int]) {
    precondition(
      inRuns.count == inRight.count && outRight.count == inRight.count && outRuns.count == inRight.count,
      "counts are of the same sizes")
    precondition(
      zip(inRight + outRight, inRuns + outRuns).allSatisfy { 0 <= $0 && $0 <= $1 },
      "no more runs are right than there are"
    )
    (self.inRight, self.inRuns, self.outRight, self.outRuns) = (inRight, inRuns, outRight, outRuns)
  }

  public var sizes: Int { inRuns.count }

  /// Whether each size has a score: runs on both sides.
  public var isComplete: Bool { !inRuns.contains(0) && !outRuns.contains(0) }

  /// `(size)`; NaN where an example was in all runs or in none.
  public var scores: [Double] {
    (0..<sizes).map { s in
      let inside = Double(inRight[s]) / Double(inRuns[s])
      let outside = Double(outRight[s]) / Double(outRuns[s])
      return inside - outside
    }
  }
}

/// The counts of all examples at one size, `(example)` each.
public struct SizeCounts: Sendable, Equatable {
  public let inRight: [Int32]
  public let inRuns: [Int32]
  public let outRight: [Int32]
  public let outRuns: [Int32]

  public var examples: Int { inRuns.count }

  /// Of runs that were counted.
  public init(_ counts: MemorisationCounts) {
    let inside = (0..<counts.examples).map { counts.inSample($0) }
    let outside = (0..<counts.examples).map { counts.outOfSample($0) }
    (inRight, inRuns) = (inside.map { Int32($0.correct) }, inside.map { Int32($0.runs) })
    (outRight, outRuns) = (outside.map { Int32($0.correct) }, outside.map { Int32($0.runs) })
  }

  /// From accuracies and the numbers of runs that they are shares of; nil where an accuracy is no such share, or a number
  /// is outside of `0...1_000_000`: tables are made of that length.
  ///
  /// The accuracies are `Float`s, which tell shares of up to some 4,000 runs apart and more; the whole number is checked
  /// to give the accuracy again.
  public init?(inAccuracy: [Float], inRuns: [Int32], outAccuracy: [Float], outRuns: [Int32]) {
    guard inRuns.count == inAccuracy.count, outAccuracy.count == inRuns.count, outRuns.count == inRuns.count,
      let inRight = SizeCounts.right(inAccuracy, inRuns), let outRight = SizeCounts.right(outAccuracy, outRuns)
    else { return nil }
    (self.inRight, self.inRuns, self.outRight, self.outRuns) = (inRight, inRuns, outRight, outRuns)
  }

  private static func right(_ accuracy: [Float], _ runs: [Int32]) -> [Int32]? {
    var right: [Int32] = []
    for (share, n) in zip(accuracy, runs) {
      guard (0...1_000_000).contains(n) else { return nil }
      if n == 0 {
        guard share.isNaN else { return nil }
        right.append(0)
        continue
      }
      guard share >= 0, share <= 1 else { return nil }
      let x = (Double(share) * Double(n)).rounded()
      guard Float(x / Double(n)) == share else { return nil }
      right.append(Int32(x))
    }
    return right
  }
}

extension TrajectoryCounts {
  /// Each example's counts over sizes, which are in ascending order of parameter count and of the same examples.
  public static func all(_ sizes: [SizeCounts]) -> [TrajectoryCounts] {
    precondition(sizes.allSatisfy { $0.examples == sizes[0].examples }, "sizes are of the same examples")
    let examples = sizes.first?.examples ?? 0
    return (0..<examples).map { i in
      func row(_ part: (SizeCounts) -> [Int32]) -> [Int] { sizes.map { Int(part($0)[i]) } }
      return TrajectoryCounts(
        inRight: row(\.inRight), inRuns: row(\.inRuns), outRight: row(\.outRight), outRuns: row(\.outRuns))
    }
  }
}
