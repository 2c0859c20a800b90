import ArgumentParser
import ImageSets
import ToolKit

struct SpritesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sprites",
    abstract: "A generated set whose truth is known: sub-populations of 1 to 64 examples, 5 % wrong labels.")

  @Option(help: ArgumentHelp("Times the sub-populations, and so the examples.", valueName: "M"))
  var multiple = 1

  @OptionGroup var set: SetOptions

  func run() throws {
    try set.write(options: ["data": "sprites", "multiple": .number(Double(multiple))], from: [], isSeeded: true) {
      try Sprites(seed: set.seed, multiple: multiple)
    }
  }
}
