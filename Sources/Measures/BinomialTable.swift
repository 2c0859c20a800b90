import Randomness

/// The binomial distribution of n trials of probability p as a table, from which numbers are drawn by inversion.
///
/// - Complexity: n + 1 additions to make, log2(n + 1) comparisons a draw.
struct BinomialTable: Sendable {
  /// `(n + 1)`: the weight of at most k successes, where the likeliest number has weight 1.
  private var cumulative: [Double] = []

  /// - Precondition: `trials >= 0`, `0 < p < 1`.
  init(trials: Int, p: Double) { reset(trials: trials, p: p) }

  /// Becomes that of other trials, in the same memory.
  mutating func reset(trials n: Int, p: Double) {
    precondition(n >= 0 && 0 < p && p < 1, "a probability between 0 and 1")
    // From the mode on both ways: p^n itself would be 0 for many trials.
    let mode = min(n, Int(Double(n + 1) * p))
    let odds = p / (1 - p)
    cumulative.removeAll(keepingCapacity: true)
    cumulative.append(contentsOf: repeatElement(1, count: n + 1))
    var weight = 1.0
    for k in stride(from: mode, to: 0, by: -1) {
      weight *= Double(k) / (Double(n - k + 1) * odds)
      cumulative[k - 1] = weight
    }
    weight = 1
    for k in stride(from: mode, to: n, by: 1) {
      weight *= Double(n - k) * odds / Double(k + 1)
      cumulative[k + 1] = weight
    }
    var sum = 0.0
    for k in 0...n {
      sum += cumulative[k]
      cumulative[k] = sum
    }
  }

  /// The least k with Pr(X <= k) above u, for u in 0..<1.
  func quantile(_ u: Double) -> Int {
    let target = u * cumulative[cumulative.count - 1]
    var (low, high) = (0, cumulative.count - 1)
    while low < high {
      let middle = (low + high) / 2
      if cumulative[middle] > target { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
