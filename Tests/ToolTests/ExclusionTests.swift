import Artefacts
import Testing
import ToolKit

/// `train` without the examples that a scores file calls memorised, or without as many others.
@Suite struct ExclusionTests {
  private static let train = "train sprites.h5 \(Fixtures.quick) --runs 0:3 --keep none"

  private func scratch() throws -> Scratch {
    let scratch = try Scratch(with: ["sprites.h5", "runs.h5", "scores.h5", "other.h5", "other-runs.h5"])
    try scratch.succeed("score memorisation runs.h5 -o mlp.h5; score memorisation other-runs.h5 -o other-scores.h5")
    return scratch
  }

  private func open(_ scratch: Scratch, _ name: String) throws -> RunsFile {
    try RunsFile(ArtefactReader(Input(scratch.path(name))))
  }

  private func masks(_ file: RunsFile) throws -> [[UInt8]] {
    try file.runs.indices.map { try file.flags("/train/in_mask", index: $0, count: file.trainExample.count) }
  }

  private func scores(_ scratch: Scratch) throws -> [Float] {
    let file = try Scores(ArtefactReader(Input(scratch.path("mlp.h5"))))
    return try #require(try file.rows("/memorisation/score"))[0]
  }

  @Test func `The most memorised examples are in no subset and all others are in the subsets they were in`() throws {
    let scratch = try scratch()
    try scratch.succeed("\(Self.train) --exclude mlp.h5 --top 5% -o top.h5; \(Self.train) -o all.h5")
    let (top, all) = (try open(scratch, "top.h5"), try open(scratch, "all.h5"))
    let excluded = try #require(try top.excluded())
    let values = try scores(scratch)
    // 5 % of 300. No other example has a score above the least of theirs.
    #expect(excluded.count { $0 == 1 } == 15)
    let least = values.indices.filter { excluded[$0] == 1 }.map { values[$0] }.min() ?? .nan
    #expect(values.indices.allSatisfy { excluded[$0] == 1 || !(values[$0] > least) })
    for (mask, whole) in zip(try masks(top), try masks(all)) {
      #expect(mask == zip(whole, excluded).map { $1 == 1 ? 0 : $0 })
    }
    let digest = try #require(try ArtefactReader(Input(scratch.path("mlp.h5"))).content)
    #expect(
      top.config["exclusion"]
        == [
          "rule": "top", "share": 0.05, "matched": false, "count": 15, "scores": .string(digest),
          "cell": "mlp width=16",
        ])
    #expect(all.config["exclusion"] == .null)
    #expect(try all.excluded() == nil && top.shared != all.shared)
    #expect(try row(0, of: scratch.path("top.h5"))["/digest"] != row(0, of: scratch.path("all.h5"))["/digest"])
  }

  @Test func `A threshold, a matched control and random examples are as many as they should be`() throws {
    let scratch = try scratch()
    try scratch.succeed(
      """
      \(Self.train) --exclude mlp.h5 --above 0.5 -o above.h5
      \(Self.train) --exclude mlp.h5 --above 0.9 -o far.h5
      \(Self.train) --exclude mlp.h5 --above 0.9 --matched -o matched.h5
      \(Self.train) --random 40 --subset 1 --exclude-seed 5 -o random.h5
      \(Self.train) --exclude scores.h5 --random 40 --subset 1 --exclude-seed 5 -o same.h5
      """)
    let values = try scores(scratch)
    let above = try #require(try open(scratch, "above.h5").excluded())
    #expect(above == values.map { $0 >= 0.5 ? 1 : 0 })
    let far = try #require(try open(scratch, "far.h5").excluded())
    let matched = try open(scratch, "matched.h5")
    let control = try #require(try matched.excluded())
    #expect(zip(far, control).allSatisfy { $0 == 0 || $1 == 0 })
    for label in 0..<Int32(matched.classes.count) {
      func count(_ flags: [UInt8]) -> Int { flags.indices.count { flags[$0] == 1 && matched.trainLabel[$0] == label } }
      #expect(count(far) == count(control))
    }
    // All examples but the 40.
    for mask in try masks(open(scratch, "random.h5")) { #expect(mask.count { $0 == 1 } == 260) }
    #expect(scratch.areEqual("random.h5", "same.h5"))
  }

  @Test func `Excluded runs can be scored and taught from, and their students say what they never saw`() throws {
    let scratch = try scratch()
    let train = "train sprites.h5 \(Fixtures.quick) --runs 0:10"
    try scratch.succeed(
      """
      \(train) --exclude mlp.h5 --top 10 -o teachers.h5
      distill sprites.h5 teachers.h5 \(Fixtures.quick) -o students.h5
      score memorisation teachers.h5 students.h5 runs.h5 -o scores.h5
      """)
    let (teachers, students) = (try open(scratch, "teachers.h5"), try open(scratch, "students.h5"))
    #expect(try teachers.excluded() == students.excluded())
    #expect(teachers.config["exclusion"] == students.config["exclusion"])
    // Never in a subset: no score.
    let excluded = try #require(try teachers.excluded())
    let file = try Scores(ArtefactReader(Input(scratch.path("scores.h5"))))
    let rows = try #require(try file.rows("/memorisation/score"))
    #expect(rows.count { row in row.indices.allSatisfy { row[$0].isNaN == (excluded[$0] == 1) } } == 2)
  }

  @Test func `What cannot be excluded is refused in a line, and nothing is left behind`() throws {
    let scratch = try scratch()
    let before = try scratch.names()
    for (options, status, text) in [
      ("--exclude mlp.h5", 64, "none of them is given"), ("--top 5%", 64, "need the scores of --exclude"),
      ("--matched", 64, "none of them is given"), ("--exclude-seed 3", 64, "none of them is given"),
      ("--exclude mlp.h5 --top 5% --above 0.5", 64, "one or the other"),
      ("--exclude mlp.h5 --top 0", 64, "--top takes"),
      ("--exclude mlp.h5 --top 5% --exclude-seed 3", 64, "--exclude-seed goes with"),
      ("--random 5 --matched", 64, "--matched goes with"), ("--random 101%", 64, "--random takes"),
      ("--random 5 --cell mlp", 64, "--cell goes with --top"),
      ("--exclude mlp.h5 --above nan", 64, "--above takes a number"),
      ("--random 100%", 64, "takes out all of 300"), ("--exclude mlp.h5 --top 300", 64, "takes out all of 300"),
      ("--exclude mlp.h5 --above 1.5", 64, "no score is 1.5"), ("--random 299", 64, "a batch of 20 is larger than"),
      ("--exclude mlp.h5 --above=-1 --matched", 64, "--above takes out all"),
      (
        "--exclude scores.h5 --top 5%", 64,
        "scores.h5: has the scores of several cells; name one by --cell: mlp width=16 < mlp width=16, mlp width=16"
      ),
      ("--exclude scores.h5 --top 5% --cell resnet", 64, "scores.h5: has no cell resnet; it has mlp width=16 < mlp"),
      ("--exclude other-scores.h5 --top 5%", 65, "other-scores.h5: has the scores of another data set than sprites.h5"),
      ("--exclude runs.h5 --top 5%", 65, "runs.h5: is a runs file"), ("--exclude gone.h5 --top 5%", 74, "gone.h5: "),
      ("--exclude other-scores.h5 --random 5", 65, "another data set"),
    ] as [(String, Int32, String)] {
      let outcome = try scratch.shell("\(Self.train) \(options) -o out.h5")
      #expect(outcome.status == status, "\(options): \(outcome.errors)")
      #expect(outcome.lines.count == 1 && outcome.errors.contains(text), "\(options): \(outcome.errors)")
      #expect(try scratch.names() == before, "\(options)")
    }
    try scratch.succeed("\(Self.train) --exclude scores.h5 --top 5% --cell 'mlp width=16' -o out.h5")
  }
}
