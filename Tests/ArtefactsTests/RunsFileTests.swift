import Artefacts
import HDF5
import TestSupport
import Testing
import ToolKit

@Suite(.serialized) struct RunsFileTests {
  let samples: Samples
  init() throws { samples = try Samples() }

  static let keeps: [Set<Keep>] = [
    [], [.checkpoint], [.logit], [.dynamics], [.checkpoint, .logit], [.checkpoint, .logit, .dynamics],
  ]

  @Test(arguments: keeps)
  func `Runs read back as they were written, whatever is kept`(keep: Set<Keep>) throws {
    let schema = samples.schema(try samples.dataset(), .init(keep: keep, teacher: ["architecture": "resnet"]))
    let file = try samples.write("runs.h5", schema, runs: [0, 3, 12])
    #expect(file.runs == [0, 3, 12])
    #expect(file.cell == schema.cell && file.config == schema.config && file.data == schema.data.content)
    #expect(file.architecture == "mlp" && file.parameterCount == 7)
    #expect(file.classes == schema.classes)
    #expect(file.trainExample == schema.trainExample && file.trainLabel == schema.trainLabel)
    #expect(file.testExample == schema.testExample && file.testLabel == schema.testLabel)
    for (index, run) in file.runs.enumerated() {
      let written = samples.rows(run, schema)
      #expect(try file.rows(index: index, schema: schema).rows == written.rows)
      #expect(try file.digest(index: index) == schema.digest(of: written))
      #expect(try file.isDiverged(index: index) == (run == 3))
      #expect(try file.flags("/train/in_mask", index: index, count: 5) == written.rows["/train/in_mask"])
    }
    #expect(try file.has("/train/logit") == keep.contains(.logit))
    #expect(try file.snapshots() == (keep.contains(.checkpoint) ? [0, 2] : []))
  }

  @Test func `A state is the snapshot that is asked for`() throws {
    let schema = samples.schema(try samples.dataset(), .init(keep: [.checkpoint]))
    let file = try samples.write("runs.h5", schema, runs: [0, 1])
    let names = ["layer.weight", "layer.bias", "steps"]
    #expect(schema.stateCount == 8)
    let all = samples.rows(1, schema).values("/checkpoint/parameter", Float.self) ?? []
    let state = try file.state(index: 1, snapshot: 1, names: names, count: 8)
    #expect(state == Array(all[8..<16]))
    #expect(failure { try file.state(index: 0, snapshot: 0, names: ["other"], count: 8) }?.status == .badData)
    #expect(failure { try file.state(index: 0, snapshot: 0, names: names, count: 9) }?.status == .badData)
    let without = try samples.write("without.h5", samples.schema(try samples.dataset()), runs: [0])
    let failure = failure { try without.state(index: 0, snapshot: 0, names: names, count: 8) }
    #expect(failure?.remedy?.contains("--keep checkpoint") == true)
  }

  @Test func `Runs that may stop early have their epochs, and networks up to there and at the end`() throws {
    let data = try samples.dataset()
    let schema = samples.schema(data, .init(keep: [.checkpoint], mayStopEarly: true))
    // Of the snapshots 0 and 2: of run 1 the second is that of epoch 1, and of run 2 that of epoch 2 too.
    let file = try samples.write("runs.h5", schema, runs: [0, 1, 2])
    #expect(try (0..<3).map { try file.epochsTrained(index: $0) } == [0, 1, 2])
    #expect(try (0..<3).map { try file.snapshotsReached(index: $0) } == [[0], [0, 1], [0, 1]])
    let other = try samples.write("other.h5", samples.schema(data, .init(keep: [.checkpoint])), runs: [0])
    #expect(try other.epochsTrained(index: 0) == nil)
    #expect(try other.snapshotsReached(index: 0) == [0, 1])
    try samples.write("changed.h5", schema, runs: [0, 1])
    samples.overwrite("changed.h5", "/epochs_trained", [Int32(0), -1])
    let changed = try RunsFile(samples.open("changed.h5"))
    #expect(failure { try changed.epochsTrained(index: 1) }?.status == .badData)
  }

  @Test func `A run's digest and the content do not depend on what is kept, but on every mandatory row`()
    throws
  {
    let data = try samples.dataset()
    let bare = samples.schema(data)
    var digests: Set<[UInt8]> = []
    var contents: Set<String> = []
    for (i, keep) in RunsFileTests.keeps.enumerated() {
      // The rows of one run, whatever is kept beside them.
      let schema = samples.schema(data, .init(keep: keep))
      let mandatory = samples.rows(5, bare)
      let rows = samples.rows(5, schema)
      digests.insert(schema.digest(of: mandatory))
      var merged = rows
      for variable in bare.variables { merged.rows[variable.path] = mandatory.rows[variable.path] }
      #expect(schema.digest(of: merged) == bare.digest(of: mandatory))
      let output = try Output(samples.scratch("\(i).h5"))
      let writer = try RunsWriter(output, schema: schema, runs: [5])
      try writer.append(merged)
      try writer.finish()
      try output.commit()
      contents.insert(try samples.open("\(i).h5").content ?? "")
    }
    #expect(digests.count == 1 && contents.count == 1)
    for variable in bare.variables {
      var changed = samples.rows(5, bare)
      changed.rows[variable.path]?[0] ^= 1
      #expect(!digests.contains(bare.digest(of: changed)), "\(variable.path)")
    }
  }

  @Test func `The same runs give the same bytes`() throws {
    let schema = samples.schema(try samples.dataset(), .init(keep: [.checkpoint, .logit, .dynamics]))
    for name in ["a.h5", "b.h5"] { try samples.write(name, schema, runs: [1, 2]) }
    #expect(try bytes(of: samples.scratch("a.h5")) == bytes(of: samples.scratch("b.h5")))
  }

  @Test func `Flags other than 0 and 1, and rows of another shape or type, are refused by variable`() throws {
    var file = try samples.write("runs.h5", samples.schema(try samples.dataset()), runs: [0, 1])
    let subject = "\(samples.scratch("runs.h5")): /train/correct"
    #expect(failure { try file.row("/train/correct", UInt8.self, index: 0, shape: [6]) }?.subject == subject)
    #expect(failure { try file.row("/train/correct", Float.self, index: 0, shape: [5]) }?.subject == subject)
    // The shape is checked of a variable that is open, too.
    _ = try file.row("/train/correct", UInt8.self, index: 0, shape: [5])
    #expect(failure { try file.row("/train/correct", UInt8.self, index: 0, shape: [6]) }?.subject == subject)
    #expect(failure { try file.row("/train/correct", Float.self, index: 0, shape: [5]) }?.subject == subject)
    #expect(
      failure { try file.row("/none", UInt8.self, index: 0, shape: [5]) }?.problem.contains("/none") == true)
    // libhdf5 opens no file for writing that is open for reading.
    file = try samples.write("other.h5", samples.schema(try samples.dataset()), runs: [0])
    samples.overwrite("runs.h5", "/train/in_mask", [0, 1, 0, 1, 2, 0, 1, 0, 1, 0] as [UInt8])
    let changed = try RunsFile(samples.open("runs.h5"))
    #expect(failure { try changed.flags("/train/in_mask", index: 0, count: 5) }?.status == .badData)
    #expect(try changed.flags("/train/in_mask", index: 1, count: 5) == [0, 1, 0, 1, 0])
  }

  @Test
  func `Run numbers that do not ascend, labels outside of the classes and missing attributes are refused`()
    throws
  {
    let schema = samples.schema(try samples.dataset())
    func refusal(_ change: () -> Void) throws -> Failure? {
      try samples.write("runs.h5", schema, runs: [4, 5])
      change()
      return failure { try RunsFile(samples.open("runs.h5")) }
    }
    #expect(try refusal {} == nil)
    for numbers in [[5, 4], [4, 4], [-1, 4]] as [[Int64]] {
      let found = try refusal {
        samples.overwrite("runs.h5", "/run", numbers)
        samples.removeAttribute("runs.h5", "sha256", of: "/run")
      }
      #expect(found?.problem.contains("must ascend") == true, "\(numbers)")
    }
    for path in ["/train/label", "/test/label"] {
      let found = try refusal {
        // The test split has two labels.
        samples.overwrite("runs.h5", path, [3, 1, 2, 0, 1] as [Int32])
        samples.removeAttribute("runs.h5", "sha256", of: path)
      }
      #expect(found?.problem == "label 3 is outside of the 3 classes", "\(path)")
    }
    for attribute in ["config", "architecture", "parameter_count", "data"] {
      let found = try refusal { samples.removeAttribute("runs.h5", attribute) }
      #expect(found?.problem == "lacks the attribute \(attribute)" && found?.remedy != nil)
    }
  }
}
