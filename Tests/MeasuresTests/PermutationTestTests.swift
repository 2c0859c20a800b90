import Measures
import Randomness
import Testing

@Suite struct PermutationTestTests {
  @Test func `A few pairs have the p of all orders counted by hand`() {
    // Of 3! orders of (1, 2, 3) against itself, the identity and the reverse are as strong.
    let three = PermutationTest([1, 2, 3], [1, 2, 3])
    #expect(abs(three.correlation - 1) < 1e-12 && three.p == 2.0 / 6 && three.isExact)
    // 4! orders; |r| of (1, 2, 4, 3) is .8: sums of products 29 or more, or 21 or less, are 4 + 4 orders.
    let four = PermutationTest([1, 2, 3, 4], [1, 2, 4, 3])
    #expect(abs(four.correlation - 0.8) < 1e-12 && four.p == 8.0 / 24)
  }

  @Test func `Drawn orders give nearly what all orders do`() {
    var stream = RandomStream(seed: 3, purpose: .test)
    let x = (0..<9).map { _ in stream.normal() }
    let y = x.map { 0.5 * $0 + stream.normal() }
    let exact = PermutationTest(x, y)
    // The first pairs again, a little apart, so that there are more than are exact.
    let many = PermutationTest(x + x.map { $0 + 1e-3 }, y + y.map { $0 - 1e-3 })
    #expect(exact.isExact && !many.isExact)
    #expect(exact.p > 0 && exact.p <= 1 && many.p > 0 && many.p < exact.p)
    #expect(many == PermutationTest(x + x.map { $0 + 1e-3 }, y + y.map { $0 - 1e-3 }))
  }

  @Test func `Order and scale of the pairs change nothing`() {
    let (x, y) = ([3.0, 1, 4, 1.5, 9, 2.6], [2.0, 7, 1, 8, 2.8, 1.8])
    let base = PermutationTest(x, y)
    let turned = PermutationTest(x.reversed().map { 10 - 3 * $0 }, y.reversed().map { 0.1 * $0 })
    #expect(abs(base.correlation + turned.correlation) < 1e-12 && base.p == turned.p)
  }

  @Test func `Under independence p is uniform`() {
    var stream = RandomStream(seed: 8, purpose: .test)
    let below = (0..<400).count { _ in
      PermutationTest((0..<6).map { _ in stream.normal() }, (0..<6).map { _ in stream.normal() }).p <= 0.1
    }
    // 400 trials of .1: 40, s.d. 6.
    #expect((16...64).contains(below))
  }

  @Test func `Too few pairs, a constant and NaN have none`() {
    #expect(PermutationTest([1, 2], [1, 2]).p.isNaN)
    #expect(PermutationTest([1, 1, 1, 1], [1, 2, 3, 4]).p.isNaN)
    let gaps = PermutationTest([1, .nan, 2, 3], [1, 5, 2, .nan])
    #expect(gaps.pairs == 2 && gaps.p.isNaN)
  }
}
