import Testing
import ToolKit

@testable import Figures

/// CSV, LaTeX, JSON and Vega-Lite.
@Suite struct FormatTests {
  static let hostile = "a,\"b\"\n<script>&amp;\\input{x} 5% $x_1$ #~^ [k] ﷺ é – ½"

  let table = Table(
    name: "scores", title: "Scores.", caption: "In % of Σ⟨vᵢ,vⱼ⟩ ≥ 10⁻².",
    columns: [
      .init("class", heading: "Class", .text), .init("n", .integer),
      .init("train", heading: "Train", unit: "%", .number(digits: 1)),
      .init("score", heading: "Score", .interval(digits: 2)),
    ],
    rows: [
      [.text(hostile), .integer(1_727_962), .number(99.95), .interval(-0.25, lower: -0.5, upper: 0)],
      [.text(" [x]--*"), .integer(-7), .number(.nan), .missing],
    ])

  @Test func `CSV quotes what it must, keeps numbers exact and leaves out what is missing`() {
    #expect(
      CSV.render(table)
        == "class,n,train,score,score_lower,score_upper\n"
        + "\"" + Self.hostile.replacing("\"", with: "\"\"") + "\",1727962,99.95,-0.25,-0.5,0\n"
        + "\" [x]--*\",-7,nan,,,\n")
  }

  @Test func `LaTeX sets text as it is, cells apart and minus signs as such`() {
    let text = LaTeX.render(table)
    let lines = text.split(separator: "\n").map(String.init)
    #expect(lines.contains("  \\begin{tabular}{lrrr}") && lines.contains("    Class & n & Train (\\%) & Score \\\\"))
    #expect(
      lines.contains(
        "    a,{''}b{''} \\textless{}script\\textgreater{}\\&amp;\\textbackslash{}input\\{x\\} 5\\% \\$x\\_1\\$ \\#"
          + "\\textasciitilde{}\\textasciicircum{} {[}k] \\texttt{U+FDFA} é -- \\texttt{U+00BD}"
          + " & 1,727,962 & 100.0 & $-$0.25 {\\small {[}$-$0.50, 0.00]} \\\\"), "\(text)")
    #expect(lines.contains("     {[}x]-{-}{*} & $-$7 & NaN & -- \\\\"), "\(text)")
    #expect(text.contains("$\\Sigma$$\\langle$v$_i$,v$_j$$\\rangle$ $\\ge$ 10$^{-}$$^2$."))
    // Braces are closed in order.
    var depth = 0
    var previous: Character = " "
    for character in text {
      if previous != "\\" { depth += character == "{" ? 1 : character == "}" ? -1 : 0 }
      #expect(depth >= 0)
      previous = character
    }
    #expect(depth == 0)
  }

  @Test func `JSON has a member a field, exact, and null for what is no number`() throws {
    let json = try JSON(parsing: table.json.canonical, subject: "table")
    #expect(json["name"]?.string == "scores" && json["columns"]?.array?.count == 4)
    let rows = try #require(json["rows"]?.array)
    #expect(rows[0]["class"]?.string == Self.hostile && rows[0]["n"]?.int == 1_727_962)
    #expect(rows[0]["score_lower"]?.double == -0.5 && rows[0]["train"]?.double == 99.95)
    #expect(rows[1]["train"] == .null && rows[1]["score"] == .null && rows[1]["score_upper"] == .null)
  }

  static let charts: [Chart] = [
    Chart(
      name: "lines", title: hostile,
      .lines(
        LineChart(
          x: Axis("x", scale: .logarithmic), y: Axis("y", range: 0...1),
          series: [
            .init("a", [.init(x: 1, y: 0.5, lower: 0.25, upper: .nan), .init(x: 10, y: .nan)]), .init(hostile, []),
          ]))),
    Chart(
      name: "ordinal", title: "t",
      .lines(
        LineChart(
          x: Axis("x", scale: .ordinal(["p", "q"])), y: Axis("y"), series: [.init("a", [.init(x: 1, y: 2)])],
          intervals: .bands))),
    Chart(
      name: "bars", title: "t",
      .bars(
        BarChart(
          categories: ["p", "q", "p"], value: Axis("v"),
          series: [.init("a", [Estimate(1), Estimate(.nan), Estimate(3, lower: 2, upper: 4)])]))),
    Chart(
      name: "histograms", title: "t",
      .histograms(HistogramChart(x: Axis("x"), y: Axis("y"), edges: [0, 1, 3], series: [.init("a", [5, 0])]))),
    Chart(
      name: "density", title: "t",
      .density(
        DensityChart(
          x: Axis("x"), y: Axis("y"), unit: "n", xEdges: [0, 1, 2], yEdges: [0, 5], counts: [0, 7], hasDiagonal: true))),
  ]

  @Test func `Charts have their numbers in JSON`() throws {
    let json = try Self.charts.map { try JSON(parsing: $0.json.canonical, subject: $0.name) }
    #expect(json.map { $0["kind"]?.string } == ["lines", "lines", "bars", "histograms", "density"])
    let point = json[0]["series"]?.array?[0]["points"]?.array?[0]
    #expect(point == .object(["x": .number(1), "y": .number(0.5), "lower": .number(0.25), "upper": .null]))
    #expect(json[1]["x"]?["names"]?.array == [.string("p"), .string("q")])
    #expect(json[2]["series"]?.array?[0]["values"]?.array?[1]["y"] == .null)
    #expect(json[3]["edges"]?.array == [.number(0), .number(1), .number(3)])
    #expect(json[4]["counts"]?.array == [.number(0), .number(7)])
  }

  @Test(arguments: charts) func `Vega-Lite has the data, and its encodings name fields of them`(chart: Chart) throws {
    let json = try JSON(parsing: VegaLite.render(chart), subject: chart.name)
    #expect(json["title"]?.string == chart.title && json["$schema"]?.string?.contains("vega-lite/v5") == true)
    let values = try #require(json["data"]?["values"]?.array)
    guard case .object(let first) = try #require(values.first) else { return }
    for layer in json["layer"]?.array ?? [json] {
      guard case .object(let encoding) = try #require(layer["encoding"]) else { return }
      for (channel, definition) in encoding {
        #expect(first[try #require(definition["field"]?.string)] != nil, "\(channel)")
      }
    }
    switch chart.name {
    case "lines": #expect(values.count == 2 && values[1]["y"] == .null)
    case "ordinal": #expect(values[0]["x"]?.string == "q")
    case "bars": #expect(values.count == 3)
    case "histograms": #expect(values.count == 2 && values[1]["to"]?.double == 3)
    default: #expect(values.count == 1 && values[0]["count"]?.double == 7)
    }
  }

  @Test func `A grid of images is an SVG with a picture, a label and words for each`() throws {
    let image = RGBImage(width: 2, height: 1, pixels: [0, 0, 0, 255, 255, 255])
    let grid = ImageGrid(
      name: "g", title: "Grid.", caption: Self.hostile,
      entries: (0..<8).map { .init(image, label: "<\($0)>", detail: "d", alternative: "picture \($0)") })
    let text = SVG.render(grid)
    let elements = try ParsedMarkup(text).elements
    #expect(elements.first?.name == "svg" && elements.count { $0.name == "image" } == 8)
    #expect(elements.contains { $0.text == "<7>" } && elements.contains { $0.text == "picture 7" })
    #expect(SVG.render(grid) == text)
    // One image, and a large one.
    let large = RGBImage(width: 300, height: 200, pixels: [UInt8](repeating: 9, count: 300 * 200 * 3))
    for image in [image, large] {
      let single = ImageGrid(name: "g", title: Self.hostile, entries: [.init(image, label: "", alternative: "")])
      #expect(try ParsedMarkup(SVG.render(single)).elements.count { $0.name == "image" } == 1)
    }
  }
}
