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

  public init(cell: String, architecture: String, weight: Double, temperature: Double, squaredFactor: Bool) {
    (self.cell, self.architecture) = (cell, architecture)
    (self.weight, self.temperature, self.squaredFactor) = (weight, temperature, squaredFactor)
  }
}

/// A configuration: all that a run depends on beside its number. Its canonical JSON is a runs file's `config`.
public struct Cell: Sendable {
  public let architecture: Architecture
  public let plan: Plan
  public let recipe: Recipe
  public let seed: UInt64
  /// Whether 3x3 convolutions are plain sums, instead of Winograd's.
  public let exactConvolution: Bool
  /// Ratio, scheme and seed of the subsets; distilled runs take over their teachers'.
  public let subset: JSON
  public let teachers: TeacherConfiguration?

  public init(
    architecture: Architecture, plan: Plan, recipe: Recipe, seed: UInt64,
    exactConvolution: Bool = false, subset: JSON, teachers: TeacherConfiguration? = nil
  ) {
    (self.architecture, self.plan, self.recipe, self.seed) = (architecture, plan, recipe, seed)
    (self.exactConvolution, self.subset, self.teachers) = (exactConvolution, subset, teachers)
  }

  public static func subset(_ masks: Masks) -> JSON {
    [
      "ratio": .number(masks.ratio), "scheme": .string(masks.scheme.rawValue),
      "seed": .string(String(masks.seed)),
    ]
  }

  public func config(data: String) -> JSON {
    var teacherMembers = JSON.null
    if let teachers {
      teacherMembers = [
        "cell": .string(teachers.cell), "architecture": .string(teachers.architecture),
        "weight": .number(teachers.weight), "temperature": .number(teachers.temperature),
        "squared_factor": .bool(teachers.squaredFactor), "shared": false,
      ]
    }
    return [
      "data": .string(data), "architecture": .string(architecture.label),
      "parameter_count": .number(Double(plan.parameterCount)), "recipe": recipe.json, "loss": "cross-entropy",
      "initialisation": "architecture's default",
      "convolution": .string(exactConvolution ? "exact" : "winograd"),
      "standardisation": .string(recipe.standardisation.rawValue),
      "augmentation": .string(recipe.augmentation.rawValue), "subset": subset, "seed": .string(String(seed)),
      "teachers": teacherMembers,
    ]
  }

  /// What a runs file of this cell holds.
  func schema(_ dataset: ImageDataset, _ recording: Recording) -> RunSchema {
    RunSchema(
      config: config(data: dataset.content), architecture: plan.architecture, parameterCount: plan.parameterCount,
      data: dataset, epochs: recipe.epochs, snapshots: recording.snapshots,
      tensors: plan.tensors.map { (name: $0.name, shape: $0.shape) }, keep: recording.keep,
      dynamicsPass: recording.dynamicsPass, hasTeacher: teachers != nil)
  }

  public var loss: Loss {
    guard let teachers else { return .crossEntropy }
    return .distillation(
      weight: teachers.weight, temperature: teachers.temperature, squaredFactor: teachers.squaredFactor)
  }
}
