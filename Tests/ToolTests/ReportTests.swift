import Artefacts
import Foundation
import Testing
import ToolKit

/// Reads tables from `report --format tsv`.
private struct Tables {
  private var rows: [String: [[String: String]]] = [:]

  init(_ text: String) {
    for block in text.components(separatedBy: "\n\n") {
      let lines = block.split(separator: "\n").map {
        $0.split(separator: "\t", omittingEmptySubsequences: false)
      }
      guard lines.count > 1, let name = lines[0].first?.dropFirst(2) else { continue }
      rows[String(name)] = lines.dropFirst(2).map { cells in
        Dictionary(uniqueKeysWithValues: zip(lines[1].map(String.init), cells.map(String.init)))
      }
    }
  }

  var names: Set<String> { Set(rows.keys) }

  subscript(_ name: String) -> [[String: String]] { rows[name] ?? [] }

  func number(_ table: String, _ row: Int, _ column: String) throws -> Double {
    let cells = try #require(rows[table])
    let text = try #require(cells[row][column])
    return try #require(Double(text))
  }
}

/// `report`: tables and the page.
@Suite struct ReportTests {
  private static let all = ["sprites.h5", "runs.h5", "students.h5", "scores.h5", "alignment.h5"]

  private func report(_ arguments: String, _ scratch: Scratch) throws -> Tables {
    Tables(try scratch.succeed("report --format tsv -q \(arguments)").text)
  }

  @Test func `Means and their intervals are those of the scores file to the last bit`() throws {
    let scratch = try Scratch(with: ["scores.h5"])
    let tables = try report("scores.h5", scratch)
    let scores = try Scores(ArtefactReader(Input(scratch.path("scores.h5"))))
    #expect(Set(tables["memorisation"].compactMap { $0["cell"] }) == Set(scores.cells))
    for (row, cells) in tables["memorisation"].enumerated() {
      let cell = try #require(scores.cells.firstIndex { $0 == cells["cell"] })
      for name in ["memorisation", "in_accuracy", "out_accuracy"] {
        for suffix in ["", "_lower", "_upper"] {
          let expected = try #require(try scores.summary(name + suffix))
          #expect(try tables.number("memorisation", row, name + suffix) == Double(expected[cell]))
        }
      }
    }
    for (row, cells) in tables["accuracy"].enumerated() {
      let cell = try #require(scores.cells.firstIndex { $0 == cells["cell"] })
      let expected = try #require(try scores.summary("test_accuracy_sd"))
      #expect(try tables.number("accuracy", row, "test_accuracy_sd") == Double(expected[cell]))
      #expect(try tables.number("accuracy", row, "runs") == 10)
    }
  }

  @Test func `Runs alone give the accuracies that their scores give`() throws {
    let scratch = try Scratch(with: ["runs.h5", "scores.h5"])
    let (fromRuns, fromScores) = (try report("runs.h5", scratch), try report("scores.h5", scratch))
    let cell = fromRuns["accuracy"][0]["cell"]
    let row = try #require(fromScores["accuracy"].firstIndex { $0["cell"] == cell })
    for name in ["in_accuracy", "out_accuracy", "test_accuracy"] {
      for suffix in ["", "_lower", "_upper", "_sd"] {
        let a = try fromRuns.number("accuracy", 0, name + suffix)
        let b = try fromScores.number("accuracy", row, name + suffix)
        // Scores files hold them in single precision.
        #expect(abs(a - b) < 1e-6)
      }
    }
    #expect(fromRuns.names == ["accuracy"])
  }

  @Test func `Students are set against each arm on labels, and their teachers' out-accuracy stands beside`() throws {
    let scratch = try Scratch(with: ["sprites.h5", "runs.h5", "students.h5"])
    try scratch.succeed(
      """
      train sprites.h5 \(Fixtures.quick) --runs 0:10 --label-smoothing 0.1 -o smooth.h5
      train sprites.h5 \(Fixtures.quick) --runs 0:10 --stop-at-accuracy 0.05 -o stopped.h5
      train sprites.h5 \(Fixtures.quick) --runs 0:10 --learning-rate 0.01 -o other.h5
      distill sprites.h5 runs.h5 \(Fixtures.quick) --runs 0:10 --shared-teacher 3 -o shared.h5
      score memorisation runs.h5 smooth.h5 stopped.h5 other.h5 students.h5 shared.h5 -o scores.h5
      report --format html -q sprites.h5 scores.h5 runs.h5 smooth.h5 stopped.h5 students.h5 shared.h5 -o report.html
      """)
    let tables = try report("scores.h5 runs.h5 smooth.h5 stopped.h5 students.h5 shared.h5", scratch)
    // Two kinds of students, three arms of labels, four quantities.
    #expect(tables["distillation"].count == 24)
    let labels = Set(tables["distillation"].map { $0["cell"] })
    #expect(labels.count == 3 && labels.allSatisfy { $0?.contains("learning_rate=0.01") == false })
    let (own, shared) = (
      tables["distillation"].indices.filter { tables["distillation"][$0]["teacher"] == "mlp width=16" },
      tables["distillation"].indices.filter { tables["distillation"][$0]["teacher"] == "mlp width=16, run 3 for all" }
    )
    #expect(own.count == 12 && shared.count == 12)
    // A teacher of one's own is as good outside of the subset as it is out of sample.
    let out = try #require(
      tables["accuracy"].indices.first {
        tables["accuracy"][$0]["cell"]?.contains("<") == false
          && tables["accuracy"][$0]["cell"]?.contains("label_smoothing=none") == true
          && tables["accuracy"][$0]["cell"]?.contains("stop_at_accuracy=none") == true
          && tables["accuracy"][$0]["cell"]?.contains("learning_rate=0.02") == true
      })
    let expected = try tables.number("accuracy", out, "out_accuracy")
    #expect(abs(try tables.number("distillation", own[0], "teacher_out_accuracy") - expected) < 1e-6)
    #expect(try tables.number("distillation", shared[0], "teacher_out_accuracy") >= expected)
  }

  @Test func `Students are set against the same network trained on labels and runs pair them`() throws {
    let scratch = try Scratch(with: ["scores.h5", "runs.h5", "students.h5"])
    let plain = try report("scores.h5", scratch)
    let paired = try report("students.h5 scores.h5 runs.h5", scratch)
    #expect(plain["distillation"].count == 4)
    for row in 0..<4 {
      #expect(plain["distillation"][row]["paired_difference"] == "NA")
      #expect(paired["distillation"][row]["paired_runs"] == "10")
      let difference = try paired.number("distillation", row, "difference")
      let overRuns = try paired.number("distillation", row, "paired_difference")
      // Accuracies are means over runs in both, in single precision in the scores file. Memorisation is a mean over
      // examples there, which is another weighting where the runs' subsets differ in size.
      let tolerance = paired["distillation"][row]["quantity"] == "Memorisation" ? 0.01 : 1e-6
      #expect(abs(overRuns - difference) < tolerance, "\(overRuns) against \(difference)")
      let lower = try paired.number("distillation", row, "paired_difference_lower")
      #expect(lower <= overRuns)
      // Half the interval takes t(9, .975) = 2.26216 standard errors, and four studies of five t(9, .8) = .88340 more.
      let detectable = try paired.number("distillation", row, "detectable")
      #expect(abs(detectable - (overRuns - lower) * (2.26216 + 0.88340) / 2.26216) < 1e-4)
    }
  }

  @Test func `Alignment is the mean over runs`() throws {
    let scratch = try Scratch(with: ["alignment.h5"])
    let tables = try report("alignment.h5", scratch)
    let file = try Alignment(ArtefactReader(Input(scratch.path("alignment.h5"))))
    #expect(tables["alignment"].count == file.tensors.count * file.snapshots.count)
    let stride = file.snapshots.count * file.tensors.count
    let values = file.runs.indices.map { Double(file.meanInClass[$0 * stride]) }.filter { !$0.isNaN }
    #expect(try tables.number("alignment", 0, "runs") == Double(values.count))
    let mean = values.reduce(0, +) / Double(values.count)
    #expect(abs(try tables.number("alignment", 0, "in_class") - mean) < 1e-12)
  }

  @Test func `The data set's truth gives memorisation by sub-population and of wrong labels`() throws {
    let scratch = try Scratch(with: ["sprites.h5", "scores.h5"])
    let tables = try report("sprites.h5 scores.h5", scratch)
    let groups = Set(tables["subpopulations"].compactMap { $0["group"] })
    #expect(groups.isSuperset(of: ["size 1", "size 64", "wrong label"]))
    let examples = tables["subpopulations"].compactMap { Int($0["examples"] ?? "") }.reduce(0, +)
    #expect(examples == 2 * 300)
    // Two epochs do not teach wrong labels.
    #expect(tables["wrong-labels"].allSatisfy { $0["note"] == "not interpolating" })
  }

  @Test func `The order of files changes nothing`() throws {
    let scratch = try Scratch(with: ReportTests.all)
    let files = ReportTests.all.joined(separator: " ")
    let backwards = ReportTests.all.reversed().joined(separator: " ")
    try scratch.succeed("report \(files) --format html -o a.html; report \(backwards) --format html > b.html")
    #expect(scratch.areEqual("a.html", "b.html"))
    #expect(try scratch.names().sorted() == (ReportTests.all + ["a.html", "b.html"]).sorted())
  }

  @Test func `The page is well-formed and runs and loads nothing`() throws {
    let scratch = try Scratch(with: ReportTests.all)
    let page = try scratch.succeed("report --format html \(ReportTests.all.joined(separator: " "))").text
    #expect(!page.contains("<script") && !page.contains("src=\"http") && !page.contains("url("))
    // The most and least memorised, four of each of ten classes, and those that distillation lowers and raises most.
    #expect(page.components(separatedBy: "<img").count == 2 * 24 + 40 + 2 * 12 + 1)
    #expect(page.components(separatedBy: "<svg").count > 6)
    try scratch.write("page.html", page.utf8)
    try scratch.succeed("python3 -c 'import xml.dom.minidom as m; m.parse(\"page.html\")'")
  }

  @Test func `Standard input is the default and Markdown the format`() throws {
    let scratch = try Scratch(with: ["scores.h5"])
    let outcome = try scratch.succeed(
      "cat scores.h5 | report > a.md; report tables - < scores.h5 > b.md; cat a.md")
    #expect(scratch.areEqual("a.md", "b.md"))
    #expect(outcome.text.hasPrefix("# Memorisation\n") && outcome.text.contains("\n| Network "))
  }

  @Test func `What is missing is named with the command that makes it`() throws {
    let scratch = try Scratch(with: ["runs.h5", "scores.h5"])
    let markdown = try scratch.succeed("report runs.h5").text
    #expect(markdown.contains("score memorisation RUNS") && markdown.contains("align DATA RUNS"))
    let tsv = try scratch.shell("report scores.h5 --format tsv")
    #expect(tsv.status == 0 && tsv.lines.contains { $0.contains("align DATA RUNS") })
    #expect(tsv.text.hasPrefix("# accuracy\ncell\t"))
  }

  @Test func `One run gives no score and the rest all the same`() throws {
    let scratch = try Scratch(with: ["sprites.h5"])
    try scratch.succeed(
      "train sprites.h5 \(Fixtures.quick) --runs 0:1 -o one.h5; score memorisation one.h5 -o scores.h5")
    let tables = try report("scores.h5 sprites.h5", scratch)
    #expect(tables["memorisation"][0]["memorisation"] == "nan")
    #expect(tables["scores"][0]["nan"] == "300")
    try scratch.succeed("report scores.h5 sprites.h5 one.h5 --format html -o page.html")
  }

  @Test(arguments: [
    ("scores.h5 other-runs.h5", "other-runs.h5: is of another data set than scores.h5", 65),
    ("other.h5 alignment.h5", "alignment.h5: is of another data set than other.h5", 65),
    ("scores.h5 scores.h5", "scores.h5: holds histogram of mlp width=16", 65),
    ("runs.h5 runs.h5", "runs.h5: run 0 of the same configuration is in runs.h5 too", 65),
    ("sprites.h5 sprites.h5", "sprites.h5: is a second data set file", 64),
    ("scores.h5 --format pdf", "'pdf' is invalid", 64),
    ("- -", "standard input (-) can be read only once", 64),
  ])
  func `Files that do not go together are refused by name`(
    arguments: String, message: String, status: Int32
  ) throws {
    let scratch = try Scratch(with: ReportTests.all + ["other.h5", "other-runs.h5"])
    let before = try scratch.names()
    let outcome = try scratch.shell("report \(arguments) -o report.md < scores.h5")
    #expect(outcome.status == status)
    #expect(outcome.lines.count == 1)
    #expect(outcome.errors.hasPrefix("report: ") && outcome.errors.contains(message))
    #expect(try scratch.names() == before)
  }
}
