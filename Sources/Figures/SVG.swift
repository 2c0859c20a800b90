/// Charts as Scalable Vector Graphics: the same bytes for the same chart, sized by their `viewBox`, light or dark as the
/// reader prefers, with a title and a description for those who do not see them.
public enum SVG {
  /// A file that stands alone, its style inside.
  public static func render(_ chart: Chart, width: Double = 540) -> String {
    var markup = Markup()
    markup.chart(chart, width: width, standsAlone: true)
    return markup.text + "\n"
  }
}

extension Markup {
  /// A chart as an `svg` element; the page that holds it has the style where it does not stand alone.
  mutating func chart(_ chart: Chart, width: Double = 540, standsAlone: Bool) {
    var drawing = Drawing(width: width)
    drawing.draw(chart.content)
    svg(
      drawing, name: chart.name, title: chart.title, description: chart.summary, standsAlone: standsAlone,
      hasSize: false)
  }

  /// A drawing as an `svg` element with its title, and words for those who do not see it.
  ///
  /// - Parameters:
  ///   - standsAlone: whether it brings the style along, and paper.
  ///   - hasSize: a size of its own: with a view box alone, browsers would shrink hundreds of rows into one window.
  ///   - isPixelated: whether the pixels of images stay sharp.
  mutating func svg(
    _ drawing: Drawing, name: String, title: String, description: String? = nil, standsAlone: Bool = true,
    hasSize: Bool = true, isPixelated: Bool = false
  ) {
    let box = "0 0 \(Numerals.coordinate(drawing.width)) \(Numerals.coordinate(drawing.height))"
    let ids = [identifier(name + "-title")] + (description == nil ? [] : [identifier(name + "-description")])
    let attributes: [Attribute] = [
      .init("xmlns", "http://www.w3.org/2000/svg"), .init("class", "rote"), .init("viewBox", box),
      .init("width", hasSize ? Numerals.coordinate(drawing.width) : nil),
      .init("height", hasSize ? Numerals.coordinate(drawing.height) : nil), .init("role", "img"),
      .init("aria-labelledby", ids.joined(separator: " ")), .init("image-rendering", isPixelated ? "pixelated" : nil),
    ]
    element("svg", attributes) { markup in
      markup.lineBreak()
      markup.element("title", [.init("id", ids[0])], text: title)
      if let description { markup.element("desc", [.init("id", ids[1])], text: description) }
      markup.lineBreak()
      if standsAlone {
        markup.element("style") { $0.literal(Stylesheet.chart) }
        markup.empty(
          "rect", [.init("class", "paper"), .init("width", drawing.width), .init("height", drawing.height)])
        markup.lineBreak()
      }
      markup.append(drawing.markup)
    }
  }
}

/// The marks of one chart, in units of the view box, y downward.
struct Drawing {
  enum Anchor: String {
    case start, middle, end
  }

  static let leastWidth = 240.0
  static let textSize = 13.0
  static let smallSize = 12.0

  let width: Double
  var height = 0.0
  var markup = Markup()

  init(width: Double) {
    precondition(width >= Drawing.leastWidth, "a chart needs some room")
    self.width = width
  }

  mutating func draw(_ content: Chart.Content) {
    switch content {
    case .lines(let lines): draw(lines)
    case .bars(let bars): draw(bars)
    case .histograms(let histograms): draw(histograms)
    case .density(let density): draw(density)
    case .scatter(let scatter): draw(scatter)
    case .heatMap(let map): draw(map)
    case .panels(let panels): draw(panels)
    }
  }

  /// The colour class of a series; there are seven, told apart by marker and dash as well.
  static func style(_ series: Int) -> String { "s\(series % 7 + 1)" }

  /// Text on the baseline y, cut to `limit`.
  mutating func text(
    _ text: String, x: Double, y: Double, style: String, anchor: Anchor = .start, limit: Double = .infinity,
    size: Double = Drawing.smallSize, tilt: Double? = nil
  ) {
    let place = "\(Numerals.coordinate(x)) \(Numerals.coordinate(y))"
    let attributes: [Markup.Attribute] = [
      .init("class", style), .init("x", x), .init("y", y),
      .init("text-anchor", anchor == .start ? nil : anchor.rawValue),
      .init("transform", tilt.map { "rotate(\(Numerals.coordinate($0)) \(place))" }),
    ]
    let shown = Lettering.fitted(text, width: limit, size: size)
    markup.element("text", attributes) { markup in
      if shown != text { markup.element("title", text: text) }
      markup.write(shown)
    }
    markup.lineBreak()
  }

  mutating func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, style: String) {
    path([("M", x1, y1), ("L", x2, y2)], style: style)
  }

  /// A path of absolute commands that take one point each; "Z" closes and its point is not used.
  mutating func path(
    _ commands: [(command: Character, x: Double, y: Double)], style: String, opacity: Double? = nil
  ) {
    var outline = ""
    for (command, x, y) in commands {
      outline.append(command)
      if command != "Z" { outline += "\(Numerals.coordinate(x)) \(Numerals.coordinate(y))" }
    }
    let attributes: [Markup.Attribute] = [
      .init("class", style), .init("fill-opacity", opacity.map(Numerals.coordinate)), .init("d", outline),
    ]
    markup.empty("path", attributes)
    markup.lineBreak()
  }

  mutating func rectangle(x: Double, y: Double, width: Double, height: Double, style: String) {
    markup.empty(
      "rect",
      [
        .init("class", style), .init("x", x), .init("y", y), .init("width", width), .init("height", height),
      ])
    markup.lineBreak()
  }

  /// A series' mark: circle, square, triangle, diamond, and so on; the last two hollow.
  mutating func marker(_ series: Int, x: Double, y: Double) {
    let style = (series % 7 < 5 ? "mark " : "hollow ") + Self.style(series)
    let corners: [(Double, Double)]
    switch series % 7 {
    case 0, 6:
      markup.empty("circle", [.init("class", style), .init("cx", x), .init("cy", y), .init("r", 3.4)])
      markup.lineBreak()
      return
    case 1, 5: corners = [(-3, -3), (3, -3), (3, 3), (-3, 3)]
    case 2: corners = [(0, -4), (3.8, 3), (-3.8, 3)]
    case 3: corners = [(0, -4.3), (4.3, 0), (0, 4.3), (-4.3, 0)]
    default: corners = [(0, 4), (3.8, -3), (-3.8, -3)]
    }
    let outline = corners.enumerated().map { i, corner in
      (command: i == 0 ? Character("M") : "L", x: x + corner.0, y: y + corner.1)
    }
    path(outline + [("Z", 0, 0)], style: style)
  }

  /// What stands in a plot without anything to draw.
  mutating func notice(x: Double, y: Double) {
    text("nothing to draw: no finite values", x: x, y: y, style: "muted", anchor: .middle)
  }
}
