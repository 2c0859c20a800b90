extension Markup {
  /// A table with its caption. Text in the first column heads its row; an interval stands in a column of its own, so that
  /// values keep their points in line.
  mutating func table(_ table: Table) {
    // Readers who want a long one open it; it works without a script.
    guard table.rows.count > Self.longTable else { return plain(table) }
    element("details") { markup in
      markup.element("summary") { markup in
        markup.element("strong", text: table.title)
        markup.write(" \(Numerals.people(table.rows.count)) rows.")
      }
      markup.lineBreak()
      markup.plain(table)
    }
    lineBreak()
  }

  private static let longTable = 40

  private mutating func plain(_ table: Table) {
    let id = identifier(table.name)
    element("div", [.init("class", "table")]) { markup in
      markup.element("table", [.init("id", id)]) { markup in
        markup.element("caption") { markup in
          markup.element("div") { markup in
            markup.element("strong", text: table.title)
            if !table.caption.isEmpty { markup.write(" " + table.caption) }
          }
        }
        markup.lineBreak()
        markup.element("thead") { markup in
          markup.element("tr") { markup in
            for column in table.columns { markup.heading(column) }
          }
        }
        markup.lineBreak()
        markup.element("tbody") { markup in
          for (place, row) in table.rows.enumerated() {
            let style = table.doubtful.contains(place) ? "doubtful" : nil
            markup.element("tr", [.init("class", style)]) { markup in
              for (i, (cell, column)) in zip(row, table.columns).enumerated() {
                markup.cell(cell, column, isRowHeading: i == 0 && column.kind == .text)
              }
            }
            markup.lineBreak()
          }
        }
      }
    }
    lineBreak()
  }

  private mutating func heading(_ column: Table.Column) {
    let isWide = column.fields.count > 1
    let attributes: [Attribute] = [
      .init("scope", "col"), .init("class", Self.style(column)), .init("colspan", isWide ? "2" : nil),
    ]
    element("th", attributes) { markup in
      markup.write(column.heading)
      if let unit = column.unit { markup.element("span", [.init("class", "unit")], text: " (\(unit))") }
    }
  }

  private mutating func cell(_ cell: Table.Cell, _ column: Table.Column, isRowHeading: Bool) {
    let (value, interval) = cell.people(column.kind)
    if isRowHeading {
      element("th", [.init("scope", "row"), .init("class", Self.style(column))], text: value)
      return
    }
    element("td", [.init("class", Self.style(column))], text: value)
    if column.fields.count > 1 { element("td", [.init("class", "ci")], text: interval ?? "") }
  }

  private static func style(_ column: Table.Column) -> String {
    switch (column.alignment, column.fields.count) {
    case (.leading, _): "lead-column"
    case (.trailing, 1): "num"
    case (.trailing, _): "num wide"
    }
  }
}
