/// Means of a proxy over the runs of one configuration, with standard errors, and over halves of them.
///
/// Halves are for whoever compares the proxy with something that is made of the same runs: disjoint halves share no
/// noise.
/// - Complexity: memory O(examples × (1 + splits)). Runs are added in a fixed order: sums are of `Double`s.
public struct ProxyMeans: Sendable {
  public let examples: Int
  public let splits: Int
  private var all: Sums
  /// `(split, half)`
  private var halves: [Sums]

  private struct Sums: Sendable {
    var count: [Int32]
    var sum: [Double]
    /// Of differences from the mean; only where they are asked for.
    var m2: [Double]

    init(_ examples: Int, hasSpread: Bool) {
      count = [Int32](repeating: 0, count: examples)
      sum = [Double](repeating: 0, count: examples)
      m2 = hasSpread ? sum : []
    }

    mutating func add(_ i: Int, _ value: Double) {
      if !m2.isEmpty, count[i] > 0 {
        // Welford 1962: with d the difference from the old mean, m2 grows by d² n / (n + 1).
        let n = Double(count[i])
        let difference = value - sum[i] / n
        m2[i] += difference * difference * n / (n + 1)
      }
      count[i] += 1
      sum[i] += value
    }
  }

  public init(examples: Int, splits: Int) {
    self.examples = examples
    self.splits = splits
    all = Sums(examples, hasSpread: true)
    halves = (0..<2 * splits).map { _ in Sums(examples, hasSpread: false) }
  }

  /// Adds one run, or one pair of neighbouring runs.
  ///
  /// - Parameters:
  ///   - values: `(example)`; NaN where the run says nothing of the example, or is not to.
  ///   - sides: `(split)`: the half that the run is in, 0 or 1; nil where it is in neither.
  public mutating func add(_ values: [Float], sides: [Int?]) {
    precondition(values.count == examples && sides.count == splits, "a value an example, a side a split")
    for i in 0..<examples where !values[i].isNaN { all.add(i, Double(values[i])) }
    for (split, side) in sides.enumerated() {
      guard let side else { continue }
      for i in 0..<examples where !values[i].isNaN { halves[2 * split + side].add(i, Double(values[i])) }
    }
  }

  /// `(example)`: the mean over the runs that have a value; NaN where none has.
  public var mean: [Float] { zip(all.sum, all.count).map { Float($0 / Double($1)) } }

  /// `(example)`: s / √n with s of divisor n - 1; NaN below two values.
  public var standardError: [Float] {
    zip(all.m2, all.count).map { m2, n in
      n > 1 ? Float((m2 / Double(n - 1) / Double(n)).squareRoot()) : .nan
    }
  }

  /// `(example)`: the runs that have a value.
  public var count: [Int32] { all.count }

  /// `(split, half, example)`: means over the halves.
  public var halfMeans: [Float] {
    halves.flatMap { sums in zip(sums.sum, sums.count).map { Float($0 / Double($1)) } }
  }
}
