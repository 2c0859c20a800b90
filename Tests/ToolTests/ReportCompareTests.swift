import Artefacts
import Testing
import ToolKit

/// `report --compare`: two studies side by side.
@Suite struct ReportCompareTests {
  private func page(_ arguments: String, _ scratch: Scratch) throws -> JSON {
    try JSON(parsing: try scratch.succeed("report -q --format json --compare \(arguments)").text, subject: arguments)
  }

  private func rows(_ table: String, _ page: JSON) throws -> [JSON] {
    try #require(page["tables"]?.array?.first { $0["name"]?.string == table }?["rows"]?.array)
  }

  /// Runs and scores of the fixtures as study `a`, and as `b` the same with a lower learning rate.
  private func studies() throws -> Scratch {
    let scratch = try Scratch(with: [
      "sprites.h5", "runs.h5", "students.h5", "scores.h5", "alignment.h5", "other-runs.h5",
    ])
    try scratch.succeed(
      """
      mkdir -p a/runs b
      cp runs.h5 students.h5 a/runs/; cp scores.h5 alignment.h5 a/
      train sprites.h5 \(Fixtures.quick) --learning-rate 0.005 --runs 0:10 -q -o b/runs.h5
      score memorisation b/runs.h5 -q -o b/scores.h5
      align sprites.h5 b/runs.h5 -q -o b/alignment.h5
      """)
    return scratch
  }

  @Test func `A study beside itself has not changed`() throws {
    let scratch = try studies()
    let page = try page("a a/", scratch)
    let rows = try rows("comparison", page)
    #expect(rows.count >= 8)
    for row in rows {
      #expect(row["difference"]?.double == 0 && row["beyond"]?.string == "no", "\(row.canonical)")
      #expect(row["first"] == row["second"])
    }
    for row in try self.rows("comparison-examples", page) {
      #expect(row["mean_size"]?.double == 0 && row["beyond"]?.double == 0)
      // Students may have no spread at all.
      if let correlation = row["pearson"]?.double { #expect(correlation > 1 - 1e-12) }
    }
    #expect(page["lead"]?.string?.contains(" 0 are beyond the noise") == true)
  }

  @Test func `What differs is named, paired by run, and what has no counterpart is said`() throws {
    let scratch = try studies()
    let page = try page("a b", scratch)
    #expect(page["title"]?.string == "a and b")
    let settings = try rows("comparison-settings", page)
    #expect(settings.count == 1 && settings[0]["setting"]?.string == "recipe.learning_rate")
    #expect(settings[0]["first"]?.string == "0.02" && settings[0]["second"]?.string == "0.005")
    let means = try rows("comparison", page)
    #expect(means.contains { $0["quantity"]?.string == "alignment, logits" && $0["paired_runs"]?.int == 10 })
    for row in means {
      let (lower, upper) = (
        try #require(row["difference_lower"]?.double), try #require(row["difference_upper"]?.double)
      )
      #expect((lower > 0 || upper < 0) == (row["beyond"]?.string == "yes"))
      if row["quantity"]?.string != "memorisation" { #expect(row["paired_runs"]?.int == 10) }
    }
    let markdown = try scratch.succeed("report --compare a b -q").text
    #expect(
      markdown.contains("Only in a: mlp width=16 \\< mlp width=16")
        || markdown.contains("Only in a: mlp width=16 &lt; mlp width=16"))
    // A folder is all that is in it.
    try scratch.succeed(
      "mkdir c; cp b/*.h5 c/; touch c/.hidden.h5; report --compare a b -q --format tsv > one.tsv; report --compare a c -q --format tsv > two.tsv"
    )
    #expect(scratch.areEqual("one.tsv", "two.tsv"))
    // All figures are drawn, and are those of the list.
    let listed = try scratch.succeed("report --list").text
    for figure in try #require(page["figures"]?.array) {
      let name = try #require(figure["name"]?.string)
      #expect(try scratch.succeed("report --compare a b -q --figure \(name)").text.hasPrefix("<svg "))
      #expect(listed.contains("\t\(name)\t") || listed.contains("comparison-density-N"))
    }
  }

  @Test func `Scores alone are compared by Welch's interval, and other data sets without single examples`() throws {
    let scratch = try studies()
    let alone = try page("a/scores.h5 b/scores.h5", scratch)
    #expect(try rows("comparison", alone).allSatisfy { $0["paired_runs"] == .null || $0["paired_runs"] == nil })
    #expect(alone["title"]?.string == "a/scores.h5 and b/scores.h5")
    let other = try page("runs.h5 other-runs.h5", scratch)
    #expect(other["lead"]?.string?.contains("on two data sets") == true)
    #expect(other["tables"]?.array?.contains { $0["name"]?.string == "comparison-examples" } == false)
    #expect(try rows("comparison-settings", other).contains { $0["setting"]?.string == "data" })
  }

  @Test func `Some of the runs do not stand for all, and one run has no interval`() throws {
    let scratch = try studies()
    try scratch.succeed(
      """
      train sprites.h5 \(Fixtures.quick) --learning-rate 0.005 --runs 0:3 -q -o three.h5
      train sprites.h5 \(Fixtures.quick) --runs 0:1 -q -o one.h5
      train sprites.h5 \(Fixtures.quick) --learning-rate 0.005 --runs 0:1 -q -o other-one.h5
      mkdir part; cp b/scores.h5 three.h5 part/
      mkdir -p part/x.h5.partial; cp one.h5 part/x.h5.partial/000.h5
      """)
    for row in try rows("comparison", try page("a part", scratch)) {
      #expect(row["paired_runs"] == .null, "three pairs of ten runs: \(row.canonical)")
    }
    let bars = try JSON(
      parsing: try scratch.succeed("report --compare one.h5 other-one.h5 -q --figure comparison-bars --format json")
        .text,
      subject: "bars")
    let values = try #require(bars["series"]?.array).flatMap { $0["values"]?.array ?? [] }
    #expect(!values.isEmpty && values.allSatisfy { $0["upper"] == .null && $0["lower"] == .null })
    let rows = try rows("comparison", try page("one.h5 other-one.h5", scratch))
    #expect(rows.allSatisfy { $0["beyond"]?.string == "not known" })
  }

  @Test func `Files that tell of nothing together say so`() throws {
    let scratch = try studies()
    let text = try scratch.succeed("report --compare a/scores.h5 b/alignment.h5 -q").text
    #expect(
      text.contains("1 configuration in both studies") && text.contains("there is nothing that the files of both"))
  }

  @Test(arguments: [
    ("scores.h5", 64, "--compare takes two studies, not 1"),
    ("a b runs.h5", 64, "--compare takes two studies, not 3"),
    ("a empty", 65, "empty: has no file named .h5"),
    ("a nothing", 74, "nothing: cannot read"),
    ("a b --table accuracy", 64, "--compare has no 'accuracy'"),
    ("- -", 64, "standard input (-) can be read only once"),
  ])
  func `What cannot be compared is said in a line`(arguments: String, status: Int32, words: String) throws {
    let scratch = try studies()
    let outcome = try scratch.shell("mkdir empty; report -q --compare \(arguments) -o out")
    #expect(outcome.status == status && outcome.lines.count == 1, "\(outcome.errors)")
    #expect(outcome.errors.contains(words), "\(outcome.errors)")
    #expect(!scratch.exists("out"))
  }
}
