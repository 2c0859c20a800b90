import ArgumentParser
import Artefacts
import ToolKit

@main
struct Report: Tool {
  static let configuration = CommandConfiguration(
    commandName: Program.name("report"),
    abstract: "Tables and figures from scores, alignment and runs.",
    discussion: Program.text(
      """
      Reads scores, alignment and runs files and the data set file, in any order,
      and writes what they hold as tables in Markdown or TSV, or as one page of
      HTML with charts and the most memorised images.

        report scores.h5
        report data.h5 scores.h5 alignment.h5 runs/*.h5 --format html -o report.html

      See report tables --help for the options. What is in one file, and how the
      images of a data set look, shows

        report show data.h5 --sheet data.svg

      and whether files are whole and belong together

        report check data.h5 runs/*.h5 scores.h5
      """),
    version: Version.text("report", libraries: fileLibraries),
    subcommands: [TablesCommand.self, ShowCommand.self, CheckCommand.self], defaultSubcommand: TablesCommand.self)
}
