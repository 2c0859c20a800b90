/// The mean memorisation over examples and its interval over runs: a second pass over the runs counted.
///
/// With p_i and q_i the in- and out-of-sample accuracy of example i over all runs, run k's residual is
///
///     r_k = mean_in(c - p) / √(1 - 1/n_in) - mean_out(c - q) / √(1 - 1/n_out)
///
/// its means over the run's subset and the rest, and the 95 % interval over K runs is
///
///     mean ± t_{K-1} √(mean(r²) / K)
///
/// The square roots undo the shrinking of residuals about a mean that each run is part of. Where n is 1 the
/// run's residual is 0 whatever happened, and the root too: such an example says nothing of the spread, and
/// is left out of that run's mean, as are examples without a score. If that leaves one of a run's means
/// without examples (always so for a single run), the interval is NaN.
///
/// It covers the truth 95 times in 100 where examples err independently of each other. Where the runs' luck
/// is common to their examples, the roots undo too little when n is small: 92 in 100 at 10 runs, 94 at 20
/// (simulated, 7 runs in 10 inside).
/// - Complexity: one pass over the runs; memory O(examples).
public struct MeanMemorisation: Sendable {
  /// A run's accuracy on its subset and on the rest, over all examples; NaN where that part is empty.
  public struct Run: Sendable, Equatable {
    public let inAccuracy: Double
    public let outAccuracy: Double
    public var difference: Double { inAccuracy - outAccuracy }
  }

  /// The mean score over the examples that have one; NaN if none has.
  public let value: Double
  /// The number of examples that have a score, and that have none.
  public let scored: Int
  public let missing: Int
  /// The runs seen in this pass, in the order in which they were added.
  public private(set) var runs: [Run] = []

  private let expectedRuns: Int
  private let inside: Centres
  private let outside: Centres
  private var squaredResiduals = 0.0

  /// - Parameter counts: of all runs; the same are then added here.
  public init(_ counts: MemorisationCounts) {
    var sum = 0.0
    var scored = 0
    var inside = Centres(examples: counts.examples)
    var outside = inside
    for i in 0..<counts.examples {
      let (p, q) = (counts.inSample(i), counts.outOfSample(i))
      guard p.runs > 0, q.runs > 0 else { continue }
      sum += p.accuracy - q.accuracy
      scored += 1
      inside.set(i, p)
      outside.set(i, q)
    }
    value = sum / Double(scored)
    self.scored = scored
    missing = counts.examples - scored
    expectedRuns = counts.runs
    self.inside = inside
    self.outside = outside
  }

  /// Adds one of the runs that were counted; the parameters are those of `MemorisationCounts.add`.
  public mutating func add(correct: UnsafeBufferPointer<UInt8>, inMask: UnsafeBufferPointer<UInt8>) {
    precondition(runs.count < expectedRuns, "only runs that were counted are added")
    let a = inside.part(correct, inMask, member: 1)
    let b = outside.part(correct, inMask, member: 0)
    let residual = a.residual - b.residual
    squaredResiduals += residual * residual
    runs.append(Run(inAccuracy: a.accuracy, outAccuracy: b.accuracy))
  }

  /// The mean over runs of (accuracy on the subset - accuracy on the rest).
  ///
  /// Equal to `value`, but for rounding, with balanced masks: subsets of one size, each example in equally
  /// many.
  public var meanOverRuns: Double { runs.reduce(0) { $0 + $1.difference } / Double(runs.count) }

  /// Half the width of the 95 % interval.
  public var halfWidth: Double {
    precondition(runs.count == expectedRuns, "each run that was counted is added")
    let k = Double(runs.count)
    let t = StudentT.quantile(confidence: 0.95, degreesOfFreedom: k - 1)
    return t * (squaredResiduals / k / k).squareRoot()
  }

  public var interval: Interval { Interval(centre: value, halfWidth: halfWidth) }
}

extension MeanMemorisation {
  /// Per example, the accuracy on one side of the masks and what a residual about it is multiplied by.
  private struct Centres {
    var accuracy: [Double]
    /// 1 / √(1 - 1/n); 0 where a residual says nothing.
    var weight: [Double]

    init(examples: Int) {
      accuracy = [Double](repeating: 0, count: examples)
      weight = accuracy
    }

    mutating func set(_ example: Int, _ side: MemorisationCounts.Side) {
      guard side.runs > 1 else { return }
      accuracy[example] = side.accuracy
      weight[example] = 1 / (1 - 1 / Double(side.runs)).squareRoot()
    }

    /// A run's accuracy, and mean weighted residual, over the examples whose mask is `member`.
    func part(
      _ correct: UnsafeBufferPointer<UInt8>, _ inMask: UnsafeBufferPointer<UInt8>, member: UInt8
    ) -> (accuracy: Double, residual: Double) {
      let examples = accuracy.count
      precondition(
        correct.count == examples && inMask.count == examples, "a run has a value for each example")
      var (members, hits, informative, sum) = (0, 0, 0, 0.0)
      accuracy.withUnsafeBufferPointer { accuracy in
        weight.withUnsafeBufferPointer { weight in
          for i in 0..<examples {
            let isMember = inMask[i] ^ member ^ 1
            members &+= Int(isMember)
            hits &+= Int(isMember & correct[i])
            informative &+= weight[i] > 0 ? Int(isMember) : 0
            sum += Double(isMember) * weight[i] * (Double(correct[i]) - accuracy[i])
          }
        }
      }
      return (Double(hits) / Double(members), sum / Double(informative))
    }
  }
}
