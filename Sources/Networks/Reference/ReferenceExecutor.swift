/// Runs a plan in `Double` with plain loops: what the fast executors are measured against.
///
/// Values are NCHW: (example, channel, y, x). All is kept after `forward`, so that `backward` may follow and
/// `value` may be asked for. A struct: a copy is an independent network.
public struct ReferenceExecutor: Sendable {
  public let plan: Plan
  private var tensors: [[Double]]
  private var count = 0
  private var training = false
  private var values: [[Double]]
  /// By operation; batch-norm's alone are not empty.
  private var statistics: [Reference.ChannelStatistics?]
  private var tensorGradients: [[Double]]
  private var valueGradients: [[Double]]
  private var momenta: [[Double]]

  public init(plan: Plan) {
    self.plan = plan
    tensors = plan.tensors.map { [Double](repeating: 0, count: $0.count) }
    tensorGradients = tensors
    momenta = tensors
    values = plan.values.map { _ in [] }
    valueGradients = values
    statistics = plan.operations.map { _ in nil }
  }

  /// Takes all tensors from one flat state, and forgets momenta.
  public mutating func load(state: [Double]) {
    precondition(state.count == plan.stateCount, "one value for each of the state")
    tensors = plan.tensors.map { Array(state[$0.offset..<$0.offset + $0.count]) }
    momenta = tensors.map { [Double](repeating: 0, count: $0.count) }
  }

  /// All tensors as one flat state, `plan.stateCount` values.
  public func state() -> [Double] { tensors.flatMap { $0 } }

  /// Computes all values. In training, batch-norm uses the batch's statistics and updates the running ones.
  ///
  /// - Parameters:
  ///   - input: (example, channel, y, x).
  public mutating func forward(input: [Double], count: Int, training: Bool) {
    precondition(input.count == count * plan.input.count, "`count` examples of the plan's input")
    self.count = count
    self.training = training
    values[0] = input
    for (index, operation) in plan.operations.enumerated() {
      values[operation.output] = output(of: operation, at: index)
    }
  }

  private mutating func output(of operation: Operation, at index: Int) -> [Double] {
    let x = values[operation.inputs[0]]
    let shape = plan.values[operation.inputs[0]]
    let outputShape = plan.values[operation.output]
    switch operation.kind {
    case .convolution(let convolution):
      let geometry = Reference.Convolution(convolution, input: shape, output: outputShape)
      return geometry.forward(
        x, weight: tensors[convolution.weight], bias: convolution.bias.map { tensors[$0] }, count: count)
    case .dense(let weight, let bias):
      return Reference.dense(
        x, weight: tensors[weight], bias: bias.map { tensors[$0] }, count: count,
        features: outputShape.channels)
    case .batchNorm(let norm):
      let used = training ? batchStatistics(of: x, shape, norm) : runningStatistics(norm)
      statistics[index] = used
      return Reference.batchNorm(
        x, used, weight: tensors[norm.weight], bias: tensors[norm.bias], shape: shape, count: count)
    case .activation(let activation):
      return x.map { Reference.activate($0, activation) }
    case .add:
      return zip(x, values[operation.inputs[1]]).map { $0 + $1 }
    case .multiply:
      return Reference.multiply(x, gate: values[operation.inputs[1]], area: shape.area)
    case .concatenate:
      return Reference.concatenate(operation.inputs.map { values[$0] }, count: count)
    case .maxPool(let window):
      return Reference.Windows(window, input: shape, output: outputShape, count: count).maximum(x)
    case .averagePool(let window):
      return Reference.Windows(window, input: shape, output: outputShape, count: count).mean(x)
    case .subsample(let stride, let channelsBefore, _):
      return Reference.subsample(
        x, shape: shape, output: outputShape, stride: stride, channelsBefore: channelsBefore, count: count)
    case .globalAveragePool:
      return Reference.globalAveragePool(x, shape: shape, count: count)
    }
  }

  /// The batch's statistics; the running ones move towards them, the variance by its unbiased estimate, as
  /// PyTorch's do.
  private mutating func batchStatistics(
    of x: [Double], _ shape: Shape, _ norm: BatchNorm
  ) -> Reference.ChannelStatistics {
    let batch = Reference.channelStatistics(x, shape: shape, count: count, epsilon: norm.epsilon)
    let n = Double(count * shape.area)
    for c in 0..<shape.channels {
      tensors[norm.runningMean][c] += norm.momentum * (batch.mean[c] - tensors[norm.runningMean][c])
      let unbiased = batch.variance[c] * n / (n - 1)
      tensors[norm.runningVariance][c] += norm.momentum * (unbiased - tensors[norm.runningVariance][c])
    }
    tensors[norm.batches][0] += 1
    return batch
  }

  private func runningStatistics(_ norm: BatchNorm) -> Reference.ChannelStatistics {
    Reference.ChannelStatistics(
      mean: tensors[norm.runningMean], variance: tensors[norm.runningVariance], epsilon: norm.epsilon,
      areOfBatch: false)
  }

  /// (example, class), after `forward`.
  public var logits: [Double] { values[plan.logits] }

  /// One value of the plan, (example, channel, y, x), after `forward`.
  public func value(_ id: ValueID) -> [Double] { values[id] }

  /// Computes the gradients of all parameters and of the input, in the mode of the last `forward`.
  ///
  /// - Parameters:
  ///   - logitGradient: (example, class), of the number to differentiate.
  public mutating func backward(logitGradient: [Double]) {
    precondition(logitGradient.count == logits.count, "one value a logit")
    tensorGradients = tensors.map { [Double](repeating: 0, count: $0.count) }
    valueGradients = values.map { [Double](repeating: 0, count: $0.count) }
    valueGradients[plan.logits] = logitGradient
    for (index, operation) in plan.operations.enumerated().reversed() {
      let inputGradients = inputGradients(of: operation, at: index)
      for (input, gradient) in zip(operation.inputs, inputGradients) {
        for i in gradient.indices { valueGradients[input][i] += gradient[i] }
      }
    }
  }

  /// Adds to the gradients of the operation's tensors, and returns those of its inputs.
  private mutating func inputGradients(of operation: Operation, at index: Int) -> [[Double]] {
    let x = values[operation.inputs[0]]
    let shape = plan.values[operation.inputs[0]]
    let outputShape = plan.values[operation.output]
    let gradient = valueGradients[operation.output]
    switch operation.kind {
    case .convolution(let convolution):
      let geometry = Reference.Convolution(convolution, input: shape, output: outputShape)
      geometry.accumulateWeightGradient(&tensorGradients[convolution.weight], x, gradient, count: count)
      if let bias = convolution.bias { geometry.accumulateBiasGradient(&tensorGradients[bias], gradient) }
      return [geometry.inputGradient(gradient, weight: tensors[convolution.weight], count: count)]
    case .dense(let weight, let bias):
      Reference.accumulateDenseWeightGradient(&tensorGradients[weight], x, gradient, count: count)
      if let bias { Reference.accumulateDenseBiasGradient(&tensorGradients[bias], gradient) }
      return [Reference.denseInputGradient(gradient, weight: tensors[weight], count: count)]
    case .batchNorm(let norm):
      guard let used = statistics[index] else { preconditionFailure("backward without forward") }
      let result = Reference.batchNormGradients(
        x, gradient, used, weight: tensors[norm.weight], shape: shape, count: count)
      for c in 0..<shape.channels {
        tensorGradients[norm.weight][c] += result.weight[c]
        tensorGradients[norm.bias][c] += result.bias[c]
      }
      return [result.input]
    case .activation(let activation):
      return [zip(x, gradient).map { $1 * Reference.activationSlope($0, activation) }]
    case .add:
      return [gradient, gradient]
    case .multiply:
      return Reference.multiplyGradients(x, gate: values[operation.inputs[1]], gradient, area: shape.area)
    case .concatenate:
      return Reference.split(gradient, sizes: operation.inputs.map { plan.values[$0].count }, count: count)
    case .maxPool(let window):
      return [Reference.Windows(window, input: shape, output: outputShape, count: count).maximumGradient(x, gradient)]
    case .averagePool(let window):
      return [Reference.Windows(window, input: shape, output: outputShape, count: count).meanGradient(gradient)]
    case .subsample(let stride, let channelsBefore, _):
      return [
        Reference.subsampleInputGradient(
          gradient, shape: shape, output: outputShape, stride: stride, channelsBefore: channelsBefore,
          count: count)
      ]
    case .globalAveragePool:
      return [Reference.globalAveragePoolInputGradient(gradient, shape: shape, count: count)]
    }
  }

  /// The gradients of all tensors, flat as the state; zero for running statistics.
  public func gradients() -> [Double] { tensorGradients.flatMap { $0 } }

  /// (example, channel, y, x), after `backward`.
  public var inputGradient: [Double] { valueGradients[0] }

  /// One step of the optimiser with the last gradients; running statistics are left alone.
  public mutating func update(_ sgd: SGD) {
    let (rate, momentum, decay) = (Double(sgd.learningRate), Double(sgd.momentum), Double(sgd.weightDecay))
    for (t, tensor) in plan.tensors.enumerated() where tensor.role == .parameter {
      for i in tensors[t].indices {
        let gradient = tensorGradients[t][i] + decay * tensors[t][i]
        momenta[t][i] = momentum * momenta[t][i] + gradient
        tensors[t][i] -= rate * (sgd.nesterov ? gradient + momentum * momenta[t][i] : momenta[t][i])
      }
    }
  }
}

/// The layers, one function for forward and one for backward each; values are (example, channel, y, x).
enum Reference {}
