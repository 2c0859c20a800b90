import Randomness

/// Whether a correlation of a few pairs is more than chance: the share of the orders of one side in which it is as strong.
///
/// - Source: Pitman 1937, doi:10.2307/2983647. Above `mostExact` pairs orders are drawn, and the observed one counts as one
///   of them (Phipson and Smyth 2010, doi:10.2202/1544-6115.1585).
public struct PermutationTest: Sendable, Equatable {
  /// Above it all orders take too long: 10! are 3.6 million.
  public static let mostExact = 10
  public static let draws = 100_000

  /// Pearson's; NaN below three pairs, and where a side has the same value throughout.
  public let correlation: Double
  /// Two-sided: of |correlation|.
  public let p: Double
  public let pairs: Int
  public var isExact: Bool { pairs <= PermutationTest.mostExact }

  /// - Parameters:
  ///   - x, y: pairs; those with a NaN are left out.
  ///   - seed: of the orders that are drawn, where they are.
  public init(_ x: [Double], _ y: [Double], seed: UInt64 = 0) {
    precondition(x.count == y.count, "two values of each")
    let kept = zip(x, y).filter { !$0.isNaN && !$1.isNaN }
    pairs = kept.count
    correlation = kept.count < 3 ? .nan : Correlation.pearson(kept.map(\.0), kept.map(\.1)).value
    guard !correlation.isNaN else {
      p = .nan
      return
    }
    func centred(_ values: [Double]) -> [Double] {
      let mean = values.reduce(0, +) / Double(values.count)
      return values.map { $0 - mean }
    }
    let a = centred(kept.map(\.0))
    var b = centred(kept.map(\.1))
    func product() -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
    // Orders that give the same but for rounding are as strong.
    let spread = (a.reduce(0) { $0 + $1 * $1 } * b.reduce(0) { $0 + $1 * $1 }).squareRoot()
    let limit = abs(product()) - 1e-9 * spread
    if pairs <= PermutationTest.mostExact {
      var (hits, all) = (0, 0)
      PermutationTest.forEachOrder(&b) { order in
        var sum = 0.0
        for i in a.indices { sum += a[i] * order[i] }
        all += 1
        if abs(sum) >= limit { hits += 1 }
      }
      p = Double(hits) / Double(all)
    } else {
      var stream = RandomStream(seed: seed, purpose: .permutation)
      var hits = 0
      for _ in 0..<PermutationTest.draws {
        stream.shuffle(&b)
        if abs(product()) >= limit { hits += 1 }
      }
      p = Double(hits + 1) / Double(PermutationTest.draws + 1)
    }
  }

  /// Heap's algorithm: each order from the one before by one exchange.
  private static func forEachOrder(_ values: inout [Double], _ body: ([Double]) -> Void) {
    var counters = [Int](repeating: 0, count: values.count)
    body(values)
    var i = 1
    while i < values.count {
      if counters[i] < i {
        values.swapAt(i.isMultiple(of: 2) ? 0 : counters[i], i)
        body(values)
        counters[i] += 1
        i = 1
      } else {
        counters[i] = 0
        i += 1
      }
    }
  }
}
