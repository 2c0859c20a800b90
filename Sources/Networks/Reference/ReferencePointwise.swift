import Randomness

extension Reference {
  static func activate(_ x: Double, _ activation: Activation) -> Double {
    switch activation {
    // Written so that NaN passes, as in PyTorch: a diverged network must be seen to have diverged.
    case .relu: return x <= 0 ? 0 : x
    case .sin: return Elementary.sin(x)
    case .sigmoid: return 1 / (1 + Elementary.exp(-x))
    case .linear: return x
    }
  }

  /// The derivative at x; 0 for ReLU at 0, as in PyTorch.
  static func activationSlope(_ x: Double, _ activation: Activation) -> Double {
    switch activation {
    case .relu: return x <= 0 ? 0 : 1
    case .sin: return Elementary.cos(x)
    case .sigmoid:
      let y = activate(x, .sigmoid)
      return y * (1 - y)
    case .linear: return 1
    }
  }
}
