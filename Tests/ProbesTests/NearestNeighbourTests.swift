import Kernels
import Networks
import Randomness
import Testing
import Training

@testable import Probes

struct NearestNeighbourTests {
  /// Vectors of queries, of which the first are the references, and what they are to be classified as.
  private struct Problem {
    let vectors: [[Float]]
    let references: Int
    let labels: [Int32]
    let classes: Int

    init(_ vectors: [[Float]], references: Int, classes: Int) {
      (self.vectors, self.references, self.classes) = (vectors, references, classes)
      labels = (0..<references).map { Int32(($0 * 7 + $0 / 5) % classes) }
    }

    /// By sorting all distances.
    func plain(k: Int) -> [Int32] {
      vectors.indices.map { query in
        let others = (0..<references).filter { $0 != query }.map { reference in
          let squares = zip(vectors[query], vectors[reference]).map {
            (Double($0) - Double($1)) * (Double($0) - Double($1))
          }
          return (squares.reduce(0, +), reference)
        }
        let nearest = others.sorted { $0 < $1 }.prefix(k)
        guard !nearest.isEmpty else { return -1 }
        var counts = [Int](repeating: 0, count: classes)
        for (_, reference) in nearest { counts[Int(labels[reference])] += 1 }
        return Int32(counts.firstIndex(of: counts.max() ?? 0) ?? 0)
      }
    }

    private func rows(_ range: Range<Int>) -> Rows {
      let rows = Rows(count: range.count, length: vectors[0].count)
      for (row, vector) in range.enumerated() {
        for (i, value) in vectors[vector].enumerated() { rows[row][i] = value }
      }
      return rows
    }

    /// All at once, or merged from blocks by exact distances.
    func fast(k: Int, _ set: InstructionSet, blocks: Int = 1) -> [Int32] {
      let search = NearestNeighbours(k: k, labels: labels, classes: classes, instructionSet: set)
      let queries = rows(0..<vectors.count)
      let size = (references + blocks - 1) / blocks
      var nearest = [[Neighbour]](repeating: [], count: vectors.count)
      var votes: [Int32] = []
      for begin in stride(from: 0, to: references, by: size) {
        let end = min(begin + size, references)
        let block = search.block(rows(begin..<end), first: begin, pool: ThreadPool(threads: 1))
        let products = Memory(count: vectors.count * block.width)
        search.multiply(queries, 0..<vectors.count, block, to: products.floats)
        let room = SearchRoom(classes: classes)
        for query in vectors.indices {
          let candidates = search.candidates(
            queries[query], block, products: products.floats + query * block.width,
            itself: query < references ? query : -1, room: room)
          if blocks == 1 {
            votes.append(search.vote(candidates, queries[query], block, room: room))
          } else {
            nearest[query] = Array(
              (nearest[query] + search.exact(candidates, queries[query], block)).sorted().prefix(k))
          }
        }
      }
      let room = SearchRoom(classes: classes)
      return blocks == 1 ? votes : nearest.map { search.vote($0, room: room) }
    }
  }

  private static func expect(_ problem: Problem, at location: SourceLocation = #_sourceLocation) {
    for k in [1, 5, 30] {
      let plain = problem.plain(k: k)
      for set in InstructionSet.available {
        #expect(problem.fast(k: k, set) == plain, "k \(k), \(set)", sourceLocation: location)
        #expect(problem.fast(k: k, set, blocks: 3) == plain, "k \(k), \(set), in blocks", sourceLocation: location)
      }
    }
  }

  private static func vectors(_ count: Int, _ length: Int, seed: Int = 0, _ number: (inout RandomStream) -> Float)
    -> [[Float]]
  {
    var stream = RandomStream(seed: 3, purpose: .test, index: seed)
    return (0..<count).map { _ in (0..<length).map { _ in number(&stream) } }
  }

  @Test("Votes are those of sorting all distances", arguments: [1, 3, 10, 100, 3000])
  func random(length: Int) {
    Self.expect(Problem(Self.vectors(230, length) { Float($0.normal()) }, references: 170, classes: 4))
  }

  @Test("Among many equal distances the first references count", arguments: [1, 2, 5])
  func ties(length: Int) {
    Self.expect(Problem(Self.vectors(600, length) { Float($0.below(2)) }, references: 500, classes: 7))
    Self.expect(Problem(Self.vectors(90, length) { _ in 0.3 }, references: 70, classes: 3))
  }

  @Test("Distances that rounding in floats hides are told apart")
  func hidden() {
    // Far from 0 and close together: squares of 1e6, distances of 1.
    let far = Self.vectors(300, 64) { Float(1000 + 0.1 * $0.uniform()) }
    Self.expect(Problem(far, references: 240, classes: 5))
    let probabilities = Self.vectors(300, 10) {
      Float($0.below(10) == 0 ? 1 - 1e-6 * $0.uniform() : 1e-20 * $0.uniform())
    }
    Self.expect(Problem(probabilities, references: 240, classes: 5))
  }

  @Test("Vectors whose products no float holds, and those near the least, are compared all the same")
  func extremes() {
    for scale: Float in [1e30, 1e19, 1e-20, 1e-38] {
      Self.expect(Problem(Self.vectors(120, 7) { scale * Float($0.normal()) }, references: 100, classes: 4))
    }
    var mixed = Self.vectors(120, 7) { Float($0.normal()) }
    mixed[5] = mixed[5].map { 1e25 * $0 }
    Self.expect(Problem(mixed, references: 100, classes: 4))
  }

  @Test("What is not finite is nobody's neighbour, and has none", arguments: InstructionSet.available)
  func notFinite(set: InstructionSet) {
    var vectors = Self.vectors(60, 5) { Float($0.normal()) }
    let whole = Problem(vectors, references: 50, classes: 4)
    vectors[50][2] = .nan
    vectors[51][2] = .infinity
    let votes = Problem(vectors, references: 50, classes: 4).fast(k: 5, set)
    #expect(votes[50...51] == [-1, -1])
    #expect(Array(votes.prefix(50)) == Array(whole.fast(k: 5, set).prefix(50)))
    // Reference 49 goes: the same as if there were 49.
    vectors[49][0] = .nan
    let without = Problem(vectors, references: 50, classes: 4).fast(k: 5, set)
    let fewer = Problem(vectors, references: 49, classes: 4).fast(k: 5, set)
    #expect(Array(without.prefix(49)) == Array(fewer.prefix(49)))
  }

  @Test("Fewer references than neighbours all vote; none give no class")
  func few() {
    Self.expect(Problem(Self.vectors(12, 4) { Float($0.normal()) }, references: 4, classes: 3))
    Self.expect(Problem(Self.vectors(3, 4) { Float($0.normal()) }, references: 1, classes: 3))
  }
}
