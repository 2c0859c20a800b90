import Randomness
import Testing

private func stream(_ index: Int) -> RandomStream { RandomStream(seed: 7, purpose: .test, index: index) }

private func draw(_ count: Int, from stream: RandomStream) -> [UInt32] {
  var stream = stream
  return (0..<count).map { _ in stream.next() }
}

@Suite struct RandomStreamTests {
  @Test(
    "A stream begins with the blocks of its name: key (seed, purpose), counter (block, index, epoch, run)")
  func blocks() {
    let numbers = draw(
      8, from: RandomStream(seed: 0x1_0000_0005, purpose: .batchOrder, run: 2, epoch: 3, index: 4))
    let key = SIMD2<UInt32>(5, 1 ^ 3 << 24)
    for block in 0..<2 {
      let expected = philox4x32(SIMD4(UInt32(block), 4, 3, 2), key: key)
      #expect(Array(numbers[4 * block..<4 * block + 4]) == (0..<4).map { expected[$0] })
    }
  }

  @Test("Streams that differ in one part of their name differ")
  func names() {
    var streams = [
      RandomStream(seed: 1, purpose: .test), RandomStream(seed: 2, purpose: .test),
      RandomStream(seed: 1 << 32 | 1, purpose: .test), RandomStream(seed: 1, purpose: .test, run: 1),
      RandomStream(seed: 1, purpose: .test, epoch: 1), RandomStream(seed: 1, purpose: .test, index: 1),
    ]
    streams += Purpose.allCases.filter { $0 != .test }.map { RandomStream(seed: 1, purpose: $0) }
    #expect(Set(streams.map { draw(4, from: $0) }).count == streams.count)
  }

  @Test("A stream's numbers do not depend on what is drawn from others, or from its copies")
  func independence() {
    let alone = draw(10, from: stream(1))
    var a = stream(1)
    var b = stream(2)
    var interleaved: [UInt32] = []
    for _ in 0..<10 {
      _ = b.normal()
      interleaved.append(a.next())
      var copy = a
      _ = copy.uniform()
    }
    #expect(interleaved == alone)
  }

  @Test("Purposes keep the numbers they were given, since results depend on them")
  func purposes() {
    #expect(Purpose.allCases.prefix(8).map(\.rawValue) == [1, 2, 3, 4, 5, 6, 7, 8])
    #expect(Purpose.subsetMask.rawValue == 1 && Purpose.initialisation.rawValue == 2)
    #expect(Purpose.batchOrder.rawValue == 3 && Purpose.augmentation.rawValue == 4)
  }

  @Test("Uniform numbers are in [0, 1), with the mean and variance of the distribution")
  func uniform() {
    var stream = stream(3)
    let n = 100_000
    let x = (0..<n).map { _ in stream.uniform() }
    #expect(x.allSatisfy { (0..<1).contains($0) })
    // Five standard errors: s.d. sqrt(1/12) of the mean, sqrt(1/180) of the squared deviation.
    #expect(abs(x.reduce(0, +) / Double(n) - 0.5) < 5 * (1.0 / 12 / Double(n)).squareRoot())
    let variance = x.reduce(0) { $0 + ($1 - 0.5) * ($1 - 0.5) } / Double(n)
    #expect(abs(variance - 1.0 / 12) < 5 * (1.0 / 180 / Double(n)).squareRoot())
  }

  @Test("Normal numbers have moments 0, 1, 0 and 3")
  func normal() {
    var stream = stream(4)
    let n = 100_000
    let x = (0..<n).map { _ in stream.normal() }
    func moment(_ k: Int) -> Double {
      x.reduce(0) { sum, value in sum + (0..<k).reduce(1.0) { power, _ in power * value } } / Double(n)
    }
    // Five standard errors; the variances of x, x², x³ and x⁴ are 1, 2, 15 and 96.
    for (k, (expected, variance)) in zip(1..., [(0.0, 1.0), (1, 2), (0, 15), (3, 96)]) {
      #expect(abs(moment(k) - expected) < 5 * (variance / Double(n)).squareRoot(), "moment \(k)")
    }
  }

  @Test("Whole numbers below a bound are equally frequent", arguments: [1, 2, 3, 7, 10, 100])
  func below(bound: Int) {
    var stream = stream(bound)
    let n = 1000 * bound
    var counts = [Int](repeating: 0, count: bound)
    for _ in 0..<n { counts[stream.below(bound)] += 1 }
    // Chi-squared has mean b - 1 and variance 2 (b - 1); five standard deviations, and some for its skew.
    let chiSquared = counts.reduce(0.0) { $0 + Double(($1 - 1000) * ($1 - 1000)) / 1000 }
    let freedom = Double(bound - 1)
    #expect(chiSquared <= freedom + 5 * (2 * freedom).squareRoot() + 5)
  }

  @Test("Bounds that 2^32 is far from a multiple of are without bias")
  func belowLargeBound() {
    // Without rejection a number would be floor(3 u / 4), u of 32 bits, and multiples of 3 come from two u
    // each.
    var stream = stream(5)
    var counts = [0, 0, 0]
    for _ in 0..<30_000 { counts[stream.below(3 << 30) % 3] += 1 }
    // Five standard deviations of a binomial number with p = 1/3.
    for count in counts { #expect(abs(Double(count) - 10_000) < 5 * (30_000 * 2.0 / 9).squareRoot()) }
    #expect((0..<1000).allSatisfy { _ in stream.below((1 << 32) - 1) < (1 << 32) - 1 })
  }

  @Test("A permutation holds every number once", arguments: [0, 1, 2, 10, 1000])
  func permutation(count: Int) {
    var stream = stream(6)
    let order = stream.permutation(count)
    #expect(order.sorted() == (0..<Int32(count)).map { $0 })
    if count == 1000 { #expect(order != order.sorted()) }
  }

  @Test("All permutations of three are equally frequent")
  func permutationsOfThree() {
    var stream = stream(8)
    var counts: [[Int32]: Int] = [:]
    for _ in 0..<6000 { counts[stream.permutation(3), default: 0] += 1 }
    #expect(counts.count == 6)
    // Five standard deviations: sqrt(6000 · 1/6 · 5/6) = 28.9.
    for count in counts.values { #expect(abs(count - 1000) < 145) }
  }
}
