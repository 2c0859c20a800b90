import Randomness

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
