import Kernels
import Randomness
import Testing

@testable import Measures

/// The runs of the fixtures.
private enum Made {
  typealias F = MeasuresFixtures
  static let labels = F.label

  static func logits(_ run: Int) -> [Float] {
    Array(F.logits[run * F.examples * F.classes..<(run + 1) * F.examples * F.classes])
  }
  static func mask(_ run: Int) -> [UInt8] { Array(F.mask[run * F.examples..<(run + 1) * F.examples]) }

  static func label(_ run: Int, _ kernels: KernelTable) -> LabelLogits {
    var label = LabelLogits(examples: F.examples)
    logits(run).withUnsafeBufferPointer {
      label.set(from: 0, logits: $0, labels: labels, classes: F.classes, kernels)
    }
    return label
  }
}

/// Whether all are within `tolerance` of what is expected, relative to 1 or to that; NaN where NaN is.
func near(_ found: [Float], _ expected: [Double], _ tolerance: Double = 2e-6) -> Bool {
  found.count == expected.count
    && zip(found, expected).allSatisfy { f, e in
      e.isNaN ? f.isNaN : abs(Double(f) - e) <= tolerance * max(1, abs(e))
    }
}

@Suite struct LogitMeasuresTests {
  typealias F = MeasuresFixtures

  @Test("Margins and log odds are NumPy's", arguments: InstructionSet.available)
  func labels(set: InstructionSet) {
    let found = (0..<F.runs).map { Made.label($0, set.kernels) }
    #expect(near(found.flatMap(\.margin), F.margin))
    #expect(near(found.flatMap(\.logOdds), F.logOdds))
  }

  @Test("Log odds are those of a plain sum, whatever the classes and rows", arguments: InstructionSet.available)
  func plainLogOdds(set: InstructionSet) {
    var stream = RandomStream(seed: 3, purpose: .test)
    for (rows, classes) in [(1, 2), (3, 7), (16, 8), (17, 9), (5, 100), (33, 16), (20, 128), (3, 129), (2, 1000)] {
      let z = (0..<rows * classes).map { _ in Float(stream.uniform() * 80 - 40) }
      let labels = (0..<rows).map { _ in Int32(stream.below(classes)) }
      var label = LabelLogits(examples: rows)
      z.withUnsafeBufferPointer { label.set(from: 0, logits: $0, labels: labels, classes: classes, set.kernels) }
      var probability: [Float] = []
      label.probability(set.kernels, into: &probability)
      for row in 0..<rows {
        let own = Double(z[row * classes + Int(labels[row])])
        let others = (0..<classes).filter { $0 != Int(labels[row]) }.map { Double(z[row * classes + $0]) }
        let top = others.max() ?? .nan
        let odds = own - top - Elementary.log(others.reduce(0) { $0 + Elementary.exp($1 - top) })
        #expect(Double(label.margin[row]) == Double(Float(own) - Float(top)))
        #expect(abs(Double(label.logOdds[row]) - odds) < 1e-5)
        #expect(abs(Double(probability[row]) - 1 / (1 + Elementary.exp(-odds))) < 1e-6)
      }
    }
  }

  @Test("Logits that are not finite say nothing, and a single class has no odds", arguments: InstructionSet.available)
  func notFinite(set: InstructionSet) {
    let z: [Float] = [1, .nan, 0, /**/ 1, .infinity, 0, /**/ .nan, 0, 0, /**/ 2, -.infinity, 0]
    var label = LabelLogits(examples: 4)
    z.withUnsafeBufferPointer { label.set(from: 0, logits: $0, labels: [0, 0, 0, 0], classes: 3, set.kernels) }
    #expect(label.margin[0].isNaN && label.margin[1].isNaN && label.margin[2].isNaN && label.margin[3] == 2)
    #expect(label.logOdds[0].isNaN && label.logOdds[1].isNaN && label.logOdds[2].isNaN && label.logOdds[3] == 2)
    var single = LabelLogits(examples: 2)
    [Float(1), 2].withUnsafeBufferPointer {
      single.set(from: 0, logits: $0, labels: [0, 0], classes: 1, set.kernels)
    }
    #expect(single.logOdds.allSatisfy { $0.isNaN })
  }

  @Test("Classes at -infinity count for nothing, wherever they are", arguments: InstructionSet.available)
  func impossibleClasses(set: InstructionSet) {
    // Of 300 classes: two that are possible, first, last or apart; then one alone, and a NaN among the impossible.
    let cases: [(possible: [Int: Float], label: Int32, odds: Float)] = [
      ([0: 1, 299: 3], 0, -2), ([0: 1, 299: 3], 299, 2), ([150: -1, 260: 1], 150, -2), ([5: 0, 140: 50], 140, 50),
      ([7: 1], 7, .nan), ([3: .nan, 200: 1], 200, .nan), ([3: 1, 280: .nan], 3, .nan),
    ]
    for (possible, y, odds) in cases {
      let z = (0..<300).map { possible[$0] ?? -.infinity }
      var label = LabelLogits(examples: 1)
      z.withUnsafeBufferPointer { label.set(from: 0, logits: $0, labels: [y], classes: 300, set.kernels) }
      #expect(label.logOdds[0] == odds || (odds.isNaN && label.logOdds[0].isNaN), "\(possible)")
    }
  }

  @Test("Memorisation in probability is NumPy's, with Welch's interval")
  func difference() {
    var difference = MeanDifference(examples: F.examples)
    var probability: [Float] = []
    for run in 0..<F.runs {
      Made.label(run, InstructionSet.portable.kernels).probability(
        InstructionSet.portable.kernels, into: &probability)
      difference.add(probability, inMask: Made.mask(run))
    }
    let scores = difference.scores
    #expect(near(scores.score, F.differenceScore))
    #expect(near(scores.standardError, F.differenceError))
    #expect(near(scores.lower, F.differenceLower, 1e-5))
    #expect(near(scores.upper, F.differenceUpper, 1e-5))
    #expect(scores.inCount[4] + scores.outCount[4] == Int32(F.runs - 1))
  }

  @Test("Of 0/1 values the difference of means is the memorisation score")
  func differenceOfCorrectness() {
    let runs = Runs.independent(examples: 60, runs: 9, ratio: 0.7, seed: 4)
    var difference = MeanDifference(examples: 60)
    for (correct, mask) in zip(runs.correct, runs.masks) { difference.add(correct.map(Float.init), inMask: mask) }
    #expect(near(difference.scores.score, runs.scores.score.map(Double.init), 1e-6))
    #expect(difference.scores.inCount == runs.scores.inCount)
  }

  @Test("A quantity that never changes has no memorisation and no error")
  func constant() {
    var difference = MeanDifference(examples: 3)
    for run in 0..<6 { difference.add([0.1, 0.1, 0.1], inMask: run < 3 ? [1, 0, 1] : [0, 1, 1]) }
    #expect(difference.scores.score[0] == 0 && difference.scores.upper[0] == 0 && difference.scores.score[2].isNaN)
  }

  @Test("Out-of-sample probabilities are NumPy's, and sum to 1", arguments: InstructionSet.available)
  func outOfSample(set: InstructionSet) {
    var mean = OutOfSample(examples: F.examples, classes: F.classes)
    for run in 0..<F.runs {
      let logits = Made.logits(run)
      // In two pieces, as they come from a file.
      for piece in [0..<5, 5..<F.examples] {
        logits[piece.lowerBound * F.classes..<piece.upperBound * F.classes].withUnsafeBufferPointer {
          mean.add(from: piece.lowerBound, logits: $0, inMask: Made.mask(run), set.kernels)
        }
      }
    }
    #expect(near(mean.probabilities, F.outOfSample))
    for i in 0..<F.examples where mean.count[i] > 0 {
      #expect(abs(mean.probabilities(of: i).reduce(0, +) - 1) < 1e-5)
    }
  }

  @Test("Likelihood ratios with pooled variances are NumPy's")
  func lira() {
    var lira = LiRA(examples: F.examples)
    let runs = (0..<F.runs).map { (Made.label($0, InstructionSet.portable.kernels).logOdds, Made.mask($0)) }
    for (odds, mask) in runs { lira.add(odds, inMask: mask) }
    let pooled = lira.pooled
    #expect(pooled != nil)
    let ratios = runs.flatMap { lira.ratios($0.0, inMask: $0.1, pooled) }
    #expect(near(ratios, F.ratios, 1e-5))
  }

  @Test("From 64 runs on, the ratio is that of each example's own Gaussians without the target")
  func ownVariance() {
    var stream = RandomStream(seed: 8, purpose: .test)
    let (examples, count) = (5, 64)
    let runs = (0..<count).map { _ in
      (
        (0..<examples).map { _ in Float(stream.uniform() * 6 - 3) },
        (0..<examples).map { _ in UInt8(stream.below(2)) }
      )
    }
    var lira = LiRA(examples: examples)
    for (odds, mask) in runs { lira.add(odds, inMask: mask) }
    #expect(lira.pooled == nil)
    let found = lira.ratios(runs[7].0, inMask: runs[7].1, nil)
    for i in 0..<examples {
      func density(_ member: UInt8) -> Double {
        let others = runs.indices.filter { $0 != 7 && runs[$0].1[i] == member }.map { Double(runs[$0].0[i]) }
        let mean = others.reduce(0, +) / Double(others.count)
        let variance = others.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(others.count - 1)
        let d = Double(runs[7].0[i]) - mean
        return -d * d / (2 * variance) - Elementary.log(variance) / 2
      }
      #expect(abs(Double(found[i]) - (density(1) - density(0))) < 1e-5)
    }
  }

  @Test("The true-positive rate is that of the largest threshold within the false-positive rate")
  func attack() {
    // Scores 2000 … 1, every second a member: at a rate of .001 one non-member of 1,000 may pass, so the first two
    // members do: 2000 (member), 1999, 1998 (member), then 1997 would be the second non-member.
    let scores = (0..<2000).map { Float(2000 - $0) }
    let member = (0..<2000).map { $0 % 2 == 0 }
    let attack = Attack(scores: scores, member: member)
    #expect(attack.strictest == 2.0 / 1000 && attack.strict == 11.0 / 1000)
    #expect(abs(attack.area - 0.5005) < 1e-12)
    let tied = Attack(scores: [Float](repeating: 1, count: 10), member: (0..<10).map { $0 < 5 })
    #expect(tied.strictest == 0 && tied.area == 0.5)
    #expect(Attack(scores: [1, .nan], member: [true, false]).strict.isNaN)
  }
}

@Suite struct ProxyTests {
  typealias F = MeasuresFixtures

  private func values<P: DynamicsProxy>(_ type: P.Type, _ epochs: [Float]) -> P {
    var proxy = P(examples: F.examples)
    for e in 0..<F.epochCount {
      epochs[e * F.examples..<(e + 1) * F.examples].withUnsafeBufferPointer { proxy.add($0) }
    }
    return proxy
  }

  @Test("Proxies over epochs are NumPy's")
  func dynamics() {
    #expect(near(values(EpochMean.self, F.epochs).values, F.epochMean))
    #expect(near(values(LossSum.self, F.epochs).values, F.lossSum))
    #expect(near(values(Variability.self, F.epochs).values, F.variability))
    #expect(near(values(ForgettingEvents.self, F.flags).values, F.forgettingEvents))
    #expect(near(values(FirstLearnedEpoch.self, F.flags).values, F.firstLearnedEpoch))
    #expect(near(values(LearnedForGoodEpoch.self, F.flags).values, F.learnedForGoodEpoch))
    #expect(near(values(ForgettingEvents.self, F.flags).neverLearned ?? [], F.neverLearned))
    #expect(near(values(FirstLearnedEpoch.self, F.flags).neverLearned ?? [], F.neverLearned))
  }

  @Test("What stays the same has no variability and is never forgotten")
  func constant() {
    let ones = [Float](repeating: 1, count: F.epochCount * F.examples)
    #expect(values(Variability.self, ones).values.allSatisfy { $0 == 0 })
    #expect(values(ForgettingEvents.self, ones).values.allSatisfy { $0 == 0 })
    #expect(values(LearnedForGoodEpoch.self, ones).values.allSatisfy { $0 == 1 })
    #expect(values(EpochMean.self, ones).values.allSatisfy { $0 == 1 })
  }

  @Test("EL2N, confidence and divergence are NumPy's", arguments: InstructionSet.available)
  func logits(set: InstructionSet) {
    var scratch: [Float] = []
    var norms: [Float] = []
    var agreement = RunAgreement(examples: F.examples, classes: F.classes)
    var (confidence, divergence) = ([Float](), [Float]())
    for run in 0..<F.runs {
      let z = Made.logits(run)
      for i in 0..<F.examples {
        z[i * F.classes..<(i + 1) * F.classes].withUnsafeBufferPointer {
          norms.append(el2n(logits: $0, label: Int(F.label[i]), set.kernels, scratch: &scratch))
        }
      }
      z.withUnsafeBufferPointer { agreement.set(from: 0, logits: $0, set.kernels) }
      confidence += agreement.confidence
      if run > 0 {
        divergence += agreement.divergence
      } else {
        #expect(agreement.divergence.allSatisfy { $0.isNaN })
      }
    }
    #expect(near(norms, F.el2n))
    #expect(near(confidence, F.confidence))
    #expect(near(divergence, F.divergence))
  }

  @Test("A run that says what the last one said diverges by 0, one that is sure of something else by ln 2")
  func divergenceEnds() {
    let kernels = InstructionSet.portable.kernels
    var agreement = RunAgreement(examples: 2, classes: 3)
    for z: [Float] in [[200, 0, 0, 1, 2, 3], [0, 200, 0, 1, 2, 3]] {
      z.withUnsafeBufferPointer { agreement.set(from: 0, logits: $0, kernels) }
    }
    #expect(abs(agreement.divergence[0] - 0.6931472) < 1e-6 && agreement.divergence[1] < 1e-7)
  }

  @Test("Means over runs, and over halves, are plain means of the values that there are")
  func means() {
    var stream = RandomStream(seed: 6, purpose: .test)
    let halves = RunHalves(seed: 1, runs: 7, splits: 3)
    let values = (0..<7).map { _ in (0..<20).map { _ in stream.below(4) == 0 ? .nan : Float(stream.uniform()) } }
    var means = ProxyMeans(examples: 20, splits: 3)
    for (run, row) in values.enumerated() {
      means.add(row, sides: (0..<3).map { Int(halves.sides($0)[run]) })
    }
    func plain(_ runs: [Int], _ i: Int) -> Double {
      let kept = runs.map { Double(values[$0][i]) }.filter { !$0.isNaN }
      return kept.reduce(0, +) / Double(kept.count)
    }
    #expect(near(means.mean, (0..<20).map { plain(Array(0..<7), $0) }))
    let expected = (0..<3).flatMap { split in
      [halves.halves(split).first, halves.halves(split).second].flatMap { half in (0..<20).map { plain(half, $0) } }
    }
    #expect(near(means.halfMeans, expected))
    let errors = (0..<20).map { i -> Double in
      let kept = values.map { Double($0[i]) }.filter { !$0.isNaN }
      let summary = Summary(kept)
      return summary.standardDeviation / Double(kept.count).squareRoot()
    }
    #expect(near(means.standardError, errors))
  }
}
