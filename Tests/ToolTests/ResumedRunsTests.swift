import Foundation
import Testing

#if canImport(Glibc)
  import Glibc
#endif

/// Runs that are cut off in their midst go on from where they were saved, to the same bytes.
@Suite struct ResumedRunsTests {
  /// Six runs with all that may be kept of one.
  private static let job = """
    train sprites.h5 --architecture 'resnet-8 width=0.25' --epochs 3 --batch-size 50 --runs 0:6 -j 2 --snapshots 0,1 \
    --dynamics training
    """

  /// The bytes of the undisturbed job, and the seconds that it takes where each batch is saved.
  private static let undisturbed = Result {
    let scratch = try Scratch(with: ["sprites.h5"])
    try scratch.succeed("\(job) -o runs.h5")
    let start = Date()
    try scratch.succeed("\(job) --save-every 0 -o saved.h5")
    #expect(scratch.areEqual("runs.h5", "saved.h5"), "saving shows in the result")
    return (bytes: try scratch.bytes("runs.h5"), seconds: Date().timeIntervalSince(start))
  }

  private func states(_ scratch: Scratch) throws -> [String] {
    try scratch.names().filter { $0.hasPrefix("runs.h5.partial/") && $0.hasSuffix(".state") }
  }

  /// Starts a job and signals it when it has saved a run.
  private func stopped(
    _ signal: Int32, _ job: String, with fixtures: [String] = ["sprites.h5"]
  ) throws -> (Scratch, Outcome) {
    let scratch = try Scratch(with: fixtures)
    let running = try scratch.start("exec \(job) -o runs.h5")
    let limit = Date().addingTimeInterval(60)
    while try states(scratch).isEmpty && Date() < limit { usleep(1000) }
    running.send(signal)
    return (scratch, try running.wait())
  }

  @Test func `Six runs that are killed again and again come to the bytes of undisturbed ones`() throws {
    let (bytes, seconds) = try Self.undisturbed.get()
    let scratch = try Scratch(with: ["sprites.h5"])
    var random = SplitMix(state: 1)
    for _ in 0..<5 where !scratch.exists("runs.h5") {
      let running = try scratch.start("exec \(Self.job) --save-every 0 -o runs.h5")
      usleep(UInt32(1e6 * seconds / 2 * random.uniform()))
      running.send(SIGKILL)
      _ = try running.wait()
    }
    if !scratch.exists("runs.h5") { #expect(try scratch.shell("\(Self.job) -o runs.h5").status == 0) }
    #expect(try scratch.bytes("runs.h5") == bytes)
    #expect(try scratch.names().filter { !$0.contains(".partial") } == ["runs.h5", "sprites.h5"])
  }

  @Test(arguments: [SIGTERM, SIGUSR1])
  func `A scheduler's signal saves the runs, and the same command goes on from there`(signal: Int32) throws {
    // Nothing is saved before the signal but one batch.
    let (scratch, outcome) = try stopped(signal, "\(Self.job) --save-every 0.01")
    #expect(outcome.status == 75)
    #expect(outcome.lines.count == 1)
    #expect(
      outcome.errors.hasPrefix("train: runs.h5: stopped with ")
        && outcome.errors.hasSuffix("; the same command goes on from there\n"))
    #expect(!scratch.exists("runs.h5"))
    #expect(try !states(scratch).isEmpty)
    let log = try scratch.shell("\(Self.job) -o runs.h5 --log log.jsonl && cat log.jsonl")
    #expect(log.text.contains("\"event\":\"resumed\""))
    #expect(try scratch.bytes("runs.h5") == Self.undisturbed.get().bytes)
    #expect(try scratch.names() == ["log.jsonl", "runs.h5", "sprites.h5"])
  }

  @Test func `Students go on too, and not from what another teacher taught`() throws {
    let job = "distill sprites.h5 teachers.h5 --architecture 'mlp width=48' --epochs 6 --batch-size 20 --runs 0:4 -j 2"
    let scratch = try Scratch(with: ["sprites.h5", "runs.h5"])
    try scratch.succeed("mv runs.h5 teachers.h5; \(job) -o undisturbed.h5")
    func stop() throws {
      let running = try scratch.start("exec \(job) --save-every 0 -o runs.h5")
      let limit = Date().addingTimeInterval(60)
      while try states(scratch).isEmpty && Date() < limit { usleep(1000) }
      running.send(SIGTERM)
      #expect(try running.wait().status == 75)
    }
    try stop()
    let log = try scratch.shell("\(job) -o runs.h5 --log log && cat log; rm log").text
    #expect(log.contains("\"event\":\"resumed\""))
    #expect(scratch.areEqual("runs.h5", "undisturbed.h5"))
    try scratch.succeed("rm runs.h5")
    try stop()
    // Teachers of the same cell with other rows: as many epochs and parameters, another order of batches.
    try scratch.succeed("train sprites.h5 \(Fixtures.quick) --runs 0:10 --learning-rate 0.021 -o teachers.h5 --force")
    try scratch.succeed("\(job) -o undisturbed.h5 --force")
    let other = try scratch.shell("\(job) -o runs.h5 --log log && cat log").text
    #expect(!other.contains("\"event\":\"resumed\""))
    #expect(scratch.areEqual("runs.h5", "undisturbed.h5"))
  }

  @Test func `A state that is damaged is not used`() throws {
    let (scratch, outcome) = try stopped(SIGTERM, "\(Self.job) --save-every 0")
    #expect(outcome.status == 75)
    for name in try states(scratch) {
      var bytes = try scratch.bytes(name)
      bytes[bytes.count / 2] ^= 1
      try scratch.write(name, bytes)
    }
    let log = try scratch.shell("\(Self.job) -o runs.h5 --log log && cat log").text
    #expect(!log.contains("\"event\":\"resumed\""))
    #expect(try scratch.bytes("runs.h5") == Self.undisturbed.get().bytes)
    #expect(try scratch.names() == ["log", "runs.h5", "sprites.h5"])
  }

  @Test func `Ctrl-C ends at once, and what was saved last stays`() throws {
    let (scratch, outcome) = try stopped(SIGINT, "\(Self.job) --save-every 0")
    #expect(outcome.status == 130)
    #expect(outcome.errors.isEmpty)
    #expect(try !states(scratch).isEmpty)
    #expect(try scratch.shell("\(Self.job) -o runs.h5").status == 0)
    #expect(try scratch.bytes("runs.h5") == Self.undisturbed.get().bytes)
  }

  /// Starts a job whose batches take seconds, and has it under way.
  private func slow(_ scratch: Scratch) throws -> Running {
    let network = "--architecture 'resnet-110 width=5' --subset 1 --batch-size 300"
    let job = "train sprites.h5 \(network) --epochs 1 --runs 0:1 -j 1"
    let running = try scratch.start("exec \(job) -o runs.h5 --log log")
    let limit = Date().addingTimeInterval(60)
    while !scratch.exists("log") && Date() < limit { usleep(1000) }
    // Beyond what setting up takes, however busy the machine is.
    while processorTime(of: running.process) < 1 && Date() < limit { usleep(10_000) }
    return running
  }

  /// Seconds that a process has had, its own and the system's.
  private func processorTime(of process: pid_t) -> Double {
    let status = (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)) ?? ""
    // Behind the name, which may hold anything, come fields from the third on (proc(5)): these are 14 and 15.
    let fields = status.split(separator: ")").last?.split(separator: " ").dropFirst(11).prefix(2) ?? []
    return fields.reduce(0) { $0 + (Double($1) ?? 0) } / Double(sysconf(Int32(_SC_CLK_TCK)))
  }

  @Test func `A second SIGTERM ends at once, a second later`() throws {
    let scratch = try Scratch(with: ["sprites.h5"])
    let running = try slow(scratch)
    running.send(SIGTERM)
    usleep(1_100_000)
    running.send(SIGTERM)
    #expect(try running.wait().status == 128 + SIGTERM)
    #expect(try scratch.names().filter { $0.contains("/.") || $0.hasPrefix(".") } == [])
  }

  /// As Slurm sends them when it preempts a job.
  @Test func `SIGTERMs within milliseconds are one`() throws {
    let scratch = try Scratch(with: ["sprites.h5"])
    let running = try slow(scratch)
    for signal in [SIGTERM, SIGCONT, SIGTERM] {
      running.send(signal)
      usleep(5000)
    }
    #expect(try running.wait().status == 75)
  }
}
