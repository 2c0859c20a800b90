import Foundation
import Testing

#if canImport(Glibc)
  import Glibc
#endif

/// Commands that train to one output: one after the other, at once, and where others have put something there.
@Suite struct OneOutputTests {
  /// Four runs of some tens of milliseconds each.
  private static let options = "--architecture 'mlp width=48' --epochs 6 --batch-size 20 -j 1"
  private static let train = "train sprites.h5 \(options)"
  private static let distill = "distill sprites.h5 runs.h5 \(options)"

  private static let undisturbed = Result {
    let scratch = try Scratch(with: ["sprites.h5", "runs.h5"])
    try scratch.succeed("\(train) --runs 0:4 -o a.h5; \(distill) --runs 0:4 -o b.h5")
    return (train: try scratch.bytes("a.h5"), distill: try scratch.bytes("b.h5"))
  }

  private func bytes(of command: String) throws -> [UInt8] {
    let both = try Self.undisturbed.get()
    return command.hasPrefix("train") ? both.train : both.distill
  }

  private func done(_ scratch: Scratch, _ log: String) throws -> [Int] {
    guard scratch.exists(log) else { return [] }
    return try scratch.shell("grep '\"event\":\"done\"' \(log) | sed 's/.*\"run\":\\([0-9]*\\).*/\\1/' | sort -n").text
      .split(separator: "\n").compactMap { Int($0) }
  }

  /// Waits until something is there.
  private func wait(for name: String, in scratch: Scratch) {
    let limit = Date().addingTimeInterval(30)
    while !scratch.exists(name) && Date() < limit { usleep(500) }
  }

  @Test(arguments: [train, distill])
  func `A finished command that is given again trains nothing`(command: String) throws {
    let scratch = try Scratch(with: ["sprites.h5", "runs.h5"])
    try scratch.succeed("\(command) --runs 0:4 -o o.h5; touch -d 2001-01-01 o.h5; stat -c %Y o.h5 > ../time")
    let tool = command.prefix { $0 != " " }
    let again = try scratch.shell("\(command) --runs 0:4 -j 2 --save-every 0 -q -o o.h5 --log log")
    #expect(again.status == 0)
    #expect(again.lines == ["\(tool): o.h5: holds these 4 runs; there is nothing to train"])
    #expect(try done(scratch, "log") == [])
    try scratch.succeed("stat -c %Y o.h5 | cmp - ../time")
    #expect(try scratch.bytes("o.h5") == bytes(of: command))
    // What a kill at the very end leaves behind goes.
    try scratch.succeed("mkdir -p o.h5.partial/0123456789abcdef")
    #expect(try scratch.shell("\(command) --runs 0:4 -o o.h5").status == 0)
    #expect(
      try scratch.names() == ["log", "o.h5", "o.h5.partial", "o.h5.partial/0123456789abcdef", "runs.h5", "sprites.h5"])
  }

  @Test(arguments: [
    ("--runs 0:5", "holds other runs of this configuration: 0 to 3"), ("--runs 0:4 --keep none", "other things kept"),
    ("--runs 0:4 --seed 1", "runs of another configuration"), ("--runs 0:4 --snapshots 0,1", "other things kept"),
    ("--runs 0:4 --dynamics training", "other things kept"), ("--runs 1:3", "holds other runs"),
  ])
  func `Other runs than those that are there are refused`(change: String, problem: String) throws {
    let scratch = try Scratch(with: ["sprites.h5", "runs.h5"])
    try scratch.succeed("\(Self.train) --runs 0:4 -o o.h5")
    let refused = try scratch.shell("\(Self.train) \(change) -o o.h5")
    #expect(refused.status == 64)
    #expect(refused.lines.count == 1 && refused.errors.contains(problem) && refused.errors.contains("--force"))
    #expect(try scratch.bytes("o.h5") == bytes(of: Self.train))
    #expect(try scratch.names() == ["o.h5", "runs.h5", "sprites.h5"])
  }

  @Test func `Runs that are there and damaged are not taken for done`() throws {
    let scratch = try Scratch(with: ["sprites.h5"])
    try scratch.succeed("\(Self.train) --runs 0:4 -o o.h5")
    var bytes = try scratch.bytes("o.h5")
    bytes[bytes.count / 2] ^= 1
    try scratch.write("o.h5", bytes)
    let refused = try scratch.shell("\(Self.train) --runs 0:4 -o o.h5")
    #expect(refused.status == 64 && refused.lines.count == 1 && refused.errors.contains("--force"))
    try scratch.succeed("\(Self.train) --runs 0:4 -o o.h5 --force")
    #expect(try scratch.bytes("o.h5") == self.bytes(of: Self.train))
  }

  @Test(arguments: [train, distill], ["", "--force"])
  func `Two equal commands at once do the work once`(command: String, force: String) throws {
    for _ in 0..<3 {
      let scratch = try Scratch(with: ["sprites.h5", "runs.h5"])
      let first = try scratch.start("exec \(command) --runs 0:4 -q -o o.h5 --log log \(force)")
      wait(for: "o.h5.partial/lock", in: scratch)
      let second = try scratch.start("exec \(command) --runs 0:4 -j 2 -q -o o.h5 --log log \(force)")
      #expect(try first.wait().status == 0)
      let outcome = try second.wait()
      #expect(outcome.status == 0)
      #expect(outcome.lines.last?.hasSuffix("holds these 4 runs; there is nothing to train") == true)
      #expect(try done(scratch, "log") == [0, 1, 2, 3])
      #expect(try scratch.bytes("o.h5") == bytes(of: command))
      #expect(try scratch.names() == ["log", "o.h5", "runs.h5", "sprites.h5"])
    }
  }

  @Test(arguments: [train, distill])
  func `Of two different commands at once the later waits, and is refused`(command: String) throws {
    let scratch = try Scratch(with: ["sprites.h5", "runs.h5"])
    let first = try scratch.start("exec \(command) --runs 0:4 -q -o o.h5")
    wait(for: "o.h5.partial/lock", in: scratch)
    let outcome = try scratch.shell("\(command) --runs 2:5 -q -o o.h5 --log log")
    #expect(try first.wait().status == 0)
    #expect(outcome.status == 64)
    #expect(outcome.lines.count == 2 && outcome.lines[0].contains("waiting"))
    #expect(outcome.lines.last?.contains("holds other runs of this configuration: 0 to 3") == true)
    #expect(try done(scratch, "log") == [])
    #expect(try scratch.bytes("o.h5") == bytes(of: command))
    try scratch.succeed("rm -f log")
    #expect(try scratch.names() == ["o.h5", "runs.h5", "sprites.h5"])
  }

  @Test(arguments: [SIGKILL, SIGTERM, SIGINT])
  func `Who waits goes on from where the other is cut off`(signal: Int32) throws {
    let scratch = try Scratch(with: ["sprites.h5"])
    let first = try scratch.start("exec \(Self.train) --runs 0:4 -q -o o.h5 --log log")
    wait(for: "o.h5.partial/lock", in: scratch)
    let second = try scratch.start("exec \(Self.train) --runs 0:4 -q -o o.h5 --log log")
    let limit = Date().addingTimeInterval(30)
    while try done(scratch, "log").isEmpty && Date() < limit { usleep(500) }
    first.send(signal)
    _ = try first.wait()
    #expect(try second.wait().status == 0)
    let runs = try done(scratch, "log")
    #expect(Set(runs).count == runs.count, "a run is trained twice")
    #expect(try scratch.bytes("o.h5") == bytes(of: Self.train))
    #expect(try scratch.names().filter { !$0.hasSuffix(".rote") } == ["log", "o.h5", "sprites.h5"])
  }

  @Test(arguments: [SIGTERM, SIGUSR1])
  func `A scheduler's signal ends the waiting with 75`(signal: Int32) throws {
    let scratch = try Scratch(with: ["sprites.h5"])
    try scratch.succeed("mkdir o.h5.partial; : > o.h5.partial/lock")
    let holder = try scratch.start("exec flock o.h5.partial/lock sleep 60")
    usleep(200_000)
    let waiting = try scratch.start("exec \(Self.train) --runs 0:4 -q -o o.h5")
    usleep(1_000_000)
    waiting.send(signal)
    let outcome = try waiting.wait(timeout: 10)
    #expect(outcome.status == 75)
    #expect(outcome.lines.count == 2 && outcome.lines[0].contains("waiting"))
    // Who takes the file away, as after a node has died with it, lets others go on.
    let other = try scratch.start("exec \(Self.train) --runs 0:4 -q -o o.h5")
    usleep(300_000)
    try scratch.succeed("rm o.h5.partial/lock")
    #expect(try other.wait(timeout: 20).status == 0)
    kill(-holder.process, SIGKILL)
    _ = try holder.wait()
    #expect(try scratch.bytes("o.h5") == bytes(of: Self.train))
  }

  @Test(arguments: ["notes", "other runs", "the same runs"])
  func `What another program puts there meanwhile stays, and so do the parts`(what: String) throws {
    let scratch = try Scratch(with: ["sprites.h5", "runs.h5"])
    try scratch.write("calm.h5", bytes(of: Self.train))
    let content = ["notes": "import", "other runs": "runs.h5", "the same runs": "calm.h5"][what, default: ""]
    try scratch.write("import", Array("notes".utf8))
    let running = try scratch.start("exec \(Self.train) --runs 0:4 -q -o o.h5")
    wait(for: "o.h5.partial/lock", in: scratch)
    let limit = Date().addingTimeInterval(30)
    while try !scratch.names().contains(where: { $0.hasSuffix("000000.h5") }) && Date() < limit { usleep(500) }
    try scratch.succeed("cp \(content) o.h5")
    let outcome = try running.wait()
    #expect(scratch.areEqual(content, "o.h5"))
    guard what != "the same runs" else {
      #expect(outcome.status == 0)
      return
    }
    #expect(outcome.status == 74)
    #expect(outcome.lines.count == 1 && outcome.errors.contains("o.h5: has changed since this command began"))
    #expect(try scratch.names().count { $0.hasPrefix("o.h5.partial/") && $0.hasSuffix(".h5") } == 4)
    let again = try scratch.shell("rm o.h5; \(Self.train) --runs 0:4 -o o.h5 --log log")
    #expect(again.lines == ["train: 4 of 4 runs are there from before; 0 to go"])
    #expect(try done(scratch, "log") == [])
    #expect(try scratch.bytes("o.h5") == bytes(of: Self.train))
  }

  // MARK: What lies in FILE.partial

  /// The folder that a job's parts lie in, made by one that is cut off.
  private func key(_ scratch: Scratch) throws -> String {
    let running = try scratch.start("exec \(Self.train) --runs 0:4 --save-every 0 -q -o o.h5")
    let limit = Date().addingTimeInterval(30)
    while try !scratch.names().contains(where: { $0.hasSuffix("000000.h5") }) && Date() < limit { usleep(500) }
    running.send(SIGKILL)
    _ = try running.wait()
    let name = try #require(scratch.names().first { $0.hasPrefix("o.h5.partial/") && $0.hasSuffix("000000.h5") })
    return (name as NSString).deletingLastPathComponent
  }

  @Test(arguments: [
    ("ln -s $PWD/victim KEY/000003.rows", "KEY/000003.rows: is a link"),
    ("ln -s $PWD/victim KEY/000003.state", "is a link"),
    ("rm KEY/000000.h5; ln -s $PWD/part KEY/000000.h5", "is a link"),
    ("ln -s $PWD/nothing KEY/000003.rows", "is a link"), ("mkfifo KEY/000003.rows", "is no regular file"),
    ("mkfifo KEY/000003.state", "is no regular file"), ("mkdir KEY/000003.rows", "is a folder"),
    ("mkdir KEY/000003.h5", "is a folder"), ("ln victim KEY/000003.rows", "has a second name"),
    ("ln victim KEY/000003.state", "has a second name"), ("ln part KEY/000003.h5", "has a second name"),
    ("mv KEY there; ln -s $PWD/there KEY", "is a link"),
    ("mv o.h5.partial there; ln -s there o.h5.partial", "is a link"),
    ("ln -s $PWD/folder o.h5.partial/fedcba9876543210", "is a link"),
    ("rm -rf o.h5.partial; : > o.h5.partial", "is no folder"),
    ("rm -f o.h5.partial/lock; ln -s $PWD/victim o.h5.partial/lock", "is a link"),
    ("rm -f o.h5.partial/lock; mkfifo o.h5.partial/lock", "is no regular file"),
  ])
  func `What is no part of ours is refused, and nothing is written through it`(plant: String, problem: String) throws {
    let scratch = try Scratch(with: ["sprites.h5"])
    let key = try key(scratch)
    try scratch.write("victim", Array("precious\n".utf8))
    try scratch.succeed("mkdir folder; echo kept > folder/kept; cp \(key)/000000.h5 part")
    try scratch.succeed(plant.replacingOccurrences(of: "KEY", with: key))
    for force in ["", "--force"] {
      let outcome = try scratch.shell("timeout 20 \(Self.train) --runs 0:4 -q -o o.h5 \(force)")
      #expect(outcome.status == 74, "\(plant): \(outcome.errors)")
      #expect(outcome.lines.count == 1 && outcome.errors.contains(problem.replacingOccurrences(of: "KEY", with: key)))
    }
    try scratch.succeed("echo precious | cmp - victim; echo kept | cmp - folder/kept; test ! -e nothing -a ! -e o.h5")
  }

  @Test(
    .enabled(if: geteuid() == 0, "files of another user are made by root alone"),
    arguments: [
      "o.h5.partial", "KEY", "KEY/000000.h5", "o.h5.partial/lock",
    ])
  func `What belongs to another user is refused`(name: String) throws {
    let scratch = try Scratch(with: ["sprites.h5"])
    let key = try key(scratch)
    try scratch.succeed("touch o.h5.partial/lock; chown 65534 \(name.replacingOccurrences(of: "KEY", with: key))")
    let outcome = try scratch.shell("\(Self.train) --runs 0:4 -q -o o.h5")
    #expect(outcome.status == 74)
    #expect(outcome.lines.count == 1 && outcome.errors.contains("belongs to another user"))
    #expect(!scratch.exists("o.h5") && scratch.exists("\(key)/000000.h5"))
  }

  @Test func `Where files run out nothing finished is trained again`() throws {
    let scratch = try Scratch(with: ["sprites.h5"])
    _ = try key(scratch)
    let before = try scratch.names().count { $0.hasPrefix("o.h5.partial/") && $0.hasSuffix(".h5") }
    for limit in 4..<40 where !scratch.exists("o.h5") {
      let outcome = try scratch.shell("ulimit -n \(limit); exec \(Self.train) --runs 0:4 -q -o o.h5 --log log")
      // With hardly any, the program itself cannot be loaded.
      guard limit > 8 else { continue }
      #expect([0, 74].contains(outcome.status), "\(limit) files: \(outcome.errors)")
    }
    let runs = try done(scratch, "log")
    #expect(runs.count <= 4 - before && Set(runs).count == runs.count, "\(runs) are trained, and \(before) were there")
    #expect(try scratch.bytes("o.h5") == bytes(of: Self.train))
  }
}
