import Foundation
import Testing

#if canImport(Glibc)
  import Glibc
#endif

/// What the outputs of each tool may replace, as commands and answers.
@Suite struct OutputRuleTests {
  /// A command of every tool, without its output: what it writes, and what it must not take the place of.
  struct Command: CustomTestStringConvertible {
    let text: String
    /// A fixture of the kind that it writes, and of scores of the measure; nil of text.
    let own: String?
    var testDescription: String { text }
  }

  static let hdf5: [Command] = [
    Command(text: "fetch-data sprites --train 0:30 --test 0:10", own: "other.h5"),
    Command(text: "score memorisation runs.h5", own: "scores.h5"),
    Command(text: "score c-score runs.h5", own: nil),
    Command(text: "score lira runs.h5", own: nil),
    Command(text: "score out-of-sample runs.h5", own: nil),
    Command(text: "score influence runs.h5", own: nil),
    Command(text: "score proxies runs.h5 --measures c_score", own: nil),
    Command(text: "score trajectories runs.h5 wide.h5", own: nil),
    Command(text: "score agreement proxies.h5 runs.h5 wide.h5", own: nil),
    Command(text: "score import import.csv --from csv --data sprites.h5", own: nil),
    Command(text: "align sprites.h5 runs.h5 --runs 0:1", own: "alignment.h5"),
    Command(text: "train sprites.h5 \(Fixtures.quick) --runs 0:1", own: nil),
    Command(text: "distill sprites.h5 runs.h5 \(Fixtures.quick) --runs 0:1", own: nil),
  ]
  static let text = [
    "report tables scores.h5", "report show runs.h5", "report tables scores.h5 --format html",
    "align init sprites.h5 --sigmas 1 --runs 0:1 --architecture 'mlp width=4'",
  ]
  private static let fixtures = ["sprites.h5", "runs.h5", "students.h5", "scores.h5", "alignment.h5", "other.h5"]

  private func scratch() throws -> Scratch {
    let scratch = try Scratch(with: Self.fixtures)
    try scratch.write("import.csv", Array("example,label,score\n".utf8))
    try scratch.write("notes.txt", Array("notes\n".utf8))
    return scratch
  }

  /// Beside the fixtures a second size with its proxies, and an import of which the label is right.
  private func withScores(_ scratch: Scratch) throws -> Scratch {
    let made = try scratch.shell(
      """
      train sprites.h5 --architecture 'mlp width=8' --epochs 2 --batch-size 20 --runs 0:10 -q -o wide.h5
      score proxies runs.h5 wide.h5 --measures c_score -q -o proxies.h5
      for l in 0 1 2 3 4 5 6 7 8 9; do
        printf 'example,label,score\\n0,%s,0.5\\n' $l > import.csv
        score import import.csv --from csv --data sprites.h5 -q -o /dev/null 2> /dev/null && exit
      done
      exit 1
      """)
    #expect(made.status == 0, "\(made.errors)")
    return scratch
  }

  /// Runs a command that may warn.
  private func run(_ script: String, in scratch: Scratch) throws {
    let outcome = try scratch.shell(script)
    #expect(outcome.status == 0, "\(script): \(outcome.errors)")
  }

  private func refuse(_ script: String, in scratch: Scratch, saying text: String, status: Int32 = 64) throws {
    let before = try scratch.names()
    let outcome = try scratch.shell(script)
    #expect(outcome.status == status, "\(script): \(outcome.errors)")
    #expect(outcome.lines.count == 1 && outcome.errors.contains(text), "\(script): \(outcome.errors)")
    #expect(try scratch.names() == before, "\(script) leaves something behind")
  }

  @Test(arguments: hdf5)
  func `A file of ours replaces its own kind, an empty file and nothing else`(command: Command) throws {
    let scratch = try withScores(scratch())
    try run("\(command.text) -q -o new.h5", in: scratch)
    let made = try scratch.bytes("new.h5")
    // What is not of the kind stays, whatever it is.
    let others = ["sprites.h5", "runs.h5", "scores.h5", "alignment.h5", "notes.txt"]
    for name in others where name != command.own && !(name == "sprites.h5" && command.own == "other.h5") {
      try scratch.succeed("cp \(name) target")
      try refuse("\(command.text) -q -o target", in: scratch, saying: "target: exists, and ")
      #expect(scratch.areEqual(name, "target"))
    }
    // Scores of one measure are not those of another.
    if command.text.hasPrefix("score") && command.own == nil {
      try scratch.succeed("cp scores.h5 target")
      try refuse("\(command.text) -q -o target", in: scratch, saying: "has the scores of score memorisation")
    }
    try run("\(command.text) -q -o target --force", in: scratch)
    #expect(try scratch.bytes("target") == made)
    if let own = command.own {
      try run("cp \(own) target; \(command.text) -q -o target", in: scratch)
      #expect(try scratch.bytes("target") == made)
    }
    try run("empty=$(mktemp ./empty.XXXX); \(command.text) -q -o $empty; mv $empty empty", in: scratch)
    #expect(try scratch.bytes("empty") == made)
    // What is no file passes.
    try run("\(command.text) -q -o /dev/null", in: scratch)
    try run("mkfifo pipe; cat pipe > through & \(command.text) -q -o pipe; wait", in: scratch)
    #expect(try scratch.bytes("through") == made)
  }

  @Test(arguments: text)
  func `Text replaces text, and no HDF5 file`(command: String) throws {
    let scratch = try scratch()
    for name in ["other.h5", "students.h5", "alignment.h5"] {
      try scratch.succeed("cp \(name) target")
      try refuse("\(command) -q -o target", in: scratch, saying: "is an HDF5 file")
      #expect(scratch.areEqual(name, "target"))
    }
    // With a block of the user's before it, it is one all the same.
    try scratch.succeed("{ head -c 1024 /dev/zero; cat other.h5; } > target")
    try refuse("\(command) -q -o target", in: scratch, saying: "is an HDF5 file")
    try scratch.succeed("\(command) -q -o target --force; \(command) -q -o notes.txt; cmp target notes.txt")
    try scratch.succeed("\(command) -q -o /dev/null; : > empty; \(command) -q -o empty; cmp empty target")
  }

  @Test(arguments: [
    ("score memorisation runs.h5", "runs.h5"), ("score memorisation -q students.h5", "students.h5"),
    ("score memorisation runs.h5", "./runs.h5"), ("score memorisation runs.h5", "link"),
    ("score memorisation runs.h5", "hard"),
    ("printf 'runs.h5\\0' > list; score memorisation --files0-from list", "list"),
    ("score memorisation - < runs.h5", "runs.h5"), ("score trajectories scores.h5", "scores.h5"),
    ("score import import.csv --from csv --data sprites.h5", "import.csv"),
    ("score import import.csv --from csv --data sprites.h5", "sprites.h5"),
    ("train sprites.h5 --architecture mlp", "sprites.h5"), ("train --architecture mlp < sprites.h5", "sprites.h5"),
    ("train --show-recipe > recipe.json; train sprites.h5 --architecture mlp --recipe recipe.json", "recipe.json"),
    ("train sprites.h5 --architecture mlp --exclude scores.h5 --top 5%", "scores.h5"),
    ("distill sprites.h5 runs.h5 --architecture mlp", "runs.h5"), ("align sprites.h5 runs.h5", "runs.h5"),
    ("align init sprites.h5", "sprites.h5"), ("report scores.h5 runs.h5", "runs.h5"),
    ("report show scores.h5", "scores.h5"), ("report show sprites.h5 -o shown --sheet link.svg", ""),
    ("mkdir a; cp runs.h5 a; report --compare a students.h5", "a/runs.h5"),
    ("fetch-data sprites --labels notes.txt", "notes.txt"),
    ("fetch-data folder --size 8 --from notes.txt", "notes.txt"),
    ("mkdir -p b/c; cp notes.txt b/c/x.png; fetch-data folder --size 8 --from b", "b/c/x.png"),
    (
      "mkdir -p b/c; cp notes.txt x.png; ln -s ../../x.png b/c/x.png; fetch-data folder --size 8 --from b", "x.png"
    ),
    ("fetch-data cifar10 --from notes.txt", "notes.txt"),
    ("train sprites.h5 --architecture mlp -o new.h5 --log sprites.h5", ""),
  ])
  func `What is read is never written, even with --force`(command: String, output: String) throws {
    let scratch = try scratch()
    try scratch.succeed("ln -s runs.h5 link; ln runs.h5 hard; ln -s sprites.h5 link.svg")
    let setUp = command.contains("; ") ? command.split(separator: ";", omittingEmptySubsequences: true) : []
    for part in setUp.dropLast() { try scratch.shell(String(part)) }
    let last = setUp.last.map { String($0.drop { $0 == " " }) } ?? command
    try scratch.succeed("sha256sum $(find . -type f) > ../sums")
    let place = output.isEmpty ? "" : "-o \(output)"
    try refuse("\(last) -q \(place) --force", in: scratch, saying: "is an input of this command")
    try scratch.succeed("sha256sum --quiet -c ../sums")
  }

  @Test(arguments: [
    ("report show sprites.h5 -o x.svg --sheet x.svg", "x.svg"),
    ("report show sprites.h5 -o x.svg --sheet ./x.svg", "./x.svg"),
    ("touch x.svg; ln x.svg y.svg; report show sprites.h5 -o x.svg --sheet y.svg", "y.svg"),
    ("ln -s x.svg y.svg; report show sprites.h5 -o x.svg --sheet y.svg", "y.svg"),
    ("train sprites.h5 --architecture mlp -o new.h5 --log ./new.h5", "./new.h5"),
    ("ln -s new.h5 log; train sprites.h5 --architecture mlp -o new.h5 --log log", "log"),
    ("train sprites.h5 --architecture mlp -o new.h5 --log new.h5.partial", "new.h5.partial"),
    ("touch x.svg; report show sprites.h5 --sheet x.svg >> x.svg", "x.svg"),
    ("touch log; train sprites.h5 --architecture mlp --log log >> log", "log"),
  ])
  func `Two outputs of a command are two files`(command: String, name: String) throws {
    let scratch = try scratch()
    let parts = command.split(separator: ";").map { String($0.drop { $0 == " " }) }
    for part in parts.dropLast() { try scratch.succeed(part) }
    try refuse("\(parts[parts.count - 1]) -q", in: scratch, saying: "\(name): is named as two outputs")
  }

  @Test(arguments: ["-", "/dev/stdout", "/dev/fd/1"])
  func `What goes to a closed standard output is not lost in silence`(name: String) throws {
    let scratch = try scratch()
    for command in ["score memorisation runs.h5", "report show runs.h5"] {
      let outcome = try scratch.shell("\(command) -q -o \(name) >&-")
      #expect(outcome.status == 74 && outcome.lines.count == 1, "\(command): \(outcome.errors)")
    }
  }

  @Test func `A working folder of whatever name takes outputs, and a name that is not UTF-8 is refused`() throws {
    let scratch = try scratch()
    try scratch.succeed(
      "mkdir $'d\\xff'; cd $'d\\xff'; score memorisation ../runs.h5 -q -o x.h5; cmp x.h5 <(score memorisation ../runs.h5 -q)"
    )
    try scratch.succeed("rm -r $'d\\xff'")
    try refuse("score memorisation runs.h5 -q -o $'b\\xff.h5'", in: scratch, saying: "is no name in UTF-8")
  }

  @Test func `A sheet is not left where the tables beside it cannot be written`() throws {
    let scratch = try scratch()
    let outcome = try scratch.shell("report show sprites.h5 -q --sheet x.svg -o /dev/full")
    #expect(outcome.status == 74 && !scratch.exists("x.svg"))
  }

  @Test func `A log is appended to no HDF5 file`() throws {
    let scratch = try scratch()
    for tool in ["train sprites.h5", "distill sprites.h5 runs.h5"] {
      try refuse("\(tool) \(Fixtures.quick) -q -o new.h5 --log scores.h5", in: scratch, saying: "no log is appended")
    }
    #expect(try scratch.bytes("scores.h5") == Fixtures.bytes("scores.h5"))
  }

  @Test(arguments: hdf5.prefix(2).map(\.text) + [hdf5[10].text, hdf5[11].text, hdf5[12].text] + text.prefix(1))
  func `A link to where nothing is yet is followed`(command: String) throws {
    let scratch = try scratch()
    try scratch.succeed("mkdir there; ln -s there/new one; ln -s one two; \(command) -q -o plain; \(command) -q -o two")
    try scratch.succeed("test -L one -a -L two -a ! -L there/new; cmp plain there/new")
    #expect(try !scratch.names().contains { $0.hasSuffix(".partial") || $0.contains(".rote") })
    // Round in a circle, or to where no folder is.
    try scratch.succeed("ln -s b a; ln -s a b; ln -s nowhere/new lost")
    try refuse("\(command) -q -o a", in: scratch, saying: "a: cannot write: Too many levels", status: 74)
    try refuse("\(command) -q -o lost", in: scratch, saying: "lost: cannot write: No such file", status: 74)
  }

  @Test(arguments: [
    ("fetch-data sprites --train 0:30 --test 0:10", "new.h5"), ("report show runs.h5", "new.md"),
    ("score memorisation students.h5 -", "new.h5"), ("align sprites.h5 -", "new.h5"),
    ("train - \(Fixtures.quick) --runs 0:1", "new.h5"),
  ])
  func `What comes while a command works is not replaced`(command: String, output: String) throws {
    let scratch = try scratch()
    // The command has taken its first look when its temporary file or its folder is there; then it waits for its input, or is
    // stopped.
    let input = command.contains("train") ? "sprites.h5" : "runs.h5"
    let feed = command.contains(" -") && !command.contains("--train") ? "{ sleep 0.3; cat \(input); } |" : ""
    let outcome = try scratch.shell(
      """
      \(feed) { \(command) -q -o \(output) & p=$!
      for i in $(seq 500); do ls -d .\(output).* \(output).partial > /dev/null 2>&1 && break; sleep 0.002; done
      kill -STOP $p; [ -e \(output) ] && exit 9; cp notes.txt \(output); kill -CONT $p; wait $p; }
      """)
    guard outcome.status != 9, !outcome.errors.isEmpty else { return }
    #expect([64, 74].contains(outcome.status), "\(outcome.errors)")
    #expect(outcome.errors.contains("\(output): "))
    #expect(scratch.areEqual("notes.txt", output))
  }
}
