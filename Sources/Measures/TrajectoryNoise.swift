import Randomness

/// What chance alone makes of one example's trajectory, and how sure its category is; whole numbers, so that the
/// sums over examples do not depend on their order.
///
/// **Floor.** If the example had the same accuracies at all sizes, they would be about
///
///     p_in = (Σ_s x_in,s + 1/2) / (Σ_s n_in,s + 1),    p_out likewise,
///
/// over the sizes s, with x right of n runs. In each draw d all sizes get new counts, x*_in,s ~ Bin(n_in,s, p_in)
/// and x*_out,s ~ Bin(n_out,s, p_out), independently, and the rule is applied to the new scores.
///
/// **Posterior.** In each draw each size gets accuracies from its own counts alone, independently,
/// q_in,s ~ Beta(x_in,s + 1/2, n_in,s - x_in,s + 1/2) and q_out,s likewise (Jeffreys' prior), and the rule is
/// applied to q_in,s - q_out,s.
///
/// Draw d of example i depends on (seed, i, d) alone. An example without a score at every size has no draws.
///
/// The floor takes the sizes' errors to be independent. Where they share masks, errors go together in part, and the
/// floor is too high rather than too low. Near accuracies of 0 and 1 the half that is added to the counts makes it
/// too high as well.
public struct TrajectoryNoise: Sendable, Equatable {
  /// `(alpha, category)`, flat: in how many draws.
  public private(set) var floor: [Int]
  public private(set) var posterior: [Int]

  /// - Parameters:
  ///   - example: its position in the data set: the name of its random numbers.
  ///   - alphas: the thresholds.
  ///   - draws: of each kind.
  public init(_ counts: TrajectoryCounts, example: Int, alphas: [Double], draws: Int, seed: UInt64) {
    let categories = TrajectoryCategory.count
    floor = [Int](repeating: 0, count: alphas.count * categories)
    posterior = floor
    guard counts.isComplete, counts.sizes >= 2 else { return }
    var scores = [Double](repeating: 0, count: counts.sizes)
    let inside = TrajectoryNoise.tables(right: counts.inRight, runs: counts.inRuns)
    let outside = TrajectoryNoise.tables(right: counts.outRight, runs: counts.outRuns)
    for draw in 0..<draws {
      var stream = RandomStream(seed: seed, purpose: .noiseFloor, run: draw, index: example)
      for s in scores.indices {
        let x = inside.tables[inside.ofSize[s]].quantile(stream.uniform())
        let y = outside.tables[outside.ofSize[s]].quantile(stream.uniform())
        scores[s] = Double(x) / Double(counts.inRuns[s]) - Double(y) / Double(counts.outRuns[s])
      }
      TrajectoryNoise.count(scores, alphas, into: &floor)

      stream = RandomStream(seed: seed, purpose: .trajectoryPosterior, run: draw, index: example)
      for s in scores.indices {
        let (x, n) = (counts.inRight[s], counts.inRuns[s])
        let (y, m) = (counts.outRight[s], counts.outRuns[s])
        let p = stream.beta(halves: 2 * x + 1, 2 * (n - x) + 1)
        let q = stream.beta(halves: 2 * y + 1, 2 * (m - y) + 1)
        scores[s] = p - q
      }
      TrajectoryNoise.count(scores, alphas, into: &posterior)
    }
  }

  private static func count(_ scores: [Double], _ alphas: [Double], into counts: inout [Int]) {
    guard let trajectory = Trajectory(scores) else { return }
    for (a, alpha) in alphas.enumerated() {
      counts[a * TrajectoryCategory.count + Int(trajectory.category(alpha: alpha).rawValue)] += 1
    }
  }

  /// Binomials of the pooled accuracy: one a number of runs, and which one each size has.
  private static func tables(right: [Int], runs: [Int]) -> (tables: [BinomialTable], ofSize: [Int]) {
    let p = (Double(right.reduce(0, +)) + 0.5) / Double(runs.reduce(0, +) + 1)
    var (known, tables, ofSize): ([Int], [BinomialTable], [Int]) = ([], [], [])
    for n in runs {
      if let index = known.firstIndex(of: n) {
        ofSize.append(index)
      } else {
        ofSize.append(tables.count)
        known.append(n)
        tables.append(BinomialTable(trials: n, p: p))
      }
    }
    return (tables, ofSize)
  }
}

/// The trajectories of all examples: categories, their posterior probabilities, and the noise floor.
public struct Trajectories: Sendable, Equatable {
  public let alphas: [Double]
  public let draws: Int
  public let seed: UInt64
  /// `(alpha, example)`: a category's number, or `TrajectoryCategory.missing`.
  public private(set) var category: [[Int8]]
  /// `(alpha, example, category)`: the share of the posterior draws; NaN where an example has no category.
  public private(set) var posterior: [[Float]]
  /// `(alpha, category)`: how many examples are in the category.
  public private(set) var observed: [[Int]]
  /// `(alpha, category)`: how many would be on average if each example were constant over sizes.
  public private(set) var floor: [[Double]]
  /// How many examples have a category.
  public let scored: Int

  /// The share of examples, were they constant, that is called constant, below which an alpha tells nothing.
  public static let leastConstantShare = 0.9

  /// `(alpha)`: the floor of `constant` as a share; NaN without an example that has a category.
  public var constantShare: [Double] {
    floor.map { $0[Int(TrajectoryCategory.constant.rawValue)] / Double(scored) }
  }

  /// `(alpha)`: whether a constant example is mostly called so, in at least 90 % of cases.
  public var isReliable: [Bool] { constantShare.map { $0 >= Trajectories.leastConstantShare } }

  /// `(alpha, category)`: observed less floor.
  public var excess: [[Double]] {
    zip(observed, floor).map { zip($0, $1).map { Double($0) - $1 } }
  }

  /// - Parameters:
  ///   - counts: `(example)`
  ///   - parallel: calls its second argument with each number below its first, once, in any order and on any thread.
  /// - Precondition: `draws > 0`; alphas are positive.
  public init(
    _ counts: [TrajectoryCounts], alphas: [Double], draws: Int, seed: UInt64,
    parallel: (Int, @Sendable (Int) -> Void) -> Void = { count, body in (0..<count).forEach(body) }
  ) {
    precondition(draws > 0 && alphas.allSatisfy { $0 > 0 }, "draws and thresholds are positive")
    (self.alphas, self.draws, self.seed) = (alphas, draws, seed)
    let noise = collect(counts.count, parallel) { i in
      TrajectoryNoise(counts[i], example: i, alphas: alphas, draws: draws, seed: seed)
    }
    let shapes = counts.map { Trajectory($0.scores) }
    scored = shapes.count { $0 != nil }
    let categories = TrajectoryCategory.count
    category = alphas.map { alpha in
      shapes.map { $0?.category(alpha: alpha).rawValue ?? TrajectoryCategory.missing }
    }
    observed = category.map { row in
      TrajectoryCategory.allCases.map { c in row.count { $0 == c.rawValue } }
    }
    posterior = alphas.indices.map { a in
      var row: [Float] = []
      row.reserveCapacity(counts.count * categories)
      for i in counts.indices {
        for c in (a * categories)..<((a + 1) * categories) {
          row.append(shapes[i] == nil ? .nan : Float(Double(noise[i].posterior[c]) / Double(draws)))
        }
      }
      return row
    }
    floor = alphas.indices.map { a in
      ((a * categories)..<((a + 1) * categories)).map { c in
        let total = noise.reduce(0) { $0 + $1.floor[c] }
        return Double(total) / Double(draws)
      }
    }
  }
}
