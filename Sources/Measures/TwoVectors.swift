import Randomness

/// What the four measures say of two vectors a and b, |a| = 1, |b| = t, with an angle between them: Figure 3 of Mehta et
/// al. 2021 (arXiv 2008.13363).
///
/// Alignment alone falls both with the angle and as the norms part.
public struct TwoVectors: Sendable, Hashable {
  /// |b| / |a|, above 0.
  public let normRatio: Double
  /// In degrees.
  public let angle: Double

  public init(normRatio: Double, angle: Double) { (self.normRatio, self.angle) = (normRatio, angle) }

  /// cos of the angle, exact at multiples of 90 degrees.
  private var cosine: Double {
    let turned = abs(angle.remainder(dividingBy: 360))
    switch turned {
    case 90: return 0
    case 0: return 1
    case 180: return -1
    default: return Elementary.cos(turned * .pi / 180)
    }
  }

  /// 4 t cos θ / (1 + t)²
  public var alignment: Double { 4 * normRatio * cosine / ((1 + normRatio) * (1 + normRatio)) }
  /// (1 + t²) / (1 + t² + 2 t cos θ): infinite where they cancel out.
  public var diversity: Double {
    let squares = 1 + normRatio * normRatio
    return squares / (squares + 2 * normRatio * cosine)
  }
  /// cos θ
  public var stiffness: Double { cosine }
  /// t cos θ
  public var confusion: Double { normRatio * cosine }
}
