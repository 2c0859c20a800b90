import Artefacts
import HDF5
import TestSupport
import Testing
import ToolKit

@Suite(.serialized) struct InfluenceFileTests {
  let samples: Samples
  init() throws { samples = try Samples() }

  /// `first` pairs of the first cell and `second` of the other.
  private func pairs(_ first: Int, _ second: Int) -> [InfluenceFile.Pair] {
    (0..<first + second).map { k in
      .init(
        cell: k < first ? 0 : 1, trainExample: 10 + Int64(k % 5), target: 20 + Int64(k), score: Float(k + 1) / 1024,
        standardError: Float(k), qValue: 1 / Float(k + 1), inCount: Int32(k + 3), outCount: Int32(k + 2))
    }
  }

  private func write(
    _ name: String, _ first: Int, _ second: Int, on split: ScoresFile.Split = .test, dense step: Int? = nil
  ) throws {
    _ = try samples.scores()
    let runs = try samples.set("a.h5", "b.h5")
    let cells = zip(runs.members, runs.labels()).map { member, label in
      ScoresFile.CellRecord(
        label: label, config: member.config, parameterCount: member.parameterCount, runs: member.runs.count,
        diverged: 0, content: runs.record(of: member).content)
    }
    let writer = try ScoresFile.Writer(Output(samples.scratch(name)), runs: runs, cells: cells)
    let file = try InfluenceFile.PairWriter(
      writer,
      [
        .init(pairs: first, tested: first + 96, expectedFalsePairs: 2.5),
        .init(pairs: second, tested: second, expectedFalsePairs: 0),
      ], on: split)
    for pair in pairs(first, second) { try file.append(pair) }
    try file.finish()
    if let step {
      let dense = try InfluenceFile.DenseWriter(writer, cells: 2, examples: 5, targets: 2, on: split)
      for cell in 0..<2 {
        for start in stride(from: 0, to: 5, by: step) {
          let rows = start..<min(start + step, 5)
          try dense.append(rows.flatMap { [Float(10 * cell + $0), .nan] }, count: rows.count)
        }
      }
      try dense.finish()
    }
    try writer.finish(options: [:], inputs: runs.inputRecords)
  }

  @Test(arguments: [ScoresFile.Split.test, .train])
  func `Pairs read back by cell as they were written`(split: ScoresFile.Split) throws {
    try write("influence.h5", 4, 7, on: split)
    let scores = try Scores(samples.open("influence.h5"))
    #expect(try scores.influenceSplit() == split)
    #expect(try scores.influencePairs(ofCell: 0) == Array(pairs(4, 7)[..<4]))
    #expect(try scores.influencePairs(ofCell: 1) == Array(pairs(4, 7)[4...]))
    let counts = try scores.influenceCounts()
    #expect(counts.map(\.pairs) == [4, 7] && counts.map(\.tested) == [100, 7])
    #expect(counts.map(\.expectedFalsePairs) == [2.5, 0])
    #expect(try scores.reader.has("/influence/test_example") == (split == .test))
  }

  @Test func `A file without a pair is whole and reads as such`() throws {
    try write("none.h5", 0, 0)
    let scores = try Scores(samples.open("none.h5"))
    #expect(try scores.influencePairs(ofCell: 0) == [] && scores.influencePairs(ofCell: 1) == [])
    #expect(try scores.reader.read("/influence/score", Float.self).shape == [0])
    try write("some.h5", 0, 3)
    let some = try Scores(samples.open("some.h5"))
    #expect(try some.influencePairs(ofCell: 0) == [] && some.influencePairs(ofCell: 1) == pairs(0, 3))
  }

  @Test func `Scores without influence have no pairs`() throws {
    let scores = try samples.scores()
    #expect(try scores.influenceSplit() == nil && scores.influencePairs(ofCell: 0) == [])
  }

  @Test func `Columns of several chunks hold every pair`() throws {
    // A chunk has at most 2^18 elements of 4 bytes: three of these, and five of 8 bytes.
    try write("many.h5", 300_000, 300_001)
    let scores = try Scores(samples.open("many.h5"))
    #expect(try scores.influencePairs(ofCell: 1) == Array(pairs(300_000, 300_001)[300_000...]))
    // The digests are those of the values.
    #expect(try scores.reader.read("/influence/train_example", Int64.self).values.count == 600_001)
  }

  @Test func `All scores are the same bytes whatever number of rows comes at a time`() throws {
    for step in [1, 2, 5] { try write("dense\(step).h5", 1, 1, dense: step) }
    let scores = try Scores(samples.open("dense2.h5"))
    let (values, shape) = try scores.reader.read("/influence_dense/score", Float.self, rank: 3)
    #expect(shape == [2, 5, 2])
    #expect(values.enumerated().allSatisfy { i, v in i % 2 == 1 ? v.isNaN : v == Float(i / 10 * 10 + i % 10 / 2) })
    #expect(try scores.reader.read("/influence_dense/test_example", Int64.self).values.count == 2)
    let first = try bytes(of: samples.scratch("dense1.h5"))
    for step in [2, 5] { #expect(try bytes(of: samples.scratch("dense\(step).h5")) == first) }
  }

  @Test func `Numbers of pairs that do not fit, and pairs out of the order of cells, are refused`() throws {
    try write("influence.h5", 4, 7)
    // No reader is left open meanwhile: libhdf5 would open the file read-only.
    func refusal(ofCell cell: Int) -> Failure? {
      failure { try Scores(samples.open("influence.h5")).influencePairs(ofCell: cell) }
    }
    #expect(refusal(ofCell: 0)?.problem == nil)
    for counts in [[4, 6], [4, 8], [-1, 7], [200, 7], [.max, 7]] as [[Int64]] {
      samples.removeAttribute("influence.h5", "sha256", of: "/summary/influence_pairs")
      samples.overwrite("influence.h5", "/summary/influence_pairs", counts)
      #expect(refusal(ofCell: 0)?.status == .badData, "\(counts)")
    }
    samples.overwrite("influence.h5", "/summary/influence_pairs", [4, 7] as [Int64])
    #expect(refusal(ofCell: 1)?.problem == nil)
    samples.overwrite("influence.h5", "/influence/cell", [Int32](repeating: 0, count: 11))
    #expect(refusal(ofCell: 1)?.problem.contains("order of cells") == true)
  }
}
