import ArgumentParser
import Artefacts
import ImageSets
import ToolKit

struct SpritesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sprites",
    abstract: "A generated set whose truth is known: sub-populations of 1 to 64 examples, 5 % wrong labels.")

  @Option(help: "Seed of all that is drawn.")
  var seed: UInt64 = 0

  @Option(help: ArgumentHelp("Times the sub-populations, and so the examples.", valueName: "M"))
  var multiple = 1

  @OptionGroup var selection: SelectionOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var common: CommonOptions

  func run() throws {
    try imageSetFailures {
      let source = try Sprites(
        seed: seed, multiple: multiple,
        selection: Selection(
          train: selection.train?.range, test: selection.test?.range, perClass: selection.perClass))
      try write(
        source, to: output, quiet: common.quiet,
        options: [
          "data": "sprites", "seed": .string(String(seed)), "multiple": .number(Double(multiple)),
          "selection": selection.json,
        ])
    }
  }
}
