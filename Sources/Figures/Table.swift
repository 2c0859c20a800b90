/// A table as a value; `Markdown`, `TSV`, `CSV`, `LaTeX`, `HTML` and `json` render it.
public struct Table: Hashable, Sendable {
  /// What a column's cells are; `digits` are those after the point that people are shown.
  public enum Kind: Hashable, Sendable {
    case text
    case integer
    case number(digits: Int)
    case interval(digits: Int)
  }

  public enum Alignment: Hashable, Sendable {
    case leading, trailing
  }

  public struct Column: Hashable, Sendable {
    /// The name that programs read, such as `memorisation`; unique in its table.
    public let name: String
    /// The heading that people read; the name unless given.
    public let heading: String
    public let unit: String?
    public let kind: Kind
    public let alignment: Alignment

    /// A column; text is aligned to the leading edge and numbers to the trailing one unless said otherwise.
    public init(
      _ name: String, heading: String? = nil, unit: String? = nil, _ kind: Kind, alignment: Alignment? = nil
    ) {
      self.name = name
      self.heading = heading ?? name
      self.unit = unit
      self.kind = kind
      self.alignment = alignment ?? (kind == .text ? .leading : .trailing)
    }

    /// Heading and unit, for people.
    var title: String { unit.map { "\(heading) (\($0))" } ?? heading }

    /// The names of the columns that programs read: an interval has three.
    var fields: [String] {
      if case .interval = kind { return [name, "\(name)_lower", "\(name)_upper"] }
      return [name]
    }
  }

  public enum Cell: Hashable, Sendable {
    case text(String)
    case integer(Int)
    case number(Double)
    case interval(Double, lower: Double, upper: Double)
    /// There is no such value; a value that is not defined is a number that is NaN.
    case missing
  }

  /// A short name of letters, digits and hyphens.
  public let name: String
  public let title: String
  /// How to read the table.
  public let caption: String
  public let columns: [Column]
  public private(set) var rows: [[Cell]] = []
  /// Places of rows that are not to be relied on, which pages show greyed; what makes them so stands in a column too.
  public private(set) var doubtful: Set<Int> = []

  public init(name: String, title: String, caption: String = "", columns: [Column], rows: [[Cell]] = []) {
    let fields = columns.flatMap(\.fields)
    precondition(Set(fields).count == fields.count, "the columns of table \(name) must have different names")
    self.name = name
    self.title = title
    self.caption = caption
    self.columns = columns
    for row in rows { append(row) }
  }

  /// Adds a row, which must have a cell of the right kind for each column.
  public mutating func append(_ row: [Cell], isDoubtful: Bool = false) {
    precondition(row.count == columns.count, "a row of table \(name) needs \(columns.count) cells")
    precondition(
      zip(row, columns).allSatisfy { $0.fits($1.kind) }, "a cell does not fit its column in table \(name)")
    if isDoubtful { doubtful.insert(rows.count) }
    rows.append(row)
  }
}

extension Table.Cell {
  /// The cell as it stands in tables for people, for use in sentences.
  public func text(digits: Int) -> String {
    let (value, interval) = people(.interval(digits: digits))
    return value + (interval.map { " \($0)" } ?? "")
  }

  /// What programs read, one a field of the column.
  ///
  /// - Parameter text: writes text as the format has it, and nil, which is a missing value.
  func exact(_ column: Table.Column, _ text: (String?) -> String) -> [String] {
    switch self {
    case .text(let value): [text(value)]
    case .integer(let value): [String(value)]
    case .number(let value): [Numerals.exact(value)]
    case .interval(let value, let lower, let upper): [value, lower, upper].map(Numerals.exact)
    case .missing: column.fields.map { _ in text(nil) }
    }
  }

  func fits(_ kind: Table.Kind) -> Bool {
    switch (self, kind) {
    case (.missing, _), (.text, .text), (.integer, .integer), (.number, .number), (.interval, .interval): true
    default: false
    }
  }

  /// The cell's value as people read it, and its interval apart.
  func people(_ kind: Table.Kind) -> (value: String, interval: String?) {
    let digits =
      switch kind {
      case .number(let digits), .interval(let digits): digits
      case .text, .integer: 0
      }
    switch self {
    case .text(let text): return (text, nil)
    case .integer(let value): return (Numerals.people(value), nil)
    case .number(let value): return (Numerals.people(value, digits: digits), nil)
    case .interval(let value, let lower, let upper):
      if value.isNaN && lower.isNaN && upper.isNaN { return ("NaN", nil) }
      // Of one run alone: a value, and nothing that says how sure it is.
      if lower.isNaN && upper.isNaN { return (Numerals.people(value, digits: digits), nil) }
      let bounds = [lower, upper].map { Numerals.people($0, digits: digits) }
      return (Numerals.people(value, digits: digits), "[\(bounds[0]), \(bounds[1])]")
    case .missing: return ("–", nil)
    }
  }
}
