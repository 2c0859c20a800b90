import Foundation
import HDF5
import Testing
import ToolKit

#if canImport(Glibc)
  import Glibc
#endif

/// `--stop-at-accuracy` from the command line to the report.
@Suite struct StopAtAccuracyTests {
  private static let job = """
    train sprites.h5 --architecture 'mlp width=16' --epochs 12 --batch-size 20 --runs 0:4 --stop-at-accuracy 0.75
    """

  private func epochs(_ scratch: Scratch, _ name: String) throws -> [Int] {
    let variable = try File.open(scratch.path(name)).dataset("/epochs_trained")
    return try variable.read(Int32.self, rows: 0..<variable.shape[0]).map(Int.init)
  }

  @Test func `Runs stop at an accuracy whatever the cores, and go through the later stages`() throws {
    let scratch = try Scratch(with: ["sprites.h5"])
    try scratch.succeed(
      """
      for j in 1 2 3; do
        \(Self.job) --snapshots 0,every:1 --dynamics evaluation -j $j --log log$j -o runs$j.h5
      done
      report check runs1.h5
      score memorisation runs1.h5 -o scores.h5
      score proxies sprites.h5 runs1.h5 --measures vog,loss_sensitivity,csl,forgetting_events -o proxies.h5
      align sprites.h5 runs1.h5 -o alignment.h5
      report --format tsv -q runs1.h5 scores.h5 alignment.h5 > tables.tsv
      distill sprites.h5 runs1.h5 \(Fixtures.quick) --stop-at-accuracy 0.01 --runs 0:2 -o students.h5
      """)
    #expect(scratch.areEqual("runs1.h5", "runs2.h5") && scratch.areEqual("runs1.h5", "runs3.h5"))
    let ends = try epochs(scratch, "runs1.h5")
    // 210 examples and 11 steps an epoch: not after the first, and long before the last.
    #expect(ends.allSatisfy { (2..<12).contains($0) }, "\(ends)")
    #expect(try epochs(scratch, "students.h5") == [1, 1])
    let file = try File.open(scratch.path("runs1.h5"))
    let config = try JSON(parsing: try #require(try file.text("config")), subject: "config")
    #expect(config["recipe"]?["stop_at_accuracy"] == 0.75)
    for (run, end) in ends.enumerated() {
      let rows = try row(run, of: scratch.path("runs1.h5"))
      let (mask, correct) = (try #require(rows["/train/in_mask"]), try #require(rows["/train/correct"]))
      let right = zip(mask, correct).count { $0 == 1 && $1 == 1 }
      #expect(Double(right) / Double(mask.count { $0 == 1 }) >= 0.75)
      let loss = try file.dataset("/history/train_loss").read(Float.self, rows: run..<run + 1)
      #expect(loss.indices.allSatisfy { loss[$0].isNaN == ($0 >= end) })
      let flags = try file.dataset("/dynamics/train/correct").read(UInt8.self, rows: run..<run + 1)
      let before = (0..<300).count { mask[$0] == 1 && flags[(end - 2) * 300 + $0] == 1 }
      #expect(Double(before) / Double(mask.count { $0 == 1 }) < 0.75, "one epoch earlier would have done")
    }
    let log = String(decoding: try scratch.bytes("log1"), as: UTF8.self)
    #expect(log.components(separatedBy: "\"event\":\"reached\"").count == 5)
    #expect(String(decoding: try scratch.bytes("tables.tsv"), as: UTF8.self).contains("in_accuracy"))
    // What looks at networks takes those that a run has been, each once.
    let proxies = try File.open(scratch.path("proxies.h5"))
    for name in ["vog", "loss_sensitivity", "csl", "forgetting_events"] {
      let values = try proxies.dataset("/proxy/\(name)").read(Float.self, rows: 0..<1)
      #expect(values.contains { $0.isFinite }, "\(name)")
    }
  }

  @Test func `Runs that are killed come to the bytes of undisturbed ones`() throws {
    let scratch = try Scratch(with: ["sprites.h5"])
    try scratch.succeed("\(Self.job) -o undisturbed.h5")
    var random = SplitMix(state: 1)
    for _ in 0..<8 where !scratch.exists("runs.h5") {
      let running = try scratch.start("exec \(Self.job) -j 2 --save-every 0 -o runs.h5")
      usleep(UInt32(1e5 + 3e5 * random.uniform()))
      running.send(SIGKILL)
      _ = try running.wait()
    }
    if !scratch.exists("runs.h5") { #expect(try scratch.shell("\(Self.job) -o runs.h5").status == 0) }
    #expect(scratch.areEqual("runs.h5", "undisturbed.h5"))
  }

  @Test func `Without the options nothing of them stands in a file`() throws {
    let scratch = try Scratch(with: ["sprites.h5", "runs.h5"])
    let file = try File.open(scratch.path("runs.h5"))
    #expect(try !file.has("/epochs_trained"))
    let text = try #require(try file.text("config"))
    #expect(!text.contains("stop_at_accuracy") && !text.contains("label_smoothing"))
    try scratch.succeed("train sprites.h5 \(Fixtures.quick) --runs 0:10 --label-smoothing 0 -o again.h5")
    #expect(scratch.areEqual("runs.h5", "again.h5"))
    try scratch.succeed("train sprites.h5 \(Fixtures.quick) --runs 0:1 --label-smoothing 0.1 -o smooth.h5")
    let smooth = try #require(try File.open(scratch.path("smooth.h5")).text("config"))
    #expect(smooth.contains(#""loss":{"kind":"cross-entropy","label_smoothing":0.1,"temperature":1}"#))
    #expect(
      try row(0, of: scratch.path("smooth.h5"))["/checkpoint/parameter"]
        != row(0, of: scratch.path("runs.h5"))["/checkpoint/parameter"])
  }

  @Test func `A dry run says that work and time are bounds`() throws {
    let scratch = try Scratch(with: ["sprites.h5"])
    let text = try scratch.succeed("\(Self.job) --dry-run").text
    for name in ["epochs", "training", "evaluation", "time"] {
      let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("\(name) ") })
      #expect(line.hasSuffix(", at most"), "\(line)")
    }
    #expect(!(try scratch.succeed("train sprites.h5 \(Fixtures.quick) --dry-run").text.contains("at most")))
  }

  @Test(arguments: [
    "--stop-at-accuracy 0", "--stop-at-accuracy -0.1", "--stop-at-accuracy 1.01", "--stop-at-accuracy nan",
    "--label-smoothing 1", "--label-smoothing -0.1", "--label-smoothing nan", "--label-smoothing 0.1 --loss hinge",
  ])
  func `What is no accuracy and no share is refused in one line`(options: String) throws {
    let scratch = try Scratch(with: ["sprites.h5"])
    let outcome = try scratch.shell("train sprites.h5 \(Fixtures.quick) \(options) -o runs.h5")
    #expect(outcome.status == 64)
    #expect(outcome.lines.count == 1 && outcome.errors.contains(options.prefix { $0 != " " }))
    #expect(try scratch.names() == ["sprites.h5"])
  }
}
