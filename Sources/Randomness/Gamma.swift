extension RandomStream {
  /// A gamma number of shape `halves` / 2 and scale 1, for a whole `halves` of at least 1.
  ///
  /// Of shape 1/2 it is half the square of a standard normal; above, Marsaglia and Tsang's rejection.
  /// - Source: Marsaglia and Tsang 2000, "A simple method for generating gamma variables",
  ///   doi:10.1145/358407.358414.
  @inlinable
  public mutating func gamma(halves: Int) -> Double { gamma(halves: halves, trying: normalPair().0) }

  /// The same, with a normal number to begin with.
  @inlinable
  mutating func gamma(halves: Int, trying normal: Double) -> Double {
    precondition(halves >= 1, "the shape is positive")
    var x = normal
    if halves == 1 { return x * x / 2 }
    let d = Double(halves) / 2 - 1.0 / 3
    let c = 1 / (9 * d).squareRoot()
    while true {
      let root = 1 + c * x
      if root > 0 {
        let v = root * root * root
        let u = 1 - uniform()
        if u < 1 - 0.0331 * (x * x) * (x * x) { return d * v }
        if Elementary.log(u) < 0.5 * x * x + d * (1 - v + Elementary.log(v)) { return d * v }
      }
      x = normalPair().0
    }
  }

  /// A beta number of shapes `a` / 2 and `b` / 2, from two gamma numbers; in 0...1.
  @inlinable
  public mutating func beta(halves a: Int, _ b: Int) -> Double {
    // Most first tries are taken, so that a pair of normal numbers is seldom too few.
    let normal = normalPair()
    let x = gamma(halves: a, trying: normal.0)
    let y = gamma(halves: b, trying: normal.1)
    // Both are 0 only where two normals are: never in a lifetime, yet not a number then.
    return x + y > 0 ? x / (x + y) : 0.5
  }

  /// Two independent standard normal numbers by Marsaglia's polar method: one logarithm for both, and no cosine.
  ///
  /// - Source: Marsaglia and Bray 1964, doi:10.1137/1006063.
  @inlinable
  mutating func normalPair() -> (Double, Double) {
    while true {
      let x = 2 * uniform() - 1
      let y = 2 * uniform() - 1
      let s = x * x + y * y
      if s < 1, s > 0 {
        let scale = (-2 * Elementary.log(s) / s).squareRoot()
        return (x * scale, y * scale)
      }
    }
  }
}
