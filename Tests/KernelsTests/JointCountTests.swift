import CKernels
import Kernels
import Randomness
import Testing

/// The kernels that count common flags, against loops over runs.
@Suite struct JointCountTests {
  /// `(run)(example)`, set with a probability of each example's own, 0 and 1 among them.
  private func flags(_ count: Int, runs: Int, _ stream: inout RandomStream) -> [[UInt8]] {
    let share = (0..<count).map { $0 % 7 == 0 ? 1 : $0 % 7 == 1 ? 0 : stream.uniform() }
    return (0..<runs).map { _ in (0..<count).map { stream.uniform() < share[$0] ? 1 : 0 } }
  }

  struct Shape: Sendable {
    let runs: Int
    let rows: Int
    let columns: Int

    init(_ runs: Int, _ rows: Int, _ columns: Int) { (self.runs, self.rows, self.columns) = (runs, rows, columns) }
  }

  /// Runs: multiples of 4 and not, of 64 and not; 252 are the most that bytes count, 253 and 505 the first beyond.
  @Test(
    arguments: InstructionSet.available,
    [
      Shape(1, 1, 1), Shape(2, 3, 127), Shape(3, 2, 128), Shape(4, 5, 129), Shape(63, 4, 256), Shape(64, 33, 40),
      Shape(65, 8, 257), Shape(252, 7, 128), Shape(253, 6, 130), Shape(400, 9, 300), Shape(505, 3, 128),
      Shape(1003, 5, 200),
    ])
  func `Joint counts are those of a loop over the runs`(set: InstructionSet, shape: Shape) {
    var stream = RandomStream(seed: UInt64(shape.runs), purpose: .test)
    let (a, b) = (
      flags(shape.rows, runs: shape.runs, &stream), flags(shape.columns, runs: shape.runs, &stream)
    )
    var rows = FlagRows(count: shape.rows, runs: shape.runs)
    let panels = FlagPanels(count: shape.columns, runs: shape.runs)
    // In any order.
    for run in (0..<shape.runs).reversed() {
      rows.set(a[run], run: run)
      panels.set(b[run], run: run)
    }
    #expect(panels.panels == (shape.columns + 127) / 128)
    #expect(rows.totals == (0..<shape.rows).map { row in a.reduce(0) { $0 + Int32($1[row]) } })
    #expect(panels.totals == (0..<shape.columns).map { column in b.reduce(0) { $0 + Int32($1[column]) } })
    // Full at first: the kernel must not add to what is there.
    let counts = JointCounts(rows: shape.rows)
    let reversed = rows.picking((0..<shape.rows).reversed())
    for panel in 0..<panels.panels {
      for from in [0, shape.rows / 2] {
        set.kernels.count(from..<shape.rows, of: rows, panel: panel, of: panels, into: counts)
        for row in from..<shape.rows {
          for column in 0..<128 {
            let target = 128 * panel + column
            let expected =
              target < shape.columns ? (0..<shape.runs).reduce(0) { $0 + Int(a[$1][row] & b[$1][target]) } : 0
            #expect(Int(counts[row - from][column]) == expected, "row \(row), target \(target)")
          }
        }
      }
      let last = (0..<128).map { counts[shape.rows - 1 - shape.rows / 2][$0] }
      set.kernels.count(0..<1, of: reversed, panel: panel, of: panels, into: counts)
      #expect((0..<128).map { counts[0][$0] } == last)
    }
  }

  @Test(arguments: InstructionSet.available)
  func `All flags set are counted to the last run`(set: InstructionSet) {
    for runs in [252, 253, 504, 505, 4001] {
      var rows = FlagRows(count: 5, runs: runs)
      let panels = FlagPanels(count: 128, runs: runs)
      for run in 0..<runs {
        rows.set([UInt8](repeating: 1, count: 5), run: run)
        panels.set([UInt8](repeating: 1, count: 128), run: run)
      }
      let counts = JointCounts(rows: 5)
      set.kernels.count(0..<5, of: rows, panel: 0, of: panels, into: counts)
      for row in 0..<5 { #expect((0..<128).allSatisfy { Int(counts[row][$0]) == runs }) }
    }
  }

  @Test(arguments: InstructionSet.available)
  func `Columns that reach their limit are counted, large ones too`(set: InstructionSet) {
    var stream = RandomStream(seed: 1, purpose: .test)
    for round in 0..<200 {
      // Beyond 2^15, where a signed comparison would go wrong.
      let base = round % 2 == 0 ? 0 : 32_700
      let counts = (0..<128).map { _ in UInt16(base + stream.below(round % 3 == 0 ? 4 : 200)) }
      let limits = (0..<128).map { i in i % 9 == 0 ? UInt16.max : UInt16(base + stream.below(200)) }
      let expected = zip(counts, limits).reduce(0) { $0 + ($1.0 >= $1.1 ? 1 : 0) }
      #expect(Int(set.kernels.c.joint_reach(counts, limits)) == expected)
    }
    let all = [UInt16](repeating: 3, count: 128)
    #expect(set.kernels.c.joint_reach(all, all) == 128)
  }

  /// Whether the kernel lets a pair pass, in one column among others that have no runs.
  private func passes(
    _ set: InstructionSet, _ c: Int, _ n: Int, _ t: Int, _ all: Int, _ threshold: Double, at column: Int
  )
    -> Bool
  {
    var counts = [UInt16](repeating: 0, count: 128)
    var inside = counts
    var (right, runs) = ([Float](repeating: 0, count: 128), [Float](repeating: 0, count: 128))
    (counts[column], inside[column], right[column], runs[column]) = (UInt16(c), UInt16(n), Float(t), Float(all))
    return set.kernels.c.joint_may_reach(counts, inside, right, runs, Float(threshold)) == 1
  }

  @Test(arguments: InstructionSet.available)
  func `The comparison of shares misses no pair, and lets only near ones pass beside`(set: InstructionSet) {
    func check(_ c: Int, _ n: Int, _ t: Int, _ all: Int, _ threshold: Double) {
      let score = Double(c) / Double(n) - Double(t - c) / Double(all - n)
      let passes = passes(set, c, n, t, all, threshold, at: (c + n) % 128)
      if score >= threshold { #expect(passes, "\(c) of \(n), \(t) of \(all), \(threshold)") }
      if !(score >= threshold - 0.01) { #expect(!passes, "\(c) of \(n), \(t) of \(all), \(threshold)") }
    }
    // All pairs of few runs, at thresholds which scores meet exactly.
    for all in 0...9 {
      for n in 0...all {
        for t in 0...all {
          for c in max(0, t - (all - n))...min(n, t) {
            for threshold in [0.1, 1 / 3.0, 0.5, 1] { check(c, n, t, all, threshold) }
          }
        }
      }
    }
    // Of many runs, those about the threshold: scores themselves, and just above and below.
    var stream = RandomStream(seed: 2, purpose: .test)
    for all in [400, 4000, 65_534] {
      for _ in 0..<3000 {
        let n = 1 + stream.below(all - 1)
        let t = stream.below(all + 1)
        let c = max(0, t - (all - n)) + stream.below(min(n, t) - max(0, t - (all - n)) + 1)
        let score = Double(c) / Double(n) - Double(t - c) / Double(all - n)
        for threshold in [score, score.nextUp, score.nextDown, 0.15] where threshold > 0 && threshold <= 1 {
          check(c, n, t, all, threshold)
        }
      }
    }
  }
}
