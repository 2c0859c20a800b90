import Artefacts
import Networks
import ToolKit

/// Teachers of a distilled cell.
public struct TeacherConfiguration: Sendable {
  /// The teachers' own cell.
  public let cell: String
  /// The label of their architecture, for captions.
  public let architecture: String
  public let weight: Double
  public let temperature: Double
  public let squaredFactor: Bool
  /// The run that teaches all students; nil where each has its own.
  public let sharedRun: Int?
  public let logits: TeacherPass

  public init(
    cell: String, architecture: String, weight: Double, temperature: Double, squaredFactor: Bool,
    sharedRun: Int? = nil, logits: TeacherPass = .batch
  ) {
    (self.cell, self.architecture) = (cell, architecture)
    (self.weight, self.temperature, self.squaredFactor) = (weight, temperature, squaredFactor)
    (self.sharedRun, self.logits) = (sharedRun, logits)
  }

  /// As it stands in `config`. What was there before other teachers and logits were is named always, the rest where it
  /// is used, so that older cells keep their digests.
  var json: JSON {
    var members: [String: JSON] = [
      "cell": .string(cell), "architecture": .string(architecture), "weight": .number(weight),
      "temperature": .number(temperature), "squared_factor": .bool(squaredFactor), "shared": .bool(sharedRun != nil),
    ]
    if let sharedRun { members["run"] = .number(Double(sharedRun)) }
    if logits != .batch { members["logits"] = .string(logits.rawValue) }
    return .object(members)
  }
}

/// A configuration: all that a run depends on beside its number. Its canonical JSON is a runs file's `config`.
public struct Cell: Sendable {
  public let architecture: Architecture
  public let plan: Plan
  public let recipe: Recipe
  public let initialisation: Initialisation
  public let seed: UInt64
  /// Whether 3x3 convolutions are plain sums, instead of Winograd's.
  public let exactConvolution: Bool
  /// Ratio, scheme and seed of the subsets; runs with a teacher each take over the teachers'.
  public let subset: JSON
  /// Examples that are taken out of every subset.
  public let exclusion: Exclusion?
  public let teachers: TeacherConfiguration?

  public init(
    architecture: Architecture, plan: Plan, recipe: Recipe, initialisation: Initialisation = .standard, seed: UInt64,
    exactConvolution: Bool = false, subset: JSON, exclusion: Exclusion? = nil, teachers: TeacherConfiguration? = nil
  ) {
    (self.architecture, self.plan, self.recipe, self.seed) = (architecture, plan, recipe, seed)
    (self.initialisation, self.exclusion) = (initialisation, exclusion)
    (self.exactConvolution, self.subset, self.teachers) = (exactConvolution, subset, teachers)
  }

  public static func subset(_ masks: Masks) -> JSON {
    [
      "ratio": .number(masks.ratio), "scheme": .string(masks.scheme.rawValue),
      "seed": .string(String(masks.seed)),
    ]
  }

  public func config(data: String) -> JSON {
    [
      "data": .string(data), "architecture": .string(architecture.label),
      "parameter_count": .number(Double(plan.parameterCount)), "recipe": .object(recipe.schedule),
      "loss": recipe.loss.json, "initialisation": initialisation.json,
      "convolution": .string(exactConvolution ? "exact" : "winograd"),
      "standardisation": .string(recipe.standardisation.rawValue),
      "augmentation": .string(recipe.augmentation.rawValue), "subset": subset, "exclusion": exclusion?.json ?? .null,
      "seed": .string(String(seed)),
      "teachers": teachers?.json ?? .null,
    ]
  }

  /// What a runs file of this cell holds.
  func schema(_ dataset: ImageDataset, _ recording: Recording) -> RunSchema {
    RunSchema(
      config: config(data: dataset.content), architecture: plan.architecture, parameterCount: plan.parameterCount,
      data: dataset, epochs: recipe.epochs, snapshots: recording.snapshots,
      tensors: plan.tensors.map { (name: $0.name, shape: $0.shape) }, keep: recording.keep,
      dynamicsPass: recording.dynamicsPass, hasTeacher: teachers != nil, mayStopEarly: recipe.stopAtAccuracy != nil,
      excluded: exclusion?.flags)
  }

  /// The state of a run's network before training.
  func initialState(run: Int) -> [Float] {
    Networks.initialState(plan: plan, seed: seed, run: run, initialisers: initialisation.initialisers(of: plan))
  }

  public var loss: Loss {
    guard let teachers else { return .labels(recipe.loss) }
    return .distillation(
      weight: teachers.weight, temperature: teachers.temperature, squaredFactor: teachers.squaredFactor)
  }
}

extension Initialisation {
  /// As it stands in `config`; deviations only where there are some.
  var json: JSON {
    var members: [String: JSON] = ["scheme": .string(scheme.rawValue)]
    if let firstLayerStd { members["first_layer_std"] = .number(firstLayerStd) }
    if !layerStds.isEmpty { members["layer_std"] = .object(layerStds.mapValues { .number($0) }) }
    return .object(members)
  }
}
