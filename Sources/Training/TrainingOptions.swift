import ArgumentParser
import Artefacts
import Kernels
import Networks
import ToolKit

extension MaskScheme: ExpressibleByArgument {}

/// The options that `train` and `distill` share: the network, the recipe and each of its values, the runs.
public struct TrainingOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The network: \(Architecture.knownNames); options follow in one word, as in \"mlp width=128\".",
      valueName: "name"))
  public var architecture: String?

  @OptionGroup public var recipe: RecipeOptions

  @Option(help: ArgumentHelp("Which runs, from A up to and without B.", valueName: "A:B"))
  public var runs = HalfOpenRange(0..<10)

  @Option(help: "Seed of initialisation, batch order and augmentation.")
  public var seed: UInt64 = 0

  @OptionGroup public var initialisation: InitialisationOptions

  @Flag(
    help: ArgumentHelp(
      "Compute 3x3 convolutions as plain sums: about half as fast, and one digit more than by Winograd's algorithm."))
  public var exactConvolution = false

  @Flag(help: "Print what the runs will cost, in work, memory and output; train nothing and write no file.")
  public var dryRun = false

  public init() {}

  /// The network for a data set.
  public func resolvedArchitecture() throws -> Architecture {
    guard let architecture else { throw Failure(.usage, nil, "no --architecture is given") }
    do {
      return try Architecture(architecture)
    } catch let error as ArchitectureError {
      throw Failure(.usage, nil, "\(error)")
    }
  }
}

/// Refuses to replace finished runs, which may be hours of work.
public func checkReplaceable(_ output: OutputOptions, _ work: WorkOptions) throws {
  guard !work.force, isRegularFile(output.output) else { return }
  throw Failure(
    .usage, output.output, "exists, and holds finished runs", remedy: "name another file, or give --force")
}
