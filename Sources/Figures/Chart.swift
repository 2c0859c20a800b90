/// A chart as a value; `SVG` renders it.
public struct Chart: Hashable, Sendable {
  public enum Content: Hashable, Sendable {
    case lines(LineChart)
    case bars(BarChart)
    case histograms(HistogramChart)
    case density(DensityChart)
    case scatter(ScatterChart)
    case heatMap(HeatMapChart)
    case panels([Panel])
  }

  /// One of several small charts side by side.
  public struct Panel: Hashable, Sendable {
    public let name: String
    public let content: Content

    public init(_ name: String, _ content: Content) { (self.name, self.content) = (name, content) }
  }

  /// A short name of letters, digits and hyphens.
  public let name: String
  public let title: String
  /// How to read the chart.
  public let caption: String
  public let content: Content

  public init(name: String, title: String, caption: String = "", _ content: Content) {
    self.name = name
    self.title = title
    self.caption = caption
    self.content = content
  }
}

/// An axis: what is along it, how, and the least that it shows.
public struct Axis: Hashable, Sendable {
  public enum Scale: Hashable, Sendable {
    case linear
    /// To base 10; values that are not positive are not drawn.
    case logarithmic
    /// Names at 0, 1, 2, … and values in those units.
    case ordinal([String])
  }

  public let title: String
  public let scale: Scale
  /// The least range shown; it grows to hold the data. The data's own extent where nil.
  public let range: ClosedRange<Double>?
  /// Where to put ticks, such as the sizes that were trained; round numbers where nil.
  public let ticks: [Double]?

  public init(
    _ title: String, scale: Scale = .linear, range: ClosedRange<Double>? = nil, ticks: [Double]? = nil
  ) {
    self.title = title
    self.scale = scale
    self.range = range
    self.ticks = ticks
  }
}

/// A value with the ends of its interval; a value that is not finite is not drawn.
public struct Estimate: Hashable, Sendable {
  public let value: Double
  public let lower: Double
  public let upper: Double

  public init(_ value: Double, lower: Double = .nan, upper: Double = .nan) {
    self.value = value
    self.lower = lower
    self.upper = upper
  }
}

/// Lines over a numeric or ordinal axis, each named at its end.
public struct LineChart: Hashable, Sendable {
  public struct Point: Hashable, Sendable {
    public let x: Double
    public let y: Estimate

    public init(x: Double, y: Double, lower: Double = .nan, upper: Double = .nan) {
      self.x = x
      self.y = Estimate(y, lower: lower, upper: upper)
    }
  }

  public struct Series: Hashable, Sendable {
    public let name: String
    /// In the order in which they are joined; a point that cannot be drawn breaks the line.
    public let points: [Point]

    public init(_ name: String, _ points: [Point]) {
      self.name = name
      self.points = points
    }
  }

  public enum Intervals: Hashable, Sendable {
    case bands, bars
  }

  public let x: Axis
  public let y: Axis
  public let series: [Series]
  public let intervals: Intervals

  public init(x: Axis, y: Axis, series: [Series], intervals: Intervals = .bars) {
    self.x = x
    self.y = y
    self.series = series
    self.intervals = intervals
  }
}

/// Horizontal bars from zero, by category, with intervals.
public struct BarChart: Hashable, Sendable {
  public struct Series: Hashable, Sendable {
    public let name: String
    /// One a category; NaN where there is none.
    public let values: [Estimate]

    public init(_ name: String, _ values: [Estimate]) {
      self.name = name
      self.values = values
    }
  }

  public let categories: [String]
  public let value: Axis
  public let series: [Series]

  /// A chart of bars; its axis is linear, since bars begin at zero.
  public init(categories: [String], value: Axis, series: [Series]) {
    precondition(value.scale == .linear, "bars need a linear axis")
    precondition(
      series.allSatisfy { $0.values.count == categories.count },
      "a series of bars needs a value for each category")
    self.categories = categories
    self.value = value
    self.series = series
  }
}

/// Histograms over the same bins, as small multiples with the same scales.
public struct HistogramChart: Hashable, Sendable {
  public struct Series: Hashable, Sendable {
    public let name: String
    /// One a bin: a count, a share or a density.
    public let counts: [Double]

    public init(_ name: String, _ counts: [Double]) {
      self.name = name
      self.counts = counts
    }
  }

  public let x: Axis
  public let y: Axis
  /// The bins' ends, ascending; one more than there are bins.
  public let edges: [Double]
  public let series: [Series]

  /// A chart of histograms; its vertical axis is linear, since bars begin at zero.
  public init(x: Axis, y: Axis, edges: [Double], series: [Series]) {
    precondition(y.scale == .linear, "histograms need a linear vertical axis")
    precondition(
      edges.count >= 2 && edges.allSatisfy(\.isFinite) && zip(edges, edges.dropFirst()).allSatisfy(<),
      "bins need ascending ends")
    precondition(
      series.allSatisfy { $0.counts.count == edges.count - 1 }, "a histogram needs a count for each bin")
    self.x = x
    self.y = y
    self.edges = edges
    self.series = series
  }
}

/// A histogram of two values at once, as shades.
public struct DensityChart: Hashable, Sendable {
  public let x: Axis
  public let y: Axis
  /// What is counted, such as `Examples`.
  public let unit: String
  /// The bins' ends, ascending; one more than there are bins.
  public let xEdges: [Double]
  public let yEdges: [Double]
  /// `(y bin, x bin)`; shades go with the logarithm of 1 + count, since few bins hold most of what there is.
  public let counts: [Int]
  /// Whether to draw the line on which both values are the same.
  public let hasDiagonal: Bool

  public init(
    x: Axis, y: Axis, unit: String, xEdges: [Double], yEdges: [Double], counts: [Int],
    hasDiagonal: Bool = false
  ) {
    precondition(
      [xEdges, yEdges].allSatisfy { edges in
        edges.count >= 2 && edges.allSatisfy(\.isFinite) && zip(edges, edges.dropFirst()).allSatisfy(<)
      }, "bins need ascending ends")
    precondition(
      counts.count == (xEdges.count - 1) * (yEdges.count - 1) && counts.allSatisfy { $0 >= 0 },
      "each pair of bins needs a count")
    self.x = x
    self.y = y
    self.unit = unit
    self.xEdges = xEdges
    self.yEdges = yEdges
    self.counts = counts
    self.hasDiagonal = hasDiagonal
  }
}

/// Points, each with a name beside it where there is room, and with its intervals.
public struct ScatterChart: Hashable, Sendable {
  public struct Point: Hashable, Sendable {
    public let x: Estimate
    public let y: Estimate
    public let name: String

    public init(x: Estimate, y: Estimate, name: String) { (self.x, self.y, self.name) = (x, y, name) }
  }

  public struct Series: Hashable, Sendable {
    public let name: String
    public let points: [Point]

    public init(_ name: String, _ points: [Point]) { (self.name, self.points) = (name, points) }
  }

  public let x: Axis
  public let y: Axis
  public let series: [Series]

  public init(x: Axis, y: Axis, series: [Series]) { (self.x, self.y, self.series) = (x, y, series) }
}

/// A table of shades with the number in each field.
public struct HeatMapChart: Hashable, Sendable {
  /// What goes down, and what goes across.
  public let rowTitle: String
  public let columnTitle: String
  public let rows: [String]
  public let columns: [String]
  /// What the numbers are.
  public let unit: String
  /// `(row, column)`; NaN where there is none.
  public let values: [Double]
  /// Digits after the point.
  public let digits: Int

  /// A map whose shades go from 0 to the largest number, by size.
  public init(
    rowTitle: String, columnTitle: String, rows: [String], columns: [String], unit: String, values: [Double],
    digits: Int
  ) {
    precondition(values.count == rows.count * columns.count, "each field of a heat map needs a number")
    (self.rowTitle, self.columnTitle, self.rows, self.columns) = (rowTitle, columnTitle, rows, columns)
    (self.unit, self.values, self.digits) = (unit, values, digits)
  }
}

/// Small images with a label under each, in reading order.
public struct ImageGrid: Hashable, Sendable {
  public struct Entry: Hashable, Sendable {
    /// Nil leaves the place empty.
    public let image: RGBImage?
    public let label: String
    /// A second line under the label.
    public let detail: String
    /// What the image shows, for those who do not see it.
    public let alternative: String

    public static let empty = Entry(nil, label: "", alternative: "")

    public init(_ image: RGBImage?, label: String, detail: String = "", alternative: String) {
      self.image = image
      self.label = label
      self.detail = detail
      self.alternative = alternative
    }
  }

  public let name: String
  public let title: String
  public let caption: String
  public let entries: [Entry]
  /// How many stand side by side where that means something; else as many as there is room for.
  public let columns: Int?

  public init(name: String, title: String, caption: String = "", entries: [Entry], columns: Int? = nil) {
    self.columns = columns
    self.name = name
    self.title = title
    self.caption = caption
    self.entries = entries
  }
}
