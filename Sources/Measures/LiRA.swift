import Randomness

/// The likelihood ratio attack: how much more likely a run's confidence is if it was trained on the example.
///
/// Of run k and example i, with φ the log odds of the label, in and out Gaussians fitted to the other runs:
///
///     Λ_ki = ln N(φ_ki; μ_in, σ²_in) - ln N(φ_ki; μ_out, σ²_out)
///
/// The target run itself is left out of its side. Below 64 runs variances are pooled over all examples, one a side, as
/// each example's own would be noise.
///
/// Log odds are summed in one pass over the runs, scored in a second.
/// - Complexity: memory O(examples), whatever the runs. Runs are added in a fixed order: sums are of `Double`s.
/// - Source: Carlini et al. 2022, algorithm 1 and section VI.A (arXiv 2112.03570).
public struct LiRA: Sendable {
  /// Runs from which on each example has variances of its own.
  public static let ownVariance = 64

  public let examples: Int
  public private(set) var runs = 0
  private var inside: Side
  private var outside: Side

  private struct Side: Sendable {
    var count: [Int32]
    var sum: [Double]
    var squares: [Double]

    init(_ examples: Int) {
      count = [Int32](repeating: 0, count: examples)
      sum = [Double](repeating: 0, count: examples)
      squares = sum
    }

    mutating func add(_ i: Int, _ value: Double) {
      count[i] += 1
      sum[i] += value
      squares[i] += value * value
    }

    func mean(_ i: Int) -> Double { sum[i] / Double(count[i]) }

    /// Σ (φ - mean)²
    func scatter(_ i: Int) -> Double { max(0, squares[i] - sum[i] * sum[i] / Double(count[i])) }

    /// The variance over all examples about their own means; NaN where no example has two runs.
    var pooled: Double {
      var (scatter, freedom) = (0.0, 0)
      for i in count.indices where count[i] > 1 {
        scatter += self.scatter(i)
        freedom += Int(count[i]) - 1
      }
      return scatter / Double(freedom)
    }
  }

  public init(examples: Int) {
    self.examples = examples
    inside = Side(examples)
    outside = inside
  }

  /// Adds one run; the parameters are those of `MeanDifference.add`. Log odds that are not finite do not count.
  public mutating func add(_ logOdds: [Float], inMask: [UInt8]) {
    precondition(logOdds.count == examples && inMask.count == examples, "a run has a value for each example")
    runs += 1
    for i in 0..<examples where logOdds[i].isFinite {
      if inMask[i] != 0 { inside.add(i, Double(logOdds[i])) } else { outside.add(i, Double(logOdds[i])) }
    }
  }

  /// Variances that all examples share, where they do.
  public struct Pooled: Sendable {
    fileprivate let inside: Double
    fileprivate let outside: Double
  }

  /// nil from 64 runs on.
  public var pooled: Pooled? {
    runs < LiRA.ownVariance ? Pooled(inside: inside.pooled, outside: outside.pooled) : nil
  }

  /// Λ of one of the runs that were added; NaN where a side has no other run, or no variance.
  ///
  /// - Parameter pooled: `self.pooled`, which is the same for all runs.
  public func ratios(_ logOdds: [Float], inMask: [UInt8], _ pooled: Pooled?) -> [Float] {
    precondition(logOdds.count == examples && inMask.count == examples, "a run has a value for each example")
    return (0..<examples).map { i in
      guard logOdds[i].isFinite else { return .nan }
      let value = Double(logOdds[i])
      let isIn = inMask[i] != 0
      let p = LiRA.logDensity(inside, i, value, isTarget: isIn, pooled?.inside)
      let q = LiRA.logDensity(outside, i, value, isTarget: !isIn, pooled?.outside)
      return Float(p - q)
    }
  }

  /// ln N(φ; μ, σ²) without the constant, the target left out.
  private static func logDensity(
    _ side: Side, _ i: Int, _ value: Double, isTarget: Bool, _ pooled: Double?
  ) -> Double {
    var (n, sum, squares) = (Double(side.count[i]), side.sum[i], side.squares[i])
    if isTarget {
      n -= 1
      sum -= value
      squares -= value * value
    }
    let mean = sum / n
    // Runs that all say the same have no variance, and anything else would be infinitely unlikely: a floor.
    let floor = 1e-6
    let variance = pooled ?? (n > 1 ? max(0, squares - sum * sum / n) / (n - 1) : .nan)
    guard n > 0, variance == variance else { return .nan }
    let used = max(variance, floor)
    return -(value - mean) * (value - mean) / (2 * used) - 0.5 * Elementary.log(used)
  }

  /// Mean and standard deviation (divisor n - 1) of the log odds on each side, `(example)`.
  public func moments(ofMembers members: Bool) -> (mean: [Float], deviation: [Float]) {
    let side = members ? inside : outside
    return (
      (0..<examples).map { Float(side.mean($0)) },
      (0..<examples).map {
        side.count[$0] > 1 ? Float((side.scatter($0) / Double(side.count[$0] - 1)).squareRoot()) : .nan
      }
    )
  }

  /// `(example)`: runs with log odds on each side.
  public func counts(ofMembers members: Bool) -> [Int32] { members ? inside.count : outside.count }
}
