extension Reference {
  /// The mean and the biased variance of each channel that a batch-norm used.
  struct ChannelStatistics: Sendable {
    let mean: [Double]
    let variance: [Double]
    let epsilon: Double
    /// Whether they are functions of the batch, through which gradients flow, or constants.
    let areOfBatch: Bool

    /// 1 / sqrt(variance + epsilon).
    func scale(_ channel: Int) -> Double { 1 / (variance[channel] + epsilon).squareRoot() }
  }

  /// Statistics over examples, rows and columns.
  static func channelStatistics(_ x: [Double], shape: Shape, count: Int, epsilon: Double) -> ChannelStatistics {
    let n = Double(count * shape.area)
    var mean = [Double](repeating: 0, count: shape.channels)
    forEachElement(shape, count) { i, c in mean[c] += x[i] / n }
    var variance = [Double](repeating: 0, count: shape.channels)
    forEachElement(shape, count) { i, c in variance[c] += (x[i] - mean[c]) * (x[i] - mean[c]) / n }
    return ChannelStatistics(mean: mean, variance: variance, epsilon: epsilon, areOfBatch: true)
  }

  /// y = weight (x - mean) scale + bias.
  static func batchNorm(
    _ x: [Double], _ statistics: ChannelStatistics, weight: [Double], bias: [Double], shape: Shape, count: Int
  ) -> [Double] {
    let slope = (0..<shape.channels).map { weight[$0] * statistics.scale($0) }
    var y = [Double](repeating: 0, count: x.count)
    forEachElement(shape, count) { i, c in y[i] = (x[i] - statistics.mean[c]) * slope[c] + bias[c] }
    return y
  }

  /// With x̂ = (x - mean) scale: db = sum g, dw = sum g x̂, and
  /// dx = weight scale g, or weight scale (g - mean g - x̂ mean(g x̂)) where the statistics are the batch's.
  static func batchNormGradients(
    _ x: [Double], _ gradient: [Double], _ statistics: ChannelStatistics, weight: [Double], shape: Shape,
    count: Int
  ) -> (input: [Double], weight: [Double], bias: [Double]) {
    let n = Double(count * shape.area)
    let scale = (0..<shape.channels).map { statistics.scale($0) }
    var weightGradient = [Double](repeating: 0, count: shape.channels)
    var biasGradient = weightGradient
    forEachElement(shape, count) { i, c in
      weightGradient[c] += gradient[i] * (x[i] - statistics.mean[c]) * scale[c]
      biasGradient[c] += gradient[i]
    }
    var inputGradient = [Double](repeating: 0, count: x.count)
    forEachElement(shape, count) { i, c in
      var g = gradient[i]
      if statistics.areOfBatch {
        let normalised = (x[i] - statistics.mean[c]) * scale[c]
        g -= biasGradient[c] / n + normalised * weightGradient[c] / n
      }
      inputGradient[i] = weight[c] * scale[c] * g
    }
    return (inputGradient, weightGradient, biasGradient)
  }

  /// Calls `body(element, channel)` for each element of a batch.
  private static func forEachElement(_ shape: Shape, _ count: Int, _ body: (Int, Int) -> Void) {
    for plane in 0..<count * shape.channels {
      for i in plane * shape.area..<(plane + 1) * shape.area { body(i, plane % shape.channels) }
    }
  }
}
