/// The influence of one training example on the correctness of one other example, from four numbers of runs.
///
///     score = c_in / n_in - (c - c_in) / (n - n_in)
///
/// - Source: Feldman and Zhang 2020, eq. 2 (arXiv 2008.03703).
public struct InfluenceScore: Hashable, Sendable {
  /// Four 32-bit numbers: there may be many scores at a time.
  private let counts: SIMD4<Int32>

  /// c_in: runs that trained on the example and were right about the other.
  public var correctInside: Int { Int(counts.x) }
  /// n_in: runs that trained on it.
  public var inside: Int { Int(counts.y) }
  /// c: runs that were right about the other.
  public var correct: Int { Int(counts.z) }
  /// n: runs that count. Where the other is a training example too, those that did not train on it.
  public var runs: Int { Int(counts.w) }
  /// n - n_in.
  public var outside: Int { runs - inside }

  public init(correctInside: Int, inside: Int, correct: Int, runs: Int) {
    counts = SIMD4(Int32(correctInside), Int32(inside), Int32(correct), Int32(runs))
  }

  private var shares: (inside: Double, outside: Double) {
    // No runs, no share: 0 / 0 is NaN.
    (Double(correctInside) / Double(inside), Double(correct - correctInside) / Double(runs - inside))
  }

  /// In-sample minus out-of-sample accuracy, from -1 to 1; NaN where all runs or none trained on the example.
  public var value: Double { shares.inside - shares.outside }

  /// The plug-in standard error, √(p(1 - p) / n_in + q(1 - q) / n_out): 0 where both shares are 0 or 1, and says
  /// nothing there. NaN as the value.
  public var standardError: Double {
    let (p, q) = shares
    return (p * (1 - p) / Double(inside) + q * (1 - q) / Double(runs - inside)).squareRoot()
  }

  /// The same pair with wrong answers counted in place of right ones: its value is that of this one, negated.
  public var ofErrors: InfluenceScore {
    InfluenceScore(correctInside: inside - correctInside, inside: inside, correct: runs - correct, runs: runs)
  }

  /// The least number of correct runs inside with which the value reaches a threshold; nil where none does.
  ///
  /// The value grows with that number, in floating point too: rounding keeps order.
  public static func leastCorrect(reaching threshold: Double, inside: Int, correct: Int, runs: Int) -> Int? {
    guard inside > 0, inside < runs else { return nil }
    func reaches(_ count: Int) -> Bool {
      InfluenceScore(correctInside: count, inside: inside, correct: correct, runs: runs).value >= threshold
    }
    var (low, high) = (max(0, correct - (runs - inside)), min(inside, correct))
    guard reaches(high) else { return nil }
    while low < high {
      let middle = (low + high) / 2
      if reaches(middle) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
