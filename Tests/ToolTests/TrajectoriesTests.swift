import Artefacts
import Foundation
import Testing
import ToolKit

/// `score trajectories`, as a shell drives it.
@Suite struct TrajectoriesTests {
  /// `small.h5`, `middle.h5` and `large.h5`: ten runs each of three sizes, the same subsets.
  private static let runs = Result {
    let scratch = try Scratch(with: ["sprites.h5"])
    for (name, width) in [("small", 8), ("middle", 24), ("large", 40)] {
      try scratch.succeed(
        "train sprites.h5 --architecture 'mlp width=\(width)' --epochs 2 --batch-size 20 --runs 0:10 -o \(name).h5")
    }
    return scratch
  }

  private func scratch() throws -> Scratch {
    let scratch = try Scratch(with: ["sprites.h5", "runs.h5", "students.h5", "other-runs.h5", "alignment.h5"])
    for name in ["small.h5", "middle.h5", "large.h5"] {
      try scratch.write(name, try TrajectoriesTests.runs.get().bytes(name))
    }
    return scratch
  }

  private func open(_ name: String, in scratch: Scratch) throws -> Scores {
    try Scores(ArtefactReader(Input(scratch.path(name))))
  }

  private func refuse(
    _ script: String, in scratch: Scratch, status: Int32, saying text: String,
    _ location: SourceLocation = #_sourceLocation
  ) throws {
    let before = try scratch.names()
    let outcome = try scratch.shell(script, location)
    #expect(outcome.status == status, "\(script): \(outcome.errors)", sourceLocation: location)
    #expect(
      outcome.lines.count == 1 && outcome.errors.hasPrefix("score: ") && outcome.errors.contains(text),
      "\(script): \(outcome.errors)", sourceLocation: location)
    #expect(try outcome.output.isEmpty && scratch.names() == before, "\(script)", sourceLocation: location)
  }

  @Test func `sizes are ordered by parameters, and observed and floor are of the examples with a category`() throws {
    let scratch = try scratch()
    try scratch.succeed("score trajectories large.h5 small.h5 middle.h5 -o t.h5")
    let scores = try open("t.h5", in: scratch)
    let found = try #require(try scores.trajectories())
    #expect(found.sizeOrder == ["mlp width=8", "mlp width=24", "mlp width=40"] && scores.cells == found.sizeOrder)
    #expect(scores.parameterCounts == scores.parameterCounts.sorted() && scores.runs == [10, 10, 10])
    #expect(found.pairedMasks == .yes && found.alphas == [0.05, 0.1, 0.2, 0.3])
    #expect(found.shapes == ["constant", "increasing", "decreasing", "cap", "cup", "other"])
    for a in 0..<4 {
      let row = found.category[(300 * a)..<(300 * (a + 1))]
      for s in 0..<6 {
        #expect(Int(found.observed[6 * a + s]) == row.count { $0 == Int8(s) })
      }
      // Balanced masks: each example is out of three runs in ten.
      #expect(!row.contains(-1))
      let floor = found.floor[(6 * a)..<(6 * a + 6)].reduce(0, +)
      #expect(abs(floor - 300) < 1e-2 && found.constantShare[a] == found.floor[6 * a] / 300)
      #expect(found.reliable[a] == (found.constantShare[a] >= 0.9 ? 1 : 0))
    }
    let options = try JSON(parsing: scores.reader.requireText("options"), subject: "options")
    #expect(options["draws"] == 400 && options["seed"] == "0" && options["alpha"] == [0.05, 0.1, 0.2, 0.3])
  }

  @Test func `any split, order and number of cores gives the same bytes, and another seed others`() throws {
    let scratch = try scratch()
    try scratch.succeed(
      """
      train sprites.h5 --architecture 'mlp width=24' --epochs 2 --batch-size 20 --runs 0:4 -o first.h5
      train sprites.h5 --architecture 'mlp width=24' --epochs 2 --batch-size 20 --runs 4:10 -o second.h5
      score trajectories small.h5 middle.h5 large.h5 --draws 50 -j 1 -o whole.h5
      score trajectories second.h5 large.h5 first.h5 small.h5 --draws 50 -j 3 | cat > split.h5
      printf '%s\\0' large.h5 second.h5 small.h5 first.h5 > names
      score trajectories --files0-from names --draws 50 -o names.h5
      score trajectories small.h5 middle.h5 large.h5 --draws 50 --seed 1 -o seed.h5
      """)
    #expect(scratch.areEqual("whole.h5", "split.h5") && scratch.areEqual("whole.h5", "names.h5"))
    #expect(!scratch.areEqual("whole.h5", "seed.h5"))
  }

  @Test func `from scores come the categories of the runs, and a word on the masks`() throws {
    let scratch = try scratch()
    try scratch.succeed(
      """
      score trajectories small.h5 large.h5 --draws 20 -o runs-t.h5
      score memorisation small.h5 -o a.h5
      score memorisation large.h5 middle.h5 -o b.h5
      """)
    let outcome = try scratch.shell(
      "score trajectories b.h5 a.h5 --cell 'mlp width=8' --cell 'mlp width=40' --draws 20 -o scores-t.h5")
    #expect(outcome.status == 0 && outcome.lines.count == 1 && outcome.errors.contains("same subsets"))
    let (runs, scores) = (try open("runs-t.h5", in: scratch), try open("scores-t.h5", in: scratch))
    var expected = try #require(try runs.trajectories())
    expected.pairedMasks = .unknown
    #expect(try scores.trajectories() == expected)
    #expect(try scores.contents() == runs.contents())
  }

  @Test func `other subsets are used, and said to be others`() throws {
    let scratch = try scratch()
    try scratch.succeed(
      "train sprites.h5 --architecture 'mlp width=12' --epochs 2 --batch-size 20 --runs 0:10 --mask-seed 9 -o other.h5")
    let outcome = try scratch.shell("score trajectories small.h5 other.h5 --draws 5 -o t.h5")
    #expect(outcome.status == 0 && outcome.lines.count == 1 && outcome.errors.contains("paired_masks: no"))
    #expect(try open("t.h5", in: scratch).trajectories()?.pairedMasks == .no)
    // Other numbers of runs are other runs.
    try scratch.succeed(
      "train sprites.h5 --architecture 'mlp width=12' --epochs 2 --batch-size 20 --runs 0:9 -o fewer.h5")
    #expect(
      try scratch.shell("score trajectories small.h5 fewer.h5 --draws 5 -o t.h5").errors.contains("paired_masks: no"))
  }

  @Test func `what makes no trajectory is refused in one line`() throws {
    let scratch = try scratch()
    try scratch.succeed("score memorisation small.h5 large.h5 -o scores.h5; echo text > text")
    // `runs.h5` and `students.h5` are of one architecture.
    try refuse(
      "score trajectories small.h5 runs.h5 students.h5 -o t.h5", in: scratch, status: 64,
      saying: "parameters both; name one configuration a size with --cell")
    try refuse("score trajectories small.h5 -o t.h5", in: scratch, status: 64, saying: "and there is one: mlp width=8")
    try refuse(
      "score trajectories small.h5 large.h5 --cell 'mlp width=8' -o t.h5", in: scratch, status: 64,
      saying: "there is one")
    try refuse(
      "score trajectories small.h5 large.h5 --cell nope -o t.h5", in: scratch, status: 64,
      saying: "--cell nope: is none of the configurations: mlp width=8, mlp width=40")
    try refuse(
      "score trajectories small.h5 large.h5 --cell 'mlp width=8' --cell 'mlp width=8' -o t.h5", in: scratch, status: 64,
      saying: "named twice")
    try refuse("score trajectories small.h5 scores.h5 -o t.h5", in: scratch, status: 64, saying: "together")
    try refuse("score trajectories small.h5 sprites.h5 -o t.h5", in: scratch, status: 65, saying: "neither a runs file")
    try refuse("score trajectories alignment.h5 -o t.h5", in: scratch, status: 65, saying: "neither a runs file")
    try refuse("score trajectories text -o t.h5", in: scratch, status: 65, saying: "no HDF5 file")
    try refuse("score trajectories missing.h5 -o t.h5", in: scratch, status: 74, saying: "No such file")
    try refuse("score trajectories small.h5 other-runs.h5 -o t.h5", in: scratch, status: 65, saying: "another data set")
    for bad in ["", "0", "-0.1", "x", "0.1,", "0.1,0.1", "nan", "inf", "3"] {
      try refuse(
        "score trajectories small.h5 large.h5 --alpha='\(bad)' -o t.h5", in: scratch, status: 64, saying: "--alpha")
    }
    try refuse("score trajectories small.h5 large.h5 --draws 0 -o t.h5", in: scratch, status: 64, saying: "--draws")
    // One run, and no example has a score.
    try scratch.succeed(
      """
      for w in 8 24; do
        train sprites.h5 --architecture "mlp width=$w" --epochs 1 --batch-size 20 --runs 0:1 -o one$w.h5
      done
      """)
    try refuse(
      "score trajectories one8.h5 one24.h5 -o t.h5", in: scratch, status: 65,
      saying: "no example has a score at every size")
  }
}
