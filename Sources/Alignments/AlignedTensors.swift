import Networks
import ToolKit

/// What is aligned, in the order of an alignment file's `tensor` dimension.
public struct AlignedTensors: Sendable {
  public enum Tensor: Hashable, Sendable {
    /// The gradient by one parameter tensor.
    case parameter(TensorID)
    case allParameters
    /// The gradient by the logits.
    case logits
    /// What a layer puts out.
    case representation(ValueID)

    public var isOfParameters: Bool {
      switch self {
      case .parameter, .allParameters: true
      case .logits, .representation: false
      }
    }
  }

  public let tensors: [Tensor]
  public let names: [String]

  /// - Parameter list: with commas between them: `logits`; `parameters`, each tensor and all together; `representation`,
  ///   the last, or `representations`, all; or names as they stand in files.
  /// - Throws: `Failure` where a name is of nothing in the plan.
  public init(_ list: String, of plan: Plan) throws {
    let parameters = plan.tensors.indices.filter { plan.tensors[$0].role == .parameter }
    var known: [(tensor: Tensor, name: String)] = parameters.map { (.parameter($0), plan.tensors[$0].name) }
    known += [(.logits, "logits"), (.allParameters, "all parameters")]
    known += plan.representations.map { (.representation($0.value), "representation:\($0.name)") }
    var chosen: Set<String> = []
    for item in list.split(separator: ",", omittingEmptySubsequences: false).map(String.init) {
      switch item {
      case "parameters": chosen.formUnion(known.filter(\.tensor.isOfParameters).map(\.name))
      case "representation": chosen.formUnion(known.suffix(1).map(\.name))
      case "representations":
        chosen.formUnion(plan.representations.map { "representation:\($0.name)" })
      default:
        guard known.contains(where: { $0.name == item }) else {
          throw Failure(
            .usage, nil, "--tensors does not know '\(item)' of \(plan.architecture)",
            remedy: "it takes logits, parameters, representation, representations, or of: "
              + known.map(\.name).joined(separator: ", "))
        }
        chosen.insert(item)
      }
    }
    let ordered = known.filter { chosen.contains($0.name) }
    (tensors, names) = (ordered.map(\.tensor), ordered.map(\.name))
  }

  /// Whether there are gradients by parameters among them.
  public var needsGradients: Bool { tensors.contains(where: \.isOfParameters) }
  var representations: [ValueID] {
    tensors.compactMap { if case .representation(let value) = $0 { value } else { nil } }
  }
}
