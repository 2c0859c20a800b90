import Networks
import ToolKit

extension Recipe {
  /// The whole recipe: what `--show-recipe` prints and `--recipe FILE` reads.
  public var json: JSON {
    .object(
      schedule.merging([
        "loss": loss.json, "augmentation": .string(augmentation.rawValue),
        "standardisation": .string(standardisation.rawValue),
      ]) { $1 })
  }

  /// What stands under `recipe` in the `config` of a runs file, which has the other three values beside it.
  var schedule: [String: JSON] {
    var decayMembers: [String: JSON] = ["kind": .string(decay.kind.rawValue)]
    if case .step(let epochs, let factor) = decay {
      decayMembers["epochs"] = .array(epochs.map { .number($0) })
      decayMembers["factor"] = .number(factor)
    }
    var members: [String: JSON] = [
      "name": .string(name), "epochs": .number(Double(epochs)), "batch_size": .number(Double(batchSize)),
      "learning_rate": .number(learningRate), "warm_up_epochs": .number(warmUpEpochs),
      "decay": .object(decayMembers), "momentum": .number(momentum), "nesterov": .bool(nesterov),
      "weight_decay": .number(weightDecay), "test_every": .number(Double(testEvery)),
    ]
    // Named only where it is used: cells from before there was such a thing keep their digests.
    if let stopAtAccuracy { members["stop_at_accuracy"] = .number(stopAtAccuracy) }
    return members
  }

  /// The recipe that is called so.
  public static func named(_ name: String) -> Recipe? { all.first { $0.name == name } }

  /// Reads a recipe. Each key may be left out: its value is then that of the recipe that `base` names, or of `quick`.
  ///
  /// - Parameters:
  ///   - name: of the recipe, where the text has none.
  ///   - subject: what errors name.
  /// - Throws: a `Failure` of status 65 where a key is not known, or a value is impossible.
  public init(json: JSON, name: String, subject: String) throws {
    var members = try JSONMembers(json, subject: subject)
    let names = "one of \(Recipe.all.map(\.name).joined(separator: ", "))"
    let base = try members.take("base", names) { $0.string.flatMap(Recipe.named) }
    self = base ?? .quick
    self.name = try members.take("name", "text", \.string) ?? name
    let whole = "a whole number"
    let epochs = try members.take("epochs", whole, \.int)
    if let epochs { self.epochs = epochs }
    if let value = try members.take("batch_size", whole, \.int) { batchSize = value }
    if let value = try members.take("learning_rate", "a number", \.double) { learningRate = value }
    if let value = try members.take("warm_up_epochs", "a number", \.double) {
      warmUpEpochs = value
    } else if let epochs {
      warmUpEpochs = warmUp(within: epochs)
    }
    if let value = try members.take("momentum", "a number", \.double) { momentum = value }
    if let value = try members.take("nesterov", "true or false", \.bool) { nesterov = value }
    if let value = try members.take("weight_decay", "a number", \.double) { weightDecay = value }
    if let value = try members.take("test_every", whole, \.int) { testEvery = value }
    if let value = try members.take("stop_at_accuracy", "a number", \.double) { stopAtAccuracy = value }
    if let value = try members.takeCase("augmentation", Augmentation.self) { augmentation = value }
    if let value = try members.takeCase("standardisation", Standardisation.self) { standardisation = value }
    if let inner = try members.takeMembers("decay") { decay = try Decay(inner) }
    if let inner = try members.takeMembers("loss") { loss = try LabelLoss(inner) }
    try members.finish()
    if let impossibility { throw impossibility.inFile(subject) }
  }

  /// The warm-up where a shorter schedule takes the recipe's place: it must not last for longer than that.
  func warmUp(within epochs: Int) -> Double { min(warmUpEpochs, Double(epochs) / 4) }
}

extension Decay {
  fileprivate init(_ members: JSONMembers) throws {
    var members = members
    switch try members.requireCase("kind", Kind.self) {
    case .cosine: self = .cosine
    case .constant: self = .constant
    case .step:
      let epochs = try members.require("epochs", "a list of numbers") { value -> [Double]? in
        guard let values = value.array else { return nil }
        let numbers = values.compactMap(\.double)
        return numbers.count == values.count ? numbers : nil
      }
      self = .step(at: epochs, factor: try members.take("factor", "a number", \.double) ?? Decay.standardFactor)
    }
    try members.finish()
  }
}

extension LabelLoss {
  /// The loss with every value, as it stands in a recipe and in `config`.
  var json: JSON {
    switch self {
    case .crossEntropy(let temperature, let smoothing):
      // What is not used is not named, so that cells from before there was smoothing keep their digests.
      .object(
        ["kind": .string(kind.rawValue), "temperature": .number(temperature)].merging(
          smoothing == 0 ? [:] : ["label_smoothing": .number(smoothing)]
        ) { $1 })
    case .hinge(let margin): ["kind": .string(kind.rawValue), "margin": .number(margin)]
    case .squared(let factor, let scale):
      ["kind": .string(kind.rawValue), "factor": .string(factor.rawValue), "target_scale": .number(scale)]
    }
  }

  init(_ members: JSONMembers) throws {
    var members = members
    switch try members.requireCase("kind", Kind.self) {
    case .crossEntropy:
      self = .crossEntropy(
        temperature: try members.take("temperature", "a number", \.double) ?? 1,
        smoothing: try members.take("label_smoothing", "a number", \.double) ?? 0)
    case .hinge: self = .hinge(margin: try members.take("margin", "a number", \.double) ?? 1)
    case .squared:
      self = .squared(
        try members.takeCase("factor", SquaredFactor.self) ?? .mean,
        targetScale: try members.take("target_scale", "a number", \.double) ?? 1)
    }
    try members.finish()
  }
}
