import Randomness

/// How a configuration's weights begin: a scheme for all of them, and standard deviations for some.
public struct Initialisation: Hashable, Sendable {
  public enum Scheme: String, Sendable, CaseIterable {
    /// Each tensor as the architecture has it.
    case architecture = "default"
    /// Weights from `Initialiser.heNormal`.
    case he
    /// Weights from `Initialiser.glorotUniform`.
    case glorot
  }

  public let scheme: Scheme
  /// Of the first tensor that is a weight, absolute.
  ///
  /// - Source: Mehta, Cutkosky and Neyshabur 2021 (arXiv 2008.13363), whose sigma it is.
  public let firstLayerStd: Double?
  /// Of other tensors by name, absolute.
  public let layerStds: [String: Double]

  /// The architecture's own.
  public static let standard = Initialisation()

  private init() { (scheme, firstLayerStd, layerStds) = (.architecture, nil, [:]) }

  /// What makes an initialisation impossible, for the user.
  public struct Impossible: Error, CustomStringConvertible {
    public let description: String
  }

  /// - Parameter layerStds: by names of the plan's parameters; that of the first weight becomes `firstLayerStd`, so that
  ///   equal initialisations are equal.
  /// - Throws: `Impossible` where a name is not known, or the first weight has two deviations.
  public init(_ scheme: Scheme, firstLayerStd: Double?, layerStds: [String: Double], of plan: Plan) throws {
    let parameters = plan.tensors.filter { $0.role == .parameter }.map(\.name)
    if let unknown = layerStds.keys.sorted().first(where: { !parameters.contains($0) }) {
      let shown = parameters.prefix(6).joined(separator: ", ")
      let more = parameters.count > 6 ? " and \(parameters.count - 6) more" : ""
      throw Impossible(
        description: "\(plan.architecture) has no parameter \(unknown); it has \(shown)\(more)")
    }
    var (first, others) = (firstLayerStd, layerStds)
    if let name = plan.weights.first?.name, let own = others.removeValue(forKey: name) {
      guard firstLayerStd == nil else {
        throw Impossible(description: "the first layer, \(name), is given two standard deviations")
      }
      first = own
    }
    (self.scheme, self.firstLayerStd, self.layerStds) = (scheme, first, others)
  }

  /// What takes the place of the plan's own initialisers, by tensor name.
  public func initialisers(of plan: Plan) -> [String: Initialiser] {
    var initialisers: [String: Initialiser] = [:]
    switch scheme {
    case .architecture: break
    case .he: for tensor in plan.weights { initialisers[tensor.name] = .heNormal }
    case .glorot: for tensor in plan.weights { initialisers[tensor.name] = .glorotUniform }
    }
    for (name, std) in layerStds { initialisers[name] = .normal(std: std) }
    if let firstLayerStd, let first = plan.weights.first { initialisers[first.name] = .normal(std: firstLayerStd) }
    return initialisers
  }
}

extension Plan {
  /// Matrices and kernels: the parameters that have fans, in the order of `tensors`. Biases and scales are none.
  fileprivate var weights: [Tensor] { tensors.filter { $0.role == .parameter && $0.shape.count >= 2 } }
}

/// The state of a network before training: each tensor from a random stream of its own.
///
/// - Parameters:
///   - run: the run's number; runs of one seed start from different weights.
///   - initialisers: by tensor name, in place of the plan's own.
/// - Returns: the flat state, `plan.stateCount` values in the order of `plan.tensors`.
/// - Precondition: the plan has every tensor that `initialisers` names.
public func initialState(
  plan: Plan, seed: UInt64, run: Int, initialisers: [String: Initialiser] = [:]
) -> [Float] {
  let names = Set(plan.tensors.map(\.name))
  precondition(initialisers.keys.allSatisfy(names.contains), "an initialiser for a tensor that is not there")

  var state: [Float] = []
  state.reserveCapacity(plan.stateCount)
  for (index, tensor) in plan.tensors.enumerated() {
    var stream = RandomStream(seed: seed, purpose: .initialisation, run: run, index: index)
    let initialiser = initialisers[tensor.name] ?? tensor.initialiser
    state += initialValues(shape: tensor.shape, initialiser, from: &stream)
  }
  return state
}

/// The first values of one tensor, in row-major order.
func initialValues(shape: [Int], _ initialiser: Initialiser, from stream: inout RandomStream) -> [Float] {
  let count = shape.reduce(1, *)

  func uniform(_ bound: Double) -> [Float] {
    (0..<count).map { _ in Float((2 * stream.uniform() - 1) * bound) }
  }
  func normal(_ std: Double) -> [Float] {
    (0..<count).map { _ in Float(stream.normal() * std) }
  }

  switch initialiser {
  case .zeros:
    return [Float](repeating: 0, count: count)
  case .ones:
    return [Float](repeating: 1, count: count)
  case .heNormal:
    return normal((2 / Double(fans(shape).out)).squareRoot())
  case .heNormalFanIn:
    return normal((2 / Double(fans(shape).in)).squareRoot())
  case .glorotUniform:
    let (fanIn, fanOut) = fans(shape)
    return uniform((6 / Double(fanIn + fanOut)).squareRoot())
  case .linearDefault(let fanIn):
    return uniform(1 / Double(fanIn).squareRoot())
  case .normal(let std):
    return normal(std)
  }
}

/// The fans of a weight (out, in, ...), as `torch.nn.init` counts them: units times the area of the kernel.
private func fans(_ shape: [Int]) -> (in: Int, out: Int) {
  precondition(shape.count >= 2, "only weights have fans")
  let area = shape.dropFirst(2).reduce(1, *)
  return (shape[1] * area, shape[0] * area)
}
