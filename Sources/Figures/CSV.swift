/// Tables as comma-separated values after RFC 4180: a header line, then a line a row, every number exact.
///
/// An interval takes three columns, `x`, `x_lower` and `x_upper`. What is missing is empty, what is not defined `nan`. Lines
/// end in a line feed alone, as other programs of a pipeline expect.
public enum CSV {
  public static func render(_ table: Table) -> String {
    var text = line(table.columns.flatMap(\.fields).map(quote))
    for row in table.rows {
      text += line(zip(row, table.columns).flatMap { cell, column in cell.exact(column) { $0.map(quote) ?? "" } })
    }
    return text
  }

  private static func line(_ fields: [String]) -> String { fields.joined(separator: ",") + "\n" }

  /// Text in quotes where it holds what separates fields, or readers might take for something else: a space at either end.
  static func quote(_ text: String) -> String {
    let needsQuotes =
      text.unicodeScalars.contains { [",", "\"", "\n", "\r"].contains($0) } || text.first == " " || text.last == " "
    return needsQuotes ? "\"" + text.replacing("\"", with: "\"\"") + "\"" : text
  }
}
