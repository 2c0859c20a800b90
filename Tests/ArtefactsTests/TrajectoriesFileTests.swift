import Artefacts
import HDF5
import TestSupport
import Testing
import ToolKit

@Suite(.serialized) struct TrajectoriesFileTests {
  let samples: Samples
  init() throws { samples = try Samples() }

  /// Two thresholds, five examples, three shapes.
  let contents = TrajectoriesFile(
    alphas: [0.05, 0.2], shapes: ["constant", "rising", "falling"], category: [0, 1, 2, -1, 0, 2, 1, 0, -1, 1],
    posterior: (0..<30).map { $0 % 7 == 3 ? .nan : Float($0) / 32 }, observed: [2, 1, 1, 1, 2, 1],
    floor: [1.5, 1.25, 1.25, 3, 0.5, 0.5], constantShare: [0.375, 0.75], reliable: [0, 1],
    sizeOrder: ["small", "large <\"2\""], pairedMasks: .no)

  func write(_ contents: TrajectoriesFile, _ name: String = "t.h5") throws -> Scores {
    let data = try samples.dataset()
    let cells = contents.sizeOrder.enumerated().map {
      ScoresFile.CellRecord(
        label: $1, config: ["n": .number(Double($0))], parameterCount: $0 + 1, runs: 3, diverged: 0, content: "")
    }
    let writer = try ScoresFile.Writer(Output(samples.scratch(name)), of: ScoresFile.Examples(data), cells: cells)
    try writer.write(contents)
    try writer.finish(options: ["draws": 10], inputs: [data.record])
    return try Scores(samples.open(name))
  }

  @Test func `trajectories read back as they were written`() throws {
    let scores = try write(contents)
    let found = try #require(try scores.trajectories())
    #expect(found.posterior.count == 30)
    for (a, b) in zip(found.posterior, contents.posterior) { #expect(a == b || a.isNaN && b.isNaN) }
    var (plain, expected) = (found, contents)
    (plain.posterior, expected.posterior) = ([], [])
    #expect(plain == expected)
    #expect(try scores.contents() == [String](repeating: String(repeating: "0", count: 64), count: 2))
    #expect(scores.data == (try samples.dataset("again.h5")).content)
  }

  @Test func `scores without trajectories have none, and whole numbers have their rows`() throws {
    let scores = try samples.scores()
    #expect(try scores.trajectories() == nil)
    #expect(try scores.countRows("/memorisation/in_count") == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]])
    #expect(try scores.countRows("/memorisation/none") == nil)
    #expect(try scores.contents().allSatisfy { $0.count == 64 && $0 != String(repeating: "0", count: 64) })
    #expect(failure { try scores.countRows("/memorisation/score") }?.problem.contains("not of type i32") == true)
  }

  @Test func `categories that are none of the shapes, and sizes that are not the cells, are refused`() throws {
    _ = try write(contents)
    samples.removeAttribute("t.h5", "sha256", of: "/trajectory/category")
    for bad: Int8 in [3, -2, 127] {
      samples.overwrite("t.h5", "/trajectory/category", [bad] + [Int8](repeating: 0, count: 9))
      let scores = try Scores(samples.open("t.h5"))
      #expect(failure { try scores.trajectories() }?.problem.contains("none of the 3 shapes") == true)
    }
    samples.overwrite("t.h5", "/trajectory/category", contents.category)
    #expect(try Scores(samples.open("t.h5")).trajectories() != nil)
    samples.removeAttribute("t.h5", "size_order", of: "/trajectory/category")
    #expect(failure { try Scores(samples.open("t.h5")).trajectories() }?.problem.contains("size_order") == true)
  }

  @Test func `a value that was changed is caught`() throws {
    _ = try write(contents)
    samples.overwrite("t.h5", "/trajectory/floor", [1, 1, 1, 3, 0.5, 0.5] as [Float])
    #expect(
      failure { try Scores(samples.open("t.h5")).trajectories() }?.problem.contains("not those that were written")
        == true)
  }
}
