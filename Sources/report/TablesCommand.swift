import ArgumentParser
import Artefacts
import Figures
import ToolKit

/// `report tables`, and `report` alone: all that the files have to say, in the format that is asked for.
struct TablesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tables",
    abstract: "All tables, and on a page of HTML the charts and images; the default.",
    discussion: """
      What is missing is named with the command that makes it: on standard error
      for TSV, which has no place for it, and else at the end.
      """)

  enum Format: String, CaseIterable, ExpressibleByArgument {
    case markdown, tsv, html
  }

  @OptionGroup var inputs: InputOptions

  @Option(help: "The format of what is written.")
  var format = Format.markdown

  @OptionGroup var output: OutputOptions
  @OptionGroup var common: CommonOptions

  func run() throws {
    let material = try Material(try Input.open(inputs.names()), quiet: common.quiet)
    let target = try Output(output.output, isText: true)
    let page = material.page()
    switch format {
    case .markdown: try target.write(Array(Markdown.render(page).utf8))
    case .html: try target.write(Array(HTML.render(page).utf8))
    case .tsv:
      try target.write(Array(TSV.render(page.tables).utf8))
      if !common.quiet { for line in material.missing() { printError("report: \(line)\n") } }
    }
    try target.commit()
  }
}
