/// Tables for papers, in LaTeX with the package booktabs, to be read by pdflatex, lualatex or xelatex.
public enum LaTeX {
  /// A floating table a table, with a blank line between.
  public static func render(_ tables: [Table]) -> String { tables.map(render).joined(separator: "\n") }

  public static func render(_ table: Table) -> String {
    let alignment = table.columns.map { $0.alignment == .leading ? "l" : "r" }.joined()
    var lines = [
      "% \\usepackage{booktabs}", "\\begin{table}", "  \\centering",
      "  \\caption{" + escape(table.title) + (table.caption.isEmpty ? "" : " " + escape(table.caption)) + "}",
      "  \\label{tab:\(table.name)}", "  \\begin{tabular}{\(alignment)}", "    \\toprule",
      row(table.columns.map { escape($0.title) }), "    \\midrule",
    ]
    lines += table.rows.map { cells in
      row(
        zip(cells, table.columns).map { cell, column in
          let (value, interval) = cell.people(column.kind)
          return escape(value) + (interval.map { " {\\small " + escape($0) + "}" } ?? "")
        })
    }
    lines += ["    \\bottomrule", "  \\end{tabular}", "\\end{table}"]
    return lines.joined(separator: "\n") + "\n"
  }

  private static func row(_ cells: [String]) -> String { "    " + cells.joined(separator: " & ") + " \\\\" }

  /// Text that LaTeX sets as just that text. Of other scripts than Latin, which pdflatex has no letters for, the numbers
  /// of the characters stand, as U+0394.
  static func escape(_ plain: String) -> String {
    var escaped = ""
    var previous: Unicode.Scalar?
    for scalar in plain.unicodeScalars {
      defer { previous = scalar }
      if let command = commands[scalar] {
        escaped += command
      } else if ligating.contains(scalar), scalar == previous {
        escaped += "{\(scalar)}"
      } else if scalar.isASCII || accented.contains(scalar.value) && !beyondOT1.contains(scalar) {
        let isControl = scalar.properties.generalCategory == .control
        escaped.unicodeScalars.append(isControl ? " " : scalar)
      } else {
        let digits = String(scalar.value, radix: 16, uppercase: true)
        escaped += "\\texttt{U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits + "}"
      }
    }
    return escaped
  }

  /// Letters with accents that LaTeX knows as they are.
  private static let accented: ClosedRange<UInt32> = 0xC0...0x17F
  /// Of these, what needs another font encoding than the default one, OT1.
  private static let beyondOT1 = Set("ÐðÞþ×÷ĐđĦħĸŁłŉŊŋŦŧſĿŀ".unicodeScalars)

  /// Two of these would become one.
  private static let ligating: Set<Unicode.Scalar> = ["-", "`", "'", ",", "?", "!"]

  private static let commands: [Unicode.Scalar: String] = {
    var commands: [Unicode.Scalar: String] = [
      "\\": "\\textbackslash{}", "{": "\\{", "}": "\\}", "$": "\\$", "&": "\\&", "#": "\\#", "%": "\\%", "_": "\\_",
      "~": "\\textasciitilde{}", "^": "\\textasciicircum{}", "<": "\\textless{}", ">": "\\textgreater{}",
      "|": "\\textbar{}", "\"": "{''}",
      // After the end of a row both begin an option.
      "[": "{[}", "*": "{*}",
      "\u{2212}": "$-$", "–": "--", "—": "---", "…": "\\dots{}", "\u{A0}": "~", "‘": "`", "’": "'", "“": "``",
      "”": "''",
      "×": "$\\times$", "÷": "$\\div$", "±": "$\\pm$", "·": "$\\cdot$", "∞": "$\\infty$", "√": "$\\sqrt{\\ }$",
      "≠": "$\\neq$", "≤": "$\\le$", "≥": "$\\ge$", "≈": "$\\approx$", "⟨": "$\\langle$", "⟩": "$\\rangle$",
      "Σ": "$\\Sigma$", "σ": "$\\sigma$", "Δ": "$\\Delta$", "α": "$\\alpha$", "Ω": "$\\Omega$", "τ": "$\\tau$",
      "№": "No.", "ł": "\\l{}", "Ł": "\\L{}", "°": "$^\\circ$", "⁻": "$^{-}$", "ᵢ": "$_i$", "ⱼ": "$_j$",
    ]
    for (digit, scalar) in "⁰¹²³⁴⁵⁶⁷⁸⁹".unicodeScalars.enumerated() { commands[scalar] = "$^\(digit)$" }
    return commands
  }()
}
