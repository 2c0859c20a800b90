import Kernels
import Randomness
import Synchronization

/// The distribution of true memorisation over examples, by non-parametric maximum likelihood.
///
/// A histogram of scores shows their noise along with what they measure: at 20 runs a true 0 is often a score of .15.
/// Here each example's in- and out-of-sample accuracies (p, q) are drawn from an unknown distribution on a grid, its
/// counts are binomial given them, and the distribution is the one of largest likelihood, by the EM algorithm.
/// - Complexity: a step takes O(distinct in-counts × grid × (grid + distinct out-counts)), whatever the examples.
/// - Source: Laird 1978, doi:10.1080/01621459.1978.10480103; of two dimensions here.
public struct ScoreMixture: Sendable {
  /// Steps from 0 to 1 of the grid, of p and q alike.
  public static let steps = 40
  /// EM stops when `stepsBetweenLooks` steps add less than this each to the mean log likelihood of an example, or after
  /// `mostIterations`.
  public static let tolerance = 1e-6
  public static let mostIterations = 500
  /// Logarithms cost as much as all else in a step.
  public static let stepsBetweenLooks = 5

  /// `(p, q)`: the probability of each point of the grid, p = row / `steps`; NaN where no example has both counts.
  public let weight: [Double]
  public let iterations: Int
  /// The number of examples with runs on both sides.
  public let examples: Int

  /// - Parameters:
  ///   - counts: per example.
  ///   - pool: works on it; the result does not depend on its threads.
  public init(_ counts: MemorisationCounts, _ pool: ThreadPool) {
    var seen: [Pair: Int] = [:]
    for i in 0..<counts.examples {
      let (p, q) = (counts.inSample(i), counts.outOfSample(i))
      guard p.runs > 0, q.runs > 0 else { continue }
      seen[Pair(inside: Trials(p), outside: Trials(q)), default: 0] += 1
    }
    let examples = seen.values.reduce(0, +)
    self.examples = examples
    let grid = ScoreMixture.steps + 1
    guard examples > 0 else {
      (weight, iterations) = ([Double](repeating: .nan, count: grid * grid), 0)
      return
    }
    // In a fixed order, so that sums do not depend on that of the examples.
    let pairs = seen.sorted { $0.key < $1.key }
    let (rows, row) = ScoreMixture.numbered(pairs.map(\.key.inside))
    let (columns, column) = ScoreMixture.numbered(pairs.map(\.key.outside))
    let cells = pairs.indices.map {
      Cell(row: row[$0], column: column[$0], share: Double(pairs[$0].value) / Double(examples))
    }
    (weight, iterations) = ScoreMixture.fit(cells, rows.map(Likelihood.init), columns.map(Likelihood.init), pool)
  }

  /// The probability that p - q lies within `range`.
  public func mass(_ range: ClosedRange<Double>) -> Double {
    let grid = ScoreMixture.steps + 1
    // Differences are whole numbers of steps; a bound that is one belongs to the range.
    let bounds = [range.lowerBound, range.upperBound].map { $0 * Double(ScoreMixture.steps) }
    let (lower, upper) = (Int((bounds[0] - 1e-9).rounded(.up)), Int((bounds[1] + 1e-9).rounded(.down)))
    var sum = 0.0
    for p in 0..<grid {
      for q in 0..<grid where p - q >= lower && p - q <= upper { sum += weight[p * grid + q] }
    }
    return sum
  }

  /// The mean of p - q.
  public var mean: Double {
    let grid = ScoreMixture.steps + 1
    return weight.indices.reduce(0) { $0 + weight[$1] * Double($1 / grid - $1 % grid) / Double(ScoreMixture.steps) }
  }

  /// Successes of trials.
  private struct Trials: Hashable, Comparable {
    let correct: Int
    let runs: Int

    init(_ side: MemorisationCounts.Side) { (correct, runs) = (side.correct, side.runs) }

    static func < (a: Trials, b: Trials) -> Bool { (a.correct, a.runs) < (b.correct, b.runs) }
  }

  private struct Pair: Hashable, Comparable {
    let inside: Trials
    let outside: Trials

    static func < (a: Pair, b: Pair) -> Bool { a.inside == b.inside ? a.outside < b.outside : a.inside < b.inside }
  }

  /// The share of the examples that have one pair of counts.
  private struct Cell: Sendable {
    let row: Int
    let column: Int
    let share: Double
  }

  /// Different values in ascending order, and each value's place among them.
  private static func numbered(_ values: [Trials]) -> (distinct: [Trials], place: [Int]) {
    let distinct = Set(values).sorted()
    let places = Dictionary(uniqueKeysWithValues: distinct.enumerated().map { ($1, $0) })
    return (distinct, values.map { places[$0, default: 0] })
  }

  /// The likelihood of each grid point, in units of the largest, which EM does not mind; where it is below 1e-14 of
  /// that it is left out.
  private struct Likelihood: Sendable {
    let range: Range<Int>
    let values: [Double]

    init(_ trials: Trials) {
      let logs = (0...ScoreMixture.steps).map { g -> Double in
        let p = Double(g) / Double(ScoreMixture.steps)
        let (hits, misses) = (trials.correct, trials.runs - trials.correct)
        return (hits > 0 ? Double(hits) * Elementary.log(p) : 0)
          + (misses > 0 ? Double(misses) * Elementary.log(1 - p) : 0)
      }
      let top = logs.max() ?? 0
      let kept = logs.indices.filter { logs[$0] > top - 32 }
      range = (kept.first ?? 0)..<((kept.last ?? 0) + 1)
      values = logs[range].map { Elementary.exp($0 - top) }
    }
  }

  /// EM: the weight of (p, q) becomes its mean posterior probability over the examples.
  private static func fit(
    _ cells: [Cell], _ rows: [Likelihood], _ columns: [Likelihood], _ pool: ThreadPool
  ) -> (weight: [Double], iterations: Int) {
    let grid = steps + 1
    let parts = ScoreMixture.parts(cells)
    var weight = [Double](repeating: 1 / Double(grid * grid), count: grid * grid)
    var last = -Double.infinity
    for iteration in 1...mostIterations {
      let isLook = iteration % stepsBetweenLooks == 0
      let steps = Mutex([Step](repeating: Step(), count: parts.count))
      pool.run(parts.count) { [weight] part in
        let step = ascend(weight, cells[parts[part]], rows, columns, looking: isLook)
        steps.withLock { $0[part] = step }
      }
      let taken = steps.withLock { $0 }
      let likelihood = taken.reduce(0) { $0 + $1.likelihood }
      for i in weight.indices {
        weight[i] *= taken.reduce(0) { $0 + $1.factor[i] }
        // Shares that go to 0 do so for ever, and slow down all that they are multiplied with.
        if weight[i] < 1e-12 { weight[i] = 0 }
      }
      guard isLook else { continue }
      if likelihood - last < tolerance * Double(stepsBetweenLooks) { return (weight, iteration) }
      last = likelihood
    }
    return (weight, mostIterations)
  }

  /// The cells of whole rows, in a number of parts that does not depend on who works on them.
  private static func parts(_ cells: [Cell]) -> [Range<Int>] {
    let most = 16
    var parts: [Range<Int>] = []
    var start = 0
    for end in 1...cells.count where end == cells.count || cells[end].row != cells[end - 1].row {
      guard end == cells.count || end - start >= (cells.count + most - 1) / most else { continue }
      parts.append(start..<end)
      start = end
    }
    return parts
  }

  /// What some cells have to say: what EM multiplies each weight by, and their share of the mean log likelihood.
  private struct Step: Sendable {
    var factor: [Double] = []
    var likelihood = 0.0
  }

  private static func ascend(
    _ weight: [Double], _ cells: ArraySlice<Cell>, _ rows: [Likelihood], _ columns: [Likelihood],
    looking: Bool
  ) -> Step {
    let grid = steps + 1
    var factor = [Double](repeating: 0, count: grid * grid)
    var likelihood = 0.0
    /// Given an in-count: the joint weight of each q, and what is collected for it.
    var (joint, collected) = ([Double](repeating: 0, count: grid), [Double](repeating: 0, count: grid))
    var next = cells.startIndex
    while next < cells.endIndex {
      let row = cells[next].row
      let inside = rows[row]
      for q in 0..<grid { (joint[q], collected[q]) = (0, 0) }
      for (p, value) in zip(inside.range, inside.values) { add(value, weight, from: p * grid, grid, to: &joint, at: 0) }
      while next < cells.endIndex, cells[next].row == row {
        let outside = columns[cells[next].column]
        let first = outside.range.lowerBound
        let density = product(outside.values, joint, at: first)
        if looking { likelihood += cells[next].share * Elementary.log(density) }
        add(cells[next].share / density, outside.values, from: 0, outside.values.count, to: &collected, at: first)
        next += 1
      }
      for (p, value) in zip(inside.range, inside.values) {
        add(value, collected, from: 0, grid, to: &factor, at: p * grid)
      }
    }
    return Step(factor: factor, likelihood: likelihood)
  }

  /// Σ x[i] y[at + i], in four sums: one alone would wait for each of its additions.
  @inline(__always)
  private static func product(_ x: [Double], _ y: [Double], at: Int) -> Double {
    precondition(at + x.count <= y.count, "within both")
    return x.withUnsafeBufferPointer { x in
      y.withUnsafeBufferPointer { y in
        var sums = SIMD4<Double>()
        let whole = x.count & ~3
        for i in stride(from: 0, to: whole, by: 4) {
          let four = SIMD4<Double>(x[i], x[i + 1], x[i + 2], x[i + 3])
          sums += four * SIMD4<Double>(y[at + i], y[at + i + 1], y[at + i + 2], y[at + i + 3])
        }
        var sum = sums.sum()
        for i in whole..<x.count { sum += x[i] * y[at + i] }
        return sum
      }
    }
  }

  /// y[at + i] += a x[from + i] for i below `count`, in vectors.
  @inline(__always)
  private static func add(
    _ a: Double, _ x: [Double], from: Int, _ count: Int, to y: inout [Double], at: Int
  ) {
    precondition(from + count <= x.count && at + count <= y.count, "within both")
    x.withUnsafeBufferPointer { x in
      y.withUnsafeMutableBufferPointer { y in
        guard let x = x.baseAddress, let y = y.baseAddress else { return }
        for i in 0..<count { y[at + i] += a * x[from + i] }
      }
    }
  }
}
