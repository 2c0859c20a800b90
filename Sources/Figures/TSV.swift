/// Tables as tab-separated values: a header line, then a line a row, every number exact.
///
/// An interval takes three columns, `x`, `x_lower` and `x_upper`. What is missing is `NA`, what is not defined `nan`. In
/// text, tab, newline, carriage return and backslash are `\t`, `\n`, `\r` and `\\`.
public enum TSV {
  /// Each table after a line `# name`, with a blank line between.
  public static func render(_ tables: [Table]) -> String {
    tables.map { "# \(escape($0.name))\n" + render($0) }.joined(separator: "\n")
  }

  public static func render(_ table: Table) -> String {
    var text = line(table.columns.flatMap(\.fields).map(escape))
    for row in table.rows {
      text += line(zip(row, table.columns).flatMap { cell, column in cell.exact(column) { $0.map(escape) ?? "NA" } })
    }
    return text
  }

  private static func line(_ fields: [String]) -> String { fields.joined(separator: "\t") + "\n" }

  static func escape(_ plain: String) -> String {
    var escaped = ""
    for scalar in plain.unicodeScalars {
      switch scalar {
      case "\\": escaped += "\\\\"
      case "\t": escaped += "\\t"
      case "\n": escaped += "\\n"
      case "\r": escaped += "\\r"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }
}
