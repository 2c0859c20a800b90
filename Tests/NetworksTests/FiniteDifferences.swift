import Networks
import Randomness

/// `count` uniform numbers in [-1, 1), a different sequence for each index.
func randomValues(_ count: Int, index: Int) -> [Double] {
  var stream = RandomStream(seed: 0, purpose: .test, index: index)
  return (0..<count).map { _ in 2 * stream.uniform() - 1 }
}

/// max |a - b| / max |b|; NaN, which no bound admits, where either has one or the lengths differ.
///
/// - Parameter floor: the least that is divided by.
func relativeDifference(_ a: [Double], from b: [Double], atLeast floor: Double = 0) -> Double {
  guard a.count == b.count, !(a + b).contains(where: \.isNaN) else { return .nan }
  let greatest = b.reduce(floor) { max($0, abs($1)) }
  let difference = zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1)) }
  return difference == 0 ? 0 : difference / greatest
}

/// The central difference of `f` by each coordinate.
func centralDifferences(_ x: [Double], step: Double = 1e-5, _ f: ([Double]) -> Double) -> [Double] {
  x.indices.map { i in
    var above = x
    var below = x
    above[i] += step
    below[i] -= step
    return (f(above) - f(below)) / (above[i] - below[i])
  }
}

/// A random state for a plan; running variances, and the scales of batch-norm, are around 1.
func randomState(_ plan: Plan) -> [Double] {
  plan.tensors.enumerated().flatMap { index, tensor in
    let values = randomValues(tensor.count, index: 100 + index)
    return tensor.initialiser == .ones ? values.map { 1 + $0 / 2 } : values
  }
}

/// The greatest difference of the reference's gradients of a random projection of the logits from central
/// differences.
///
/// - Returns: by tensor name, with `input` for the input; relative to the tensor's greatest gradient.
func gradientErrors(_ plan: Plan, training: Bool, count: Int = 3) -> [String: Double] {
  let state = randomState(plan)
  let input = randomValues(count * plan.input.count, index: 1)
  let projection = randomValues(count * plan.values[plan.logits].count, index: 2)

  func projected(_ state: [Double], _ input: [Double]) -> Double {
    var network = ReferenceExecutor(plan: plan)
    network.load(state: state)
    network.forward(input: input, count: count, training: training)
    return zip(network.logits, projection).reduce(0) { $0 + $1.0 * $1.1 }
  }

  var network = ReferenceExecutor(plan: plan)
  network.load(state: state)
  network.forward(input: input, count: count, training: training)
  network.backward(logitGradient: projection)
  let gradients = network.gradients()

  var errors = [
    "input": relativeDifference(
      network.inputGradient, from: centralDifferences(input) { projected(state, $0) })
  ]
  for tensor in plan.tensors where tensor.role == .parameter {
    let range = tensor.offset..<tensor.offset + tensor.count
    let differences = centralDifferences(Array(state[range])) { values in
      var moved = state
      moved.replaceSubrange(range, with: values)
      return projected(moved, input)
    }
    errors[tensor.name] = relativeDifference(Array(gradients[range]), from: differences)
  }
  return errors
}
