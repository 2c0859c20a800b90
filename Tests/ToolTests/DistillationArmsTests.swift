import Artefacts
import Foundation
import HDF5
import Testing
import ToolKit

#if canImport(Glibc)
  import Glibc
#endif

/// What students are trained on, and what they are compared with.
@Suite struct DistillationArmsTests {
  private func config(_ scratch: Scratch, _ name: String) throws -> JSON {
    try JSON(parsing: try #require(try File.open(scratch.path(name)).text("config")), subject: name)
  }

  private func floats(_ scratch: Scratch, _ name: String, _ path: String, run: Int) throws -> [Float] {
    try File.open(scratch.path(name)).dataset(path).read(Float.self, rows: run..<run + 1)
  }

  private func mask(_ scratch: Scratch, _ name: String, run: Int) throws -> [UInt8] {
    try #require(try row(run, of: scratch.path(name))["/train/in_mask"])
  }

  /// What stays of a run's rows where it is trained otherwise but to the same end.
  private func trained(_ scratch: Scratch, _ name: String, run: Int) throws -> [String: [UInt8]] {
    var rows = try row(run, of: scratch.path(name))
    for path in ["/digest", "/kept_digest", "/teacher_digest", "/teacher_out_accuracy"] { rows[path] = nil }
    return rows
  }

  // MARK: Weight 0

  @Test(arguments: ["mlp width=12", "resnet-8 width=0.25"], ["batch", "stored"])
  func `Without weight a teacher teaches nothing, and students are the networks that train makes`(
    architecture: String, pass: String
  ) throws {
    let scratch = try Scratch(with: ["sprites.h5", "runs.h5"])
    let options = """
      --architecture '\(architecture)' --epochs 2 --batch-size 40 --weight-decay 1e-3 --augmentation pad-crop-flip \
      --runs 0:2
      """
    try scratch.succeed(
      """
      train sprites.h5 \(options) -o labels.h5
      distill sprites.h5 runs.h5 \(options) --weight 0 --temperature-squared --teacher-logits \(pass) -o students.h5
      distill sprites.h5 runs.h5 \(options) --weight 0.01 --teacher-logits \(pass) -o taught.h5
      """)
    for run in 0..<2 {
      let labels = try trained(scratch, "labels.h5", run: run)
      #expect(labels.count == 12)
      #expect(try trained(scratch, "students.h5", run: run) == labels)
      #expect(try trained(scratch, "taught.h5", run: run) != labels)
    }
  }

  // MARK: Subsets

  /// The dynamics of the training pass have a value where the student saw an example, and nowhere else.
  @Test(arguments: ["batch", "stored"])
  func `A student sees the examples of its teacher's subset and no other`(pass: String) throws {
    let scratch = try Scratch(with: ["sprites.h5"])
    try scratch.succeed(
      """
      train sprites.h5 \(Fixtures.quick) --masks independent --subset 0.4 --mask-seed 7 --runs 0:4 -o teachers.h5
      distill sprites.h5 teachers.h5 \(Fixtures.quick) --runs 1:4 --dynamics training --teacher-logits \(pass) -o out.h5
      """)
    for run in 1..<4 {
      let own = try mask(scratch, "teachers.h5", run: run)
      #expect(own.count { $0 == 1 } == 120)
      #expect(try mask(scratch, "out.h5", run: run - 1) == own)
      let loss = try floats(scratch, "out.h5", "/dynamics/train/loss", run: run - 1)
      for epoch in 0..<2 {
        #expect((0..<300).allSatisfy { loss[epoch * 300 + $0].isNaN == (own[$0] == 0) })
      }
      #expect(own != (try mask(scratch, "teachers.h5", run: 0)))
    }
    #expect(try config(scratch, "out.h5")["subset"] == config(scratch, "teachers.h5")["subset"])
  }

  @Test func `A student may have its teacher's architecture`() throws {
    let scratch = try Scratch(with: ["students.h5", "runs.h5", "scores.h5"])
    let config = try config(scratch, "students.h5")
    #expect(config["architecture"] == config["teachers"]?["architecture"])
    let cells = try Scores(ArtefactReader(Input(scratch.path("scores.h5")))).cells
    #expect(cells.contains("mlp width=16 < mlp width=16"))
    #expect(
      try row(0, of: scratch.path("students.h5"))["/checkpoint/parameter"]
        != row(0, of: scratch.path("runs.h5"))["/checkpoint/parameter"])
  }

  // MARK: A shared teacher

  @Test func `A shared teacher teaches all on the subsets of train, and what it knows of the others is recorded`()
    throws
  {
    let scratch = try Scratch(with: ["sprites.h5", "runs.h5"])
    let shared = "distill sprites.h5 runs.h5 \(Fixtures.quick) --shared-teacher 7 --subset 0.5 --mask-seed 3"
    try scratch.succeed(
      """
      train sprites.h5 \(Fixtures.quick) --subset 0.5 --mask-seed 3 --runs 0:4 -o labels.h5
      \(shared) --runs 0:4 -o shared.h5
      distill sprites.h5 runs.h5 \(Fixtures.quick) --runs 0:4 -o matched.h5
      for j in 1 3; do \(shared) --runs 0:4 -j $j -o shared$j.h5; done
      report check shared.h5 matched.h5
      """)
    #expect(scratch.areEqual("shared.h5", "shared1.h5") && scratch.areEqual("shared.h5", "shared3.h5"))
    let teacher = try row(7, of: scratch.path("runs.h5"))
    for run in 0..<4 {
      let own = try mask(scratch, "labels.h5", run: run)
      #expect(try mask(scratch, "shared.h5", run: run) == own)
      #expect(try row(run, of: scratch.path("shared.h5"))["/teacher_digest"] == teacher["/digest"])
      for (name, by, own) in [
        ("shared.h5", teacher, own),
        ("matched.h5", try row(run, of: scratch.path("runs.h5")), try mask(scratch, "runs.h5", run: run)),
      ] {
        let correct = try #require(by["/train/correct"])
        let outside = own.indices.filter { own[$0] == 0 }
        let expected = Float(Double(outside.count { correct[$0] == 1 }) / Double(outside.count))
        #expect(try floats(scratch, name, "/teacher_out_accuracy", run: run) == [expected], "\(name)")
      }
    }
    let config = try config(scratch, "shared.h5")
    #expect(config["teachers"]?["shared"] == true && config["teachers"]?["run"] == 7)
    #expect(try config["subset"] == self.config(scratch, "labels.h5")["subset"])
    let plain = try #require(try self.config(scratch, "matched.h5")["teachers"])
    #expect(plain["shared"] == false && plain["run"] == nil && plain["logits"] == nil)
  }

  @Test func `A teacher that was trained on all knows what its students were not shown`() throws {
    let scratch = try Scratch(with: ["sprites.h5"])
    let network = "--architecture 'mlp width=32' --epochs 15 --batch-size 20"
    try scratch.succeed(
      """
      train sprites.h5 \(network) --subset 1 --runs 0:1 -o all.h5
      train sprites.h5 \(network) --runs 0:2 -o matched.h5
      distill sprites.h5 all.h5 \(Fixtures.quick) --shared-teacher 0 --runs 0:2 -o leaking.h5
      distill sprites.h5 matched.h5 \(Fixtures.quick) --runs 0:2 -o students.h5
      distill sprites.h5 all.h5 \(Fixtures.quick) --shared-teacher 0 --subset 1 --runs 0:1 -o none.h5
      """)
    for run in 0..<2 {
      let leaking = try floats(scratch, "leaking.h5", "/teacher_out_accuracy", run: run)[0]
      let matched = try floats(scratch, "students.h5", "/teacher_out_accuracy", run: run)[0]
      #expect(leaking > matched + 0.1, "\(leaking), \(matched)")
    }
    #expect(try floats(scratch, "none.h5", "/teacher_out_accuracy", run: 0)[0].isNaN)
    #expect(try mask(scratch, "leaking.h5", run: 1) == mask(scratch, "matched.h5", run: 1))
  }

  @Test(arguments: [
    ("--subset 0.5", "--shared-teacher"), ("--masks independent", "--shared-teacher"),
    ("--mask-seed 1", "--shared-teacher"), ("--shared-teacher 10", "no run 10 to teach"),
    ("--shared-teacher 0 --subset 0", "no subset"),
    ("--shared-teacher 0 --subset 0.123", "--masks independent"), ("--teacher-logits soft", "teacher-logits"),
    ("--shared-teacher 0 --subset 0.1 --batch-size 40", "batch"),
  ])
  func `What is no shared teacher is refused in one line`(options: String, text: String) throws {
    let scratch = try Scratch(with: ["sprites.h5", "runs.h5"])
    let outcome = try scratch.shell("distill sprites.h5 runs.h5 \(Fixtures.quick) \(options) -o out.h5")
    #expect(outcome.status == 64, "\(outcome.errors)")
    #expect(outcome.lines.count == 1 && outcome.errors.contains(text), "\(outcome.errors)")
    #expect(try scratch.names() == ["runs.h5", "sprites.h5"])
  }

  // MARK: Stored logits

  @Test func `Stored logits are those of the images as they are`() throws {
    let scratch = try Scratch(with: ["sprites.h5", "runs.h5"])
    let distill =
      "distill sprites.h5 runs.h5 --architecture 'resnet-8 width=0.25' --epochs 2 --batch-size 40 --runs 0:2"
    try scratch.succeed(
      """
      for augmentation in none pad-crop-flip; do
        for logits in batch stored; do
          \(distill) --augmentation $augmentation --teacher-logits $logits -j 1 -o $augmentation-$logits.h5
        done
      done
      \(distill) --teacher-logits stored -j 3 -o threads.h5
      \(distill) --teacher-logits stored --dry-run > /dev/null
      """)
    for run in 0..<2 {
      #expect(try trained(scratch, "none-batch.h5", run: run) == trained(scratch, "none-stored.h5", run: run))
      #expect(
        try trained(scratch, "pad-crop-flip-batch.h5", run: run)
          != trained(scratch, "pad-crop-flip-stored.h5", run: run))
    }
    #expect(scratch.areEqual("none-stored.h5", "threads.h5"))
    #expect(try config(scratch, "threads.h5")["teachers"]?["logits"] == "stored")
    #expect(try config(scratch, "none-batch.h5")["teachers"]?["logits"] == nil)
  }

  @Test(arguments: ["--teacher-logits stored --augmentation pad-crop-flip", "--shared-teacher 2"])
  func `Students of either kind come to the same bytes when they are killed`(options: String) throws {
    let scratch = try Scratch(with: ["sprites.h5", "runs.h5"])
    let job = """
      distill sprites.h5 runs.h5 --architecture 'resnet-8 width=0.25' --epochs 2 --batch-size 40 --runs 0:3 \(options)
      """
    try scratch.succeed("\(job) -o undisturbed.h5")
    var random = SplitMix(state: 1)
    for _ in 0..<6 where !scratch.exists("out.h5") {
      let running = try scratch.start("exec \(job) -j 2 --save-every 0 -o out.h5")
      usleep(UInt32(2e5 + 3e5 * random.uniform()))
      running.send(SIGKILL)
      _ = try running.wait()
    }
    if !scratch.exists("out.h5") { #expect(try scratch.shell("\(job) -o out.h5").status == 0) }
    #expect(scratch.areEqual("out.h5", "undisturbed.h5"))
  }
}
