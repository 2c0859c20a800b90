import Artefacts
import HDF5
import TestSupport
import Testing
import ToolKit

@Suite(.serialized) struct RunsSetTests {
  let samples: Samples
  init() throws { samples = try Samples() }

  @Test func `Runs come in ascending order, and configurations by size, whatever the order of files`() throws {
    let data = try samples.dataset()
    let (small, large) = (
      samples.schema(data), samples.schema(data, .init(architecture: "cnn", parameterCount: 90))
    )
    try samples.write("a.h5", large, runs: [2, 5])
    try samples.write("b.h5", small, runs: [1, 7])
    try samples.write("c.h5", small, runs: [0, 3])
    for names in [["a.h5", "b.h5", "c.h5"], ["c.h5", "b.h5", "a.h5"], ["b.h5", "a.h5", "c.h5"]] {
      let set = try RunsSet(names.map { try Input(samples.scratch($0)) })
      #expect(set.members.map(\.architecture) == ["mlp", "cnn"])
      #expect(set.members.map(\.runNumbers) == [[0, 1, 3, 7], [2, 5]])
      #expect(set.members.map { $0.digests.count } == [4, 2])
      for member in set.members {
        for (entry, digest) in zip(member.runs, member.digests) {
          let file = try set.file(of: entry)
          #expect(file.runs[entry.index] == entry.run)
          #expect(try file.digest(index: entry.index) == digest)
        }
      }
      #expect(set.labels() == ["mlp", "cnn"])
      #expect(set.trainLabel == data.train.label && set.classes == data.classes && set.data == data.content)
      #expect(failure { try set.onlyMember(for: "runs") }?.status == .usage)
    }
  }

  @Test func `The content of runs does not depend on how they are spread over files`() throws {
    let schema = samples.schema(try samples.dataset())
    try samples.write("all.h5", schema, runs: [0, 1, 2])
    try samples.write("first.h5", schema, runs: [0, 2])
    try samples.write("second.h5", schema, runs: [1])
    let whole = try samples.set("all.h5")
    let record = whole.record(of: whole.members[0])
    #expect(try samples.open("all.h5").content == record.content)
    #expect(record.kind == .runs && record.cell == schema.cell)
    for names in [["first.h5", "second.h5"], ["second.h5", "first.h5"]] {
      let split = try RunsSet(names.map { try Input(samples.scratch($0)) })
      #expect(split.record(of: split.members[0]) == record)
    }
    let part = try samples.set("first.h5")
    #expect(part.record(of: part.members[0]).content != record.content)
  }

  @Test func `A run that is there twice is refused with both files named`() throws {
    let schema = samples.schema(try samples.dataset())
    try samples.write("a.h5", schema, runs: [0, 1])
    try samples.write("b.h5", schema, runs: [1, 2])
    let failure = try #require(failure { try samples.set("a.h5", "b.h5") })
    #expect(failure.status == .badData && failure.subject == samples.scratch("b.h5"))
    #expect(failure.problem.contains("run 1 ") && failure.problem.contains(samples.scratch("a.h5")))
    #expect(TestSupport.failure { try samples.set("a.h5", "a.h5") } != nil)
  }

  @Test func `Runs that disagree on data, classes, examples or labels are refused by name`() throws {
    try samples.write("a.h5", samples.schema(try samples.dataset()), runs: [0])
    // The same content, as if the files came from one data set: what differs then is the files' own copy.
    func refusal(_ words: String, keepContent: Bool = true, _ set: (inout Samples.Layout) -> Void) throws {
      var layout = Samples.Layout()
      set(&layout)
      try samples.write("b.h5", samples.schema(try samples.dataset("b-data.h5", layout)), runs: [1])
      if keepContent {
        let text = try samples.open("a.h5").requireText("data")
        samples.change("b.h5") { file in
          H5Adelete(file, "data")
          let type = H5Tcopy(rote_h5_c_string())
          H5Tset_size(type, text.utf8.count)
          let space = H5Screate(H5S_SCALAR)
          let attribute = H5Acreate2(file, "data", type, space, 0, 0)
          H5Awrite(attribute, type, Array(text.utf8))
          H5Aclose(attribute)
          H5Sclose(space)
          H5Tclose(type)
        }
      }
      let failure = try #require(failure { try samples.set("a.h5", "b.h5") }, "\(words)")
      #expect(failure.status == .badData && failure.subject == samples.scratch("b.h5"))
      #expect(
        failure.problem.contains(words) && failure.problem.contains(samples.scratch("a.h5")), "\(failure)")
      #expect(failure.remedy != nil)
    }
    try refusal("another data set", keepContent: false) { $0.firstLabel = 1 }
    try refusal("classes differ") { $0.classes[1] = "ox" }
    try refusal("examples, or their order, differ") { $0.firstPosition = 11 }
    try refusal("labels differ") { $0.firstLabel = 1 }
    try refusal("test examples or labels differ") { $0.test = 1 }
  }

  @Test func `Labels are unique, and name the teacher or the settings that differ`() throws {
    let data = try samples.dataset()
    let teacher: JSON = ["architecture": "resnet-20", "cell": .string(String(repeating: "a", count: 64))]
    let other: JSON = ["architecture": "resnet-20", "cell": .string(String(repeating: "b", count: 64))]
    let jobs: [Samples.Job] = [
      .init(), .init(ratio: 0.7), .init(architecture: "cnn"), .init(architecture: "cnn", teacher: teacher),
    ]
    for (i, job) in jobs.enumerated() { try samples.write("\(i).h5", samples.schema(data, job), runs: [0]) }
    let labels = try samples.set("0.h5", "1.h5", "2.h5", "3.h5").labels()
    #expect(Set(labels) == ["mlp ratio=0.5", "mlp ratio=0.7", "cnn", "cnn < resnet-20"])
    // Digests are cut to what tells them apart.
    for (i, teacher) in [teacher, other].enumerated() {
      try samples.write("t\(i).h5", samples.schema(data, .init(teacher: teacher)), runs: [0])
    }
    #expect(
      Set(try samples.set("t0.h5", "t1.h5").labels()) == [
        "mlp < resnet-20 cell=aaaaaaaa", "mlp < resnet-20 cell=bbbbbbbb",
      ])
    let alike = RunsSet.distinct(["a", "a"], configs: [["n": 1], ["n": "1"]])
    #expect(Set(alike).count == 2 && alike.allSatisfy { $0.hasPrefix("a ") })
    let tensors = RunsSet.distinct(["a", "a"], configs: [["std": ["fc1.weight": 1]], ["std": ["fc1.weight": 2]]])
    #expect(tensors == ["a fc1.weight=1", "a fc1.weight=2"])
    #expect(RunsSet.distinct(["a", "b"], configs: [["n": 1], ["n": 2]]) == ["a", "b"])
  }

  @Test func `A data set and its runs are told apart by kind, in any order`() throws {
    try samples.write("a.h5", samples.schema(try samples.dataset()), runs: [0])
    var layout = Samples.Layout()
    layout.firstLabel = 2
    _ = try samples.dataset("other.h5", layout)
    let (data, runs, other) = (
      samples.scratch("data.h5"), samples.scratch("a.h5"), samples.scratch("other.h5")
    )
    for arguments in [[data, runs], [runs, data]] {
      let (dataset, set) = try SortedInputs.dataAndRuns(arguments)
      #expect(dataset.content == set.data && set.inputs.count == 1)
    }
    #expect(failure { try SortedInputs.dataAndRuns([runs]) }?.status == .usage)
    #expect(failure { try SortedInputs.dataAndRuns([data, data, runs]) }?.status == .usage)
    #expect(failure { try SortedInputs.dataAndRuns([data]) }?.status == .usage)
    #expect(failure { try SortedInputs.dataAndRuns([other, runs]) }?.subject == other)
  }
}
