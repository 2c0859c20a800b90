/// What would be read from all runs, by Spearman and Brown, where halves of them agree with correlation r: 2r / (1 + r).
///
/// - Source: Spearman 1910, doi:10.1111/j.2044-8295.1910.tb00206.x; Brown 1910,
///   doi:10.1111/j.2044-8295.1910.tb00207.x.
public func spearmanBrown(_ r: Double) -> Double { 2 * r / (1 + r) }

/// The correlation of two noisy measures, of which each was made on both halves of the runs, over several splits, and
/// what it would be without the noise.
///
/// With r(a, b) Pearson's correlation over examples, and x_1, x_2, y_1, y_2 the measures on the halves of a split, means
/// being over splits:
///
///     raw             c = mean (r(x_1, y_2) + r(x_2, y_1)) / 2: the two share no runs, and so no noise
///     half-reliability  h_x = mean r(x_1, x_2),  h_y = mean r(y_1, y_2)
///     reliability     2h / (1 + h), that of the measure on all runs
///     disattenuated   c / √(h_x h_y): raw and reliabilities are of halves alike
///
/// The interval is ± 1.96 standard errors by the infinitesimal jackknife over examples: each correlation changes with the
/// weight of example i as z_a z_b - r (z_a² + z_b²) / 2, z being standardised values, and the others by the chain rule.
/// It holds the sampling of examples and the noise of their measures, for these splits of these runs; it is not clipped
/// at ±1, as a true correlation near 1 is often estimated above it. It is too narrow where examples are alike in groups.
/// - Complexity: O(splits x examples).
/// - Source: Spearman 1904, doi:10.2307/1412159; the influence of an example, Devlin, Gnanadesikan and Kettenring 1975,
///   doi:10.1093/biomet/62.3.531.
public struct Disattenuation: Sendable, Equatable {
  /// Two measures on the halves of one split, `(example)` each.
  public struct Split: Sendable {
    public let x: (first: [Double], second: [Double])
    public let y: (first: [Double], second: [Double])

    public init(x: (first: [Double], second: [Double]), y: (first: [Double], second: [Double])) {
      precondition(
        x.second.count == x.first.count && y.first.count == x.first.count && y.second.count == x.first.count,
        "halves have values of the same examples")
      (self.x, self.y) = (x, y)
    }

    fileprivate func isMissing(_ example: Int) -> Bool {
      x.first[example].isNaN || x.second[example].isNaN || y.first[example].isNaN || y.second[example].isNaN
    }
  }

  /// Why there is no disattenuated value.
  public enum Withheld: String, Sendable {
    /// One of the correlations does not exist: too few examples, or a measure without spread.
    case undefined
    case unreliableX = "unreliable x"
    case unreliableY = "unreliable y"
    case unreliable = "unreliable x and y"
  }

  /// A number with its 95 % interval.
  public struct Estimate: Sendable, Equatable {
    public let value: Double
    public let interval: Interval

    public init(value: Double, interval: Interval) { (self.value, self.interval) = (value, interval) }

    static let undefined = Estimate(value: .nan, interval: .undefined)
  }

  /// Below this reliability, of either measure, nothing is disattenuated.
  public static let leastReliability = 0.3

  public let raw: Estimate
  /// Of each measure on all runs, by Spearman and Brown.
  public let reliabilityX: Estimate
  public let reliabilityY: Estimate
  /// NaN where `withheld` says why.
  public let value: Estimate
  public let withheld: Withheld?
  /// The number of examples that count, and of those left out because a value in a split is NaN.
  public let examples: Int
  public let missing: Int

  /// - Precondition: all splits are of the same examples.
  public init(_ splits: [Split]) {
    let count = splits.first?.x.first.count ?? 0
    precondition(splits.allSatisfy { $0.x.first.count == count }, "splits have values of the same examples")
    let kept = (0..<count).filter { i in !splits.contains { $0.isMissing(i) } }
    (examples, missing) = (kept.count, count - kept.count)

    var (cross, x, y) = (WeightedSum(kept.count), WeightedSum(kept.count), WeightedSum(kept.count))
    for split in splits {
      let (x1, x2) = (Standardised(split.x.first, kept), Standardised(split.x.second, kept))
      let (y1, y2) = (Standardised(split.y.first, kept), Standardised(split.y.second, kept))
      let weight = 1 / Double(splits.count)
      cross.add(x1, y2, weight: weight / 2)
      cross.add(x2, y1, weight: weight / 2)
      x.add(x1, x2, weight: weight)
      y.add(y1, y2, weight: weight)
    }
    if splits.isEmpty { (cross.value, x.value, y.value) = (.nan, .nan, .nan) }
    raw = cross.estimate(cross.value) { cross.changes[$0] }
    // d(2h / (1 + h)) = 2 / (1 + h)² dh
    reliabilityX = x.estimate(spearmanBrown(x.value)) { 2 * x.changes[$0] / ((1 + x.value) * (1 + x.value)) }
    reliabilityY = y.estimate(spearmanBrown(y.value)) { 2 * y.changes[$0] / ((1 + y.value) * (1 + y.value)) }

    // NaN is not at least anything.
    let isReliableX = reliabilityX.value >= Disattenuation.leastReliability
    let isReliableY = reliabilityY.value >= Disattenuation.leastReliability
    if cross.value.isNaN || x.value.isNaN || y.value.isNaN {
      withheld = .undefined
    } else if !isReliableX {
      withheld = isReliableY ? .unreliableX : .unreliable
    } else {
      withheld = isReliableY ? nil : .unreliableY
    }
    guard withheld == nil else {
      value = .undefined
      return
    }
    let root = (x.value * y.value).squareRoot()
    let ratio = cross.value / root
    value = cross.estimate(ratio) { i in
      cross.changes[i] / root - ratio / 2 * (x.changes[i] / x.value + y.changes[i] / y.value)
    }
  }
}

/// Values with mean 0 and variance 1 (divisor n); nothing where they have no spread.
private struct Standardised {
  let values: [Double]?

  init(_ all: [Double], _ kept: [Int]) {
    let chosen = kept.map { all[$0] }
    guard let first = chosen.first, chosen.contains(where: { $0 != first }) else {
      values = nil
      return
    }
    let n = Double(chosen.count)
    let mean = chosen.reduce(0, +) / n
    let deviation = (chosen.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / n).squareRoot()
    values = chosen.map { ($0 - mean) / deviation }
  }
}

/// A weighted sum of correlations, and how it changes with each example's weight.
private struct WeightedSum {
  var value = 0.0
  var changes: [Double]

  init(_ count: Int) { changes = [Double](repeating: 0, count: count) }

  mutating func add(_ a: Standardised, _ b: Standardised, weight: Double) {
    guard let a = a.values, let b = b.values else {
      value = .nan
      return
    }
    var r = 0.0
    for i in a.indices { r += a[i] * b[i] }
    // Rounding alone goes beyond 1.
    r = min(1, max(-1, r / Double(a.count)))
    value += weight * r
    for i in a.indices { changes[i] += weight * (a[i] * b[i] - r * (a[i] * a[i] + b[i] * b[i]) / 2) }
  }

  /// A function of such sums, from its change with each example's weight.
  func estimate(_ value: Double, change: (Int) -> Double) -> Disattenuation.Estimate {
    guard !value.isNaN, !changes.isEmpty else { return .undefined }
    var squares = 0.0
    for i in changes.indices { squares += change(i) * change(i) }
    let error = squares.squareRoot() / Double(changes.count)
    return Disattenuation.Estimate(
      value: value, interval: Interval(centre: value, halfWidth: 1.959963984540054 * error))
  }
}
