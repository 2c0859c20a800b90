/// In- minus out-of-sample means of any quantity of each example: memorisation in probability or margin.
///
///     score = mean(v | in) - mean(v | out),   standard error = √(s²_in / n_in + s²_out / n_out)
///
/// with s² of divisor n - 1. The 95 % interval is Welch's, with Student's t at Satterthwaite's degrees of freedom. A
/// run whose value is NaN does not count for that example. Where a side has no runs the score is NaN; where one has
/// fewer than two, standard error and interval are.
/// - Complexity: one pass over the runs; memory O(examples). Runs are added in a fixed order: sums are of `Double`s.
/// - Source: the variants of Feldman and Zhang 2020, eq. 3, with v in place of correctness; Welch 1947,
///   doi:10.1093/biomet/34.1-2.28.
public struct MeanDifference: Sendable {
  public let examples: Int
  private var inside: Side
  private var outside: Side

  /// The means, their difference and its spread, `(example)` each.
  public struct Scores: Sendable {
    public var score: [Float] = []
    public var standardError: [Float] = []
    public var lower: [Float] = []
    public var upper: [Float] = []
    public var inMean: [Float] = []
    public var outMean: [Float] = []
    public var inCount: [Int32] = []
    public var outCount: [Int32] = []
  }

  private struct Side: Sendable {
    var count: [Int32]
    /// Of the values less the first one seen, so that squares do not cancel.
    var sum: [Double]
    var squares: [Double]
    var first: [Float]

    init(_ examples: Int) {
      count = [Int32](repeating: 0, count: examples)
      sum = [Double](repeating: 0, count: examples)
      squares = sum
      first = [Float](repeating: 0, count: examples)
    }

    mutating func add(_ i: Int, _ value: Float) {
      if count[i] == 0 { first[i] = value }
      let d = Double(value) - Double(first[i])
      count[i] += 1
      sum[i] += d
      squares[i] += d * d
    }

    func mean(_ i: Int) -> Double { Double(first[i]) + sum[i] / Double(count[i]) }

    /// With divisor n - 1; NaN below two values.
    func variance(_ i: Int) -> Double {
      let n = Double(count[i])
      return n > 1 ? max(0, squares[i] - sum[i] * sum[i] / n) / (n - 1) : .nan
    }
  }

  public init(examples: Int) {
    self.examples = examples
    inside = Side(examples)
    outside = inside
  }

  /// Adds one run.
  ///
  /// - Parameters:
  ///   - values: `(example)`; NaN leaves the example out of this run.
  ///   - inMask: `(example)`, 1 where the example was in the run's subset, else 0.
  public mutating func add(_ values: [Float], inMask: [UInt8]) {
    precondition(values.count == examples && inMask.count == examples, "a run has a value for each example")
    for i in 0..<examples where !values[i].isNaN {
      if inMask[i] != 0 { inside.add(i, values[i]) } else { outside.add(i, values[i]) }
    }
  }

  /// The scores over the runs so far.
  public var scores: Scores {
    var scores = Scores()
    scores.inCount = inside.count
    scores.outCount = outside.count
    var quantiles: [Int: Double] = [:]
    for i in 0..<examples {
      let difference = inside.mean(i) - outside.mean(i)
      let parts = [
        inside.variance(i) / Double(inside.count[i]), outside.variance(i) / Double(outside.count[i]),
      ]
      let variance = parts[0] + parts[1]
      let half =
        variance == 0
        ? 0 : MeanDifference.halfWidth(parts, [inside.count[i], outside.count[i]], &quantiles)
      scores.score.append(Float(difference))
      scores.standardError.append(Float(variance.squareRoot()))
      scores.lower.append(Float(difference - half))
      scores.upper.append(Float(difference + half))
      scores.inMean.append(Float(inside.mean(i)))
      scores.outMean.append(Float(outside.mean(i)))
    }
    return scores
  }

  /// Satterthwaite's degrees of freedom lie between the smaller n - 1 and the sum of both; rounded down, as tables are,
  /// so that few quantiles are needed.
  private static func halfWidth(_ parts: [Double], _ counts: [Int32], _ quantiles: inout [Int: Double]) -> Double {
    let total = parts[0] + parts[1]
    guard total.isFinite else { return .nan }
    let denominator = zip(parts, counts).reduce(0) { $0 + $1.0 * $1.0 / (Double($1.1) - 1) }
    let freedom = max(1, Int(total * total / denominator))
    let quantile =
      quantiles[freedom] ?? StudentT.quantile(confidence: 0.95, degreesOfFreedom: Double(freedom))
    quantiles[freedom] = quantile
    return quantile * total.squareRoot()
  }
}
