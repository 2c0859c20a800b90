extension Reference {
  /// y = W x + b; the weight is (out, in).
  static func dense(_ x: [Double], weight: [Double], bias: [Double]?, count: Int, features: Int) -> [Double] {
    let inputs = x.count / count
    var y = [Double](repeating: 0, count: count * features)
    for n in 0..<count {
      for o in 0..<features {
        var sum = bias?[o] ?? 0
        for i in 0..<inputs { sum += weight[o * inputs + i] * x[n * inputs + i] }
        y[n * features + o] = sum
      }
    }
    return y
  }

  static func denseInputGradient(_ gradient: [Double], weight: [Double], count: Int) -> [Double] {
    let features = gradient.count / count
    let inputs = weight.count / features
    var result = [Double](repeating: 0, count: count * inputs)
    for n in 0..<count {
      for o in 0..<features {
        for i in 0..<inputs { result[n * inputs + i] += weight[o * inputs + i] * gradient[n * features + o] }
      }
    }
    return result
  }

  static func accumulateDenseWeightGradient(
    _ result: inout [Double], _ x: [Double], _ gradient: [Double], count: Int
  ) {
    let features = gradient.count / count
    let inputs = x.count / count
    for n in 0..<count {
      for o in 0..<features {
        for i in 0..<inputs { result[o * inputs + i] += gradient[n * features + o] * x[n * inputs + i] }
      }
    }
  }

  static func accumulateDenseBiasGradient(_ result: inout [Double], _ gradient: [Double]) {
    let features = result.count
    for (index, value) in gradient.enumerated() { result[index % features] += value }
  }
}
