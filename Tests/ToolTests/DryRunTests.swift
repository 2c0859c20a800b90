import Foundation
import Testing

/// What `--dry-run` says of runs before they are trained.
@Suite struct DryRunTests {
  /// The values of a report by name, and their units.
  private func report(_ text: String) throws -> [String: (value: Double, unit: String)] {
    var lines: [String: (Double, String)] = [:]
    for line in text.split(separator: "\n") {
      let fields = String(line).components(separatedBy: "  ").map { $0.trimmingCharacters(in: .whitespaces) }
        .filter { !$0.isEmpty }
      try #require(fields.count == 3, "\(line)")
      lines[fields[0]] = (try #require(Double(fields[1]), "\(line)"), fields[2])
    }
    return lines
  }

  @Test func `A dry run counts the work and the output, writes no file and needs no place for one`() throws {
    let scratch = try Scratch(with: ["sprites.h5"])
    let text = try scratch.succeed(
      "train sprites.h5 --architecture 'mlp width=16' --epochs 3 --batch-size 20 --runs 2:7 -j 2 --dry-run"
    ).text
    let lines = try report(text)
    #expect(lines["runs"]?.value == 5)
    #expect(lines["epochs"]?.value == 3)
    #expect(lines["subset"]?.value == 210)
    // Sprites are 32 x 32 x 3 and have 10 classes.
    let parameters = 16 * 3072 + 10 * 16
    #expect(lines["parameters"]?.value == Double(parameters))
    #expect(lines["forward pass"]?.value == (Double(2 * parameters) / 1e2).rounded() / 10)
    #expect(lines["forward pass"]?.unit == "kFLOP an image")
    // Three passes a step: 5 runs of 3 epochs of 210 images; evaluation of 100 test images each epoch, and of all 300
    // training images at the end.
    let (training, evaluation) = (5 * 3 * 210 * 3 * 2 * parameters, 5 * (3 * 100 + 300) * 2 * parameters)
    #expect(lines["training"]?.value == (Double(training) / 1e5).rounded() / 10)
    #expect(lines["evaluation"]?.value == (Double(evaluation) / 1e5).rounded() / 10)
    #expect(lines["training"]?.unit == "MFLOP" && lines["evaluation"]?.unit == "MFLOP")
    #expect(lines["runs at once"]?.value == 2)
    #expect(lines["threads"]?.value == 1)
    #expect(try scratch.names() == ["sprites.h5"])
    #expect(try scratch.temporaryNames() == [])
  }

  @Test func `What is kept shows in the predicted output`() throws {
    let scratch = try Scratch(with: ["sprites.h5"])
    func output(_ keep: String) throws -> Double {
      let text = try scratch.succeed(
        "train sprites.h5 --architecture 'mlp width=64' --runs 0:100 --keep \(keep) --dry-run"
      ).text
      return try #require(try report(text)["output"]?.value)
    }
    let none = try output("none")
    // 100 runs: 64 x (3072 + 10) weights of 4 bytes; 400 examples with 10 logits.
    #expect(abs(try output("checkpoint") - none - 78.9) < 0.11)
    #expect(abs(try output("logit") - none - 1.6) < 0.11)
  }

  @Test func `A dry run says what kinds of output take, kept or not, and how exact scores will be`() throws {
    let scratch = try Scratch(with: ["sprites.h5"])
    let train = "train sprites.h5 --architecture 'mlp width=64' --epochs 3"
    let text = try scratch.succeed("\(train) --runs 0:20 --snapshots 0 --dynamics training --dry-run").text
    var lines = try report(text)
    // 64 x (3072 + 10) weights of 4 bytes, of two snapshots; 400 examples with 10 logits; 3 epochs of 300 examples with
    // 5 floats and a flag.
    for (name, bytes) in [("checkpoint", 2 * 64 * 3082 * 4), ("logit", 400 * 10 * 4), ("dynamics", 3 * 300 * 21)] {
      #expect(lines[name]?.value == (Double(20 * bytes) / 1e5).rounded() / 10, "\(name)")
    }
    // sqrt(.25/14 + .25/6), and with a sixth in place of a quarter.
    #expect(lines["standard error, worst"]?.value == 0.244)
    #expect(lines["standard error, typical"]?.value == 0.199)
    lines = try report(scratch.succeed("\(train) --runs 0:2000 --keep none --dry-run").text)
    #expect(lines["checkpoint"]?.unit == "MB, not kept")
    #expect(lines["standard error, worst"]?.value == 0.024)
    let all = try scratch.succeed("\(train) --subset 1 --dry-run").text
    #expect(all.contains("no memorisation score"))
  }

  /// Other tests share the machine, so that this holds the order of magnitude alone.
  @Test func `A dry run predicts the time that runs take`() throws {
    let scratch = try Scratch(with: ["sprites.h5"])
    let network = "--architecture 'resnet-8 width=0.5' --epochs 12"
    let command = "train sprites.h5 \(network) --runs 0:2 -j 1 --dynamics evaluation"
    let line = try #require(try report(scratch.succeed("\(command) --dry-run").text)["time"])
    #expect(line.unit == "s")
    let start = Date()
    try scratch.succeed("\(command) -o runs.h5")
    let taken = Date().timeIntervalSince(start)
    #expect((taken / 4...taken * 4).contains(line.value), "\(line.value) s predicted, \(taken) s taken")
    #expect(try scratch.names() == ["runs.h5", "sprites.h5"])
  }

  @Test func `A dry run of distillation counts the teacher`() throws {
    let scratch = try Scratch(with: ["sprites.h5", "runs.h5"])
    let text = try scratch.succeed("distill sprites.h5 runs.h5 \(Fixtures.quick) --runs 0:2 -o out.h5 --dry-run").text
    #expect(try report(text)["teacher"] != nil)
    #expect(try scratch.names() == ["runs.h5", "sprites.h5"])
  }

  @Test func `A dry run refuses what a run would refuse`() throws {
    let scratch = try Scratch(with: ["sprites.h5"])
    let outcome = try scratch.shell("train sprites.h5 --architecture mlp --batch-size 500 --dry-run")
    #expect(outcome.status == 64)
    #expect(outcome.lines.count == 1 && outcome.output.isEmpty)
  }

  #if os(Linux)
    /// The most memory that a command has had, in MB, by what the system says of it while it runs.
    private func peak(_ running: Running) throws -> Double {
      let status = URL(fileURLWithPath: "/proc/\(running.process)/status")
      var peak = 0.0
      // One that has ended is there until it is waited for, but has no memory any more.
      while let text = try? String(contentsOf: status, encoding: .utf8),
        let line = text.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
        let kibibytes = line.split(separator: " ").dropFirst().first.flatMap({ Double($0) })
      {
        peak = max(peak, kibibytes * 1024 / 1e6)
        usleep(500)
      }
      return peak
    }

    @Test(arguments: [
      "--architecture resnet-20 --batch-size 128 --runs 0:1",
      "--architecture resnet-20 --batch-size 128 --runs 0:1 --exact-convolution",
      "--architecture 'resnet-8 width=2' --batch-size 64 --runs 0:2 -j 2",
      "--architecture mlp --batch-size 128 --runs 0:1 -j 2 --dynamics evaluation",
      "--architecture mlp --batch-size 128 --runs 0:2 -j 2 --snapshots 0,every:1",
    ])
    func `Memory is predicted within a fifth of what a run takes`(options: String) throws {
      let scratch = try Scratch(with: ["sprites.h5"])
      let command = "train sprites.h5 \(options) --epochs 2 --test-every 2"
      let predicted = try #require(try report(scratch.succeed("\(command) --dry-run").text)["peak memory"]?.value)
      let running = try scratch.start("exec \(command) -o runs.h5")
      let taken = try peak(running)
      #expect(try running.wait().status == 0)
      #expect(abs(predicted - taken) < 0.2 * taken, "\(predicted) MB predicted, \(taken) MB taken")
    }
  #endif
}
