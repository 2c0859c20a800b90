import ArgumentParser
import Artefacts
import Figures
import ToolKit

/// `report tables`, and `report` alone: all that the files have to say, or one table or figure of it, in the format that
/// is asked for.
struct TablesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tables",
    abstract: "All tables, and on a page of HTML the charts and images; the default.",
    discussion: Program.text(
      """
      What is missing is named with the command that makes it: on standard error
      where the format has no place for it, and else at the end.

        report scores.h5 runs/*.h5 --table accuracy --format latex
        report scores.h5 --figure score-histograms > histograms.svg
        report --list
        report --compare study/before study/after --format html -o change.html
      """))

  enum Format: String, CaseIterable, ExpressibleByArgument {
    case markdown, tsv, csv, latex, json, html, svg
    case vegaLite = "vega-lite"

    static let ofFigures: [Format] = [.svg, .json, .vegaLite, .html]
  }

  @OptionGroup var inputs: InputOptions

  @Option(help: ArgumentHelp("One table alone: a name of --list.", valueName: "name"))
  var table: String?

  @Option(help: ArgumentHelp("One figure alone: a name of --list.", valueName: "name"))
  var figure: String?

  @Option(
    help:
      "The format of what is written; csv holds one table, svg and vega-lite one figure. (default: markdown, of a figure svg)"
  )
  var format: Format?

  @Flag(help: "Set two studies side by side: name two files, or two folders, of which all files named .h5 are taken.")
  var compare = false

  @Flag(help: "Which tables and figures there are, and what each needs.")
  var list = false

  @OptionGroup var output: OutputOptions
  @OptionGroup var common: CommonOptions

  func validate() throws {
    guard table == nil || figure == nil else { throw ValidationError("--table and --figure exclude each other") }
    guard table == nil || format.map({ ![.svg, .vegaLite].contains($0) }) ?? true else {
      throw ValidationError("a table has no format \(format?.rawValue ?? "")")
    }
    guard figure == nil || format.map(Format.ofFigures.contains) ?? true else {
      throw ValidationError(
        "a figure is written as " + Format.ofFigures.map(\.rawValue).joined(separator: ", "))
    }
  }

  func run() throws {
    if list {
      try StandardOutput.write(Array(Catalogue.text.utf8))
      return
    }
    for name in [table, figure].compactMap({ $0 }) { try Catalogue.check(name, isTable: table != nil) }
    let names = try inputs.names()
    let read = compare ? try names.flatMap(StudyPair.files) : names
    let target = try output.place(for: .text, inputs: inputs.read(read)).open()
    let (whole, missing) = try content(of: names)
    let page = try chosen(of: whole)
    let format = format ?? (figure == nil ? .markdown : .svg)
    try target.write(Array(render(page, as: format).utf8))
    if table == nil, figure == nil, [.tsv, .csv, .latex].contains(format), !common.quiet {
      for line in missing { printError("\(Program.name("report")): \(line)\n") }
    }
    try target.commit()
  }

  /// What there is to choose from, and what is missing.
  private func content(of names: [String]) throws -> (Page, [String]) {
    guard figure == ClosedForms.name else { return try study(names) }
    // It needs no file, but files that are named must be right all the same.
    if names != ["-"] { _ = try study(names) }
    return (ClosedForms.page, [])
  }

  /// All that there is to say of one study, or of two, and what is missing.
  private func study(_ names: [String]) throws -> (Page, [String]) {
    if compare {
      let both = ComparePage(pair: try StudyPair(names, quiet: common.quiet))
      return (both.page(), both.missing())
    }
    let material = try Material(try Input.open(names), quiet: common.quiet)
    return (try material.page(), material.missing())
  }

  /// The page, or of it what was asked for.
  private func chosen(of page: Page) throws -> Page {
    guard let name = table ?? figure else { return page }
    let blocks = page.sections.flatMap(\.blocks).filter { $0.name == name && $0.isTable == (table != nil) }
    guard !blocks.isEmpty else {
      guard !compare || name.hasPrefix("comparison") else {
        throw Failure(
          .usage, nil, "--compare has no '\(name)'", remedy: "report --list names those that begin with comparison")
      }
      throw Catalogue.lacking(name)
    }
    return page.with([Page.Section(page.title, blocks)])
  }

  private func render(_ page: Page, as format: Format) throws -> String {
    switch format {
    case .markdown where table != nil: return Markdown.render(page.tables)
    case .markdown: return Markdown.render(page)
    case .tsv: return table == nil ? TSV.render(page.tables) : page.tables.map { TSV.render($0) }.joined()
    case .csv: return CSV.render(try only(page.tables, \.name, "table"))
    case .latex: return LaTeX.render(page.tables)
    case .json where table != nil: return page.tables[0].json.indented + "\n"
    case .json where figure != nil: return (page.charts.map(\.json) + page.grids.map(\.json))[0].indented + "\n"
    case .json: return page.json.indented + "\n"
    case .html: return HTML.render(page)
    case .svg where figure != nil && page.charts.isEmpty: return SVG.render(page.grids[0])
    case .svg: return SVG.render(try only(page.charts, \.name, "figure"))
    case .vegaLite: return VegaLite.render(try only(page.charts, \.name, "figure"))
    }
  }

  /// Of formats that hold one thing.
  private func only<Item>(_ items: [Item], _ name: (Item) -> String, _ kind: String) throws -> Item {
    guard items.count == 1 else {
      throw Failure(
        .usage, nil,
        items.isEmpty ? "the files have no \(kind) for this format" : "the files have \(items.count) \(kind)s",
        remedy: items.isEmpty ? nil : "choose one with --\(kind): " + items.map(name).joined(separator: ", "))
    }
    return items[0]
  }
}
