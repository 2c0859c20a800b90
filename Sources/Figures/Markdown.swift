/// Tables as GitHub-flavoured Markdown whose pipes are aligned, so that it reads well in a terminal too.
public enum Markdown {
  /// A page's text and tables, under the headings of its sections; charts and images have no place here.
  public static func render(_ page: Page) -> String {
    var parts = ["# \(escape(page.title))\n"]
    if !page.lead.isEmpty { parts.append(escape(page.lead) + "\n") }
    for section in page.sections {
      let blocks = section.blocks.compactMap { block -> String? in
        switch block {
        case .paragraph(let text): escape(text) + "\n"
        case .table(let table): render(table, headingLevel: 3)
        case .chart, .images: nil
        }
      }
      if !blocks.isEmpty { parts += ["## \(escape(section.heading))\n"] + blocks }
    }
    if !page.footer.isEmpty { parts.append(escape(page.footer) + "\n") }
    return parts.joined(separator: "\n")
  }

  /// Heading, caption and table, one after another, with a blank line between.
  public static func render(_ tables: [Table], headingLevel: Int = 2) -> String {
    tables.map { render($0, headingLevel: headingLevel) }.joined(separator: "\n")
  }

  public static func render(_ table: Table, headingLevel: Int = 2) -> String {
    let header = table.columns.map { escape($0.title) }
    let body = table.rows.map { row in
      zip(row, table.columns).map { cell, column in
        let (value, interval) = cell.people(column.kind)
        return escape(value) + (interval.map { " \($0)" } ?? "")
      }
    }
    let widths = table.columns.indices.map { i in
      max(3, header[i].count, body.map { $0[i].count }.max() ?? 0)
    }

    func line(_ cells: [String]) -> String {
      let padded = cells.indices.map { i in
        let space = String(repeating: " ", count: widths[i] - cells[i].count)
        return table.columns[i].alignment == .leading ? cells[i] + space : space + cells[i]
      }
      return "| " + padded.joined(separator: " | ") + " |\n"
    }
    let rule = table.columns.indices.map { i in
      let dashes = String(repeating: "-", count: widths[i] - 1)
      return table.columns[i].alignment == .leading ? ":" + dashes : dashes + ":"
    }

    // Before a caption a title ends in a full stop, as a heading in none.
    let title = table.title.hasSuffix(".") ? String(table.title.dropLast()) : table.title
    var text = String(repeating: "#", count: headingLevel) + " " + escape(title) + "\n\n"
    if !table.caption.isEmpty { text += escape(table.caption) + "\n\n" }
    return text + line(header) + line(rule) + body.map(line).joined()
  }

  /// Text as Markdown that shows just that text, on one line.
  static func escape(_ plain: String) -> String {
    let characters = Array(plain)
    var escaped = ""
    for (i, character) in characters.enumerated() {
      switch character {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\\", "|", "`", "*", "[", "]", "~": escaped += "\\\(character)"
      case "_":
        // Within a word, as in n01443537_goldfish, an underscore is only that.
        let isInWord =
          i > 0 && i + 1 < characters.count && isWord(characters[i - 1]) && isWord(characters[i + 1])
        escaped += isInWord ? "_" : "\\_"
      case "#", "-", "+": escaped += i == 0 ? "\\\(character)" : String(character)
      default:
        let isControl = character.unicodeScalars.contains { $0.properties.generalCategory == .control }
        escaped += character.isNewline || isControl ? " " : String(character)
      }
    }
    return escaped
  }

  private static func isWord(_ character: Character) -> Bool { character.isLetter || character.isNumber }
}
