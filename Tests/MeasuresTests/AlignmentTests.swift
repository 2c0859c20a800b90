import Measures
import Randomness
import Testing

@Suite struct AlignmentTests {
  typealias Labelled = (vector: [Float], label: Int)

  func accumulate(_ vectors: [Labelled], dimension: Int, classes: Int) -> AlignmentAccumulator {
    var sums = AlignmentAccumulator(dimension: dimension, classes: classes)
    for (vector, label) in vectors {
      vector.withUnsafeBufferPointer { sums.add(vector: $0, class: label) }
    }
    return sums
  }

  func omega(_ vectors: [[Float]]) -> Double {
    accumulate(vectors.map { ($0, 0) }, dimension: vectors.first?.count ?? 0, classes: 1).allSums.omega
  }

  func inner(_ a: [Float], _ b: [Float]) -> Double {
    zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
  }

  /// The definition, pair by pair.
  func plain(_ vectors: [[Float]]) -> Double {
    var (pairs, norms) = (0.0, 0.0)
    for (i, a) in vectors.enumerated() {
      norms += inner(a, a).squareRoot()
      for (j, b) in vectors.enumerated() where i != j { pairs += inner(a, b) }
    }
    let n = Double(vectors.count)
    return n * pairs / ((n - 1) * norms * norms)
  }

  func randomVectors(_ count: Int, dimension: Int, shift: Double, seed: UInt64) -> [[Float]] {
    var stream = RandomStream(seed: seed, purpose: .test)
    return (0..<count).map { _ in (0..<dimension).map { _ in Float(stream.normal() + shift) } }
  }

  @Test func `two vectors have the alignment of the closed form`() {
    // 4 t cos θ / (1 + t)²; the last: t = √2, cos θ = 1/√2.
    #expect(omega([[1, 0], [3, 0]]) == 0.75)
    #expect(omega([[1, 0], [-1, 0]]) == -1)
    #expect(abs(omega([[1, 0], [1, 1]]) - 0.6862915) < 1e-7)
    #expect(omega([[2, 0], [0, 5]]) == 0)
    for t in [0.5, 2, 10] {
      for angle in [0.3, 1.2, 2.5] {
        let b = [Float(t * Elementary.cos(angle)), Float(t * Elementary.sin(angle))]
        let expected = 4 * t * Elementary.cos(angle) / ((1 + t) * (1 + t))
        #expect(abs(omega([[1, 0], b]) - expected) < 1e-6)
      }
    }
  }

  @Test func `the sums give what the pairs do`() {
    for seed in UInt64(0)..<10 {
      let vectors = randomVectors(40, dimension: 7, shift: 0.2 * Double(seed), seed: seed)
      #expect(abs(omega(vectors) - plain(vectors)) < 1e-13)
    }
  }

  @Test func `each class and the mean over classes are those of the class's own vectors`() {
    let vectors = randomVectors(30, dimension: 5, shift: 0.5, seed: 20)
    // Class 2 has one vector, class 3 none, class 4 only zeros; 0 and 1 share the rest.
    var labelled: [Labelled] = vectors.enumerated().map { ($1, $0 == 29 ? 2 : $0 % 2) }
    labelled += [([0, 0, 0, 0, 0], 4), ([0, 0, 0, 0, 0], 4)]
    let sums = accumulate(labelled, dimension: 5, classes: 5)
    let expected = (0..<2).map { c in plain(labelled.filter { $0.label == c }.map(\.vector)) }
    let classSums = sums.classSums
    #expect(abs(classSums[0].omega - expected[0]) < 1e-13)
    #expect(abs(classSums[1].omega - expected[1]) < 1e-13)
    #expect(classSums[2].omega.isNaN && classSums[3].omega.isNaN && classSums[4].omega.isNaN)
    let mean = sums.classMean
    #expect(mean.classes == 2 && mean.tooFew == 2 && mean.zero == 1)
    #expect(abs(mean.value - (expected[0] + expected[1]) / 2) < 1e-13)
    #expect(abs(sums.allSums.omega - plain(labelled.map(\.vector))) < 1e-13)
  }

  @Test func `equal vectors align fully and no others do`() {
    for seed in UInt64(0)..<10 {
      let vector = randomVectors(1, dimension: 6, shift: 0, seed: seed)[0]
      var vectors = [[Float]](repeating: vector, count: 9)
      #expect(abs(omega(vectors) - 1) < 1e-14)
      vectors[4] = vector.map { 1.01 * $0 }
      #expect(omega(vectors) < 1 - 1e-7)
      vectors[4] = vector
      vectors[4][0] += 0.1
      #expect(omega(vectors) < 1 - 1e-7)
      #expect(omega(randomVectors(9, dimension: 6, shift: 3, seed: seed)) < 1)
    }
  }

  @Test func `alignment knows neither the order of vectors nor their common scale`() {
    let vectors = randomVectors(25, dimension: 4, shift: 0.3, seed: 21)
    var stream = RandomStream(seed: 21, purpose: .test, run: 1)
    var shuffled = vectors
    stream.shuffle(&shuffled)
    #expect(abs(omega(vectors) - omega(shuffled)) < 1e-14)
    // A power of 2, which changes no digit, near the least that a Float can be.
    #expect(omega(vectors) == omega(vectors.map { $0.map { $0 * 0x1p-100 } }))
  }

  @Test func `too few vectors, zeros and NaN give NaN`() {
    #expect(omega([]).isNaN)
    #expect(omega([[1, 2]]).isNaN)
    #expect(omega([[0, 0], [0, 0]]).isNaN)
    #expect(omega([[.nan, 0], [1, 0]]).isNaN)
    // One zero among others is a vector like any other.
    #expect(omega([[0, 0], [1, 0]]) == 0)
    // A diverged class is not passed over in the mean.
    let sums = accumulate([([.nan], 0), ([1], 0), ([1], 1), ([1], 1)], dimension: 1, classes: 2)
    #expect(sums.classMean.value.isNaN && sums.classMean.classes == 2)
    #expect(ClassMeanAlignment([]).value.isNaN)
  }
}

@Suite struct LogitGradientTests {
  func gradient(_ logits: [Float], _ label: Int) -> [Float] {
    var result = [Float](repeating: .nan, count: logits.count)
    logits.withUnsafeBufferPointer { z in
      result.withUnsafeMutableBufferPointer { logitGradient(logits: z, label: label, into: $0) }
    }
    return result
  }

  @Test func `equal logits give 1/C, less 1 at the label`() {
    #expect(gradient([3, 3, 3, 3], 2) == [0.25, 0.25, -0.75, 0.25])
  }

  @Test func `the gradient is the slope of the loss`() {
    var stream = RandomStream(seed: 30, purpose: .test)
    let logits = (0..<6).map { _ in Float(2 * stream.normal()) }
    func loss(_ z: [Double]) -> Double {
      Elementary.log(z.reduce(0) { $0 + Elementary.exp($1) }) - z[1]
    }
    let result = gradient(logits, 1)
    for c in 0..<6 {
      var (up, down) = (logits.map(Double.init), logits.map(Double.init))
      up[c] += 1e-5
      down[c] -= 1e-5
      #expect(abs(Double(result[c]) - (loss(up) - loss(down)) / 2e-5) < 1e-7)
    }
    #expect(abs(result.reduce(0, +)) < 1e-6)
  }

  @Test func `the label's gradient outlives the rounding of its probability to 1`() {
    // softmax = 1 / (1 + e^-40) is 1 in both precisions; the gradient is ∓ e^-40 = 4.248354e-18.
    let result = gradient([40, 0], 0)
    #expect(result[0] == -result[1] && abs(result[1] - 4.248354e-18) < 1e-23)
  }

  @Test func `large and NaN logits do what they should`() {
    #expect(gradient([1000, 0, -1000], 1) == [1, -1, 0])
    #expect(gradient([.nan, 0], 1).allSatisfy { $0.isNaN })
    #expect(gradient([0, .nan], 1).allSatisfy { $0.isNaN })
  }
}
