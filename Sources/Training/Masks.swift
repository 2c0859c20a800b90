import Randomness

/// How the runs' training subsets are drawn.
public enum MaskScheme: String, Sendable, CaseIterable {
  /// Every example is in exactly the same number of each block of runs; and where the block's size divides the number
  /// of examples, every run has the same number of them.
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

  /// - Parameter ratio: above 0; at 1 all runs have all examples, and nothing can be said of memorisation.
  public init(scheme: MaskScheme, ratio: Double, seed: UInt64, examples: Int) throws {
    guard ratio > 0, ratio <= 1, Int(ratio * Double(examples)) > 0 else {
      throw Impossible(description: "a subset of \(ratio) of \(examples) examples is no subset")
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
      // The smallest block has no divisor in common with the runs that it leaves out. Up to 12, all ways to leave them
      // out fit a cycle of at most 792 examples.
      guard ratio < 1 else {
        (block, cycle) = (1, [[]])
        return
      }
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

  /// The mask without what is excluded, which changes it in nothing else: runs stay paired with those that exclude none.
  public func mask(run: Int, without exclusion: Exclusion?) -> [UInt8] {
    exclusion?.applied(to: mask(run: run)) ?? mask(run: run)
  }

  /// The sizes of the runs' subsets.
  public func sizes(of runs: Range<Int>, without exclusion: Exclusion? = nil) -> Set<Int> {
    // Whole subsets repeat their sizes from block to block.
    let distinct = exclusion == nil ? runs.prefix(block) : runs[...]
    return Set(distinct.map { run in mask(run: run, without: exclusion).reduce(0) { $0 + Int($1) } })
  }

  /// All ways to choose `leftOut` of `runs`, in an order in which after each `runs` of them all runs have been used
  /// equally often: one orbit of rotations after another. Within an orbit, next comes the choice whose runs have been
  /// used least so far.
  ///
  /// - Precondition: the two have no common divisor, so that each orbit has one choice a rotation.
  static func balancedCycle(runs: Int, leftOut: Int) -> [[Int]] {
    var used = [Int](repeating: 0, count: runs)
    var cycle: [[Int]] = []
    var seen: Set<[Int]> = []
    for first in combinations(of: runs, choose: leftOut) where !seen.contains(first) {
      var orbit = (0..<runs).map { shift in first.map { ($0 + shift) % runs }.sorted() }
      seen.formUnion(orbit)
      while !orbit.isEmpty {
        // Squares, so that the most used runs count most against a choice.
        let costs = orbit.map { $0.reduce(0) { $0 + (2 * used[$1] + 1) } }
        let best = costs.enumerated().min { $0.element < $1.element }?.offset ?? 0
        let choice = orbit.remove(at: best)
        for run in choice { used[run] += 1 }
        cycle.append(choice)
      }
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
