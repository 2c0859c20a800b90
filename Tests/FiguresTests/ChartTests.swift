import Figures
import Testing

/// Charts that are hard to draw.
enum HardChart: String, CaseIterable {
  case noSeries, noPoints, onePoint, allEqual, notFinite, huge, tiny, sevenSeries, tenSeries, negative,
    logarithmic
  case manyNames, bars, barsWithoutValues, histograms, histogramWithoutCounts, density, densityOfNothing
  case scatter, scatterOfNothing, crowdedScatter, heatMap, heatMapOfNothing

  var chart: Chart { Chart(name: rawValue, title: "A <title> & more", caption: "How to “read” it.", content) }

  private func lines(_ series: [LineChart.Series], x: Axis = Axis("x"), y: Axis = Axis("y")) -> Chart.Content {
    .lines(LineChart(x: x, y: y, series: series))
  }

  private func crowd(_ count: Int) -> [LineChart.Series] {
    (0..<count).map { s in
      let name = s == 3 ? String(repeating: "very long name ", count: 8) : "series \(s)"
      return .init(name, (0..<6).map { .init(x: Double($0), y: Double(s * (5 - $0)) * 0.1) })
    }
  }

  private var content: Chart.Content {
    switch self {
    case .noSeries: return lines([])
    case .noPoints: return lines([.init("a", []), .init("b", [.init(x: 1, y: .nan)])])
    case .onePoint: return lines([.init("a", [.init(x: 3, y: 0.5)])])
    case .allEqual: return lines([.init("a", (0..<5).map { .init(x: Double($0), y: 1, lower: 1, upper: 1) })])
    case .notFinite:
      return lines([
        .init(
          "a",
          [
            .init(x: 0, y: 1, lower: .nan, upper: 2), .init(x: .infinity, y: 1), .init(x: 1, y: -.infinity),
            .init(x: 2, y: 2, lower: -.infinity, upper: .infinity), .init(x: .nan, y: .nan),
          ])
      ])
    case .huge:
      return lines([.init("a", [.init(x: -1e308, y: 1e308), .init(x: 1e90, y: -1e99), .init(x: 0, y: 1e99)])])
    case .tiny: return lines([.init("a", [.init(x: 1e-300, y: 1 + 1e-15), .init(x: 0, y: 1)])])
    case .sevenSeries: return lines(crowd(7))
    case .tenSeries: return lines(crowd(10))
    case .negative: return lines([.init("a", (0..<9).map { .init(x: Double($0) - 4, y: -3 * Double($0)) })])
    case .logarithmic:
      return lines(
        [.init("a", [.init(x: 0, y: 1), .init(x: 75_290, y: 0.1), .init(x: 1_727_962, y: 1e-5)])],
        x: Axis("parameters", scale: .logarithmic), y: Axis("loss", scale: .logarithmic))
    case .manyNames:
      let names = (0..<12).map { "MobileNet-V3 number \($0)" }
      return lines(
        [.init("a", (0..<12).map { .init(x: Double($0), y: 1) } + [.init(x: 1e50, y: 1)])],
        x: Axis("x", scale: .ordinal(names)))
    case .bars:
      let values: [Estimate] = [.init(-0.2, lower: -0.3, upper: 0.1), .init(.nan), .init(0.4), .init(0)]
      let names = ["a", "<script>", String(repeating: "long ", count: 30), ""]
      return .bars(.init(categories: names, value: Axis("v"), series: ["p", "q"].map { .init($0, values) }))
    case .barsWithoutValues: return .bars(.init(categories: [], value: Axis("v"), series: []))
    case .histograms:
      return .histograms(
        .init(
          x: Axis("score"), y: Axis("examples"), edges: (0...20).map { Double($0) / 20 },
          series: (0..<7).map { s in .init("size \(s)", (0..<20).map { Double($0 * s) }) }))
    case .density, .densityOfNothing:
      let edges = (0...10).map { Double($0) / 10 }
      let counts = (0..<100).map { self == .density ? $0 % 10 * $0 / 10 * $0 : 0 }
      return .density(
        .init(
          x: Axis("a"), y: Axis("b"), unit: "examples", xEdges: edges, yEdges: edges, counts: counts,
          hasDiagonal: true))
    case .scatter, .scatterOfNothing, .crowdedScatter:
      let values = self == .scatter ? [0.1, 0.5, .nan, 0.9] : (0..<40).map { 0.5 + 0.001 * Double($0 % 7) }
      let names = ["σ=.001", "<b>", "", String(repeating: "long ", count: 60)]
      let points = values.enumerated().map { i, value in
        ScatterChart.Point(
          x: Estimate(value, lower: value - 0.1, upper: value + 0.1), y: Estimate(1 - value, lower: -.infinity),
          name: names[i % 4] + (i < 4 ? "" : String(i)))
      }
      let series: [ScatterChart.Series] =
        self == .scatterOfNothing ? [.init("none", [])] : [.init("best", points), .init("last", points)]
      return .scatter(.init(x: Axis("alignment"), y: Axis("accuracy"), series: series))
    case .heatMap:
      return .heatMap(
        .init(
          rowTitle: "by a", columnTitle: "by b", rows: ["constant", "<i>", String(repeating: "long ", count: 20)],
          columns: ["increasing", "decreasing", "cap", "cup", "other", "a very long name of a column"], unit: "%",
          values: (0..<18).map { $0 == 4 ? .nan : Double($0) - 2 }, digits: 0))
    case .heatMapOfNothing:
      return .heatMap(.init(rowTitle: "a", columnTitle: "b", rows: [], columns: [], unit: "%", values: [], digits: 2))
    case .histogramWithoutCounts:
      return .histograms(.init(x: Axis("x"), y: Axis("y"), edges: [0, 1], series: [.init("a", [.nan])]))
    }
  }
}

@Suite struct ChartTests {
  @Test(arguments: HardChart.allCases)
  func `A chart is well formed and keeps to finite coordinates within its view box`(_ hard: HardChart) throws {
    let text = SVG.render(hard.chart)
    let svg = try ParsedMarkup(text)
    let box = try #require(svg.elements.first?.attributes["viewBox"]).split(separator: " ").compactMap {
      Double($0)
    }
    try #require(box.count == 4)
    for element in svg.elements where element.name != "style" {
      for (name, limit) in [("x", box[2]), ("cx", box[2]), ("y", box[3]), ("cy", box[3])] {
        guard let value = element.attributes[name] else { continue }
        let number = try #require(Double(value))
        #expect(number >= 0 && number <= limit, "\(name) of \(element)")
      }
      let outline = element.attributes["d"] ?? ""
      let numbers = outline.split { " MLZ".contains($0) }
      for (i, part) in numbers.enumerated() {
        let number = try #require(Double(part))
        #expect(number >= -5 && number <= (i % 2 == 0 ? box[2] : box[3]) + 5, "\(element)")
      }
    }
    let marks = text.split(separator: "<style>").last?.split(separator: "</style>").last ?? ""
    #expect(!marks.contains("nan") && !marks.contains("inf\""))
  }

  @Test(arguments: HardChart.allCases)
  func `No two labels of a chart overlap`(_ hard: HardChart) throws {
    // Arial's digits and lower-case letters are about 0.55 em wide on average; lines of text need 11 units at 12.
    let labels = try ParsedMarkup(SVG.render(hard.chart)).all("text").filter {
      $0.attributes["transform"] == nil
    }
    let boxes = labels.compactMap {
      label -> (x: ClosedRange<Double>, y: ClosedRange<Double>, text: String)? in
      guard let x = label.number("x"), let y = label.number("y"), !label.text.isEmpty else { return nil }
      let width = Double(label.text.count) * 0.55 * 12
      let anchor = label.attributes["text-anchor"]
      let start = anchor == "middle" ? x - width / 2 : anchor == "end" ? x - width : x
      return (start...start + width, y - 10...y + 1, label.text)
    }
    for (i, a) in boxes.enumerated() {
      for b in boxes[(i + 1)...] {
        #expect(!(a.x.overlaps(b.x) && a.y.overlaps(b.y)), "\(a.text) and \(b.text)")
      }
    }
  }

  @Test(arguments: HardChart.allCases)
  func `The same chart gives the same bytes`(_ hard: HardChart) {
    #expect(Array(SVG.render(hard.chart).utf8) == Array(SVG.render(hard.chart).utf8))
  }

  // Steps of 1, 2 or 5 times a power of ten.
  @Test(arguments: [
    (0.0, 0.262, ["0", "0.05", "0.10", "0.15", "0.20", "0.25", "0.30"]),
    (-0.4, 1.4, ["−0.5", "0", "0.5", "1.0", "1.5"]),
    (0, 1, ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]), (0, 50_000, ["0", "10k", "20k", "30k", "40k", "50k"]),
    (3, 3, ["2.7", "2.8", "2.9", "3.0", "3.1", "3.2", "3.3"]),
    (0, 3e-7, ["0", "5×10⁻⁸", "10⁻⁷", "1.5×10⁻⁷", "2×10⁻⁷", "2.5×10⁻⁷", "3×10⁻⁷"]),
  ])
  func `A vertical axis has round numbers from below the data to above it`(
    low: Double, high: Double, labels: [String]
  ) throws {
    let chart = Chart(
      name: "c", title: "t",
      .lines(
        .init(
          x: Axis("x", scale: .ordinal([])), y: Axis("y"),
          series: [.init("a", [.init(x: 0, y: low), .init(x: 0.2, y: high)])])))
    let ticks = try ParsedMarkup(SVG.render(chart)).all("text", style: "tick").map(\.text)
    #expect(ticks == labels)
  }

  @Test func `A logarithmic axis has powers of ten, or the sizes it was given`() throws {
    func ticks(_ axis: Axis) throws -> [String] {
      let chart = Chart(
        name: "c", title: "t",
        .lines(
          .init(
            x: axis, y: Axis("y", range: 0...1),
            series: [.init("a", [.init(x: 8, y: 0), .init(x: 11_000, y: 1)])])))
      let svg = try ParsedMarkup(SVG.render(chart))
      let lowest = svg.all("text", style: "tick").compactMap { $0.number("y") }.max()
      return svg.all("text", style: "tick").filter { $0.number("y") == lowest }.map(\.text)
    }
    #expect(try ticks(Axis("x", scale: .logarithmic)) == ["10", "100", "1000", "10k"])
    #expect(try ticks(Axis("x", scale: .logarithmic, ticks: [8, 32, 11_000])) == ["8", "32", "11k"])
    // Sizes to three figures.
    #expect(try ticks(Axis("x", scale: .logarithmic, ticks: [8, 10_752])) == ["8", "10.8k"])
  }

  @Test func `Names of points touch no mark, and stand once for all series`() throws {
    let svg = try ParsedMarkup(SVG.render(HardChart.scatter.chart))
    let names = svg.all("text", style: "label").map(\.text)
    // The series' names and those of points that have a place and a name; cut where they are long.
    #expect(names.contains("best") && names.contains("last"))
    #expect(names.count(where: { $0 == "σ=.001" }) == 1 && names.count(where: { $0 == "<b>" }) == 1)
    #expect(svg.all("circle").count == 4 && svg.all("desc").first?.text.contains("<b> 0.5 at 0.5") == true)
    // Forty points in one spot have no room for their names; those that are there do not touch.
    let crowd = try ParsedMarkup(SVG.render(HardChart.crowdedScatter.chart)).all("text", style: "label")
    #expect(crowd.count < 42)
  }

  @Test func `A field of a heat map has its number, and shades go with size`() throws {
    let svg = try ParsedMarkup(SVG.render(HardChart.heatMap.chart))
    let numbers = svg.all("text", style: "label").map(\.text)
    for number in ["−2", "15", "–"] { #expect(numbers.contains(number)) }
    let shades = svg.all("path", style: "area").compactMap { $0.number("fill-opacity") }
    #expect(shades.count == 17 && shades.max() == 0.45 && shades.allSatisfy { (0...0.45).contains($0) })
  }

  @Test func `Panels stand two a row and do not reach into each other`() throws {
    let panels = [HardChart.logarithmic, .bars, .heatMap, .scatter, .noPoints].map {
      Chart.Panel($0.rawValue, $0.chart.content)
    }
    let chart = Chart(name: "panels", title: "t", .panels(panels))
    let svg = try ParsedMarkup(SVG.render(chart))
    let box = try #require(svg.elements.first?.attributes["viewBox"]).split(separator: " ").compactMap { Double($0) }
    let places = svg.all("g").compactMap { group in
      group.attributes["transform"]?.dropFirst("translate(".count).dropLast().split(separator: " ").compactMap {
        Double($0)
      }
    }
    try #require(places.count == 5 && places.allSatisfy { $0.count == 2 })
    #expect(Set(places.map { $0[0] }) == [0, 282] && places[0][1] == places[1][1] && places[2][1] == places[3][1])
    // A row begins below the taller chart of the one above, each as it would be alone at that width.
    let heights = try panels.map { panel in
      let alone = try ParsedMarkup(SVG.render(Chart(name: "c", title: "t", panel.content), width: 258))
      return try #require(
        alone.elements.first?.attributes["viewBox"]?.split(separator: " ").last.flatMap { Double($0) })
    }
    #expect(places[2][1] >= places[0][1] + max(heights[0], heights[1]))
    #expect(places[4][1] >= places[2][1] + max(heights[2], heights[3]) && box[3] >= places[4][1] + heights[4])
    #expect(svg.all("text", style: "panel").map(\.text) == panels.map(\.name))
    #expect(VegaLite.render(chart).contains("\"concat\""))
  }

  @Test func `A value that is not finite breaks its line`() throws {
    let points = [1, 2, .nan, 4, 5].enumerated().map { LineChart.Point(x: Double($0.offset), y: $0.element) }
    let chart = Chart(
      name: "c", title: "t", .lines(.init(x: Axis("x"), y: Axis("y"), series: [.init("a", points)])))
    let svg = try ParsedMarkup(SVG.render(chart))
    #expect(svg.all("path", style: "line").count == 2)
    #expect(svg.all("circle").count == 4)
  }

  @Test func `A bar begins at zero and ends at its value`() throws {
    let chart = Chart(
      name: "c", title: "t",
      .bars(.init(categories: ["a", "b"], value: Axis("v"), series: [.init("s", [.init(-1), .init(2)])])))
    let svg = try ParsedMarkup(SVG.render(chart))
    let bars = svg.all("rect", style: "area").compactMap { bar in
      bar.number("x").flatMap { x in bar.number("width").map { (x: x, width: $0) } }
    }
    try #require(bars.count == 2)
    #expect((bars[0].x + bars[0].width - bars[1].x).magnitude < 0.02)
    #expect((bars[1].width / bars[0].width - 2).magnitude < 0.001)
  }

  @Test func `A chart says in words what it shows`() throws {
    let svg = try ParsedMarkup(SVG.render(HardChart.negative.chart))
    #expect(svg.all("title").first?.text == "A <title> & more")
    #expect(
      svg.all("desc").first?.text == "How to “read” it. Line chart of y against x. a: 0 at −4, −24 at 4.")
    let ids = svg.elements.first?.attributes["aria-labelledby"]
    #expect(ids == "negative-title negative-description")
  }

  // WCAG 2.2: 4.5:1 for text (1.4.3), 3:1 for marks (1.4.11).
  @Test func `Text and marks have contrast enough on light and on dark paper`() throws {
    let themes = SVG.render(HardChart.bars.chart).split(separator: ".rote{--paper:").dropFirst()
    try #require(themes.count == 2)
    for theme in themes {
      var colours: [Substring: Double] = [:]
      for variable in ("--paper:" + theme.prefix { $0 != "}" }).split(separator: ";") {
        let parts = variable.split(separator: ":")
        colours[parts[0]] = luminance(parts[1])
      }
      let paper = try #require(colours["--paper"])
      for (name, least) in [("--ink", 4.5), ("--muted", 4.5)] + (1...7).map({ ("--\($0)", 3.0) }) {
        let colour = try #require(colours[name[...]])
        let contrast = (max(paper, colour) + 0.05) / (min(paper, colour) + 0.05)
        #expect(contrast >= least, "\(name)")
      }
    }
  }

  /// The relative luminance of #rgb or #rrggbb, with the sRGB curve as a power of 2.4 by repeated roots.
  private func luminance(_ hex: Substring) -> Double {
    var digits = hex.drop { $0 == "#" }.compactMap(\.hexDigitValue)
    if digits.count == 3 { digits = digits.flatMap { [$0, $0] } }
    let weights = [0.2126, 0.7152, 0.0722]
    return weights.indices.reduce(0) { sum, i in
      let value = Double(digits[2 * i] * 16 + digits[2 * i + 1]) / 255
      let base = (value + 0.055) / 1.055
      // x^2.4 = x^2 · x^0.4, and the fifth root of x² by Newton.
      var root = 1.0
      for _ in 0..<60 {
        root -= (root * root * root * root * root - base * base) / (5 * root * root * root * root)
      }
      return sum + weights[i] * (value <= 0.04045 ? value / 12.92 : base * base * root)
    }
  }
}
