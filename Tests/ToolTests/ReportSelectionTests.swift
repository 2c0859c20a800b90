import Artefacts
import Testing
import ToolKit

/// `report --list`, `--table`, `--figure` and their formats, as a shell drives them.
@Suite struct ReportSelectionTests {
  private static let files = ["sprites.h5", "runs.h5", "students.h5", "scores.h5", "alignment.h5"]
  private static let all = files.joined(separator: " ")

  /// By kind, the names of the catalogue.
  private func catalogue(_ scratch: Scratch) throws -> [(kind: String, name: String)] {
    try scratch.succeed("report --list").text.split(separator: "\n").map { line in
      let fields = line.split(separator: "\t")
      #expect(fields.count == 4, "\(line)")
      return (String(fields[0]), String(fields[1]))
    }
  }

  private func json(_ arguments: String, _ scratch: Scratch) throws -> JSON {
    try JSON(parsing: try scratch.succeed("report -q --format json \(arguments)").text, subject: arguments)
  }

  @Test func `All that a page shows is in the list, and is had alone, the same`() throws {
    let scratch = try Scratch(with: Self.files)
    let page = try json(Self.all, scratch)
    let listed = try catalogue(scratch)
    let tables = try #require(page["tables"]?.array)
    let figures = try #require(page["figures"]?.array)
    #expect(tables.count > 5 && figures.count > 5)
    for (kind, items) in [("table", tables), ("figure", figures)] {
      for item in items {
        let name = try #require(item["name"]?.string)
        let plain = name.split(separator: "-").last.map { $0.allSatisfy(\.isNumber) } == true
        let family = plain ? name.split(separator: "-").dropLast().joined(separator: "-") + "-N" : name
        #expect(listed.contains { ($0.kind == "table") == (kind == "table") && $0.name == family }, "\(name)")
        #expect(try json("--\(kind) \(name) \(Self.all)", scratch) == item, "\(name)")
      }
    }
  }

  @Test func `What needs no file is had without one`() throws {
    let scratch = try Scratch(with: [])
    #expect(try json("--figure two-vectors", scratch)["kind"]?.string == "panels")
    #expect(try scratch.succeed("report --figure two-vectors").text.hasPrefix("<svg "))
  }

  @Test func `What the files lack is said with what would make it`() throws {
    let scratch = try Scratch(with: ["scores.h5"])
    let page = try json("scores.h5", scratch).canonical
    for (kind, listed) in try catalogue(scratch) {
      let name = listed.hasSuffix("-N") ? listed.dropLast() + "1" : listed[...]
      let outcome = try scratch.shell("report -q scores.h5 --\(kind == "table" ? "table" : "figure") \(name) -o out")
      guard outcome.status != 0 else {
        #expect(name == "two-vectors" || page.contains("\"\(name)\""), "\(name) is not on the page")
        try scratch.succeed("rm out")
        continue
      }
      #expect(outcome.status == 65 && outcome.lines.count == 1, "\(outcome.errors)")
      #expect(outcome.lines[0].contains("the files have no '\(name)'; it needs "))
      #expect(try !scratch.names().contains("out"))
    }
  }

  @Test func `Each format is of its kind`() throws {
    let scratch = try Scratch(with: Self.files)
    func text(_ options: String) throws -> String { try scratch.succeed("report -q \(options) \(Self.all)").text }
    #expect(try text("--table accuracy --format csv").hasPrefix("cell,parameters,runs,"))
    #expect(try text("--table accuracy --format tsv").hasPrefix("cell\tparameters\truns\t"))
    #expect(try text("--table accuracy").hasPrefix("## Accuracy over runs\n"))
    #expect(try text("--table accuracy --format latex").contains("\\label{tab:accuracy}"))
    #expect(try text("--format latex").components(separatedBy: "\\begin{table}") > 5)
    #expect(try text("--figure score-histograms").hasPrefix("<svg "))
    #expect(try text("--figure most-memorised --format svg").contains("data:image/png;base64,"))
    #expect(try text("--figure score-histograms --format vega-lite").contains("vega-lite/v5.json"))
    let page = try text("--figure score-histograms --format html")
    #expect(page.contains("id=\"score-histograms\"") && !page.contains("<table"))
  }

  @Test(arguments: [
    ("--format csv", 64, "choose one with --table: accuracy, "),
    ("--format svg", 64, "choose one with --figure: "),
    ("--table accuracy --format svg", 64, "a table has no format svg"),
    ("--figure score-histograms --format csv", 64, "a figure is written as svg, json, vega-lite, html"),
    ("--table accuracy --figure score-histograms", 64, "exclude each other"),
    ("--table score-histograms", 64, "there is no table 'score-histograms'"),
    ("--figure accuracy", 64, "there is no figure 'accuracy'"),
    ("--figure memorisation-by-size-x", 64, "there is no figure"),
    ("--figure memorisation-by-size-", 64, "there is no figure"),
    ("--figure two-vectors nothing.h5", 74, "nothing.h5: cannot read"),
    ("--figure memorisation-by-size-9", 65, "the files have no 'memorisation-by-size-9'"),
  ])
  func `What cannot be is said in a line`(options: String, status: Int32, words: String) throws {
    let scratch = try Scratch(with: Self.files)
    let outcome = try scratch.shell("report -q \(options) \(Self.all) -o out")
    #expect(outcome.status == status && outcome.lines.count == 1, "\(outcome.errors)")
    #expect(outcome.lines.first?.contains(words) == true, "\(outcome.errors)")
    #expect(try !scratch.names().contains("out"))
  }
}

extension String {
  fileprivate func components(separatedBy part: String) -> Int {
    split(separator: part, omittingEmptySubsequences: false).count - 1
  }
}
