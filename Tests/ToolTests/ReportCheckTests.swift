import Foundation
import Testing

/// `report check`: whole files that belong together, and others.
@Suite struct ReportCheckTests {
  private static let all = ["sprites.h5", "runs.h5", "students.h5", "scores.h5", "alignment.h5"]

  /// The lines of `-v`.
  private func columns(_ outcome: Outcome) -> [[String]] {
    outcome.text.split(separator: "\n").map { $0.components(separatedBy: "\t") }
  }

  /// Changes a byte in the middle: in images or weights, which are most of a file.
  private func damage(_ name: String, _ scratch: Scratch) throws {
    var bytes = try scratch.bytes(name)
    bytes[bytes.count / 2] ^= 1
    try scratch.write(name, bytes)
  }

  @Test func `Whole files that belong together are passed in silence, however they are named`() throws {
    let scratch = try Scratch(with: Self.all)
    let names = Self.all.joined(separator: " ")
    for script in [
      "report check \(names)", "report check scores.h5", "cat runs.h5 | report check",
      "report check scores.h5 - < runs.h5", "printf '%s\\0' \(names) | report check --files0-from -",
      "report check alignment.h5 --files0-from <(printf 'sprites.h5\\0runs.h5\\0')",
    ] {
      #expect(try scratch.succeed(script).output.isEmpty, "\(script)")
    }
  }

  @Test func `Each file is a line of what it holds`() throws {
    let scratch = try Scratch(with: Self.all)
    try scratch.succeed("score lira runs.h5 -o lira.h5; score influence runs.h5 -o pairs.h5 2> /dev/null")
    let lines = columns(try scratch.succeed("report check -v lira.h5 pairs.h5 \(Self.all.joined(separator: " "))"))
    let kept = "with logits, checkpoints"
    #expect(
      lines.map { Array($0.prefix(3)) } == [
        ["lira.h5", "scores", "scores of mlp width=16: lira"],
        ["pairs.h5", "scores", "scores of mlp width=16: influence"],
        ["sprites.h5", "data", "sprites: 300 training and 100 test images of 10 classes"],
        ["runs.h5", "runs", "runs 0:10 of mlp width=16, \(kept)"],
        ["students.h5", "runs", "runs 0:10 of mlp width=16 < mlp width=16, \(kept)"],
        ["scores.h5", "scores", "scores of 2 cells: histogram, memorisation"],
        ["alignment.h5", "alignment", "alignment of runs 0:10 of mlp width=16"],
      ])
    let content = try scratch.succeed("report show runs.h5 --format tsv").text
    #expect(content.contains("Content\t\(lines[3][3])") && lines[3][3].count == 8)
  }

  @Test func `Every file is checked, whatever is wrong with those before`() throws {
    let scratch = try Scratch(with: Self.all)
    for name in ["runs.h5", "sprites.h5"] { try damage(name, scratch) }
    try scratch.write("cut.h5", try scratch.bytes("scores.h5").dropLast())
    try scratch.write("text.h5", "Once upon a time.".utf8)
    let before = try scratch.names()
    let outcome = try scratch.shell("report check -v cut.h5 none.h5 runs.h5 text.h5 sprites.h5 alignment.h5")
    #expect(outcome.status == 65)
    for name in ["cut.h5: is cut short", "none.h5: cannot read", "runs.h5: ", "text.h5: is no HDF5", "sprites.h5: /t"] {
      #expect(outcome.lines.filter { $0.hasPrefix("report: \(name)") }.count == 1, "\(name): \(outcome.errors)")
    }
    #expect(outcome.lines.count == 5)
    #expect(columns(outcome).map { $0[2] == "not whole" } == [true, true, false])
    #expect(try scratch.names() == before)
  }

  @Test(arguments: [
    ("runs.h5 other.h5", "runs.h5: is of another data set than other.h5", 65),
    ("scores.h5 other-runs.h5", "other-runs.h5: is of another data set than scores.h5", 65),
    ("other.h5 alignment.h5 other-runs.h5", "alignment.h5: is of another data set than other.h5", 65),
    ("sprites.h5 other.h5", "other.h5: is of another data set than sprites.h5", 65),
    ("runs.h5 copy.h5", "copy.h5: run 0 of the same configuration is in runs.h5 too", 65),
    ("later.h5 alignment.h5", "alignment.h5: was made from runs of mlp width=16 that are not those named", 65),
    ("later.h5 students.h5 scores.h5", "scores.h5: was made from runs of ", 65),
    ("none.h5 runs.h5", "none.h5: cannot read", 74),
    ("folder", "folder: is a folder", 74),
    ("- -", "standard input (-) can be read only once", 64),
    ("--files0-from empty", "empty: holds no names", 64),
  ])
  func `Files that do not belong together are refused by name`(
    arguments: String, message: String, status: Int32
  ) throws {
    let scratch = try Scratch(with: Self.all + ["other.h5", "other-runs.h5"])
    try scratch.succeed(
      """
      cp runs.h5 copy.h5; mkdir folder; : > empty
      train sprites.h5 \(Fixtures.quick) --runs 10:12 -q -o later.h5
      """)
    let outcome = try scratch.shell("report check \(arguments)")
    #expect(outcome.status == status, "\(outcome.errors)")
    #expect(outcome.lines.count == 1 && outcome.errors.contains(message), "\(outcome.errors)")
    #expect(outcome.output.isEmpty)
  }

  @Test func `Runs that were added after scores were made do no harm, and missing ones are found`() throws {
    let scratch = try Scratch(with: ["sprites.h5"])
    try scratch.succeed(
      """
      train sprites.h5 \(Fixtures.quick) --runs 0:3 -q -o a.h5
      train sprites.h5 \(Fixtures.quick) --runs 3:6 -q -o b.h5
      train sprites.h5 \(Fixtures.quick) --runs 6:8 -q -o c.h5
      score memorisation b.h5 a.h5 -o first.h5
      score memorisation c.h5 b.h5 -o last.h5
      align sprites.h5 a.h5 c.h5 -q -o ends.h5
      """)
    try scratch.succeed("report check a.h5 c.h5 first.h5 b.h5 last.h5 ends.h5 sprites.h5")
    let text = try scratch.succeed("report check -v first.h5 ends.h5").text
    #expect(text.components(separatedBy: "; made from runs of mlp width=16, of which no whole file").count == 3)
    for (named, file) in [("a.h5", "first.h5"), ("a.h5 b.h5", "last.h5"), ("a.h5 b.h5", "ends.h5")] {
      let outcome = try scratch.shell("report check \(named) \(file)")
      #expect(outcome.status == 65 && outcome.lines.count == 1)
      #expect(outcome.errors.hasPrefix("report: \(file): was made from runs of mlp width=16"), "\(outcome.errors)")
    }
  }
}
