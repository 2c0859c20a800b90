import Kernels

/// The runs of one configuration, packed to count the influence of its training examples on test examples or on each
/// other.
///
///     infl_ij = mean(c_kj | m_ki = 1) - mean(c_kj | m_ki = 0)
///
/// over the runs k; of training examples j, over those runs that did not train on j.
/// - Source: Feldman and Zhang 2020, eq. 2 (arXiv 2008.03703).
public struct Influence: Sendable {
  /// What is influenced.
  public enum Target: Sendable {
    case test
    /// Training examples, in the runs that did not train on them.
    case heldOut
  }

  /// Right answers, or wrong ones: pairs with a negative influence are those with a positive one on errors.
  public enum Effect: Sendable {
    case helpful, harmful
  }

  public let target: Target
  public let effect: Effect
  public private(set) var runs = 0
  /// The training examples of the rows.
  public private(set) var examples: [Int]
  private(set) var inMask: FlagRows
  /// 1 where the run counts for the target and is right about it, or wrong.
  let answers: FlagPanels
  /// 1 where the run did not train on the target; nil where all runs count.
  let heldOut: FlagPanels?

  /// - Parameter runs: the most runs that are added, up to `mostRuns`.
  public init(examples: Int, targets: Int, runs: Int, target: Target, effect: Effect = .helpful) {
    precondition(runs <= Influence.mostRuns, "counts have 16 bits")
    (self.target, self.effect) = (target, effect)
    self.examples = Array(0..<examples)
    inMask = FlagRows(count: examples, runs: runs)
    answers = FlagPanels(count: targets, runs: runs)
    heldOut = target == .heldOut ? FlagPanels(count: targets, runs: runs) : nil
  }

  public static let mostRuns = KernelTable.mostRuns

  /// Adds a run.
  ///
  /// - Parameters:
  ///   - inMask: `(example)`, 1 where the example was in the run's subset, else 0.
  ///   - correct: `(target)`, 1 where the run's final model predicts the label, else 0.
  public mutating func add(inMask mask: [UInt8], correct: [UInt8]) {
    inMask.set(mask, run: runs)
    let wanted = effect == .helpful ? correct : correct.map { 1 - $0 }
    if let heldOut {
      let outside = mask.map { 1 - $0 }
      heldOut.set(outside, run: runs)
      answers.set(zip(wanted, outside).map { $0 & $1 }, run: runs)
    } else {
      answers.set(wanted, run: runs)
    }
    runs += 1
  }

  /// Leaves these training examples alone as rows, ascending; the targets stay.
  public mutating func select(_ chosen: [Int]) {
    inMask = inMask.picking(chosen)
    examples = chosen.map { examples[$0] }
  }

  /// Bytes that packed runs take.
  public static func memory(examples: Int, targets: Int, runs: Int, target: Target) -> Int {
    let panels = FlagPanels.memory(count: targets, runs: runs) + 4 * targets
    return FlagRows.memory(count: examples, runs: runs) + (target == .test ? 1 : 2) * panels
  }

  public var targets: Int { answers.count }

  /// The runs that count for a target.
  func runs(of target: Int) -> Int { heldOut.map { Int($0.totals[target]) } ?? runs }

  /// The score of a row and a target, as it is counted: of errors, where the effect is harmful.
  ///
  /// - Parameter inside: the runs that count and trained on the row's example.
  func score(target: Int, count: UInt16, inside: Int) -> InfluenceScore {
    InfluenceScore(
      correctInside: Int(count), inside: inside, correct: Int(answers.totals[target]), runs: runs(of: target))
  }
}
