import Artefacts
import Testing
import ToolKit

/// `report` on scores files that hold other measures than memorisation.
@Suite struct ReportMeasuresTests {
  /// Scores of `runs.h5` alone, one measure a file.
  private func scratch() throws -> Scratch {
    let scratch = try Scratch(with: ["sprites.h5", "runs.h5", "students.h5", "scores.h5"])
    try scratch.succeed(
      """
      score lira runs.h5 -o lira.h5
      score out-of-sample runs.h5 -o out-of-sample.h5
      score c-score runs.h5 -o c-score.h5 2> /dev/null
      score proxies runs.h5 -o proxies.h5 2> /dev/null
      score influence runs.h5 -o influence.h5 2> /dev/null
      """)
    return scratch
  }

  /// Those that have no section of their own, and all.
  private static let silent = "lira.h5 out-of-sample.h5 c-score.h5"
  private static let others = silent + " proxies.h5 influence.h5"

  @Test func `Other measures beside memorisation change nothing of what is said of it`() throws {
    let scratch = try scratch()
    try scratch.succeed(
      """
      report sprites.h5 scores.h5 > alone.md
      report \(Self.silent) scores.h5 sprites.h5 > beside.md
      report sprites.h5 scores.h5 --format html > alone.html
      report scores.h5 \(Self.silent) sprites.h5 --format html > beside.html
      """)
    #expect(scratch.areEqual("alone.md", "beside.md"))
    #expect(scratch.areEqual("alone.html", "beside.html"))
  }

  @Test(arguments: others.split(separator: " ").map(String.init))
  func `A file of another measure alone is taken, and memorisation named as missing`(name: String) throws {
    let scratch = try scratch()
    for format in ["markdown", "html"] {
      let text = try scratch.succeed("report \(name) --format \(format)").text
      #expect(text.contains("Memorisation: the scores files hold other measures only; make one with score "))
    }
    #expect(try scratch.shell("report \(name) --format tsv").status == 0)
    // What runs say of accuracy is no less for it.
    try scratch.succeed(
      "report runs.h5 -q --table accuracy > runs.md; report runs.h5 \(name) -q --table accuracy > both.md")
    #expect(scratch.areEqual("runs.md", "both.md"))
  }

  @Test(arguments: [
    ("lira.h5 copy.h5", "copy.h5: holds lira of mlp width=16, as lira.h5 does"),
    ("lira.h5 both.h5", "both.h5: holds lira of mlp width=16, as lira.h5 does"),
    ("influence.h5 scores.h5 influence.h5", "influence.h5: holds influence of mlp width=16, as influence.h5 does"),
  ])
  func `One measure of one configuration in two files is refused by name`(arguments: String, message: String) throws {
    let scratch = try scratch()
    try scratch.succeed("cp lira.h5 copy.h5; score lira students.h5 runs.h5 -o both.h5")
    let outcome = try scratch.shell("report \(arguments) -o report.md")
    #expect(outcome.status == 65 && outcome.lines.count == 1)
    #expect(outcome.errors.contains(message), "\(outcome.errors)")
    #expect(!scratch.exists("report.md"))
    // Of another configuration it is taken.
    try scratch.succeed("score lira students.h5 -o students-lira.h5; report lira.h5 students-lira.h5 > both.md")
  }

  @Test func `Memorisation without its intervals is refused`() throws {
    let scratch = try scratch()
    let runs = try RunsSet([Input(scratch.path("runs.h5"))])
    let writer = try ScoresFile.Writer(
      Output(scratch.path("part.h5")), runs: runs, cells: [runs.cellRecord(runs.members[0], label: "mlp", runs: 10)])
    try writer.write(
      .init(group: "memorisation", floats: [("score", "made up", [Float](repeating: 0.5, count: 300))], counts: []))
    try writer.finish(options: [:], inputs: [])
    let outcome = try scratch.shell("report part.h5")
    #expect(outcome.status == 65 && outcome.lines.count == 1)
    #expect(outcome.errors.contains("part.h5: lacks the variable /memorisation/lower"), "\(outcome.errors)")
  }

  @Test func `Trajectories and agreement have tables, and images with a data set`() throws {
    let scratch = try Scratch(with: ["sprites.h5", "runs.h5"])
    try scratch.succeed(
      """
      train sprites.h5 --architecture 'mlp width=24' --recipe quick --epochs 2 --runs 0:10 -q -o larger.h5
      train sprites.h5 --architecture 'mlp width=12' --recipe quick --epochs 2 --runs 0:10 -q -o smaller.h5
      score trajectories larger.h5 smaller.h5 -q -o trajectories.h5
      score proxies sprites.h5 larger.h5 smaller.h5 --measures c_score,random -q -o proxies.h5 2> /dev/null
      score agreement sprites.h5 larger.h5 smaller.h5 proxies.h5 -q -o agreement.h5 2> /dev/null
      report trajectories.h5 agreement.h5 --format tsv -q > alone.tsv
      report trajectories.h5 sprites.h5 --format json -q > page.json
      """)
    let text = String(decoding: try scratch.bytes("alone.tsv"), as: UTF8.self)
    #expect(text.contains("# trajectories\n") && text.contains("# proxies\n") && text.contains("# proxy-changes\n"))
    let page = try JSON(parsing: String(decoding: try scratch.bytes("page.json"), as: UTF8.self), subject: "page")
    let figures = try #require(page["figures"]?.array).compactMap { $0["name"]?.string }
    #expect(figures.contains("trajectories-bars") && figures.contains { $0.hasPrefix("trajectory-") })
    for table in ["proxy-categories", "detection"] { #expect(text.contains("# \(table)\n")) }
    // With the sizes' own scores the examples that change, and with influence its pairs.
    try scratch.succeed(
      """
      score memorisation larger.h5 smaller.h5 -q -o scores.h5
      score influence larger.h5 smaller.h5 -q -o influence.h5 2> /dev/null
      report trajectories.h5 scores.h5 influence.h5 proxies.h5 sprites.h5 --format json -q > page.json
      """)
    let whole = try JSON(parsing: String(decoding: try scratch.bytes("page.json"), as: UTF8.self), subject: "page")
    let names = try #require(whole["figures"]?.array).compactMap { $0["name"]?.string }
    for name in ["most-changing", "least-changing", "influence-pairs", "proxy-means-by-size-1"] {
      #expect(names.contains(name), "\(name)")
    }
    let tables = try #require(whole["tables"]?.array).compactMap { $0["name"]?.string }
    #expect(tables.contains("influence") && tables.contains("proxy-means"))
    let rows = try #require(page["tables"]?.array?.first { $0["name"]?.string == "trajectories" }?["rows"]?.array)
    let counts = rows.compactMap { $0["examples"]?.int }
    // Six categories at each of four thresholds hold all examples that have scores at every size.
    #expect(rows.count == 24)
    #expect(Set((0..<4).map { counts[6 * $0..<6 * $0 + 6].reduce(0, +) }).count == 1 && counts.reduce(0, +) > 0)
    let outcome = try scratch.shell("cp trajectories.h5 again.h5; report trajectories.h5 again.h5 -o out.md")
    #expect(outcome.status != 0 && outcome.lines.count == 1 && !scratch.exists("out.md"), "\(outcome.errors)")
  }

  @Test func `Several teachers make a map of memorisation by student and teacher`() throws {
    let scratch = try Scratch(with: ["sprites.h5", "runs.h5", "students.h5"])
    try scratch.succeed(
      """
      train sprites.h5 --architecture 'mlp width=24' --epochs 2 --batch-size 20 --runs 0:10 -q -o larger.h5
      distill sprites.h5 larger.h5 \(Fixtures.quick) --runs 0:10 -q -o taught.h5
      score memorisation runs.h5 students.h5 taught.h5 larger.h5 -q -o scores.h5
      report scores.h5 --figure distillation-by-size --format json -q > map.json
      """)
    let map = try JSON(parsing: String(decoding: try scratch.bytes("map.json"), as: UTF8.self), subject: "map")
    #expect(map["rows"]?.array?.compactMap(\.string) == ["mlp width=16"])
    #expect(map["columns"]?.array?.compactMap(\.string) == ["labels", "mlp width=16", "mlp width=24"])
    let scores = try Scores(ArtefactReader(Input(scratch.path("scores.h5"))))
    let means = try #require(try scores.summary("memorisation"))
    for (label, value) in zip(
      ["mlp width=16", "mlp width=16 < mlp width=16", "mlp width=16 < mlp width=24"], try #require(map["values"]?.array)
    ) {
      let cell = try #require(scores.cells.firstIndex(of: label))
      #expect(value.double == Double(means[cell]))
    }
    // One teacher alone is no map.
    try scratch.succeed("score memorisation runs.h5 students.h5 -q -o one.h5")
    #expect(try scratch.shell("report one.h5 --figure distillation-by-size").status == 65)
  }
}
