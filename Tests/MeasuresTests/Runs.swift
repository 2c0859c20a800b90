import Measures
import Randomness

/// Runs as the tests make them: `(run)(example)` correctness and masks.
struct Runs {
  var correct: [[UInt8]] = []
  var masks: [[UInt8]] = []

  var examples: Int { masks.first?.count ?? 0 }

  var counts: MemorisationCounts {
    var counts = MemorisationCounts(examples: examples)
    for (c, m) in zip(correct, masks) {
      c.withUnsafeBufferPointer { c in m.withUnsafeBufferPointer { m in counts.add(correct: c, inMask: m) } }
    }
    return counts
  }

  var scores: MemorisationScores { counts.scores }

  var mean: MeanMemorisation {
    var mean = MeanMemorisation(counts)
    for (c, m) in zip(correct, masks) {
      c.withUnsafeBufferPointer { c in m.withUnsafeBufferPointer { m in mean.add(correct: c, inMask: m) } }
    }
    return mean
  }

  /// The runs `order`, which may repeat.
  func picking(runs order: [Int]) -> Runs {
    Runs(correct: order.map { correct[$0] }, masks: order.map { masks[$0] })
  }

  func picking(examples order: [Int]) -> Runs {
    Runs(
      correct: correct.map { row in order.map { row[$0] } },
      masks: masks.map { row in order.map { row[$0] } })
  }

  /// Random correctness, and masks that hold each example with probability `ratio`, so that counts differ.
  static func independent(examples: Int, runs: Int, ratio: Double, seed: UInt64) -> Runs {
    var stream = RandomStream(seed: seed, purpose: .test)
    var result = Runs()
    for _ in 0..<runs {
      result.correct.append((0..<examples).map { _ in stream.uniform() < 0.6 ? 1 : 0 })
      result.masks.append((0..<examples).map { _ in stream.uniform() < ratio ? 1 : 0 })
    }
    return result
  }
}

/// The triples of 0..<10, of which each example is left out by one in each block of 10 runs.
let triples: [[Int]] = (0..<10).flatMap { a in
  ((a + 1)..<10).flatMap { b in (b + 1..<10).map { [a, b, $0] } }
}

/// Masks of which each run leaves out 3 in 10 examples and each example is left out by 3 runs in 10.
///
/// - Precondition: `examples` is a multiple of 120, `runs` of 10.
func balancedMasks(examples: Int, runs: Int, from stream: inout RandomStream) -> [[UInt8]] {
  var masks = [[UInt8]](repeating: [UInt8](repeating: 1, count: examples), count: runs)
  for block in stride(from: 0, to: runs, by: 10) {
    for (position, example) in stream.permutation(examples).enumerated() {
      for run in triples[position % triples.count] { masks[block + run][Int(example)] = 0 }
    }
  }
  return masks
}

/// Whether two values are equal or both NaN, bit by bit but for the sign of zero.
func same(_ a: [Float], _ b: [Float]) -> Bool {
  a.count == b.count && zip(a, b).allSatisfy { $0 == $1 || $0.isNaN && $1.isNaN }
}
