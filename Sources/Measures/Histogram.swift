/// Counts of values over bins of equal width.
///
/// A bin holds its lower edge and not its upper one; the last holds both. Edges are the `Float`s nearest to
/// the true ones, as scores k/n are, so that a score on an edge is never put below it by rounding.
public struct Histogram: Sendable, Equatable {
  /// `(bin + 1)`, ascending.
  public let edges: [Float]
  /// `(bin)`
  public private(set) var counts: [Int]
  /// The number of NaNs, of values below the first edge, and of values above the last.
  public private(set) var missing = 0
  public private(set) var below = 0
  public private(set) var above = 0

  public init(_ range: ClosedRange<Double>, bins: Int) {
    precondition(bins > 0 && range.lowerBound < range.upperBound, "a histogram has a bin of some width")
    let width = range.upperBound - range.lowerBound
    edges = (0...bins).map { Float(range.lowerBound + width * Double($0) / Double(bins)) }
    counts = [Int](repeating: 0, count: bins)
  }

  public mutating func add(_ value: Float) {
    let (first, last) = (edges[0], edges[counts.count])
    if value.isNaN {
      missing += 1
    } else if value < first {
      below += 1
    } else if value > last {
      above += 1
    } else {
      let position = Double(value - first) / Double(last - first) * Double(counts.count)
      var bin = min(Int(position), counts.count - 1)
      // The edges decide; the division only says where to look.
      while bin > 0, value < edges[bin] { bin -= 1 }
      while bin + 1 < counts.count, value >= edges[bin + 1] { bin += 1 }
      counts[bin] += 1
    }
  }

  public mutating func add(contentsOf values: some Sequence<Float>) {
    for value in values { add(value) }
  }
}

/// How much of the scores lies near the ends, as shares of those that are not NaN (NaN if all are).
///
/// Bounds belong to their interval and are compared in `Float`, so that a score of 1/10 is in the first.
/// Negative scores, which only chance or harm makes, are a share of their own: `negative + low` is the share
/// up to .1.
public struct ScoreMass: Sendable, Equatable {
  /// The share below 0, in [0, .1], and in [.9, 1].
  public let negative: Double
  public let low: Double
  public let high: Double
  /// The number of scores that are numbers, and of those that are NaN.
  public let scored: Int
  public let missing: Int

  public init(_ scores: some Sequence<Float>) {
    var (negative, low, high, scored, missing) = (0, 0, 0, 0, 0)
    for score in scores {
      if score.isNaN {
        missing += 1
        continue
      }
      scored += 1
      if score < 0 { negative += 1 }
      if (0...0.1).contains(score) { low += 1 }
      if (0.9...1).contains(score) { high += 1 }
    }
    func share(_ count: Int) -> Double { Double(count) / Double(scored) }
    self.negative = share(negative)
    self.low = share(low)
    self.high = share(high)
    self.scored = scored
    self.missing = missing
  }
}
