import ArgumentParser
import Artefacts
import ToolKit

@main
struct Score: Tool {
  static let configuration = CommandConfiguration(
    commandName: Program.name("score"),
    abstract: "Measure what runs have memorised.",
    version: Version.text("score", software: Kind.scores.software, libraries: fileLibraries),
    subcommands: [
      MemorisationCommand.self, InfluenceCommand.self, CScoreCommand.self, OutOfSampleCommand.self, LiRACommand.self,
      TrajectoriesCommand.self, ProxiesCommand.self, AgreementCommand.self, PlanCommand.self, ImportCommand.self,
    ])
}
