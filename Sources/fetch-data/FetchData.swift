import ArgumentParser
import Artefacts
import ToolKit

@main
struct FetchData: Tool {
  static let configuration = CommandConfiguration(
    commandName: "fetch-data",
    abstract: "Turn a published set of labelled images into a data set file.",
    discussion: """
      fetch-data sprites -o sprites.h5
      fetch-data cifar10 --from cifar-10-binary.tar.gz --train 0:5000 -o cifar.h5
      """,
    version: Version.text("fetch-data", libraries: fileLibraries),
    subcommands: [SpritesCommand.self, Cifar10Command.self, Cifar100Command.self])
}

/// Which examples to take, and where to put them: the same for every data set.
struct SelectionOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Training examples, by position in the published order.", valueName: "A:B"))
  var train: HalfOpenRange?

  @Option(help: ArgumentHelp("Test examples, likewise.", valueName: "A:B"))
  var test: HalfOpenRange?

  @Option(help: ArgumentHelp("The first N of each class, of those ranges, in each split.", valueName: "N"))
  var perClass: Int?

  /// The selection as files record it.
  var json: JSON {
    [
      "train": train.map { .string($0.description) } ?? nil,
      "test": test.map { .string($0.description) } ?? nil,
      "per_class": perClass.map { .number(Double($0)) } ?? nil,
    ]
  }
}
