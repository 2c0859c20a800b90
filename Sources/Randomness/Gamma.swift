extension RandomStream {
  /// A gamma number of shape `halves` / 2 and scale 1, for a whole `halves` of at least 1.
  ///
  /// Of shape 1/2 it is half the square of a standard normal; above, Marsaglia and Tsang's rejection.
  /// - Source: Marsaglia and Tsang 2000, "A simple method for generating gamma variables",
  ///   doi:10.1145/358407.358414.
  @inlinable
  public mutating func gamma(halves: Int) -> Double {
    precondition(halves >= 1, "the shape is positive")
    if halves == 1 {
      let x = polarNormal()
      return x * x / 2
    }
    let d = Double(halves) / 2 - 1.0 / 3
    let c = 1 / (9 * d).squareRoot()
    while true {
      let x = polarNormal()
      let root = 1 + c * x
      guard root > 0 else { continue }
      let v = root * root * root
      let u = 1 - uniform()
      if u < 1 - 0.0331 * (x * x) * (x * x) { return d * v }
      if Elementary.log(u) < 0.5 * x * x + d * (1 - v + Elementary.log(v)) { return d * v }
    }
  }

  /// A beta number of shapes `a` / 2 and `b` / 2, from two gamma numbers; in 0...1.
  @inlinable
  public mutating func beta(halves a: Int, _ b: Int) -> Double {
    let x = gamma(halves: a)
    let y = gamma(halves: b)
    // Both are 0 only where two normals are: never in a lifetime, yet not a number then.
    return x + y > 0 ? x / (x + y) : 0.5
  }

  /// A standard normal number by Marsaglia's polar method, at half the cost of `normal()`: no cosine.
  ///
  /// - Source: Marsaglia and Bray 1964, doi:10.1137/1006063.
  @inlinable
  mutating func polarNormal() -> Double {
    while true {
      let x = 2 * uniform() - 1
      let y = 2 * uniform() - 1
      let s = x * x + y * y
      if s < 1, s > 0 { return x * (-2 * Elementary.log(s) / s).squareRoot() }
    }
  }
}
