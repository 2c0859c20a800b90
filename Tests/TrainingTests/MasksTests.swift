import Testing
import Training

@Suite struct MasksTests {
  private func masks(_ scheme: MaskScheme, _ ratio: Double = 0.7, seed: UInt64 = 5, examples: Int) throws -> Masks {
    try Masks(scheme: scheme, ratio: ratio, seed: seed, examples: examples)
  }

  private func size(_ mask: [UInt8]) -> Int { mask.reduce(0) { $0 + Int($1) } }

  @Test(arguments: [10, 13, 120, 997, 2000])
  func `Balanced masks hold each example in exactly seven of every ten runs`(examples: Int) throws {
    let masks = try masks(.balanced, examples: examples)
    for block in 0..<3 {
      let rows = (10 * block..<10 * block + 10).map { masks.mask(run: $0) }
      for example in 0..<examples { #expect(rows.reduce(0) { $0 + Int($1[example]) } == 7) }
    }
  }

  /// Only then is the mean over examples of in- minus out-accuracy the mean over runs of the same.
  @Test func `Balanced masks of a multiple of ten examples all have exactly seven tenths of them`() throws {
    for examples in Array(stride(from: 10, through: 250, by: 10)) + [2000, 5000] {
      let masks = try masks(.balanced, examples: examples)
      for run in 0..<20 { #expect(size(masks.mask(run: run)) == examples * 7 / 10, "\(examples)") }
    }
  }

  @Test func `Balanced masks of any number of examples differ in size by two at most`() throws {
    for examples in Array(10..<250) + [1234, 1999] {
      let masks = try masks(.balanced, examples: examples)
      let sizes = (0..<10).map { size(masks.mask(run: $0)) }
      #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) <= 2, "\(examples)")
    }
  }

  private static let shares: [(in: Int, of: Int)] = [
    (1, 10), (1, 4), (3, 10), (1, 2), (3, 4), (4, 5), (9, 10), (2, 3), (4, 7), (5, 11), (11, 12),
  ]

  @Test(arguments: shares)
  func `Balanced masks of other ratios hold each example equally often`(share: (in: Int, of: Int)) throws {
    // A multiple of the block, but not of the whole cycle.
    let examples = 29 * share.of
    let masks = try masks(.balanced, Double(share.in) / Double(share.of), examples: examples)
    let rows = (0..<share.of).map { masks.mask(run: $0) }
    for example in 0..<examples { #expect(rows.reduce(0) { $0 + Int($1[example]) } == share.in) }
    for row in rows { #expect(size(row) == 29 * share.in) }
  }

  @Test(arguments: [1, 10, 99, 2000], [0.1, 0.5, 0.7, 0.999])
  func `Independent masks have exactly the whole part of their share`(examples: Int, ratio: Double) throws {
    guard Int(ratio * Double(examples)) > 0 else { return }
    let masks = try masks(.independent, ratio, examples: examples)
    for run in 0..<12 { #expect(size(masks.mask(run: run)) == Int(ratio * Double(examples))) }
  }

  @Test(arguments: MaskScheme.allCases)
  func `Runs and seeds have different masks and the same run the same again`(scheme: MaskScheme) throws {
    let masks = try masks(scheme, examples: 200)
    let rows = (0..<30).map { masks.mask(run: $0) }
    #expect(Set(rows).count == rows.count)
    #expect(try self.masks(scheme, examples: 200).mask(run: 17) == rows[17])
    #expect(try self.masks(scheme, seed: 6, examples: 200).mask(run: 17) != rows[17])
  }

  /// In 400 independent masks the count of an example is binomial: 280 with s.d. 9.2, so 230 to 330 is 5.5 s.d.
  @Test func `Independent masks hold each example in about the same number of runs`() throws {
    let masks = try masks(.independent, examples: 100)
    var counts = [Int](repeating: 0, count: 100)
    for run in 0..<400 { for (i, bit) in masks.mask(run: run).enumerated() { counts[i] += Int(bit) } }
    #expect(counts.allSatisfy { (230...330).contains($0) })
    // Exact equality would be balanced masks.
    #expect(Set(counts).count > 5)
  }

  /// Two examples are both left out of 1/15 of the runs on average (3 of 10, then 2 of 9): 1600 masks hold 107 such
  /// runs, s.d. 10, where pairs were tied together or kept apart it would be 480 or 0.
  @Test func `Balanced masks do not tie examples together`() throws {
    let masks = try masks(.balanced, examples: 120)
    var both = [Int](repeating: 0, count: 8)
    for run in 0..<1600 {
      let mask = masks.mask(run: run)
      for pair in 0..<8 where mask[2 * pair] == 0 && mask[2 * pair + 1] == 0 { both[pair] += 1 }
    }
    #expect(both.allSatisfy { (50...190).contains($0) })
  }

  @Test(arguments: MaskScheme.allCases)
  func `A share of 1 is all examples in all runs`(scheme: MaskScheme) throws {
    let masks = try masks(scheme, 1, examples: 33)
    for run in 0..<3 { #expect(masks.mask(run: run) == [UInt8](repeating: 1, count: 33)) }
  }

  @Test(arguments: [0, 1.0001, -0.1, 1.5, Double.nan, .infinity, 0.0001])
  func `A share that is no subset is refused`(ratio: Double) {
    for scheme in MaskScheme.allCases {
      #expect(throws: Masks.Impossible.self) { try masks(scheme, ratio, examples: 100) }
    }
  }

  @Test func `A share that no block of runs has is refused for balanced masks alone`() throws {
    let error = #expect(throws: Masks.Impossible.self) { try masks(.balanced, 0.123, examples: 100) }
    #expect(error?.description.contains("--masks independent") == true)
    #expect(size(try masks(.independent, 0.123, examples: 100).mask(run: 0)) == 12)
  }
}
