import ArgumentParser
import Artefacts
import Kernels
import Networks
import ToolKit

extension Decay {
  enum Name: String, CaseIterable, ExpressibleByArgument { case cosine, step, constant }
}

extension Augmentation: ExpressibleByArgument {}
extension Standardisation: ExpressibleByArgument {}
extension MaskScheme: ExpressibleByArgument {}

/// The options that `train` and `distill` share: the network, the recipe and each of its values, the runs.
public struct TrainingOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The network: \(Architecture.knownNames); options follow in one word, as in \"mlp width=128\".",
      valueName: "name"))
  public var architecture: String

  @Option(help: "Start from this recipe: \(Recipe.all.map(\.name).joined(separator: ", ")).")
  public var recipe = Recipe.quick.name

  @Option(help: "Epochs.") var epochs: Int?
  @Option(help: "Examples a step.") var batchSize: Int?
  @Option(help: "Peak learning rate.") var learningRate: Double?
  @Option(help: "Epochs of linear warm-up.") var warmUpEpochs: Double?
  @Option(help: "Fall of the rate after the warm-up: cosine, step or constant.") var decay: Decay.Name?
  @Option(help: ArgumentHelp("Epochs at which step decay acts, as 10,20.", valueName: "epochs")) var decayAt: String?
  @Option(help: "Factor of step decay.") var decayFactor: Double?
  @Option(help: "Momentum.") var momentum: Double?
  @Flag(inversion: .prefixedNo, help: "Nesterov's momentum.") var nesterov: Bool?
  @Option(help: "L2 penalty on all parameters.") var weightDecay: Double?
  @Option(help: "none or pad-crop-flip.") var augmentation: Augmentation?
  @Option(help: "per-channel or per-image.") var standardisation: Standardisation?
  @Option(help: "Evaluate the test split after every so many epochs.") var testEvery: Int?

  @Option(help: ArgumentHelp("Which runs, from A up to and without B.", valueName: "A:B"))
  public var runs = HalfOpenRange(0..<10)

  @Option(help: "Seed of initialisation, batch order and augmentation.")
  public var seed: UInt64 = 0

  @Flag(
    help: ArgumentHelp(
      "Compute 3x3 convolutions as plain sums: about half as fast, and one digit more than by Winograd's algorithm."))
  public var exactConvolution = false

  @Flag(help: "Print what the runs will cost, in work, memory and output; train nothing and write no file.")
  public var dryRun = false

  public init() {}

  /// The recipe with what the command line overrides.
  public func resolvedRecipe() throws -> Recipe {
    guard var value = Recipe.all.first(where: { $0.name == recipe }) else {
      throw Failure(
        .usage, nil, "no recipe is called \(recipe)",
        remedy: "there are \(Recipe.all.map(\.name).joined(separator: ", "))")
    }
    if let epochs { value.epochs = epochs }
    if let batchSize { value.batchSize = batchSize }
    if let learningRate { value.learningRate = learningRate }
    if let warmUpEpochs { value.warmUpEpochs = warmUpEpochs }
    if let momentum { value.momentum = momentum }
    if let nesterov { value.nesterov = nesterov }
    if let weightDecay { value.weightDecay = weightDecay }
    if let augmentation { value.augmentation = augmentation }
    if let standardisation { value.standardisation = standardisation }
    if let testEvery { value.testEvery = testEvery }
    value.decay = try resolvedDecay(value.decay)
    // What begins with a shorter schedule than the recipe's cannot warm up for longer than it lasts.
    if warmUpEpochs == nil { value.warmUpEpochs = min(value.warmUpEpochs, Double(value.epochs) / 4) }
    try check(value)
    return value
  }

  private func resolvedDecay(_ standard: Decay) throws -> Decay {
    var epochs: [Double] = []
    var factor = 0.1
    if case .step(let standardEpochs, let standardFactor) = standard {
      (epochs, factor) = (standardEpochs, standardFactor)
    }
    if let decayAt {
      epochs = try decayAt.split(separator: ",").map { text in
        guard let epoch = Double(text), epoch >= 0 else {
          throw Failure(.usage, nil, "--decay-at takes epochs such as 10,20")
        }
        return epoch
      }
    }
    if let decayFactor { factor = decayFactor }
    switch decay {
    case .cosine: return .cosine
    case .constant: return .constant
    case .step: return .step(at: epochs, factor: factor)
    case nil:
      if case .step = standard { return .step(at: epochs, factor: factor) }
      guard decayAt == nil, decayFactor == nil else {
        throw Failure(.usage, nil, "--decay-at and --decay-factor go with --decay step")
      }
      return standard
    }
  }

  private func check(_ recipe: Recipe) throws {
    func require(_ holds: Bool, _ what: String) throws {
      guard holds else { throw Failure(.usage, nil, what) }
    }
    try require((1...1_000_000).contains(recipe.epochs), "--epochs must be at least 1")
    try require((1...1_000_000).contains(recipe.batchSize), "--batch-size must be at least 1")
    try require(recipe.learningRate.isFinite && recipe.learningRate >= 0, "--learning-rate must be 0 or above")
    try require(
      (0...Double(recipe.epochs)).contains(recipe.warmUpEpochs), "--warm-up-epochs must be from 0 to the epochs")
    try require((0..<1).contains(recipe.momentum), "--momentum must be from 0 up to and without 1")
    try require(recipe.momentum > 0 || !recipe.nesterov, "--nesterov needs --momentum above 0; use --no-nesterov")
    try require(recipe.weightDecay.isFinite && recipe.weightDecay >= 0, "--weight-decay must be 0 or above")
    try require(recipe.testEvery >= 1, "--test-every must be at least 1")
    if case .step(_, let factor) = recipe.decay {
      try require(factor.isFinite && factor > 0, "--decay-factor must be above 0")
    }
  }

  /// The network for a data set.
  public func resolvedArchitecture() throws -> Architecture {
    do {
      return try Architecture(architecture)
    } catch let error as ArchitectureError {
      throw Failure(.usage, nil, "\(error)")
    }
  }

  /// Refuses batches that no subset can fill.
  public func checkBatch(_ recipe: Recipe, subset: Int) throws {
    guard recipe.batchSize <= subset else {
      throw Failure(
        .usage, nil, "a batch of \(recipe.batchSize) is larger than a subset of \(subset) examples",
        remedy: "give a smaller --batch-size")
    }
  }
}

/// The instruction set of this process; an impossible `ROTE_ISA` is wrong usage.
public func selectedInstructionSet() throws -> InstructionSet {
  do {
    return try InstructionSet.selected()
  } catch let error as InstructionSetError {
    throw Failure(.usage, nil, "\(error)")
  }
}

/// Refuses to replace finished runs, which may be hours of work.
public func checkReplaceable(_ output: OutputOptions, _ work: WorkOptions) throws {
  guard !work.force, isRegularFile(output.output) else { return }
  throw Failure(
    .usage, output.output, "exists, and holds finished runs", remedy: "name another file, or give --force")
}
