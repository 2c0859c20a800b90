import ArgumentParser
import Artefacts
import ImageSets
import ToolKit

/// The options of both CIFAR sets.
struct CifarOptions: ParsableArguments {
  @Option(
    name: .customLong("from"), parsing: .upToNextOption,
    help: ArgumentHelp("The published archive, a folder with its files, or the files.", valueName: "path"))
  var paths: [String]

  @Flag(name: .customLong("no-verify"), help: "Accept other files in the published layout, such as own subsets.")
  var acceptsOthers = false

  @OptionGroup var selection: SelectionOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var common: CommonOptions

  func fetch(_ set: CifarSet) throws {
    try imageSetFailures {
      let source = try Cifar(
        set, from: paths,
        selection: Selection(
          train: selection.train?.range, test: selection.test?.range, perClass: selection.perClass),
        verify: !acceptsOthers)
      try write(
        source, to: output, quiet: common.quiet,
        options: [
          "data": .string(set.rawValue), "selection": selection.json, "verified": .bool(!acceptsOthers),
        ])
    }
  }
}

struct Cifar10Command: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cifar10", abstract: "CIFAR-10: 50,000 + 10,000 images, 32 x 32, 10 classes (Krizhevsky 2009).")
  @OptionGroup var options: CifarOptions

  func run() throws { try options.fetch(.cifar10) }
}

struct Cifar100Command: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cifar100",
    abstract: "CIFAR-100: 50,000 + 10,000 images, 32 x 32, 100 classes, with their superclasses (Krizhevsky 2009).")
  @OptionGroup var options: CifarOptions

  func run() throws { try options.fetch(.cifar100) }
}
