import Randomness

/// How two measures of the same examples go together, with a 95 % interval; pairs with a NaN are left out.
///
/// The interval is Fisher's, tanh(artanh r ± 1.96 √(v / (n - b))), of n pairs, with
///
///     Pearson    v = 1            b = 3    Fisher 1921
///     Spearman   v = 1 + r²/2     b = 3    Bonett and Wright 2000, doi:10.1007/BF02294183
///     Kendall    v = .437         b = 4    Fieller, Hartley and Pearson 1957, doi:10.1093/biomet/44.3-4.470
///
/// Its limits: it is of independent pairs drawn from a population near bivariate normal (of ranks, up to monotone
/// changes). It holds well up to |r| of .95 (Spearman) and .8 (Kendall), was not derived for many ties, and says
/// nothing about the noise of the measures themselves: that attenuates r, see `Disattenuation`. At |r| = 1 it is
/// that point; below b + 1 pairs it is undefined.
public struct Correlation: Sendable, Equatable {
  /// In -1...1; NaN below two pairs, and where a measure has the same value for all.
  public let value: Double
  public let interval: Interval
  /// The number of pairs that count, and of those left out because of a NaN.
  public let pairs: Int
  public let missing: Int

  /// Of values as they are.
  public static func pearson(_ x: [Double], _ y: [Double]) -> Correlation {
    let kept = Pairs(x, y)
    return Correlation(productMoment(kept.x, kept.y), kept, losing: 3) { _ in 1 }
  }

  /// Of ranks, of which equal values share the mean.
  public static func spearman(_ x: [Double], _ y: [Double]) -> Correlation {
    let kept = Pairs(x, y)
    return Correlation(productMoment(midRanks(of: kept.x), midRanks(of: kept.y)), kept, losing: 3) { 1 + $0 * $0 / 2 }
  }

  /// Kendall's tau-b: (concordant - discordant pairs of examples) / √((all - tied in x) (all - tied in y)).
  ///
  /// - Complexity: O(n log n).
  /// - Source: Kendall 1945, doi:10.1093/biomet/33.3.239; the algorithm is Knight's 1966,
  ///   doi:10.1080/01621459.1966.10480879.
  public static func kendall(_ x: [Double], _ y: [Double]) -> Correlation {
    let kept = Pairs(x, y)
    return Correlation(kendallTau(kept.x, kept.y), kept, losing: 4) { _ in 0.437 }
  }

  private init(_ value: Double, _ kept: Pairs, losing b: Int, variance: (Double) -> Double) {
    self.value = value
    (pairs, missing) = (kept.x.count, kept.missing)
    guard !value.isNaN, pairs > b else {
      interval = .undefined
      return
    }
    guard abs(value) < 1 else {
      interval = Interval(lower: value, upper: value)
      return
    }
    let z = Elementary.log((1 + value) / (1 - value)) / 2
    let halfWidth = 1.959963984540054 * (variance(value) / Double(pairs - b)).squareRoot()
    interval = Interval(lower: hyperbolicTangent(z - halfWidth), upper: hyperbolicTangent(z + halfWidth))
  }
}

/// The pairs of which both values are numbers.
private struct Pairs {
  var x: [Double] = []
  var y: [Double] = []
  var missing = 0

  init(_ x: [Double], _ y: [Double]) {
    precondition(x.count == y.count, "both measures are of the same examples")
    for (a, b) in zip(x, y) {
      if a.isNaN || b.isNaN {
        missing += 1
      } else {
        self.x.append(a)
        self.y.append(b)
      }
    }
  }
}

/// Pearson's correlation of numbers; NaN where one side has no spread.
private func productMoment(_ x: [Double], _ y: [Double]) -> Double {
  // By comparison: a mean that was rounded would leave a spread.
  guard x.count >= 2, x.contains(where: { $0 != x[0] }), y.contains(where: { $0 != y[0] }) else { return .nan }
  let n = Double(x.count)
  let (meanX, meanY) = (x.reduce(0, +) / n, y.reduce(0, +) / n)
  var (xx, yy, xy) = (0.0, 0.0, 0.0)
  for (a, b) in zip(x, y) {
    xx += (a - meanX) * (a - meanX)
    yy += (b - meanY) * (b - meanY)
    xy += (a - meanX) * (b - meanY)
  }
  let r = xy / xx.squareRoot() / yy.squareRoot()
  return r.isNaN ? r : min(1, max(-1, r))
}

private func hyperbolicTangent(_ x: Double) -> Double {
  let e = Elementary.exp(-2 * abs(x))
  let value = (1 - e) / (1 + e)
  return x < 0 ? -value : value
}

private func kendallTau(_ x: [Double], _ y: [Double]) -> Double {
  let n = x.count
  guard n >= 2 else { return .nan }
  let order = x.indices.sorted { (x[$0], y[$0]) < (x[$1], y[$1]) }
  let tiedX = tiedPairs(order) { x[$0] == x[$1] }
  let tiedBoth = tiedPairs(order) { x[$0] == x[$1] && y[$0] == y[$1] }
  // What is out of order in y, once x is in order and y within equal x: the discordant pairs.
  var sorted = order.map { y[$0] }
  let discordant = inversions(&sorted)
  let tiedY = tiedPairs(Array(sorted.indices)) { sorted[$0] == sorted[$1] }
  let all = n * (n - 1) / 2
  guard all > tiedX, all > tiedY else { return .nan }
  let surplus = Double(all - tiedX - tiedY + tiedBoth - 2 * discordant)
  let tau = surplus / Double(all - tiedX).squareRoot() / Double(all - tiedY).squareRoot()
  return min(1, max(-1, tau))
}

/// The number of pairs within stretches of equal neighbours.
private func tiedPairs(_ order: [Int], areEqual: (Int, Int) -> Bool) -> Int {
  var (pairs, stretch) = (0, 0)
  for (a, b) in zip(order, order.dropFirst()) {
    stretch = areEqual(a, b) ? stretch + 1 : 0
    pairs += stretch
  }
  return pairs
}

/// Sorts, and returns how many pairs were out of order: a merge sort from below.
private func inversions(_ values: inout [Double]) -> Int {
  var other = values
  var (count, width) = (0, 1)
  while width < values.count {
    for start in stride(from: 0, to: values.count, by: 2 * width) {
      let (middle, end) = (min(start + width, values.count), min(start + 2 * width, values.count))
      var (a, b) = (start, middle)
      for place in start..<end {
        if a < middle, b >= end || values[a] <= values[b] {
          other[place] = values[a]
          a += 1
        } else {
          other[place] = values[b]
          b += 1
          // It passes all that is left of the first stretch.
          count += middle - a
        }
      }
    }
    swap(&values, &other)
    width *= 2
  }
  return count
}
