import Measures
import Testing

@Suite struct RunHalvesTests {
  @Test(arguments: [2, 3, 10, 21, 400])
  func `the halves of a split are disjoint, hold every run once and differ in size by at most one`(runs: Int) {
    let halves = RunHalves(seed: 7, runs: runs, splits: 20)
    for split in 0..<20 {
      let (first, second) = halves.halves(split)
      #expect(first.count == runs / 2 && second.count == runs - runs / 2)
      #expect((first + second).sorted() == Array(0..<runs))
      #expect(first == first.sorted() && second == second.sorted())
      #expect(halves.sides(split).indices.filter { halves.sides(split)[$0] == 0 } == first)
    }
  }

  @Test func `a split depends on seed, runs and its number, and not on how many splits there are`() {
    let (few, many) = (RunHalves(seed: 3, runs: 20, splits: 5), RunHalves(seed: 3, runs: 20, splits: 50))
    for split in 0..<5 { #expect(few.halves(split) == many.halves(split)) }
    #expect(Set((0..<50).map { many.halves($0).first }).count == 50)
    #expect(few.halves(0).first != RunHalves(seed: 4, runs: 20, splits: 5).halves(0).first)
    // Stored: a change would change every file that is made from halves.
    #expect(RunHalves(seed: 0, runs: 6, splits: 1).halves(0).first == [1, 3, 5])
  }

  @Test func `each pair of runs falls into one half as often as chance has it`() {
    // Two given runs of 10 share a half with probability 4/9: s.d. of the share of 4,000 splits .0079.
    let halves = RunHalves(seed: 1, runs: 10, splits: 4000)
    var together = [[Int]](repeating: [Int](repeating: 0, count: 10), count: 10)
    for split in 0..<4000 {
      let sides = halves.sides(split)
      for a in 0..<10 { for b in 0..<10 where sides[a] == sides[b] { together[a][b] += 1 } }
    }
    for a in 0..<10 {
      #expect(together[a][a] == 4000)
      for b in 0..<10 where a != b { #expect(abs(Double(together[a][b]) / 4000 - 4.0 / 9) < 5 * 0.0079) }
    }
  }
}
