import Measures
import Randomness
import Testing

@Suite struct AlignmentTests {
  typealias Labelled = (vector: [Float], label: Int)

  func sums(_ vectors: [[Float]]) -> AlignmentSums {
    var sums = VectorSums(dimension: vectors.first?.count ?? 1)
    vectors.flatMap { $0 }.withUnsafeBufferPointer { sums.add($0) }
    return sums.sums
  }

  func omega(_ vectors: [[Float]]) -> Double { sums(vectors).omega }

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
    let expected = (0..<2).map { c in plain(labelled.filter { $0.label == c }.map(\.vector)) }
    let classSums = (0..<5).map { c in sums(labelled.filter { $0.label == c }.map(\.vector)) }
    #expect(abs(classSums[0].omega - expected[0]) < 1e-13)
    #expect(abs(classSums[1].omega - expected[1]) < 1e-13)
    #expect(classSums[2].omega.isNaN && classSums[3].omega.isNaN && classSums[4].omega.isNaN)
    let mean = ClassMean(classSums)
    #expect(mean.classes == 2 && mean.tooFew == 2 && mean.zero == 1)
    #expect(abs(mean.value - (expected[0] + expected[1]) / 2) < 1e-13)
  }

  @Test func `sums of groups are those of their vectors`() {
    let vectors = randomVectors(31, dimension: 9, shift: 0.4, seed: 22)
    var (a, b) = (VectorSums(dimension: 9), VectorSums(dimension: 9))
    vectors[..<20].flatMap { $0 }.withUnsafeBufferPointer { a.add($0) }
    vectors[20...].flatMap { $0 }.withUnsafeBufferPointer { b.add($0) }
    a.add(b)
    #expect(abs(a.sums.omega - omega(vectors)) < 1e-14 && a.sums.count == 31)
  }

  @Test func `diversity, stiffness and confusion of two vectors have their closed forms`() {
    for t in [0.5, 1, 2, 10] {
      for angle in [0.0, 0.3, 1.2, 2.5] {
        let b = [t * Elementary.cos(angle), t * Elementary.sin(angle)]
        let product = t * Elementary.cos(angle)
        let known = [1, product, product, t * t].withUnsafeBufferPointer {
          AlignmentSums(products: $0, stride: 2, members: [0, 1])
        }
        #expect(abs(known.stiffness - Elementary.cos(angle)) < 1e-12)
        #expect(abs(known.confusion - product) < 1e-12)
        #expect(abs(known.diversity - (1 + t * t) / (1 + t * t + 2 * product)) < 1e-12)
        #expect(abs(known.omega - 4 * product / ((1 + t) * (1 + t))) < 1e-12)
        #expect(abs(sums([[1, 0], b.map { Float($0) }]).diversity - known.diversity) < 1e-5)
      }
    }
  }

  @Test func `the closed forms of two vectors are those of their products`() {
    for t in [0.5, 1, 3] {
      for angle in [0.0, 30, 90, 120, 180, 270, -60, 420] {
        let pair = TwoVectors(normRatio: t, angle: angle)
        let product = t * Elementary.cos(angle * .pi / 180)
        let known = [1, product, product, t * t].withUnsafeBufferPointer {
          AlignmentSums(products: $0, stride: 2, members: [0, 1])
        }
        #expect(abs(pair.alignment - known.omega) < 1e-12 && abs(pair.stiffness - known.stiffness) < 1e-12)
        #expect(abs(pair.confusion - known.confusion) < 1e-12)
        if angle != 180 || t != 1 { #expect(abs(pair.diversity - known.diversity) < 1e-12) }
      }
    }
    #expect(TwoVectors(normRatio: 3, angle: 0).alignment == 0.75)
    #expect(TwoVectors(normRatio: 1, angle: 180).alignment == -1)
    #expect(TwoVectors(normRatio: 7, angle: 90).alignment == 0)
    #expect(TwoVectors(normRatio: 1, angle: 180).diversity == .infinity)
    #expect(abs(TwoVectors(normRatio: 2.0.squareRoot(), angle: 45).alignment - 0.6862915) < 1e-7)
  }

  @Test func `inner products of some give what their vectors do`() {
    let vectors = randomVectors(12, dimension: 5, shift: 0.3, seed: 23)
    let products = vectors.flatMap { a in vectors.map { inner(a, $0) } }
    let members = [0, 3, 4, 7, 11]
    let found = products.withUnsafeBufferPointer { AlignmentSums(products: $0, stride: 12, members: members) }
    let chosen = members.map { vectors[$0] }
    #expect(abs(found.omega - plain(chosen)) < 1e-12 && found.count == 5)
    #expect(abs(found.diversity - sums(chosen).diversity) < 1e-12)
    var (cosine, least) = (0.0, Double.infinity)
    for (i, a) in chosen.enumerated() {
      for (j, b) in chosen.enumerated() where i != j {
        cosine += inner(a, b) / (inner(a, a) * inner(b, b)).squareRoot() / 20
        least = min(least, inner(a, b))
      }
    }
    #expect(abs(found.stiffness - cosine) < 1e-12 && found.confusion == least)
    #expect(sums(chosen).stiffness.isNaN && sums(chosen).confusion.isNaN)
  }

  @Test func `pairs of different classes are all pairs less those within classes`() {
    let vectors = randomVectors(14, dimension: 4, shift: 0.5, seed: 24)
    let products = vectors.flatMap { a in vectors.map { inner(a, $0) } }
    // Class 2 has one vector, class 3 none.
    let classes = [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9, 10, 11, 12], [13], []]
    let (own, all) = products.withUnsafeBufferPointer { known in
      (
        classes.map { AlignmentSums(products: known, stride: 14, members: $0) },
        AlignmentSums(products: known, stride: 14, members: Array(0..<14))
      )
    }
    var (product, cosine, pairs) = (0.0, 0.0, 0.0)
    for (c, a) in classes.enumerated() {
      for (d, b) in classes.enumerated() where c != d {
        for i in a {
          for j in b {
            product += inner(vectors[i], vectors[j])
            cosine +=
              inner(vectors[i], vectors[j])
              / (inner(vectors[i], vectors[i]) * inner(vectors[j], vectors[j])).squareRoot()
            pairs += 1
          }
        }
      }
    }
    let norm = vectors.reduce(0) { $0 + inner($1, $1).squareRoot() } / 14
    let across = AcrossClasses(own, all: all)
    #expect(abs(across.omega - product / pairs / (norm * norm)) < 1e-12)
    #expect(abs(across.stiffness - cosine / pairs) < 1e-12)
    #expect(AcrossClasses([own[0], own[3]], all: own[0]).omega.isNaN)
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
    let mean = ClassMean([sums([[.nan], [1]]), sums([[1], [1]])])
    #expect(mean.value.isNaN && mean.classes == 2)
    #expect(ClassMean([]).value.isNaN)
  }
}
