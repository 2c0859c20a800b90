import Kernels
import Networks
import Randomness

/// A network and a batch, and what plain loops make of them: forward, backward and one step of the optimiser.
struct Comparison: Sendable {
  let plan: Plan
  let count: Int
  let training: Bool
  let state: [Float]
  let input: [Float]
  let logitGradient: [Float]
  private var reference: ReferenceExecutor

  private static let sgd = SGD(learningRate: 0.5, momentum: 0.5, weightDecay: 0.25, nesterov: true)

  /// - Parameters:
  ///   - training: whether batch-norm takes its statistics from the batch.
  ///   - state: as `CPUExecutor.load` takes it; by default all numbers, too.
  ///   - number: the numbers for the input and the gradient of the logits.
  init(
    _ plan: Plan, count: Int, training: Bool = true, seed: Int = 0, state: [Float]? = nil,
    number: (inout RandomStream) -> Double
  ) {
    var stream = RandomStream(seed: 11, purpose: .test, index: seed)
    func numbers(_ count: Int) -> [Float] { (0..<count).map { _ in Float(number(&stream)) } }
    self.plan = plan
    self.count = count
    self.training = training
    self.state = state ?? numbers(plan.stateCount)
    input = numbers(count * plan.input.count)
    logitGradient = numbers(count * plan.values[plan.logits].count)
    reference = ReferenceExecutor(plan: plan)
    reference.load(state: self.state.map(Double.init))
    reference.forward(input: input.map(Double.init), count: count, training: training)
  }

  /// How close values come to where a slope jumps: the least distance over the greatest magnitude, of those that are not
  /// there by themselves. A slope jumps at 0 of a ReLU, at -3 and 3 of the hard activations, and where two elements of a
  /// window of max-pooling are the greatest.
  var margin: Double {
    plan.operations.reduce(1) { margin, operation in
      let values = reference.value(operation.inputs[0])
      guard let greatest = values.lazy.map(abs).max(), greatest > 0 else { return margin }
      let distances: [Double]
      switch operation.kind {
      case .activation(.relu): distances = values.map(abs)
      case .activation(.hardswish), .activation(.hardsigmoid): distances = values.map { abs(abs($0) - 3) }
      case .maxPool(let window): distances = gaps(window, operation, values)
      default: return margin
      }
      return min(margin, (distances.lazy.filter { $0 > 0 }.min() ?? greatest) / greatest)
    }
  }

  /// By window, from the greatest element to the next.
  private func gaps(_ window: Pooling, _ operation: Networks.Operation, _ values: [Double]) -> [Double] {
    let (from, to) = (plan.values[operation.inputs[0]], plan.values[operation.output])
    return (0..<count * to.count).map { element in
      let (plane, pixel) = (element / to.area, element % to.area)
      let top = pixel / to.width * window.stride - window.padding
      let left = pixel % to.width * window.stride - window.padding
      var elements: [Double] = []
      for row in max(top, 0)..<min(top + window.kernel, from.height) {
        for column in max(left, 0)..<min(left + window.kernel, from.width) {
          elements.append(values[(plane * from.height + row) * from.width + column])
        }
      }
      elements.sort(by: >)
      return elements.count > 1 ? elements[0] - elements[1] : .infinity
    }
  }

  /// What plain loops make of it; `differences` holds executors to it.
  func solved() -> Solution {
    var network = reference
    network.backward(logitGradient: logitGradient.map(Double.init))
    network.update(Comparison.sgd)
    return Solution(comparison: self, network: network)
  }

  /// An executor with the state and the input.
  func executor(
    _ set: InstructionSet, _ mode: CPUExecutor.Mode, gradients: CPUExecutor.Gradients = .parameters,
    capacity: Int? = nil, threads: Int, exactConvolution: Bool
  ) -> CPUExecutor {
    let executor = CPUExecutor(
      plan: plan, capacity: capacity ?? count, mode: mode, gradients: gradients, pool: ThreadPool(threads: threads),
      instructionSet: set, exactConvolution: exactConvolution)
    executor.load(state: state)
    let (image, pixelStride) = (plan.input, executor.pixelStride)
    executor.prepare(count: count) { example, x in
      for channel in 0..<image.channels {
        for pixel in 0..<image.area {
          x[pixel * pixelStride + channel] = input[(example * image.channels + channel) * image.area + pixel]
        }
      }
    }
    return executor
  }

  struct Solution: Sendable {
    let comparison: Comparison
    let network: ReferenceExecutor

    /// The differences of an executor from plain loops.
    ///
    /// - Returns: of all kept values, gradients and tensors after the step, by name, relative to the greatest
    ///   element; NaN where a lane that is no channel came to hold something.
    func differences(
      _ set: InstructionSet, capacity: Int? = nil, threads: Int = 1, exactConvolution: Bool = false
    ) -> [String: Double] {
      let (plan, count) = (comparison.plan, comparison.count)
      let executor = comparison.executor(
        set, .training, capacity: capacity, threads: threads, exactConvolution: exactConvolution)
      executor.forward(count: count, training: comparison.training)
      var result = valueDifferences(executor, "padding of values")
      executor.backward(logitGradient: comparison.logitGradient, count: count)
      let gradients = executor.gradients()
      executor.update(Comparison.sgd)
      let state = executor.state()
      result["padding"] = executor.paddingIsZero(count: count) ? 0 : .nan

      let plainGradients = network.gradients()
      // Of a bias before a batch-norm nothing but rounding is left, which is no share of itself.
      let floor = plainGradients.reduce(0) { max($0, abs($1)) } / 10
      for (what, fast, plain, floor) in [
        ("gradient", gradients, plainGradients, floor), ("updated", state, network.state(), 0),
      ] {
        for tensor in plan.tensors {
          let range = tensor.offset..<tensor.offset + tensor.count
          result["\(what) \(tensor.name)"] = relativeDifference(
            fast[range].map(Double.init), from: Array(plain[range]), atLeast: floor)
        }
      }
      return result
    }

    /// The differences of an executor for evaluation, of a comparison that is not in training.
    func evaluationDifferences(
      _ set: InstructionSet, threads: Int = 1, exactConvolution: Bool = false
    ) -> [String: Double] {
      let executor = comparison.executor(set, .evaluation, threads: threads, exactConvolution: exactConvolution)
      executor.forward(count: comparison.count, training: true)
      return valueDifferences(executor, "padding")
    }

    private func valueDifferences(_ executor: CPUExecutor, _ padding: String) -> [String: Double] {
      let count = comparison.count
      var result = [padding: executor.paddingIsZero(count: count) ? 0 : Double.nan]
      for id in comparison.plan.values.indices where executor.keeps(id) {
        let value = executor.value(id, count: count).map(Double.init)
        result["value \(id)"] = relativeDifference(value, from: network.value(id))
      }
      return result
    }
  }
}

/// Runs a plan forward, backward and one step of the optimiser, fast and by plain loops; see `Comparison`.
func differences(
  _ plan: Plan, count: Int, _ set: InstructionSet, seed: Int = 0, exactConvolution: Bool = false,
  number: (inout RandomStream) -> Double
) -> [String: Double] {
  Comparison(plan, count: count, seed: seed, number: number).solved()
    .differences(set, exactConvolution: exactConvolution)
}

/// Sums and products of a few of these are the same in any order and any precision.
func smallInteger(_ stream: inout RandomStream) -> Double { Double(stream.below(3) - 1) }

func uniform(_ stream: inout RandomStream) -> Double { 2 * stream.uniform() - 1 }
