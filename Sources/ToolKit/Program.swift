/// What the tools are called here. Packages install them with a prefix, as `rote-train`, since `train` and `report` are
/// words that other programs may want; help, messages and manual pages then have the names that a user types.
public enum Program {
  static let tools = ["fetch-data", "train", "score", "distill", "align", "report"]

  /// What stands before the tool's own name in the name that this process was started by; mostly nothing.
  static let prefix = prefix(of: CommandLine.arguments.first ?? "")

  static func prefix(of path: String) -> String {
    let name = Output.base(of: path)
    return tools.first(where: name.hasSuffix).map { String(name.dropLast($0.count)) } ?? ""
  }

  public static func name(_ tool: String) -> String { prefix + tool }

  /// Help text in which the examples, lines of their own and indented, start the tools by their names.
  public static func text(_ text: String) -> String { self.text(text, prefix: prefix) }

  static func text(_ text: String, prefix: String) -> String {
    guard !prefix.isEmpty else { return text }
    return text.split(separator: "\n", omittingEmptySubsequences: false)
      .map { $0.hasPrefix("  ") ? example(String($0), prefix: prefix) : String($0) }
      .joined(separator: "\n")
  }

  /// A word is a command at the start of a line and after `|` or `&&`.
  private static func example(_ line: String, prefix: String) -> String {
    var startsCommand = true
    return line.split(separator: " ", omittingEmptySubsequences: false).map { word in
      guard !word.isEmpty else { return String(word) }
      defer { startsCommand = ["|", "&&"].contains(word) }
      return startsCommand && tools.contains(String(word)) ? prefix + word : String(word)
    }.joined(separator: " ")
  }
}
