import Foundation
import Testing

/// Bad input: one line that says what is wrong, the right status, and nothing left behind.
@Suite struct BadInputTests {
  /// A command that reads the file `IN` beside good ones, and the kind of file that it wants there.
  struct Reader: Sendable, CustomTestStringConvertible {
    let command: String
    let wants: String

    var tool: String { String(command.prefix { $0 != " " }) }
    var testDescription: String { command }

    func reading(_ name: String) -> String { command.replacingOccurrences(of: "IN", with: name) + " -o out.h5" }
  }

  static let readers = [
    Reader(command: "train IN \(Fixtures.quick)", wants: "sprites.h5"),
    Reader(command: "score memorisation IN", wants: "runs.h5"),
    Reader(command: "distill IN runs.h5 \(Fixtures.quick)", wants: "sprites.h5"),
    Reader(command: "distill sprites.h5 IN \(Fixtures.quick)", wants: "runs.h5"),
    Reader(command: "align IN runs.h5", wants: "sprites.h5"),
    Reader(command: "align sprites.h5 IN", wants: "runs.h5"),
  ]

  private func scratch() throws -> Scratch { try Scratch(with: ["sprites.h5", "runs.h5", "scores.h5"]) }

  /// Runs a script that must fail, and checks its manners.
  private func refuse(
    _ script: String, in scratch: Scratch, tool: String, status: Int32, saying text: String = "",
    environment: [String: String] = [:], _ location: SourceLocation = #_sourceLocation
  ) throws {
    let before = try scratch.names()
    let outcome = try scratch.shell(script, environment: environment, timeout: 20, location)
    let text = text.isEmpty ? "\(tool): " : text
    #expect(outcome.status == status, "\(script): \(outcome.errors)", sourceLocation: location)
    #expect(
      outcome.lines.count == 1 && outcome.errors.hasPrefix("\(tool): ") && outcome.errors.contains(text),
      "\(script): \(outcome.errors)", sourceLocation: location)
    #expect(outcome.output.isEmpty, "\(script)", sourceLocation: location)
    #expect(try scratch.names() == before, "\(script)", sourceLocation: location)
    #expect(try scratch.temporaryNames() == [], "\(script)", sourceLocation: location)
  }

  /// By name and by pipe.
  private func refuse(
    _ reader: Reader, _ name: String, in scratch: Scratch, status: Int32 = 65, saying text: String = ""
  ) throws {
    try refuse(reader.reading(name), in: scratch, tool: reader.tool, status: status, saying: text)
    try refuse(
      "cat \(name) | \(reader.reading("-"))", in: scratch, tool: reader.tool, status: status, saying: text)
  }

  // MARK: What is read

  @Test(arguments: readers)
  func `What is no file is refused`(reader: Reader) throws {
    let scratch = try scratch()
    let tool = reader.tool
    try scratch.succeed("mkdir folder; : > empty.h5; mkfifo fifo")
    try refuse(reader.reading("missing.h5"), in: scratch, tool: tool, status: 74, saying: "No such file")
    try refuse(reader.reading("folder"), in: scratch, tool: tool, status: 74, saying: "is a folder")
    try refuse(reader.reading("-") + " < folder", in: scratch, tool: tool, status: 74, saying: "is a folder")
    try refuse(reader.reading("fifo"), in: scratch, tool: tool, status: 74, saying: "no regular file")
    try refuse(reader.reading("sprites.h5/x"), in: scratch, tool: tool, status: 74, saying: "Not a directory")
    try refuse(reader.reading("-") + " <&-", in: scratch, tool: tool, status: 74, saying: "standard input")
    try refuse(reader, "empty.h5", in: scratch, saying: "is empty")
    try refuse(": | " + reader.reading("-"), in: scratch, tool: tool, status: 65, saying: "is empty")
    try refuse(reader.reading("-") + " < empty.h5", in: scratch, tool: tool, status: 65, saying: "is empty")
  }

  @Test(arguments: readers)
  func `A file that is cut short, doubled or something else is refused`(reader: Reader) throws {
    let scratch = try scratch()
    let whole = try scratch.bytes(reader.wants)
    for count in [1, 8, 48, 95, 96, 2000, whole.count / 2, whole.count - 1] {
      try scratch.write("cut.h5", whole.prefix(count))
      try refuse(reader, "cut.h5", in: scratch, saying: count > 95 ? "is cut short" : "")
    }
    try scratch.write("two.h5", whole + whole)
    try refuse(reader, "two.h5", in: scratch, saying: "after its end")
    try scratch.write("text.h5", "Once upon a time there was a file.\n".utf8)
    try refuse(reader, "text.h5", in: scratch, saying: "no HDF5 file")
    try refuse(reader, "scores.h5", in: scratch, saying: "a scores file")
    // In the images, which all that want a data set read.
    var changed = whole
    changed[whole.count / 2] ^= 16
    try scratch.write("changed.h5", changed)
    if reader.wants == "sprites.h5" { try refuse(reader, "changed.h5", in: scratch) }
  }

  @Test(arguments: readers)
  func `A file of a newer format or of no kind is refused`(reader: Reader) throws {
    let scratch = try scratch()
    try HostileFiles.newer(scratch.path("newer.h5"), kind: reader.wants == "runs.h5" ? "runs" : "data")
    try refuse(reader, "newer.h5", in: scratch, saying: "newer than this version")
    try HostileFiles.foreign(scratch.path("foreign.h5"))
    try refuse(reader, "foreign.h5", in: scratch, saying: "no file of rote's")
  }

  @Test(arguments: readers, [-1, 10, Int32.max])
  func `A label outside of the classes is refused`(reader: Reader, label: Int32) throws {
    let scratch = try scratch()
    if reader.wants == "sprites.h5" {
      try HostileFiles.data(scratch.path("bad.h5"), label: label)
    } else {
      try HostileFiles.runs(scratch.path("bad.h5"), label: label)
    }
    try refuse(reader, "bad.h5", in: scratch, saying: "label \(label) is outside")
  }

  @Test func `Files that do not belong together are refused by name`() throws {
    let scratch = try Scratch(with: ["sprites.h5", "runs.h5", "students.h5", "other.h5", "other-runs.h5"])
    try scratch.succeed(
      "cp runs.h5 copy.h5; train sprites.h5 \(Fixtures.quick) --keep none --runs 0:1 -o bare.h5")
    let distill = "distill \(Fixtures.quick)"
    for (command, status, text) in [
      ("score memorisation runs.h5 other-runs.h5", 65, "other-runs.h5: was trained on another data set"),
      ("score memorisation runs.h5 copy.h5", 65, "copy.h5: run 0 of the same configuration is in runs.h5 too"),
      ("align sprites.h5 other-runs.h5", 65, "sprites.h5: is not the data set"),
      ("align other.h5 runs.h5", 65, "other.h5: is not the data set"),
      ("align sprites.h5 runs.h5 students.h5", 64, "2 configurations"),
      ("align sprites.h5 bare.h5", 65, "checkpoint"),
      ("align sprites.h5 other.h5 runs.h5", 64, "more than one data set file"),
      ("align runs.h5", 64, "no data set file"),
      ("align sprites.h5", 64, "no runs files"),
      ("\(distill) sprites.h5 other-runs.h5", 65, "sprites.h5: is not the data set"),
      ("\(distill) sprites.h5 runs.h5 students.h5", 64, "2 configurations"),
      ("\(distill) sprites.h5 runs.h5 --runs 5:20", 64, "no teacher for run 10"),
      ("\(distill) sprites.h5 bare.h5 --runs 0:1", 65, "checkpoint"),
      ("\(distill) sprites.h5", 64, "no runs files"),
    ] as [(String, Int32, String)] {
      let tool = String(command.prefix { $0 != " " })
      try refuse("\(command) -o out.h5", in: scratch, tool: tool, status: status, saying: text)
    }
  }

  @Test(arguments: [CifarFiles.cifar10, .cifar100])
  func `A broken CIFAR archive is refused`(files: CifarFiles) throws {
    let scratch = try Scratch()
    try files.write(to: scratch)
    let path = "\(files.folder)/\(files.members[0])"
    let good = try scratch.bytes(path)
    try scratch.succeed("tar czf packed.tar.gz \(files.folder); head -c 400 packed.tar.gz > cut.tar.gz; : > empty")
    let fetch = "fetch-data \(files.command)"
    func refuse(_ options: String, _ status: Int32, _ text: String = "") throws {
      try self.refuse("\(fetch) \(options) -o out.h5", in: scratch, tool: "fetch-data", status: status, saying: text)
    }
    try refuse("--from missing.tar.gz --no-verify", 74, "missing.tar.gz")
    try refuse("--from cut.tar.gz --no-verify", 65, "cut.tar.gz")
    try refuse("--from empty --no-verify", 65, "empty")
    try refuse("--from packed.tar.gz", 65)
    try refuse("--from \(files.folder)", 65)
    try refuse("--from \(files.folder) --no-verify --train 5:100000", 64)
    try refuse("--from \(files.folder) --no-verify --per-class 0", 64)
    for (bytes, text) in [
      (Array(good.dropLast()), "left over"), (good + [0], "left over"),
      ([UInt8](repeating: 100, count: files.labelBytes) + good.dropFirst(files.labelBytes), "100"),
    ] {
      try scratch.write(path, bytes)
      try refuse("--from \(files.folder) --no-verify", 65, text)
      try scratch.succeed("tar czf bad.tar.gz \(files.folder)")
      try refuse("--from bad.tar.gz --no-verify", 65, text)
    }
    try scratch.succeed("rm \(path)")
    try refuse("--from \(files.folder) --no-verify", 65, "has no \(files.members[0])")
  }

  // MARK: What is written

  static let writers = [
    "fetch-data sprites --train 0:300", "train sprites.h5 \(Fixtures.quick) --runs 0:2",
    "distill sprites.h5 runs.h5 \(Fixtures.quick) --runs 0:2", "score memorisation runs.h5", "align sprites.h5 runs.h5",
  ]

  @Test(arguments: writers)
  func `An output that cannot be written is one message`(command: String) throws {
    let scratch = try scratch()
    let tool = String(command.prefix { $0 != " " })
    try scratch.succeed("mkdir folder")
    for (output, text) in [
      ("-o /dev/full", "/dev/full: cannot write: No space left"), ("> /dev/full", "standard output: cannot write"),
      ("-o folder", "is a folder"), ("-o nowhere/out.h5", "nowhere/out.h5: cannot"),
      ("-o sprites.h5/out.h5", "sprites.h5/out.h5: cannot"), (">&-", "standard output: cannot write"),
    ] {
      try refuse("\(command) \(output)", in: scratch, tool: tool, status: 74, saying: text)
    }
    try refuse(
      "\(command) > out.h5; s=$?; test -s out.h5 && exit 1; rm out.h5; exit $s", in: scratch, tool: tool, status: 74,
      saying: "TMPDIR", environment: ["TMPDIR": "/nowhere"])
    try refuse("\(command) -o ''", in: scratch, tool: tool, status: 64)
  }

  /// A limit on the size of files is met as a full disk is: in the midst of writing, wherever libhdf5 happens to be.
  @Test(arguments: writers, [1, 4])
  func `A disk that is full part of the way is one message`(command: String, kilobytes: Int) throws {
    let scratch = try scratch()
    let tool = String(command.prefix { $0 != " " })
    for output in ["-o out.h5", "| cat > /dev/null"] {
      try refuse(
        "trap '' XFSZ; ulimit -f \(kilobytes); \(command) \(output)", in: scratch, tool: tool, status: 74,
        saying: "cannot write")
    }
  }

  @Test(arguments: writers)
  func `A read-only folder is one message`(command: String) throws {
    // Permissions do not bind root.
    guard geteuid() != 0 else { return }
    let scratch = try scratch()
    try scratch.succeed("mkdir fixed; chmod 555 fixed")
    let tool = String(command.prefix { $0 != " " })
    try refuse(
      "\(command) -o fixed/out.h5", in: scratch, tool: tool, status: 74, saying: "fixed/out.h5: cannot")
  }

  @Test(arguments: writers)
  func `A reader that has gone ends the tool by SIGPIPE and without a word`(command: String) throws {
    let scratch = try scratch()
    // The reader opens the pipe and goes before the tool begins.
    let outcome = try scratch.shell("mkfifo pipe; : < pipe & exec 3> pipe; wait; exec \(command) >&3")
    #expect(outcome.status == 128 + SIGPIPE)
    #expect(outcome.errors.isEmpty)
    #expect(try scratch.temporaryNames() == [])
    let piped = try scratch.shell("\(command) | head -c 10 > /dev/null; exit ${PIPESTATUS[0]}")
    #expect(piped.errors.isEmpty)
    #expect([0, 128 + SIGPIPE].contains(piped.status))
  }

  // MARK: What is asked for

  @Test(arguments: [
    "--runs 5:5", "--runs 6:5", "--runs 3.5", "--block -1", "--block slurm", "--runs 0:10 --block 1", "--runs -1:5",
    "--runs a:b", "--runs 0:99999999999", "--subset 1.5",
    "--subset 0", "--subset 1.01", "--subset nan", "--subset -0.5", "--subset 0.001", "--subset 0.123", "--masks lucky",
    "--architecture nonsense", "--architecture resnet-9", "--architecture 'mlp width=0'",
    "--architecture 'mlp depth=3'", "--architecture ''", "--recipe grandmother", "--epochs 0", "--epochs -3",
    "--epochs many", "--batch-size 0", "--batch-size 211", "--learning-rate -1", "--learning-rate nan",
    "--learning-rate inf", "--warm-up-epochs 3", "--warm-up-epochs nan", "--momentum 1", "--momentum 0",
    "--weight-decay -1", "--decay sideways", "--decay-at 1,2", "--decay step --decay-at one", "--decay-factor 0.5",
    "--decay step --decay-factor 0", "--augmentation blur", "--standardisation maybe", "--test-every 0",
    "--loss lucky", "--loss-temperature 0", "--loss-temperature nan", "--hinge-margin 1",
    "--loss hinge --hinge-margin -1",
    "--loss hinge --loss-temperature 2", "--squared-factor mean", "--loss squared --squared-factor third",
    "--loss squared --target-scale inf", "--loss hinge --target-scale 1", "--decay step --decay-at inf",
    "--initialisation xavier", "--first-layer-std -1", "--first-layer-std nan", "--layer-std fc1.weight",
    "--layer-std fc9.weight=1", "--layer-std =1", "--layer-std fc1.weight=x", "--layer-std fc1.weight=inf",
    "--first-layer-std 1 --layer-std fc1.weight=1", "--layer-std fc2.weight=1 --layer-std fc2.weight=1",
    "--keep rubbish", "--keep checkpoint,", "--seed -1", "--seed 1e3", "-j -1", "-j two", "-j 5000", "--nonsense",
    "--epochs", "extra.h5",
  ])
  func `Impossible options of training are wrong usage`(option: String) throws {
    let scratch = try Scratch(with: ["sprites.h5"])
    let name = option.prefix { $0 != " " }
    // An option that is given twice is one that is overridden, so the impossible one comes alone.
    let rest = ["--architecture mlp", "--epochs 2", "--batch-size 20"].filter { !$0.hasPrefix(name) }
    try refuse(
      "train sprites.h5 \(rest.joined(separator: " ")) \(option) -o out.h5", in: scratch, tool: "train", status: 64)
  }

  static let impossible: [String] = [
    "train sprites.h5", "distill sprites.h5 runs.h5", "train - - --architecture mlp", "score memorisation - -",
    "align - -", "distill - - --architecture mlp", "score everything runs.h5", "align --files0-from /dev/null",
    "fetch-data nothing", "fetch-data cifar10 --from a --offline", "fetch-data svhn --offline --checksum md5:0",
    "fetch-data cifar10 --url http://127.0.0.1/ --checksum md5:12", "fetch-data cifar10 --timeout 0 --from a",
    "ROTE_CACHE=$PWD/cache fetch-data cifar10 --url ftp://127.0.0.1/a --checksum md5:\(String(repeating: "0", count: 32))",
    "fetch-data sprites --noise 1.5", "fetch-data sprites --noise nan",
    "fetch-data sprites --noise 0.1 --shuffle-labels",
    "fetch-data sprites --pairs class-0:class-1", "fetch-data sprites --noise-pairs 0.1 --pairs class-0",
    "fetch-data sprites --canaries 0", "fetch-data sprites --duplicates 1",
    "fetch-data folder --from a --from b --size 8",
    "fetch-data svhn --url http://127.0.0.1:9/mirror", "fetch-data sprites --sample 2001",
    "fetch-data sprites --classes class-0,class-1", "fetch-data folder --from . --size 0", "fetch-data folder --from .",
    "fetch-data folder --from . --size 8 --filter round",
    "fetch-data sprites --multiple 0", "fetch-data sprites --train 5:5",
    "fetch-data sprites --train 0:3000", "fetch-data sprites --per-class 0", "fetch-data sprites --seed x",
    "align sprites.h5 runs.h5 --over there", "align sprites.h5 runs.h5 -j -2",
    "distill sprites.h5 runs.h5 \(Fixtures.quick) --weight 2",
    "distill sprites.h5 runs.h5 \(Fixtures.quick) --weight nan",
    "distill sprites.h5 runs.h5 \(Fixtures.quick) --temperature 0",
    "distill sprites.h5 runs.h5 \(Fixtures.quick) --batch-size 211",
    "distill sprites.h5 runs.h5 \(Fixtures.quick) --runs 0:11",
  ]

  @Test(arguments: impossible)
  func `Impossible commands are wrong usage`(command: String) throws {
    let tool = command.split(separator: " ").map(String.init).first { !$0.contains("=") } ?? ""
    try refuse("\(command) -o out.h5", in: scratch(), tool: tool, status: 64)
  }

  @Test(arguments: [
    "train sprites.h5 \(Fixtures.quick)", "distill sprites.h5 runs.h5 \(Fixtures.quick)", "align sprites.h5 runs.h5",
  ])
  func `An instruction set that is not there is wrong usage`(command: String) throws {
    let tool = String(command.prefix { $0 != " " })
    try refuse(
      "\(command) -o out.h5", in: scratch(), tool: tool, status: 64, saying: "ROTE_ISA=rubbish",
      environment: ["ROTE_ISA": "rubbish"])
  }

  @Test func `Names from a file that is not there or that names what is not there are refused`() throws {
    let scratch = try scratch()
    try scratch.succeed("printf 'runs.h5\\0gone.h5\\0' > names; mkdir folder")
    let score = "score memorisation -o out.h5 --files0-from"
    try refuse("\(score) missing", in: scratch, tool: "score", status: 74, saying: "missing: cannot read")
    try refuse("\(score) folder", in: scratch, tool: "score", status: 74, saying: "folder: ")
    try refuse("\(score) names", in: scratch, tool: "score", status: 74, saying: "gone.h5: cannot read")
    try refuse("printf -- '-\\0' | \(score) -", in: scratch, tool: "score", status: 64, saying: "only once")
  }
}
