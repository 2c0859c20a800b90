import Randomness

extension Reference {
  static func activate(_ x: Double, _ activation: Activation) -> Double {
    switch activation {
    // Written so that NaN passes, as in PyTorch: a diverged network must be seen to have diverged.
    case .relu: return x <= 0 ? 0 : x
    case .sin: return Elementary.sin(x)
    case .sigmoid: return 1 / (1 + Elementary.exp(-x))
    case .linear: return x
    case .hardswish: return x * activate(x, .hardsigmoid)
    case .hardsigmoid: return x <= -3 ? 0 : x >= 3 ? 1 : x / 6 + 0.5
    }
  }

  /// The derivative at x; where a slope jumps, PyTorch's: 0 for ReLU at 0, 0 for hardsigmoid at -3 and 3, for hardswish
  /// 1 at 3 and 0 at -3.
  static func activationSlope(_ x: Double, _ activation: Activation) -> Double {
    switch activation {
    case .relu: return x <= 0 ? 0 : 1
    case .sin: return Elementary.cos(x)
    case .sigmoid:
      let y = activate(x, .sigmoid)
      return y * (1 - y)
    case .linear: return 1
    case .hardswish: return x <= -3 ? 0 : x >= 3 ? 1 : x / 3 + 0.5
    case .hardsigmoid: return x > -3 && x < 3 ? 1.0 / 6 : 0
    }
  }

  /// Each channel's elements times its gate.
  static func multiply(_ x: [Double], gate: [Double], area: Int) -> [Double] {
    x.indices.map { x[$0] * gate[$0 / area] }
  }

  static func multiplyGradients(_ x: [Double], gate: [Double], _ gradient: [Double], area: Int) -> [[Double]] {
    var gateGradient = [Double](repeating: 0, count: gate.count)
    for i in x.indices { gateGradient[i / area] += gradient[i] * x[i] }
    return [multiply(gradient, gate: gate, area: area), gateGradient]
  }
}
