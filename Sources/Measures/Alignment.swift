/// What is known of vectors v_1 ... v_n without keeping them, and what it says of how they align.
///
/// All measures are NaN below two vectors, and where all vectors are 0.
public struct AlignmentSums: Sendable, Equatable {
  public var count: Int
  /// |Σ v|²
  public var squaredNormOfSum: Double
  /// Σ |v|²
  public var sumOfSquaredNorms: Double
  /// Σ |v|
  public var sumOfNorms: Double
  /// Σ_{i≠j} cos(v_i, v_j); a vector of 0 has a cosine of 0 with all. NaN where pairs were not looked at.
  public var sumOfCosines = Double.nan
  /// The least <v_i, v_j>, i ≠ j; NaN where pairs were not looked at.
  public var leastProduct = Double.nan

  public init(count: Int, squaredNormOfSum: Double, sumOfSquaredNorms: Double, sumOfNorms: Double) {
    self.count = count
    self.squaredNormOfSum = squaredNormOfSum
    self.sumOfSquaredNorms = sumOfSquaredNorms
    self.sumOfNorms = sumOfNorms
  }

  private var isEmpty: Bool { count < 2 || sumOfNorms == 0 }
  private var pairs: Double { Double(count) * Double(count - 1) }

  /// The alignment of the vectors: the mean inner product over pairs, over the squared mean norm.
  ///
  ///     Ω = n Σ_{i≠j} <v_i, v_j> / ((n - 1) (Σ |v_i|)²)
  ///
  /// At most 1, and 1 for equal vectors alone: it is not the mean cosine.
  /// - Source: Mehta, Cutkosky and Neyshabur 2021 (arXiv 2008.13363).
  public var omega: Double {
    guard !isEmpty else { return .nan }
    let n = Double(count)
    return n * (squaredNormOfSum - sumOfSquaredNorms) / ((n - 1) * sumOfNorms * sumOfNorms)
  }

  /// Gradient diversity: Σ |v|² / |Σ v|². 1 / n for equal vectors, 1 for orthogonal ones, infinite where they cancel out.
  ///
  /// - Source: Yin et al. 2018 (arXiv 1706.05699), definition 1.
  public var diversity: Double { isEmpty ? .nan : sumOfSquaredNorms / squaredNormOfSum }

  /// Cosine stiffness: the mean of cos(v_i, v_j) over pairs.
  ///
  /// - Source: Fort et al. 2019, "Stiffness" (arXiv 1901.09491), section 2.
  public var stiffness: Double { isEmpty ? .nan : sumOfCosines / pairs }

  /// Gradient confusion, the bound that holds: the least inner product of a pair.
  ///
  /// - Source: Sankararaman et al. 2020 (arXiv 1904.06963), definition 2.1, there with the sign turned.
  public var confusion: Double { isEmpty ? .nan : leastProduct }
}

/// How the vectors of different classes align.
public struct AcrossClasses: Sendable {
  /// The mean inner product over pairs of different classes, over the squared mean norm of all.
  public let omega: Double
  /// The mean cosine over these pairs.
  public let stiffness: Double

  /// - Parameters:
  ///   - classes: `(class)`
  ///   - all: of the vectors of all classes together.
  public init(_ classes: [AlignmentSums], all: AlignmentSums) {
    func apart(_ part: (AlignmentSums) -> Double) -> Double {
      part(all) - classes.reduce(0) { $0 + ($1.count > 0 ? part($1) : 0) }
    }
    let n = Double(all.count)
    let pairs = apart { Double($0.count) * Double($0.count) }
    guard pairs > 0, all.sumOfNorms != 0 else {
      (omega, stiffness) = (.nan, .nan)
      return
    }
    let meanNorm = all.sumOfNorms / n
    omega = apart(\.squaredNormOfSum) / pairs / (meanNorm * meanNorm)
    stiffness = apart(\.sumOfCosines) / pairs
  }
}

/// The mean of a measure over classes, each class counting the same, and the classes that it is without.
public struct ClassMean: Sendable, Equatable {
  /// NaN if no class has a value.
  public let value: Double
  /// The number of classes in the mean.
  public let classes: Int
  /// The number of classes left out as they have fewer than two vectors.
  public let tooFew: Int
  /// The number of classes left out as all their vectors are 0: no gradient is left where the loss is 0.
  public let zero: Int

  /// - Parameter sums: `(class)`
  public init(_ sums: [AlignmentSums], of measure: (AlignmentSums) -> Double = { $0.omega }) {
    var (sum, classes, tooFew, zero) = (0.0, 0, 0, 0)
    for group in sums {
      if group.count < 2 {
        tooFew += 1
      } else if group.sumOfNorms == 0 {
        zero += 1
      } else {
        classes += 1
        sum += measure(group)
      }
    }
    value = classes > 0 ? sum / Double(classes) : .nan
    self.classes = classes
    self.tooFew = tooFew
    self.zero = zero
  }
}

/// Sums vectors, for their alignment.
///
/// - Complexity: time O(dimension) a vector; memory O(dimension).
public struct VectorSums: Sendable {
  public let dimension: Int
  private var sum: [Double]
  private var count = 0
  private var squaredNorms = 0.0
  private var norms = 0.0

  public init(dimension: Int) {
    self.dimension = dimension
    sum = [Double](repeating: 0, count: dimension)
  }

  /// Adds vectors, `(vector, dimension)`.
  public mutating func add(_ vectors: UnsafeBufferPointer<Float>) {
    precondition(dimension > 0 && vectors.count.isMultiple(of: dimension), "all vectors have the same dimension")
    for start in stride(from: 0, to: vectors.count, by: dimension) {
      sum.withUnsafeMutableBufferPointer { sum in
        for i in 0..<sum.count { sum[i] += Double(vectors[start + i]) }
      }
      var squares = SIMD4<Double>()
      let whole = dimension & ~3
      for i in stride(from: start, to: start + whole, by: 4) {
        let four = SIMD4<Double>(SIMD4<Float>(vectors[i], vectors[i + 1], vectors[i + 2], vectors[i + 3]))
        squares += four * four
      }
      var squaredNorm = squares.sum()
      for i in start + whole..<start + dimension { squaredNorm += Double(vectors[i]) * Double(vectors[i]) }
      count += 1
      squaredNorms += squaredNorm
      norms += squaredNorm.squareRoot()
    }
  }

  /// Adds all vectors of another sum.
  public mutating func add(_ other: VectorSums) {
    precondition(other.dimension == dimension, "all vectors have the same dimension")
    count += other.count
    squaredNorms += other.squaredNorms
    norms += other.norms
    for i in 0..<dimension { sum[i] += other.sum[i] }
  }

  public var sums: AlignmentSums {
    AlignmentSums(
      count: count, squaredNormOfSum: sum.reduce(0) { $0 + $1 * $1 }, sumOfSquaredNorms: squaredNorms,
      sumOfNorms: norms)
  }
}

extension AlignmentSums {
  /// Of vectors whose inner products are known.
  ///
  /// - Parameters:
  ///   - products: `(vector, vector)`, of `stride` vectors, symmetric.
  ///   - members: places of the vectors that count.
  public init(products: UnsafeBufferPointer<Double>, stride: Int, members: [Int]) {
    let norms = members.map { products[$0 * stride + $0].squareRoot() }
    var (total, cosines, least) = (0.0, 0.0, Double.infinity)
    var isKnown = true
    for (a, i) in members.enumerated() {
      for (b, j) in members.enumerated() where b != a {
        let product = products[i * stride + j]
        total += product
        if norms[a] > 0, norms[b] > 0 { cosines += product / (norms[a] * norms[b]) }
        if product < least { least = product }
        if product.isNaN { isKnown = false }
      }
    }
    let squares = members.reduce(0.0) { $0 + products[$1 * stride + $1] }
    self.init(
      count: members.count, squaredNormOfSum: total + squares, sumOfSquaredNorms: squares,
      sumOfNorms: norms.reduce(0, +))
    sumOfCosines = isKnown ? cosines : .nan
    leastProduct = isKnown ? least : .nan
  }
}
