import Foundation
import Testing

#if canImport(Glibc)
  import Glibc
#endif

/// Work that is cut off: no partial output, nothing lost, the same bytes in the end.
@Suite struct InterruptionTests {
  /// Eight runs of some tens of milliseconds each.
  static let job = "train sprites.h5 --architecture 'mlp width=48' --epochs 8 --batch-size 20 --runs 0:8 -j 2"

  /// The bytes of the undisturbed job, and the seconds that it takes.
  private static let undisturbed = Result {
    let scratch = try Scratch(with: ["sprites.h5"])
    let start = Date()
    try scratch.succeed("\(job) -o runs.h5")
    return (bytes: try scratch.bytes("runs.h5"), seconds: Date().timeIntervalSince(start))
  }

  /// The parts of a job that is under way, by file name.
  private func parts(_ scratch: Scratch) throws -> [String] {
    try scratch.names().filter { $0.hasPrefix("runs.h5.partial/") && $0.hasSuffix(".h5") }
  }

  /// Starts the job and kills it when `count` of its runs are done.
  private func killed(with signal: Int32 = SIGKILL, after count: Int, job: String = job) throws -> (Scratch, Outcome) {
    let scratch = try Scratch(with: ["sprites.h5"])
    let running = try scratch.start("exec \(job) -o runs.h5")
    let limit = Date().addingTimeInterval(30)
    while try parts(scratch).count < count && Date() < limit { usleep(1000) }
    running.send(signal)
    return (scratch, try running.wait())
  }

  @Test(arguments: 0..<4)
  func `Training that is killed at any moment leaves no output and is taken up again`(seed: Int) throws {
    let (bytes, seconds) = try Self.undisturbed.get()
    let scratch = try Scratch(with: ["sprites.h5"])
    var random = SplitMix(state: UInt64(seed))
    for _ in 0..<4 {
      let before = try parts(scratch)
      let running = try scratch.start("exec \(Self.job) -o runs.h5")
      usleep(UInt32(1e6 * seconds * random.uniform()))
      running.send(SIGKILL)
      let outcome = try running.wait()
      if outcome.status == 0 || scratch.exists("runs.h5") {
        // The signal came too late: after the end, or after the output had appeared.
        #expect(try scratch.bytes("runs.h5") == bytes)
        return
      }
      #expect(outcome.status == 128 + SIGKILL)
      #expect(try Set(before).isSubset(of: parts(scratch)), "finished runs were lost")
    }
    let there = try parts(scratch).count
    let outcome = try scratch.shell("\(Self.job) -o runs.h5")
    #expect(outcome.status == 0)
    #expect(outcome.lines == (there > 0 ? ["train: \(there) of 8 runs are there from before; \(8 - there) to go"] : []))
    #expect(try scratch.bytes("runs.h5") == bytes)
    #expect(try scratch.names() == ["runs.h5", "sprites.h5"])
  }

  @Test(arguments: [
    ("sprites.h5", "fetch-data sprites --train 0:300 --test 0:100"),
    ("students.h5", "distill sprites.h5 runs.h5 \(Fixtures.quick) --runs 0:10"),
    ("scores.h5", "score memorisation runs.h5 students.h5"),
    ("alignment.h5", "align sprites.h5 runs.h5"),
  ])
  func `Any tool that is killed at any moment leaves the whole output or none`(
    name: String, command: String
  ) throws {
    let inputs = ["sprites.h5", "runs.h5", "students.h5"].filter { $0 != name }
    let scratch = try Scratch(with: inputs)
    let whole = try Fixtures.bytes(name)
    let start = Date()
    try scratch.succeed("\(command) -o undisturbed.h5; rm undisturbed.h5")
    let seconds = Date().timeIntervalSince(start)
    var random = SplitMix(state: UInt64(name.count))
    for _ in 0..<8 {
      let running = try scratch.start("exec \(command) -o \(name)")
      usleep(UInt32(1e6 * seconds * random.uniform()))
      running.send(SIGKILL)
      _ = try running.wait()
      if scratch.exists(name) {
        #expect(try scratch.bytes(name) == whole)
        try scratch.succeed("rm \(name)")
      }
    }
    // What was killed has left temporary files; the next start clears them.
    #expect(try scratch.shell("\(command) -o \(name)").status == 0)
    #expect(try scratch.bytes(name) == whole)
    #expect(try scratch.names() == (inputs + [name]).sorted())
    #expect(try scratch.temporaryNames() == [])
  }

  @Test(arguments: [SIGINT, SIGHUP])
  func `A signal ends training with its own status and leaves only finished runs`(signal: Int32) throws {
    let (scratch, outcome) = try killed(with: signal, after: 2)
    #expect(outcome.status == 128 + signal)
    #expect(outcome.errors.isEmpty)
    let parts = try parts(scratch)
    #expect(parts.count >= 2)
    let folders = Set(parts.map { ($0 as NSString).deletingLastPathComponent })
    #expect(folders.count == 1)
    let others = ["runs.h5.partial", "runs.h5.partial/lock", "sprites.h5"]
    #expect(try scratch.names() == (parts + folders + others).sorted())
    #expect(try scratch.temporaryNames() == [])
  }

  @Test(arguments: [SIGTERM, SIGKILL])
  func `Training to standard output that is cut off leaves nothing`(signal: Int32) throws {
    let scratch = try Scratch(with: ["sprites.h5"])
    let seconds = try Self.undisturbed.get().seconds
    for share in [0.2, 0.5, 0.8] {
      let running = try scratch.start("exec \(Self.job) < sprites.h5 | cat > runs.h5")
      usleep(UInt32(1e6 * seconds * share))
      // The whole pipeline, as a terminal does it.
      kill(-running.process, signal)
      _ = try running.wait()
      #expect(try scratch.temporaryNames() == [])
      #expect(try scratch.names() == ["runs.h5", "sprites.h5"])
    }
  }

  @Test func `A damaged part is trained again`() throws {
    let (scratch, _) = try killed(after: 4)
    let parts = try parts(scratch)
    try #require(parts.count >= 4)
    // Cut short; one byte of the logits, and one near the start changed; another run's rows under its name.
    var bytes = try scratch.bytes(parts[0])
    try scratch.write(parts[0], bytes.prefix(bytes.count / 2))
    bytes = try scratch.bytes(parts[1])
    bytes[bytes.count / 2] ^= 1
    try scratch.write(parts[1], bytes)
    try scratch.write(parts[2], scratch.bytes(parts[3]))
    let outcome = try scratch.shell("\(Self.job) -o runs.h5")
    let whole = parts.count - 3
    #expect(outcome.lines == ["train: \(whole) of 8 runs are there from before; \(8 - whole) to go"])
    #expect(try scratch.bytes("runs.h5") == Self.undisturbed.get().bytes)
    #expect(try scratch.names() == ["runs.h5", "sprites.h5"])
  }

  @Test(arguments: [
    (other: "\(job) --seed 1", isa: nil), (other: "\(job) --keep none", isa: nil), (other: job, isa: "portable"),
  ])
  func `Parts of another configuration are not used`(other: String, isa: String?) throws {
    // The other one is under way; this one, to the same file, is not its continuation.
    let scratch = try Scratch(with: ["sprites.h5"])
    let running = try scratch.start("exec \(other) -o runs.h5", environment: isa.map { ["ROTE_ISA": $0] } ?? [:])
    let limit = Date().addingTimeInterval(30)
    while try parts(scratch).isEmpty && Date() < limit { usleep(1000) }
    running.send(SIGKILL)
    _ = try running.wait()
    let best = try scratch.shell("train --version").text
    guard isa == nil || !best.contains("portable") else { return }
    let others = try parts(scratch)
    try scratch.succeed("\(Self.job) -o runs.h5")
    #expect(try scratch.bytes("runs.h5") == Self.undisturbed.get().bytes)
    // What is finished of the other one stays, until --force gives it up.
    #expect(try parts(scratch) == others)
    try scratch.succeed("\(Self.job) -o runs.h5 --force")
    #expect(try scratch.names() == ["runs.h5", "sprites.h5"])
  }

  @Test func `Temporary files of dead processes go with the next start, those of living ones stay`() throws {
    let scratch = try Scratch(with: ["runs.h5", "scores.h5"])
    try scratch.write(".out.h5.aaaaaa.rote", [1])
    try scratch.write(".out.h5.bbbbbb.rote", [1])
    try scratch.write(".out.h5.other.rote", [1])
    try scratch.succeed("flock .out.h5.bbbbbb.rote score memorisation runs.h5 -o out.h5")
    #expect(
      try scratch.names() == [".out.h5.bbbbbb.rote", ".out.h5.other.rote", "out.h5", "runs.h5", "scores.h5"])
  }

  @Test func `Finished runs are replaced with --force only`() throws {
    let scratch = try Scratch(with: ["sprites.h5", "runs.h5"])
    let before = try scratch.bytes("runs.h5")
    let command = "train sprites.h5 \(Fixtures.quick) --runs 0:1 -o runs.h5"
    let refused = try scratch.shell(command)
    #expect(refused.status == 64)
    #expect(refused.lines.count == 1 && refused.errors.contains("--force"))
    #expect(try scratch.bytes("runs.h5") == before)
    try scratch.succeed("\(command) --force")
    #expect(try scratch.bytes("runs.h5") != before)
  }
}

/// Numbers for delays: they need not be the same everywhere, only spread out and the same each time.
struct SplitMix {
  var state: UInt64

  mutating func uniform() -> Double {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return Double((z ^ (z >> 31)) >> 11) * 0x1p-53
  }
}
