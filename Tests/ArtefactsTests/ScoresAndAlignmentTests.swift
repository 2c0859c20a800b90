import Artefacts
import HDF5
import TestSupport
import Testing
import ToolKit

@Suite(.serialized) struct ScoresAndAlignmentTests {
  let samples: Samples
  init() throws { samples = try Samples() }

  @Test func `Scores read back as they were written`() throws {
    let scores = try samples.scores()
    #expect(Set(scores.cells) == ["mlp ratio=0.5", "mlp ratio=0.7"])
    #expect(scores.configs.map { $0["architecture"] } == ["mlp", "mlp"])
    #expect(scores.parameterCounts == [7, 7] && scores.runs == [2, 2] && scores.diverged == [0, 0])
    #expect(scores.classes == ["cat", "dog", "猫"] && scores.trainLabel == [0, 1, 2, 0, 1])
    #expect(scores.trainExample == [10, 11, 12, 13, 14])
    let rows = try #require(try scores.rows("/memorisation/score"))
    #expect(rows.count == 2 && rows[0][3].isNaN && rows[0][4] == 0.5)
    #expect(rows[1] == [0.625, 0.75, 0.875, 1, 1.125])
    #expect(try scores.rows("/c_score/score") == nil)
    #expect(try scores.summary("memorisation") == [0.5, 0.25])
    #expect(try scores.summary("memorisation_upper") == [0.6, 0.3])
    #expect(try scores.summary("memorisation_sd") == nil)
    #expect(
      try scores.reader.read("/memorisation/in_count", Int32.self, rank: 2).values
        == (0..<10).map { Int32($0) })
    let inputs = try JSON(parsing: scores.reader.requireText("inputs"), subject: "inputs")
    #expect(inputs.array?.count == 3)
  }

  @Test func `Scores of a shape that does not fit are refused by variable`() throws {
    let scores = try samples.scores()
    #expect(
      failure { try scores.rows("/memorisation/in_count") }?.problem.contains("not of type f32") == true)
    #expect(failure { try scores.rows("/summary/memorisation") }?.problem.contains("dimensions") == true)
  }

  @Test func `A label of scores that was changed is caught, and refused where it is outside of the classes`()
    throws
  {
    _ = try samples.scores()
    samples.overwrite("scores.h5", "/train/label", [0, 1, 2, 0, 3] as [Int32])
    #expect(
      failure { try Scores(samples.open("scores.h5")) }?.problem.contains("not those that were written")
        == true)
    samples.removeAttribute("scores.h5", "sha256", of: "/train/label")
    #expect(failure { try Scores(samples.open("scores.h5")) }?.problem.contains("outside of the") == true)
  }

  @Test func `Each kind of file names the revision of its own values`() throws {
    // Of runs it names FILE.partial's folders, too: where it changes, finished runs are not met again.
    _ = (try samples.scores(), try samples.alignment())
    for (name, software) in [
      ("data.h5", "rote 0.1.0 numerics 2"), ("a.h5", "rote 0.1.0 numerics 2"), ("scores.h5", "rote 0.1.0 numerics 2"),
      ("alignment.h5", "rote 0.1.0 numerics 3"),
    ] { #expect(try samples.open(name).requireText("software") == software, "\(name)") }
  }

  @Test func `Alignment reads back as it was written`() throws {
    let alignment = try samples.alignment()
    #expect(alignment.label == "mlp" && alignment.parameterCount == 7 && alignment.runs == [0, 4])
    #expect(
      alignment.snapshots == [0, 2] && alignment.tensors == ["layer.weight", "logits", "all parameters"])
    #expect(alignment.classes == ["cat", "dog", "猫"])
    #expect(alignment.meanInClass == [0, 1, 2, 3, 4, 5, -1, 0, 1, 2, 3, 4])
    #expect(alignment.all[0].isNaN && alignment.all[1] == 0 && Array(alignment.all[7...]) == [1, 2, 3, 4, 5])
    let (inClass, shape) = try alignment.reader.read("/alignment/in_class", Float.self, rank: 4)
    #expect(shape == [2, 2, 3, 3] && inClass.last == 18)
    #expect(try alignment.reader.read("/examples", Int64.self, rank: 2).values == [2, 2, 1, 2, 2, 1])
  }
}
