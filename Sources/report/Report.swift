import ArgumentParser
import Artefacts
import ToolKit

@main
struct Report: Tool {
  static let configuration = CommandConfiguration(
    commandName: "report", abstract: "Tables and figures from scores, alignment and runs.",
    version: Version.text("report", libraries: fileLibraries))
}
