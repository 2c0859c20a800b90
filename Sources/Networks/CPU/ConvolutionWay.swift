import Kernels

/// How a convolution or dense layer is computed: a function of its shape alone, the same on every machine of an
/// instruction set.
enum ConvolutionWay: Sendable {
  /// In groups of channels.
  case grouped
  /// Examples side by side: dense layers, and small images, whose few pixels would fill no register.
  case gathered
  /// By direct kernels, over an example at a time.
  case direct
  case winograd(Winograd)

  /// Pixels of an output up to which examples go side by side in any case.
  private static let fewPixels = 16
  /// Floats of a shard's values, gathered, that the second-level cache holds beside some weights.
  private static let shardLimit = 1 << 17

  /// nil where the operation is neither.
  init?(_ plan: Plan, _ operation: Operation, _ lanes: Int, isExact: Bool) {
    switch operation.kind {
    case .dense: self = .gathered
    case .convolution(let convolution):
      let (input, output) = (plan.values[operation.inputs[0]], plan.values[operation.output])
      if convolution.groups > 1 {
        self = .grouped
      } else if !isExact, let winograd = Winograd(input, output, convolution, lanes) {
        self = .winograd(winograd)
      } else {
        let isSmall = ConvolutionWay.isSmall(output)
        self = isSmall || ConvolutionWay.wastesTaps(convolution, input, output, lanes) ? .gathered : .direct
      }
    default: return nil
    }
  }

  /// Whether few pixels are left: then large weights' gradients are summed with examples side by side, too.
  static func isSmall(_ output: Shape) -> Bool { output.area <= fewPixels }

  /// Whether more than a fifth of what direct kernels would do, forward and back, is beside the image, as with 5x5 taps
  /// that leave no border: the gradient by the input is as large as that, and its taps mostly meet nothing.
  private static func wastesTaps(_ convolution: Convolution, _ input: Shape, _ output: Shape, _ lanes: Int) -> Bool {
    guard convolution.kernel > 1, convolution.stride == 1 else { return false }
    let sizes = [input, output].map { blocks($0.channels, lanes) * lanes * $0.area * Shard.size }
    guard sizes.allSatisfy({ $0 <= shardLimit }) else { return false }
    func met(_ inputs: Int, _ outputs: Int) -> Int {
      (0..<outputs).reduce(0) { sum, y in
        let first = y - convolution.padding
        return sum + max(0, min(first + convolution.kernel, inputs) - max(first, 0))
      }
    }
    let useful = 2 * met(input.height, output.height) * met(input.width, output.width)
    return 5 * useful < 4 * (input.area + output.area) * convolution.kernel * convolution.kernel
  }

  static func gathered(_ plan: Plan, _ operation: Operation, _ lanes: Int) -> Gathered {
    let (input, output) = (plan.values[operation.inputs[0]], plan.values[operation.output])
    if case .convolution(let convolution) = operation.kind {
      return Gathered(convolution, from: input, to: output, lanes: lanes)
    }
    return Gathered(denseFrom: input, to: output, lanes: lanes)
  }

  /// Floats to work in: a thread's, and for the gathered values of a shard.
  ///
  /// - Parameters:
  ///   - goesBack: whether there is a way back at all.
  ///   - sums: whether it sums gradients by weights.
  ///   - norms: whether it takes the norms of examples' own.
  func need(
    _ plan: Plan, _ operation: Operation, _ lanes: Int, goesBack: Bool, sums: Bool, norms: Bool,
    isSummed: (TensorID) -> Bool
  ) -> ConvolutionNeed {
    var need = ConvolutionNeed()
    let weight: TensorID
    switch operation.kind {
    case .convolution(let convolution): weight = convolution.weight
    case .dense(let dense, _): weight = dense
    default: return need
    }
    let isLarge = !isSummed(weight)
    func gather() {
      let geometry = ConvolutionWay.gathered(plan, operation, lanes)
      if isLarge {
        (need.gatheredInputs, need.gatheredGradients) = (geometry.inputStep, geometry.outputStep)
      } else {
        let gradientSize = goesBack ? geometry.outputSize : 0
        need.scratch = max(
          need.scratch, sums ? geometry.inputSize + gradientSize : max(geometry.inputSize, gradientSize))
      }
    }
    switch self {
    case .grouped: need.scratch = CPUGroupedConvolution.scratchSize(plan, operation, lanes)
    case .gathered: gather()
    case .direct: need.scratch = Window(plan, operation, lanes).scratchSize
    case .winograd(let winograd):
      let gradient = (sums || norms) && !isLarge
      let ownSums = norms && gradient && winograd.sumsAreSmall ? winograd.filterSize : 0
      need.scratch = max(
        winograd.scratchSize(gradient: gradient) + ownSums,
        isLarge || norms ? Window(plan, operation, lanes).scratchSize : 0)
      if sums, isLarge, ConvolutionWay.isSmall(plan.values[operation.output]) { gather() }
    }
    return need
  }
}

/// Floats that convolutions work in, one at a time.
struct ConvolutionNeed {
  /// Of a thread.
  var scratch = 0
  /// Of a shard.
  var gatheredInputs = 0
  var gatheredGradients = 0

  mutating func formUnion(_ other: ConvolutionNeed?) {
    guard let other else { return }
    scratch = max(scratch, other.scratch)
    gatheredInputs = max(gatheredInputs, other.gatheredInputs)
    gatheredGradients = max(gatheredGradients, other.gatheredGradients)
  }
}
