import Foundation
import HDF5
import Testing
import ToolKit

/// What `train` and `distill` keep of runs, and what they say while they are under way.
@Suite struct RecordingTests {
  private func floats(_ scratch: Scratch, _ name: String, _ path: String, run: Int = 0) throws -> [Float] {
    try File.open(scratch.path(name)).dataset(path).read(Float.self, rows: run..<run + 1)
  }

  private func text(_ scratch: Scratch, _ name: String, _ path: String, _ attribute: String) throws -> String? {
    try File.open(scratch.path(name)).text(attribute, of: path)
  }

  // MARK: Snapshots

  @Test func `Snapshots are the networks of their epochs and change nothing else`() throws {
    let scratch = try Scratch(with: ["sprites.h5"])
    let train = "train sprites.h5 --architecture 'mlp width=8' --epochs 4 --batch-size 20 --decay constant --runs 0:2"
    try scratch.succeed(
      """
      \(train) --snapshots 0,every:3,2 -o some.h5
      \(train) -o last.h5
      train sprites.h5 --architecture 'mlp width=8' --epochs 2 --warm-up-epochs 1 --batch-size 20 --decay constant \
        --runs 0:2 -o two.h5
      """)
    let some = try File.open(scratch.path("some.h5"))
    let epochs = try some.dataset("/snapshot")
    #expect(try epochs.read(Int32.self, rows: 0..<epochs.shape[0]) == [0, 2, 3, 4])
    let (all, last) = (
      try floats(scratch, "some.h5", "/checkpoint/parameter", run: 1),
      try floats(scratch, "last.h5", "/checkpoint/parameter", run: 1)
    )
    let size = last.count
    #expect(all.count == 4 * size)
    #expect(Array(all[(3 * size)...]) == last)
    // With a constant rate after one epoch of warm-up, two epochs of four are those of a run of two.
    #expect(try Array(all[size..<2 * size]) == floats(scratch, "two.h5", "/checkpoint/parameter", run: 1))
    #expect(Array(all[..<size]) != last)
    let (a, b) = (try File.open(scratch.path("some.h5")), try File.open(scratch.path("last.h5")))
    #expect(try a.text("content") == b.text("content") && a.text("cell") == b.text("cell"))
    #expect(try row(0, of: scratch.path("some.h5"))["/digest"] == row(0, of: scratch.path("last.h5"))["/digest"])
    // The last one teaches.
    try scratch.succeed(
      """
      for teacher in some last; do
        distill sprites.h5 $teacher.h5 \(Fixtures.quick) --runs 0:2 -o by-$teacher.h5
      done
      align sprites.h5 some.h5 -o alignment.h5
      """)
    #expect(scratch.areEqual("by-some.h5", "by-last.h5"))
    let alignment = try File.open(scratch.path("alignment.h5")).dataset("/alignment/all")
    #expect(alignment.shape[1] == 4)
  }

  @Test func `Parts with other snapshots or dynamics are not mixed up`() throws {
    let scratch = try Scratch(with: ["sprites.h5"])
    let job = "train sprites.h5 --architecture 'mlp width=48' --epochs 20 --batch-size 20 --runs 0:8 -j 2"
    func folders() throws -> Set<Substring> {
      Set(try scratch.names().filter { $0.hasSuffix(".state") }.map { $0.split(separator: "/")[1] })
    }
    for (i, options) in ["--snapshots 0", "--snapshots 1", "--dynamics evaluation", "--dynamics training"].enumerated()
    {
      let running = try scratch.start("exec \(job) \(options) -o runs.h5 --save-every 0")
      let limit = Date().addingTimeInterval(30)
      while try folders().count <= i && Date() < limit { usleep(1000) }
      running.send(SIGKILL)
      _ = try running.wait()
    }
    #expect(try folders().count == 4)
  }

  @Test(arguments: [
    "--snapshots 5", "--snapshots -1", "--snapshots 0,,1", "--snapshots every:0", "--snapshots all", "--snapshots one",
    "--keep none --snapshots 0", "--keep dynamics", "--dynamics both", "--save-every -1", "--log -",
  ])
  func `What cannot be kept is refused in one line`(options: String) throws {
    let scratch = try Scratch(with: ["sprites.h5"])
    let outcome = try scratch.shell("train sprites.h5 --architecture mlp --epochs 4 \(options) -o runs.h5")
    #expect(outcome.status == 64)
    #expect(outcome.lines.count == 1)
    #expect(try scratch.names() == ["sprites.h5"])
  }

  // MARK: Dynamics

  @Test func `Dynamics of the training pass are those of the subset, and their mean is the history's`() throws {
    let scratch = try Scratch(with: ["sprites.h5"])
    let train = "train sprites.h5 \(Fixtures.quick) --runs 0:2 --keep none"
    try scratch.succeed(
      """
      \(train) --dynamics training -o training.h5
      \(train) --dynamics evaluation -o evaluation.h5
      \(train) -o none.h5
      """)
    let mask = try #require(try row(1, of: scratch.path("training.h5"))["/train/in_mask"])
    let loss = try floats(scratch, "training.h5", "/dynamics/train/loss", run: 1)
    #expect(loss.count == 2 * 300)
    let file = try File.open(scratch.path("training.h5"))
    let correct = try file.dataset("/dynamics/train/correct").read(UInt8.self, rows: 1..<2)
    for epoch in 0..<2 {
      var (sum, hits, count) = (0.0, 0, 0)
      for example in 0..<300 {
        let at = epoch * 300 + example
        #expect(loss[at].isNaN == (mask[example] == 0))
        #expect((correct[at] == 255) == (mask[example] == 0))
        guard mask[example] == 1 else { continue }
        (sum, hits, count) = (sum + Double(loss[at]), hits + Int(correct[at]), count + 1)
      }
      let history = try floats(scratch, "training.h5", "/history/train_loss", run: 1)[epoch]
      #expect(abs(sum / Double(count) - Double(history)) < 1e-5 * Double(history))
      let accuracy = try floats(scratch, "training.h5", "/history/train_accuracy", run: 1)[epoch]
      #expect(Float(Double(hits) / Double(count)) == accuracy)
    }
    #expect(try floats(scratch, "evaluation.h5", "/dynamics/train/loss").allSatisfy { $0.isFinite })
    for name in ["loss", "correct", "margin", "entropy", "label_probability", "max_probability"] {
      #expect(try text(scratch, "training.h5", "/dynamics/train/\(name)", "pass") == "training")
      #expect(try text(scratch, "evaluation.h5", "/dynamics/train/\(name)", "pass") == "evaluation")
    }
    let digests = try ["training", "evaluation", "none"].map { try row(1, of: scratch.path("\($0).h5"))["/digest"] }
    #expect(digests[0] == digests[2] && digests[1] == digests[2])
  }

  // MARK: Divergence

  @Test func `Runs that diverge are recorded so, with the history up to there, and the next one is trained`() throws {
    let scratch = try Scratch(with: ["sprites.h5"])
    // Each step multiplies weights by 1 - 200 = -199: past what a float holds after some 17 of the 44 steps.
    try scratch.succeed(
      """
      train sprites.h5 --architecture 'mlp width=16' --epochs 4 --batch-size 20 --warm-up-epochs 0 --weight-decay 1 \
        --learning-rate 200 --runs 0:3 --snapshots 0,1 --dynamics training --log log -o runs.h5
      """)
    for run in 0..<3 {
      #expect(try row(run, of: scratch.path("runs.h5"))["/status"] == [1])
      let loss = try floats(scratch, "runs.h5", "/history/train_loss", run: run)
      #expect(loss.last?.isNaN == true)
      let all = try floats(scratch, "runs.h5", "/checkpoint/parameter", run: run)
      let size = all.count / 3
      #expect(all[..<size].allSatisfy { $0.isFinite })
      #expect(all[(2 * size)...].allSatisfy { $0.isNaN })
    }
    let log = String(decoding: try scratch.bytes("log"), as: UTF8.self)
    #expect(log.components(separatedBy: "\"event\":\"diverged\"").count == 4)
    try scratch.succeed("align sprites.h5 runs.h5 -o alignment.h5")
    let alignment = try File.open(scratch.path("alignment.h5")).dataset("/alignment/all")
    let values = try alignment.read(Float.self, rows: 0..<3)
    // (run, snapshot, tensor): the initialisation has one, the end has none.
    let perRun = values.count / 3
    for run in 0..<3 {
      let own = values[run * perRun..<(run + 1) * perRun]
      #expect(own.prefix(perRun / 3).allSatisfy { $0.isFinite })
      #expect(own.suffix(perRun / 3).allSatisfy { $0.isNaN })
    }
  }

  // MARK: The log

  @Test func `The log has a line of JSON for each event and is appended to`() throws {
    let scratch = try Scratch(with: ["sprites.h5"])
    try scratch.succeed("train sprites.h5 \(Fixtures.quick) --runs 0:2 -j 1 --log log -o runs.h5")
    func events() throws -> [JSON] {
      try String(decoding: scratch.bytes("log"), as: UTF8.self).split(separator: "\n").map {
        try JSON(parsing: String($0), subject: "log")
      }
    }
    let lines = try events()
    #expect(
      lines.map { $0["event"]?.string }
        == ["start", "epoch", "epoch", "done", "epoch", "epoch", "done", "finished"])
    #expect(lines.allSatisfy { $0["time"]?.string?.hasSuffix("Z") == true && $0["elapsed"]?.double != nil })
    for line in lines where line["event"]?.string == "epoch" {
      for name in ["run", "epoch", "loss", "accuracy", "test_loss", "test_accuracy", "seconds", "images_per_second"] {
        #expect(line[name]?.double != nil, "\(name)")
      }
    }
    try scratch.succeed("train sprites.h5 \(Fixtures.quick) --runs 0:2 --log log -o other.h5")
    #expect(try events().count == 16)
    #expect(scratch.areEqual("runs.h5", "other.h5"))
  }

  @Test func `A log that cannot be written ends the job with a message and loses no finished run`() throws {
    let scratch = try Scratch(with: ["sprites.h5"])
    let job = "train sprites.h5 --architecture 'mlp width=16' --epochs 2 --batch-size 20 --runs 0:6 -j 1 -o runs.h5"
    let nowhere = try scratch.shell("\(job) --log missing/log")
    #expect(nowhere.status == 74)
    #expect(nowhere.lines == ["train: missing/log: cannot write: No such file or directory"])
    let full = try scratch.shell("\(job) --log /dev/full")
    #expect(full.status == 74)
    #expect(full.lines == ["train: /dev/full: cannot write: No space left on device"])
    #expect(!scratch.exists("runs.h5"))
    try scratch.succeed("\(job) -q")
  }
}
