/// The Feldman–Zhang memorisation estimate of each example: in-sample minus out-of-sample accuracy.
///
///     in = Σ_k c_k m_k / n_in,  out = Σ_k c_k (1 - m_k) / n_out,  score = in - out
///
/// All arrays are `(example)`. Where a count is 0, so that an accuracy does not exist, that accuracy and all
/// that is made from it are NaN.
/// - Source: Feldman and Zhang 2020, eq. 3 (arXiv 2008.03703).
public struct MemorisationScores: Sendable {
  public var score: [Float] = []
  /// The plug-in (Wald) standard error, √(in (1 - in) / n_in + out (1 - out) / n_out).
  ///
  /// It is 0 wherever both accuracies are 0 or 1, as many are, though a finite number of runs leaves doubt
  /// there too. The interval is therefore not made from it: at 20 runs and a true in-sample accuracy of .99,
  /// score ± 1.96 standard errors cover 72 % and Newcombe's interval 96 (mean over true out-of-sample ones).
  public var standardError: [Float] = []
  /// The ends of Newcombe's 95 % interval.
  public var lower: [Float] = []
  public var upper: [Float] = []
  public var inAccuracy: [Float] = []
  public var outAccuracy: [Float] = []
  /// The number of runs that trained on the example, and that did not.
  public var inCount: [Int32] = []
  public var outCount: [Int32] = []
}

/// What memorisation scores are made from: per example, how many runs trained on it and how many were right.
///
/// The counts are whole numbers, so that runs may be added in any order.
/// - Complexity: one pass over the runs; memory O(examples).
public struct MemorisationCounts: Sendable {
  public let examples: Int
  public private(set) var runs = 0
  private var inRuns: [Int32]
  private var correctRuns: [Int32]
  private var correctInRuns: [Int32]

  public init(examples: Int) {
    self.examples = examples
    inRuns = [Int32](repeating: 0, count: examples)
    correctRuns = inRuns
    correctInRuns = inRuns
  }

  /// Counts one run in.
  ///
  /// - Parameters:
  ///   - correct: `(example)`, 1 where the run's final model predicts the label, else 0.
  ///   - inMask: `(example)`, 1 where the example was in the run's subset, else 0.
  public mutating func add(correct: UnsafeBufferPointer<UInt8>, inMask: UnsafeBufferPointer<UInt8>) {
    precondition(correct.count == examples && inMask.count == examples, "a run has a value for each example")
    precondition(Self.isBinary(correct) && Self.isBinary(inMask), "correctness and masks are 0 or 1")
    runs += 1
    Self.count(inMask, and: inMask, into: &inRuns)
    Self.count(correct, and: correct, into: &correctRuns)
    Self.count(correct, and: inMask, into: &correctInRuns)
  }

  /// The scores over the runs so far.
  public var scores: MemorisationScores {
    var scores = MemorisationScores()
    scores.inCount = inRuns
    scores.outCount = inRuns.map { Int32(runs) - $0 }
    for i in 0..<examples {
      let inside = inSample(i)
      let outside = outOfSample(i)
      let (p, q) = (inside.accuracy, outside.accuracy)
      let variance = p * (1 - p) / Double(inside.runs) + q * (1 - q) / Double(outside.runs)
      let interval = Interval.newcombe(
        inside.correct, of: inside.runs, minus: outside.correct, of: outside.runs)
      scores.score.append(Float(p - q))
      scores.standardError.append(Float(variance.squareRoot()))
      scores.lower.append(Float(interval.lower))
      scores.upper.append(Float(interval.upper))
      scores.inAccuracy.append(Float(p))
      scores.outAccuracy.append(Float(q))
    }
    return scores
  }

  /// The runs on one side of an example, and how many of them were right about it.
  struct Side {
    let correct: Int
    let runs: Int
    /// NaN for no runs.
    var accuracy: Double { Double(correct) / Double(runs) }
  }

  func inSample(_ example: Int) -> Side {
    Side(correct: Int(correctInRuns[example]), runs: Int(inRuns[example]))
  }

  func outOfSample(_ example: Int) -> Side {
    Side(
      correct: Int(correctRuns[example] - correctInRuns[example]), runs: runs - Int(inRuns[example]))
  }

  // The loops below are written to be vectorised: no bounds, no branches, one array written at a time.

  private static func isBinary(_ values: UnsafeBufferPointer<UInt8>) -> Bool {
    var bits: UInt8 = 0
    for value in values { bits |= value }
    return bits <= 1
  }

  private static func count(
    _ a: UnsafeBufferPointer<UInt8>, and b: UnsafeBufferPointer<UInt8>, into counts: inout [Int32]
  ) {
    counts.withUnsafeMutableBufferPointer { counts in
      for i in 0..<counts.count { counts[i] &+= Int32(a[i] & b[i]) }
    }
  }
}
