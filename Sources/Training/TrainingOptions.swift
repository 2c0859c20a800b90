import ArgumentParser
import Artefacts
import Kernels
import Networks
import ToolKit

extension MaskScheme: ExpressibleByArgument {}

extension Masks {
  /// What `--subset` and `--masks` are where they are not given.
  public static let usual = (ratio: 0.7, scheme: MaskScheme.balanced)

  /// The subsets that options ask for.
  ///
  /// - Throws: a `Failure` of status 64 where there are none such.
  public static func of(_ dataset: ImageDataset, scheme: MaskScheme, ratio: Double, seed: UInt64) throws -> Masks {
    do {
      return try Masks(scheme: scheme, ratio: ratio, seed: seed, examples: dataset.train.count)
    } catch let error as Masks.Impossible {
      throw Failure(.usage, nil, error.description)
    }
  }
}

/// The options that `train` and `distill` share: the network, the recipe and each of its values, the runs.
public struct TrainingOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The network: \(Architecture.knownNames); options follow in one word, as in \"mlp width=128\".",
      valueName: "name"))
  public var architecture: String?

  @OptionGroup public var recipe: RecipeOptions

  @OptionGroup public var runs: RunsOptions

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
