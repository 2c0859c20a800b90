import Kernels
import Measures
import Randomness
import Testing

/// Runs on a training and a test split, and their influence by loops over all that there is.
struct SplitRuns {
  var runs: Runs
  /// (run)(test example)
  var test: [[UInt8]]

  var tests: Int { test.first?.count ?? 0 }

  /// Of examples in turn: always in, never in, and in with a probability of `ratio`; right always, never, or at random.
  static func random(examples: Int, tests: Int, runs count: Int, ratio: Double, seed: UInt64) -> SplitRuns {
    var stream = RandomStream(seed: seed, purpose: .test)
    var runs = Runs()
    var test: [[UInt8]] = []
    func flags(_ count: Int, _ share: (Int) -> Double) -> [UInt8] {
      (0..<count).map { stream.uniform() < share($0) ? 1 : 0 }
    }
    func accuracy(_ i: Int) -> Double { i % 11 == 3 ? 1 : i % 11 == 4 ? 0 : 0.1 + 0.08 * Double(i % 11) }
    for _ in 0..<count {
      runs.masks.append(flags(examples) { $0 % 13 == 1 ? 1 : $0 % 13 == 2 ? 0 : ratio })
      runs.correct.append(flags(examples, accuracy))
      test.append(flags(tests, accuracy))
    }
    return SplitRuns(runs: runs, test: test)
  }

  func influence(_ target: Influence.Target, _ effect: Influence.Effect = .helpful) -> Influence {
    var influence = Influence(
      examples: runs.examples, targets: target == .test ? tests : runs.examples, runs: runs.masks.count,
      target: target, effect: effect)
    for run in runs.masks.indices {
      influence.add(inMask: runs.masks[run], correct: target == .test ? test[run] : runs.correct[run])
    }
    return influence
  }

  func search(_ target: Influence.Target, _ threshold: Double, _ effect: Influence.Effect = .helpful) -> InfluencePairs
  {
    InfluencePairs(
      influence(target, effect), threshold: threshold,
      kernels: (InstructionSet.available.first ?? .portable).kernels)
  }

  /// The definition, word for word: means over the runs with i and the runs without, of those that count for j.
  func plain(_ i: Int, _ j: Int, _ target: Influence.Target) -> (
    score: Double, error: Double, inside: Int, outside: Int
  ) {
    var (right, count) = ([0.0, 0.0], [0.0, 0.0])
    for run in runs.masks.indices where target == .test || runs.masks[run][j] == 0 {
      let side = Int(runs.masks[run][i])
      right[side] += Double(target == .test ? test[run][j] : runs.correct[run][j])
      count[side] += 1
    }
    guard count[0] > 0, count[1] > 0 else { return (.nan, .nan, Int(count[1]), Int(count[0])) }
    let (p, q) = (right[1] / count[1], right[0] / count[0])
    return (p - q, (p * (1 - p) / count[1] + q * (1 - q) / count[0]).squareRoot(), Int(count[1]), Int(count[0]))
  }

  func picking(runs order: [Int]) -> SplitRuns {
    SplitRuns(runs: runs.picking(runs: order), test: order.map { test[$0] })
  }
}

@Suite struct InfluenceTests {
  static let targets: [Influence.Target] = [.test, .heldOut]
  private let pool = ThreadPool(threads: 2)

  /// Sizes below, at and above a panel of 128 targets and a block of 32 rows; runs that are no multiple of 4.
  private static let samples = [
    SplitRuns.random(examples: 70, tests: 150, runs: 21, ratio: 0.7, seed: 1),
    SplitRuns.random(examples: 140, tests: 128, runs: 40, ratio: 0.5, seed: 2),
    SplitRuns.random(examples: 33, tests: 5, runs: 3, ratio: 0.6, seed: 3),
  ]

  @Test(arguments: targets, [0.15, 0.4, 1])
  func `The pairs and their numbers are those of a triple loop, in order`(target: Influence.Target, threshold: Double) {
    for sample in Self.samples {
      let search = sample.search(target, threshold)
      let targets = search.influence.targets
      let pairs = search.pairs(rows: 0..<sample.runs.examples, pool).flatMap { $0 }
      var (next, defined) = (0, 0)
      for i in 0..<sample.runs.examples {
        for j in 0..<targets {
          let plain = sample.plain(i, j, target)
          if !plain.score.isNaN { defined += 1 }
          guard plain.score >= threshold else { continue }
          guard next < pairs.count else {
            Issue.record("(\(i), \(j)) is missing")
            return
          }
          let pair = pairs[next]
          #expect(Int(pair.example) == i && Int(pair.target) == j)
          #expect(pair.score.value == plain.score)
          #expect(abs(pair.score.standardError - plain.error) < 1e-15)
          #expect(pair.score.inside == plain.inside && pair.score.outside == plain.outside)
          next += 1
        }
      }
      #expect(next == pairs.count)
      let tail = search.tail(pool)
      #expect(tail.pairs == pairs.count && tail.defined == defined)
      for bin in 0..<search.bins.count {
        #expect(tail.observed[bin] == pairs.count { Int($0.bin) >= bin })
      }
    }
  }

  @Test(arguments: targets)
  func `All scores are those of a triple loop, and NaN where no run or every run has the example`(
    target: Influence.Target
  ) {
    for sample in Self.samples {
      let search = sample.search(target, 0.5)
      let scores = search.scores(rows: 0..<sample.runs.examples, pool)
      let plain = (0..<sample.runs.examples).flatMap { i in
        (0..<search.influence.targets).map { Float(sample.plain(i, $0, target).score) }
      }
      #expect(same(scores, plain))
      #expect(scores.contains { $0.isNaN } && scores.contains { $0 > 0 })
      // Some rows alone.
      let part = search.scores(rows: 2..<33, pool)
      #expect(same(part, Array(plain[2 * search.influence.targets..<33 * search.influence.targets])))
      if target == .heldOut {
        for i in 0..<sample.runs.examples { #expect(scores[i * sample.runs.examples + i].isNaN) }
      }
    }
  }

  @Test(arguments: targets)
  func `Harmful pairs are those whose influence is at most the threshold below 0`(target: Influence.Target) {
    for sample in Self.samples {
      let pairs = sample.search(target, 0.203, .harmful).pairs(rows: 0..<sample.runs.examples, pool).flatMap { $0 }
      var expected: [Double] = []
      for i in 0..<sample.runs.examples {
        for j in 0..<(target == .test ? sample.tests : sample.runs.examples) {
          let score = sample.plain(i, j, target).score
          // No score of so few runs lies within rounding of it.
          if score <= -0.203 { expected.append(score) }
        }
      }
      #expect(pairs.map(\.score.value) == expected)
      #expect(
        same(
          sample.search(target, 0.203, .harmful).scores(rows: 0..<33, pool),
          sample.search(target, 0.203).scores(rows: 0..<33, pool)))
    }
  }

  @Test(arguments: targets)
  func `Any instruction set and any number of threads find the same`(target: Influence.Target) {
    let sample = Self.samples[1]
    let rows = 0..<sample.runs.examples
    let first = sample.search(target, 0.15)
    let (pairs, tail) = (first.pairs(rows: rows, pool), first.tail(pool))
    for set in InstructionSet.available {
      for threads in [1, 3] {
        let other = InfluencePairs(sample.influence(target), threshold: 0.15, kernels: set.kernels)
        let pool = ThreadPool(threads: threads)
        #expect(other.pairs(rows: rows, pool) == pairs)
        #expect(other.tail(pool).observed == tail.observed && other.tail(pool).expected == tail.expected)
      }
    }
    // In parts of the rows too.
    #expect(first.pairs(rows: 0..<64, pool) + first.pairs(rows: 64..<140, pool) == pairs)
  }

  @Test(arguments: targets)
  func `The order of the runs does not matter, and runs taken twice leave the scores`(target: Influence.Target) {
    let sample = Self.samples[0]
    var stream = RandomStream(seed: 4, purpose: .test)
    let count = sample.runs.masks.count
    let rows = 0..<sample.runs.examples
    let (pairs, tail) = (sample.search(target, 0.15).pairs(rows: rows, pool), sample.search(target, 0.15).tail(pool))
    let shuffled = sample.picking(runs: stream.permutation(count).map { Int($0) }).search(target, 0.15)
    #expect(shuffled.pairs(rows: rows, pool) == pairs)
    #expect(shuffled.tail(pool).expected == tail.expected)
    let twice = sample.picking(runs: (0..<count).flatMap { [$0, $0] }).search(target, 0.15)
    let doubled = twice.pairs(rows: rows, pool)
    #expect(doubled.flatMap { $0 }.map(\.score.value) == pairs.flatMap { $0 }.map(\.score.value))
    for (two, one) in zip(doubled.joined(), pairs.joined()) {
      #expect(two.score.inside == 2 * one.score.inside && two.score.outside == 2 * one.score.outside)
    }
    // More runs, less chance.
    #expect(twice.tail(pool).expectedFalsePairs < tail.expectedFalsePairs)
  }

  @Test func `Examples in another order give the same pairs in that order`() {
    let sample = Self.samples[0]
    var stream = RandomStream(seed: 5, purpose: .test)
    let order = stream.permutation(sample.tests).map { Int($0) }
    let moved = SplitRuns(runs: sample.runs, test: sample.test.map { row in order.map { row[$0] } })
    func named(_ sample: SplitRuns, _ name: (Int) -> Int) -> Set<[Int]> {
      let pairs = sample.search(.test, 0.15).pairs(rows: 0..<sample.runs.examples, pool).joined()
      return Set(pairs.map { [Int($0.example), name(Int($0.target)), $0.score.correctInside] })
    }
    #expect(named(moved) { order[$0] } == named(sample) { $0 })
  }

  @Test(arguments: targets, [UInt8(0), 1])
  func `Answers that are all alike have no influence`(target: Influence.Target, answer: UInt8) {
    var sample = Self.samples[1]
    sample.test = sample.test.map { $0.map { _ in answer } }
    sample.runs.correct = sample.runs.correct.map { $0.map { _ in answer } }
    let search = sample.search(target, 1e-6)
    #expect(search.scores(rows: 0..<140, pool).allSatisfy { $0 == 0 || $0.isNaN })
    let tail = search.tail(pool)
    #expect(tail.pairs == 0 && tail.expectedFalsePairs == 0 && tail.defined > 0)
  }

  @Test(arguments: targets)
  func `Selected examples have the pairs that they have among all`(target: Influence.Target) {
    let sample = Self.samples[0]
    let chosen = [0, 3, 4, 17, 69]
    var influence = sample.influence(target)
    influence.select(chosen)
    let some = InfluencePairs(influence, threshold: 0.15, kernels: InstructionSet.portable.kernels)
    let all = sample.search(target, 0.15).pairs(rows: 0..<70, pool).joined()
    #expect(some.pairs(rows: 0..<5, pool).flatMap { $0 } == all.filter { chosen.contains(Int($0.example)) })
    var none = sample.influence(target)
    none.select([])
    let nothing = InfluencePairs(none, threshold: 0.15, kernels: InstructionSet.portable.kernels)
    #expect(nothing.tail(pool).pairs == 0 && nothing.tail(pool).defined == 0)
    #expect(nothing.pairs(rows: 0..<0, pool) == [])
  }

  @Test func `Without runs nothing is defined`() {
    for target in Self.targets {
      let influence = Influence(examples: 3, targets: 3, runs: 4, target: target)
      let search = InfluencePairs(influence, threshold: 0.1, kernels: InstructionSet.portable.kernels)
      #expect(search.tail(pool).defined == 0 && search.pairs(rows: 0..<3, pool) == [[]])
      #expect(search.scores(rows: 0..<3, pool).allSatisfy { $0.isNaN })
    }
  }
}
