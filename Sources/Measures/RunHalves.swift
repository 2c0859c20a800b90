import Randomness

/// Seeded splits of K runs into two disjoint halves, so that what is made from one shares no noise with what is
/// made from the other.
///
/// Split s is the seeded permutation named (seed, K, s), cut after its first ⌊K/2⌋ entries: a pure function of
/// these three. More splits never change the first ones, and cells with equally many runs are cut alike. Splits
/// are drawn independently of each other; of few runs two may be equal.
public struct RunHalves: Sendable, Equatable {
  public let seed: UInt64
  /// K, the number of runs that are split.
  public let runs: Int
  public let splits: Int

  /// - Precondition: at least two runs, so that no half is empty; `splits` is not negative; both below 2^31.
  public init(seed: UInt64, runs: Int, splits: Int) {
    precondition(runs >= 2 && runs < 1 << 31, "each half has a run")
    precondition(splits >= 0 && splits < 1 << 31, "a number of splits")
    (self.seed, self.runs, self.splits) = (seed, runs, splits)
  }

  /// The halves of a split: positions in `0..<runs`, ascending; ⌊K/2⌋ in the first, ⌈K/2⌉ in the second.
  ///
  /// Positions count the runs that are used, in ascending order of run number.
  public func halves(_ split: Int) -> (first: [Int], second: [Int]) {
    precondition((0..<splits).contains(split), "one of the splits")
    var stream = RandomStream(seed: seed, purpose: .runHalves, run: split, index: runs)
    let order = stream.permutation(runs).map(Int.init)
    let cut = runs / 2
    return (order[..<cut].sorted(), order[cut...].sorted())
  }

  /// The half of a split that each run is in, `(run)`: 0 in the first, 1 in the second.
  public func sides(_ split: Int) -> [UInt8] {
    var sides = [UInt8](repeating: 1, count: runs)
    for position in halves(split).first { sides[position] = 0 }
    return sides
  }
}
