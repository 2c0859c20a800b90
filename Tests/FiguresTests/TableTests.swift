import Figures
import Testing

@Suite struct TableTests {
  let scores = Table(
    name: "scores", title: "Scores", caption: "How to read them.",
    columns: [
      .init("class", heading: "Class", .text), .init("n", .integer),
      .init("train", heading: "Train", unit: "%", .number(digits: 1)),
      .init("score", heading: "Score", .interval(digits: 2)),
    ],
    rows: [
      [.text("a|b"), .integer(1_727_962), .number(99.95), .interval(-0.25, lower: -0.5, upper: 0)],
      [.text("<i>"), .integer(-7), .number(.nan), .missing],
    ])

  @Test func `A Markdown table has aligned pipes, real minus signs and escaped text`() {
    #expect(
      Markdown.render(scores) == """
        ## Scores

        How to read them.

        | Class     |         n | Train (%) |               Score |
        | :-------- | --------: | --------: | ------------------: |
        | a\\|b      | 1,727,962 |     100.0 | −0.25 [−0.50, 0.00] |
        | &lt;i&gt; |        −7 |       NaN |                   – |

        """)
  }

  @Test(arguments: [
    ("a\nb\r\nc", "a b c"), ("*x* `y`", "\\*x\\* \\`y\\`"), ("[a](b)", "\\[a\\](b)"),
    ("n01_fish", "n01_fish"),
    ("_x_", "\\_x\\_"), ("a & b", "a &amp; b"), ("# h", "\\# h"), ("back\\slash", "back\\\\slash"),
  ])
  func `Markdown shows text as it is`(plain: String, escaped: String) {
    let table = Table(name: "t", title: plain, columns: [.init("x", .text)], rows: [[.text(plain)]])
    let lines = Markdown.render(table).split(separator: "\n")
    #expect(lines.first == "## \(escaped)"[...])
    #expect(lines.last?.hasPrefix("| \(escaped) ") == true)
    #expect(lines.count == 4)
  }

  @Test func `A negative number that rounds to zero has no sign`() {
    let table = Table(
      name: "t", title: "t", columns: [.init("x", .number(digits: 2))], rows: [[.number(-0.001)]])
    #expect(Markdown.render(table).contains("| 0.00 |"))
  }

  @Test func `An interval is three columns of TSV, exact and in ASCII`() {
    #expect(
      TSV.render(scores) == """
        class\tn\ttrain\tscore\tscore_lower\tscore_upper
        a|b\t1727962\t99.95\t-0.25\t-0.5\t0
        <i>\t-7\tnan\tNA\tNA\tNA

        """)
  }

  @Test func `Several tables of TSV are named and a blank line apart`() {
    let blocks = TSV.render([scores, scores]).split(separator: "\n\n")
    #expect(blocks.count == 2)
    #expect(blocks.allSatisfy { $0.hasPrefix("# scores\nclass\t") })
  }

  @Test func `Numbers and text come back from TSV as they were`() throws {
    let numbers = [
      0.1, -0.0, 1.0 / 3, 1e300, .leastNonzeroMagnitude, 123_456_789.125, -.infinity, .infinity, 1e22, 100,
    ]
    let texts = ["tab\there", "line\nend\r", "back\\slash\\n", "", "é 日本 \"q\"", "a", "b", "c", "d", "e"]
    let table = Table(
      name: "t", title: "t", columns: [.init("s", .text), .init("x", .number(digits: 1))],
      rows: zip(texts, numbers).map { [.text($0), .number($1)] })
    let lines = TSV.render(table).split(separator: "\n", omittingEmptySubsequences: false).dropLast()
      .dropFirst()
    #expect(lines.count == numbers.count)
    for (i, line) in lines.enumerated() {
      let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
      try #require(fields.count == 2)
      #expect(unescaped(fields[0]) == texts[i])
      #expect(Double(fields[1]) == numbers[i])
      #expect(fields[1].utf8.allSatisfy { $0 < 128 })
    }
  }

  @Test func `Doubtful rows are greyed on pages, and are as others elsewhere`() {
    var table = Table(name: "t", title: "T", columns: [.init("a", .text), .init("n", .integer)])
    table.append([.text("sure"), .integer(1)])
    let plain = table
    table.append([.text("unsure"), .integer(2)], isDoubtful: true)
    let html = HTML.render(table)
    #expect(html.contains("<tr class=\"doubtful\"><th scope=\"row\" class=\"lead-column\">unsure"))
    #expect(!HTML.render(plain).contains("doubtful") && table.doubtful == [1])
    #expect(!(Markdown.render(table) + TSV.render(table) + LaTeX.render([table])).contains("doubtful"))
  }

  @Test func `A long table is folded, and whole inside`() throws {
    var table = Table(name: "long", title: "Long.", columns: [.init("n", .integer)])
    for n in 0..<40 { table.append([.integer(n)]) }
    #expect(!HTML.render(table).contains("<details"))
    table.append([.integer(40)])
    let html = HTML.render(table)
    #expect(html.contains("<details><summary><strong>Long.</strong> 41 rows.</summary>"))
    #expect(try ParsedMarkup(html).all("tr").count == 42)
  }

  @Test func `HTML gives each heading a scope and each interval a cell of its own`() {
    let html = HTML.render(scores)
    #expect(html.contains("<th scope=\"col\" class=\"num wide\" colspan=\"2\">Score</th>"))
    #expect(html.contains("<th scope=\"row\" class=\"lead-column\">&lt;i&gt;</th>"))
    #expect(html.contains("<td class=\"num wide\">−0.25</td><td class=\"ci\">[−0.50, 0.00]</td>"))
    #expect(html.contains("<strong>Scores</strong> How to read them."))
  }

  private func unescaped(_ text: Substring) -> String {
    var plain = ""
    var isEscaped = false
    for scalar in text.unicodeScalars {
      if isEscaped {
        plain.unicodeScalars.append(
          scalar == "t" ? "\t" : scalar == "n" ? "\n" : scalar == "r" ? "\r" : scalar)
        isEscaped = false
      } else if scalar == "\\" {
        isEscaped = true
      } else {
        plain.unicodeScalars.append(scalar)
      }
    }
    return plain
  }
}
