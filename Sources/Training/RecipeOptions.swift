import ArgumentParser
import Networks
import ToolKit

extension Decay.Kind: ExpressibleByArgument {}
extension Augmentation: ExpressibleByArgument {}
extension Standardisation: ExpressibleByArgument {}

/// A recipe, and an option for each of its values.
public struct RecipeOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      Start from this recipe: \(Recipe.all.map(\.name).joined(separator: ", ")), or a file of JSON as --show-recipe \
      prints it.
      """, valueName: "name|file.json"))
  var recipe = Recipe.quick.name

  @Flag(help: "Print the recipe with all that the other options change, as JSON, and do no more.")
  public var showRecipe = false

  @Option(help: "Epochs.") var epochs: Int?
  @Option(help: "Examples a step.") var batchSize: Int?
  @Option(help: "Peak learning rate.") var learningRate: Double?
  @Option(help: "Epochs of linear warm-up.") var warmUpEpochs: Double?
  @Option(help: "Fall of the rate after the warm-up: cosine, step or constant.") var decay: Decay.Kind?
  @Option(help: ArgumentHelp("Epochs at which step decay acts, as 10,20.", valueName: "epochs")) var decayAt: String?
  @Option(help: "Factor of step decay.") var decayFactor: Double?
  @Option(help: "Momentum.") var momentum: Double?
  @Flag(inversion: .prefixedNo, help: "Nesterov's momentum.") var nesterov: Bool?
  @Option(help: "L2 penalty on all parameters.") var weightDecay: Double?
  @OptionGroup var loss: LossOptions
  @Option(help: "none or pad-crop-flip.") var augmentation: Augmentation?
  @Option(help: "per-channel or per-image.") var standardisation: Standardisation?
  @Option(help: "Evaluate the test split after every so many epochs.") var testEvery: Int?
  @Option(
    help: ArgumentHelp(
      "End a run after the first epoch that leaves it with at least this accuracy on its own subset, in evaluation mode.",
      valueName: "accuracy"))
  var stopAtAccuracy: Double?

  public init() {}

  /// The recipe with what the command line overrides.
  public func resolved() throws -> Recipe {
    var value = try start()
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
    if let stopAtAccuracy { value.stopAtAccuracy = stopAtAccuracy }
    value.decay = try resolvedDecay(value.decay)
    value.loss = try loss.resolved(value.loss)
    if let epochs, warmUpEpochs == nil { value.warmUpEpochs = value.warmUp(within: epochs) }
    if let impossibility = value.impossibility { throw impossibility.usage }
    return value
  }

  /// The files that it reads.
  public var files: [String] { isFile ? [recipe] : [] }

  private var isFile: Bool { recipe.hasSuffix(".json") || recipe.contains("/") }

  /// The recipe that the others start from.
  private func start() throws -> Recipe {
    if isFile { return try Recipe(file: recipe) }
    guard let found = Recipe.named(recipe) else {
      throw Failure(
        .usage, nil, "no recipe is called \(recipe)",
        remedy: "there are \(Recipe.all.map(\.name).joined(separator: ", ")); the name of a file ends in .json")
    }
    return found
  }

  private func resolvedDecay(_ standard: Decay) throws -> Decay {
    let kind = decay ?? standard.kind
    guard kind == .step else {
      guard decayAt == nil, decayFactor == nil else {
        throw Failure(.usage, nil, "--decay-at and --decay-factor go with --decay step")
      }
      return kind == .cosine ? .cosine : .constant
    }
    var (epochs, factor): ([Double], Double) = ([], Decay.standardFactor)
    if case .step(let standardEpochs, let standardFactor) = standard {
      (epochs, factor) = (standardEpochs, standardFactor)
    }
    if let decayAt {
      epochs = try decayAt.split(separator: ",").map { text in
        guard let epoch = Double(text) else { throw Failure(.usage, nil, "--decay-at takes epochs such as 10,20") }
        return epoch
      }
    }
    return .step(at: epochs, factor: decayFactor ?? factor)
  }
}

extension Recipe {
  /// More bytes than any recipe has.
  private static let largestFile = 1 << 20

  /// Reads a recipe from a file; its name is the file's without .json where none stands in it.
  init(file: String) throws {
    let input = try Input(file)
    guard try input.size() <= Self.largestFile else { throw Failure(.badData, file, "is too large for a recipe") }
    let text = String(decoding: try input.head(Self.largestFile), as: UTF8.self)
    let last = file.split(separator: "/").last.map(String.init) ?? file
    try self.init(
      json: JSON(parsing: text, subject: file), name: last.hasSuffix(".json") ? String(last.dropLast(5)) : last,
      subject: file)
  }
}
