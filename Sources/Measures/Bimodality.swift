/// Descriptions of how far a distribution is from one peak. Neither tests anything here: Sarle's coefficient is above .555
/// for a spike at one end too, and scores are multiples of 1/n, for which the dip's null distribution does not hold.
public enum Bimodality {
  /// Sarle's coefficient, (skewness² + 1) / kurtosis with their corrections for few values: 5/9 for a uniform distribution,
  /// 1 for two points of equal weight. NaN below four values, or where all are equal; values that are NaN are left out.
  ///
  /// - Source: SAS/STAT, The CLUSTER Procedure; Pfister et al. 2013, doi:10.3389/fpsyg.2013.00700.
  public static func sarle(_ values: some Sequence<Float>) -> Double {
    let values = values.filter { !$0.isNaN }.map(Double.init)
    let n = Double(values.count)
    guard n >= 4 else { return .nan }
    let mean = values.reduce(0, +) / n
    var moments = (second: 0.0, third: 0.0, fourth: 0.0)
    for value in values {
      let square = (value - mean) * (value - mean)
      moments.second += square / n
      moments.third += square * (value - mean) / n
      moments.fourth += square * square / n
    }
    guard moments.second > 0 else { return .nan }
    let plainSkewness = moments.third / (moments.second * moments.second.squareRoot())
    let plainExcess = moments.fourth / (moments.second * moments.second) - 3
    let skewness = plainSkewness * (n * (n - 1)).squareRoot() / (n - 2)
    let excess = (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * plainExcess + 6)
    return (skewness * skewness + 1) / (excess + 3 * (n - 1) * (n - 1) / ((n - 2) * (n - 3)))
  }

  /// The dip: the least that the largest distance between the values' distribution function and one with a single peak can
  /// be, and at least 1/(2n). Values that are NaN are left out; NaN where none is left.
  ///
  /// Between two points, which close in on the peak, the convex function below the steps and the concave one above part
  /// most somewhere; outside of them the distribution follows one of the two, and its distance to the steps counts.
  /// - Source: Hartigan and Hartigan 1985, doi:10.1214/aos/1176346577.
  public static func dip(_ values: some Sequence<Float>) -> Double {
    let steps = Steps(values)
    guard steps.count > 0 else { return .nan }
    var gap = 1 / Double(steps.count)
    var (first, last) = (0, steps.x.count - 1)
    while first < last {
      let below = Hull(steps.x, steps.before, first...last, isConvex: true)
      let above = Hull(steps.x, steps.upTo, first...last, isConvex: false)
      // Where they part as far at several points, the last of them: rounding must not choose.
      let widest = (first...last).reduce(0) { max($0, above[$1] - below[$1]) }
      guard widest > gap + slack else { break }
      let place = (first...last).last { above[$0] - below[$0] >= widest - slack } ?? first
      let low = below.knots.last { $0 <= place } ?? first
      let high = above.knots.first { $0 >= place } ?? last
      for i in first..<low { gap = max(gap, steps.upTo[i] - below[i]) }
      for i in high..<last { gap = max(gap, above[i + 1] - steps.before[i + 1]) }
      if low == first, high == last { break }
      (first, last) = (low, high)
    }
    return gap / 2
  }

  private static let slack = 1e-12

  /// A distribution function: at each distinct value, ascending, its height before the step there, and up to it.
  private struct Steps {
    var x: [Double] = []
    var before: [Double] = []
    var upTo: [Double] = []
    let count: Int

    init(_ values: some Sequence<Float>) {
      let sorted = values.filter { !$0.isNaN }.sorted()
      count = sorted.count
      for (i, value) in sorted.enumerated() {
        let height = Double(i + 1) / Double(sorted.count)
        if x.last == Double(value) {
          upTo[upTo.count - 1] = height
        } else {
          before.append(upTo.last ?? 0)
          x.append(Double(value))
          upTo.append(height)
        }
      }
    }
  }

  /// The greatest convex function below points, or the least concave one above them.
  private struct Hull {
    /// Where it bends, ends included.
    private(set) var knots: [Int] = []
    private let start: Int
    private var heights: [Double] = []

    init(_ x: [Double], _ y: [Double], _ range: ClosedRange<Int>, isConvex: Bool) {
      start = range.lowerBound
      for i in range {
        while knots.count >= 2 {
          let (a, b) = (knots[knots.count - 2], knots[knots.count - 1])
          let turn = (y[b] - y[a]) * (x[i] - x[a]) - (y[i] - y[a]) * (x[b] - x[a])
          // b is not below the line from a to i, or not above it.
          guard isConvex ? turn >= 0 : turn <= 0 else { break }
          knots.removeLast()
        }
        knots.append(i)
      }
      for (a, b) in zip(knots, knots.dropFirst()) {
        for i in a..<b { heights.append(y[a] + (y[b] - y[a]) * (x[i] - x[a]) / (x[b] - x[a])) }
      }
      heights.append(y[range.upperBound])
    }

    subscript(i: Int) -> Double { heights[i - start] }
  }
}
