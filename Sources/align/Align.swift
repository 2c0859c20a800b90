import ArgumentParser
import Artefacts
import ToolKit

@main
struct Align: Tool {
  static let configuration = CommandConfiguration(
    commandName: Program.name("align"),
    abstract: "Measure how the gradients and representations of examples align.",
    discussion: Program.text(
      """
      Reads a data set file and runs of one configuration, with checkpoints, and
      writes for each run, snapshot, tensor and class how the examples' loss
      gradients and representations align.

        align data.h5 runs.h5 -o alignment.h5

      See align runs --help for the options. Before training, by the scale of the
      first layer, and of two vectors, by closed forms:

        align init data.h5 --sigmas 0.01,0.1,1
        align pairs
      """),
    version: Version.text("align", software: Kind.alignment.software, libraries: fileLibraries),
    subcommands: [RunsCommand.self, InitCommand.self, PairsCommand.self], defaultSubcommand: RunsCommand.self)
}
