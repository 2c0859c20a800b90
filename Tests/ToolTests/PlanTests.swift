import Testing

/// `score plan`, as a shell drives it.
@Suite struct PlanTests {
  /// The lines of a table: quantity, value, unit.
  private func table(_ options: String) throws -> [[String]] {
    let outcome = try Scratch().succeed("score plan \(options) --format tsv")
    let rows = outcome.text.split(separator: "\n").map { $0.split(separator: "\t").map(String.init) }
    #expect(rows.first == ["quantity", "value", "unit"] && rows.allSatisfy { $0.count == 3 })
    return Array(rows.dropFirst())
  }

  private func value(_ quantity: String, _ options: String) throws -> Double? {
    try table(options).first { $0[0] == quantity }.flatMap { Double($0[1]) }
  }

  @Test func `the plan and train's forecast have the same standard errors`() throws {
    let scratch = try Scratch(with: ["sprites.h5"])
    let forecast = try scratch.succeed("train sprites.h5 \(Fixtures.quick) --runs 0:20 --dry-run").text
    for spread in ["worst", "typical"] {
      let line = try #require(forecast.split(separator: "\n").first { $0.hasPrefix("standard error, \(spread)") })
      let planned = try #require(try table("--runs 20").first { $0[0] == "standard error, \(spread)" })
      #expect(line.split(separator: " ").contains(Substring(planned[1])))
    }
  }

  @Test func `each question has its answer`() throws {
    #expect(try value("standard error, worst", "--runs 400") == 0.055)
    #expect(try value("runs for a standard error of 0.05, worst", "--standard-error 0.05") == 477)
    // 2 ((1.96 + .84) / .2)² (1/4) / .21 = 467.2
    #expect(try value("runs to find a difference of 0.2 in an example's score, worst", "--detect 0.2") == 468)
    #expect(try value("runs to find a mean of 0.01, s.d. 0.02", "--detect 0.01 --run-sd 0.02") == 34)
    let runs = try #require(
      try value("runs for 90 % of constant examples called so at 0.2, 5 sizes, worst", "--alpha 0.2 --sizes 5"))
    let share = try #require(
      try value("called constant at 0.2, worst", "--runs \(Int(runs)) --alpha 0.2 --sizes 5"))
    #expect(share >= 0.9 && share < 0.93)
    #expect(try table("").count == 16)
  }

  @Test func `text and tsv say the same, and a second time the same again`() throws {
    let scratch = try Scratch()
    let text = try scratch.succeed("score plan --runs 50 --run-sd 0.1").text
    #expect(try scratch.succeed("score plan --runs 50 --run-sd 0.1").text == text)
    let lines = text.split(separator: "\n")
    let rows = try table("--runs 50 --run-sd 0.1")
    #expect(lines.count == rows.count)
    for (line, row) in zip(lines, rows) {
      #expect(line.hasPrefix(row[0]) && line.hasSuffix("\(row[1])  \(row[2])"))
    }
  }

  @Test(arguments: [
    "--ratio 0", "--ratio 1", "--ratio nan", "--runs 1", "--runs 10 --detect 0.1", "--standard-error 0", "--detect -1",
    "--detect nan", "--alpha 0", "--alpha 0.1 --detect 0.1", "--sizes 1", "--draws 0", "--run-sd 0.1", "--format csv",
    "file",
  ])
  func `impossible questions are wrong usage`(options: String) throws {
    let outcome = try Scratch().shell("score plan \(options)")
    #expect(outcome.status == 64 && outcome.lines.count == 1 && outcome.output.isEmpty, "\(outcome.errors)")
  }

  @Test func `questions that no number of runs answers have infinite answers`() throws {
    let rows = try table("--alpha 0.0001 --draws 100")
    #expect(rows.allSatisfy { $0[1] == "inf" })
    #expect(try table("--runs 2 --ratio 0.0001 --alpha 0.1").last?[1] == "none")
  }
}
