import Randomness

/// How the runs' training subsets are drawn.
public enum MaskScheme: String, Sendable, CaseIterable {
  /// Every example is in exactly the same number of each block of runs, and every run has the same number of examples.
  case balanced
  /// Each run's subset is a uniform one of `int(ratio N)` examples, independent of other runs, as published.
  case independent
}

/// Which examples each run is trained on: a function of scheme, ratio, seed and run alone, the same for every
/// architecture, and never changed by adding runs.
///
/// - Source: Feldman and Zhang 2020 (arXiv 2008.03703) for `independent`; `balanced` is rote's own, see docs/methods.md.
public struct Masks: Sendable {
  public let scheme: MaskScheme
  public let ratio: Double
  public let seed: UInt64
  public let examples: Int
  /// Runs a block, and for each place in the cycle the runs of a block that leave the example out.
  private let block: Int
  private let cycle: [[Int]]

  /// What makes a ratio impossible, for the user.
  public struct Impossible: Error, CustomStringConvertible {
    public let description: String
  }

  public init(scheme: MaskScheme, ratio: Double, seed: UInt64, examples: Int) throws {
    guard ratio > 0, ratio < 1, Int(ratio * Double(examples)) > 0 else {
      throw Impossible(description: "a subset of \(ratio) of \(examples) examples is no proper subset")
    }
    self.scheme = scheme
    self.ratio = ratio
    self.seed = seed
    self.examples = examples
    switch scheme {
    case .independent:
      block = 1
      cycle = []
    case .balanced:
      // Up to 12, all ways to leave a fixed number of runs out fit a cycle of at most 924 examples.
      guard let found = (2...12).first(where: { abs((ratio * Double($0)).rounded() - ratio * Double($0)) < 1e-9 })
      else {
        throw Impossible(
          description: "no block of 2 to 12 runs has a share of \(ratio); use --masks independent for this ratio")
      }
      block = found
      cycle = Masks.balancedCycle(runs: found, leftOut: found - Int((ratio * Double(found)).rounded()))
    }
  }

  /// 1 where the example is in the run's subset, in the order of the data set file.
  public func mask(run: Int) -> [UInt8] {
    switch scheme {
    case .independent:
      var stream = RandomStream(seed: seed, purpose: .subsetMask, run: run, epoch: 1)
      var mask = [UInt8](repeating: 0, count: examples)
      for example in stream.permutation(examples).prefix(Int(ratio * Double(examples))) { mask[Int(example)] = 1 }
      return mask
    case .balanced:
      var stream = RandomStream(seed: seed, purpose: .subsetMask, run: run / block)
      let place = run % block
      let isLeftOut = cycle.map { $0.contains(place) }
      var mask = [UInt8](repeating: 1, count: examples)
      for (position, example) in stream.permutation(examples).enumerated() where isLeftOut[position % cycle.count] {
        mask[Int(example)] = 0
      }
      return mask
    }
  }

  /// All ways to choose `leftOut` of `runs`, in an order in which any first few use all runs about equally often: next
  /// comes the choice whose runs have been used least so far, and of several the first in lexicographic order.
  static func balancedCycle(runs: Int, leftOut: Int) -> [[Int]] {
    var choices = combinations(of: runs, choose: leftOut)
    var used = [Int](repeating: 0, count: runs)
    var cycle: [[Int]] = []
    while !choices.isEmpty {
      // Squares, so that the most used runs count most against a choice.
      let costs = choices.map { $0.reduce(0) { $0 + (2 * used[$1] + 1) } }
      let best = costs.enumerated().min { $0.element < $1.element }?.offset ?? 0
      let choice = choices.remove(at: best)
      for run in choice { used[run] += 1 }
      cycle.append(choice)
    }
    return cycle
  }

  private static func combinations(of n: Int, choose k: Int) -> [[Int]] {
    guard k > 0 else { return [[]] }
    guard n >= k else { return [] }
    return (0..<n).flatMap { first in
      combinations(of: n - first - 1, choose: k - 1).map { rest in [first] + rest.map { $0 + first + 1 } }
    }
  }
}
