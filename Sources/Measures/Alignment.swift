/// The four sums over vectors v_1 ... v_n that their alignment is made from.
public struct AlignmentSums: Sendable, Equatable {
  public var count: Int
  /// |Σ v|²
  public var squaredNormOfSum: Double
  /// Σ |v|²
  public var sumOfSquaredNorms: Double
  /// Σ |v|
  public var sumOfNorms: Double

  public init(count: Int, squaredNormOfSum: Double, sumOfSquaredNorms: Double, sumOfNorms: Double) {
    self.count = count
    self.squaredNormOfSum = squaredNormOfSum
    self.sumOfSquaredNorms = sumOfSquaredNorms
    self.sumOfNorms = sumOfNorms
  }

  /// The alignment of the vectors: the mean inner product over pairs, over the squared mean norm.
  ///
  ///     Ω = n Σ_{i≠j} <v_i, v_j> / ((n - 1) (Σ |v_i|)²)
  ///
  /// At most 1, and 1 for equal vectors alone: it is not the mean cosine. NaN below two vectors, and where
  /// all are 0.
  /// - Source: Mehta, Cutkosky and Neyshabur 2021 (arXiv 2008.13363).
  public var omega: Double {
    guard count > 1, sumOfNorms != 0 else { return .nan }
    let n = Double(count)
    return n * (squaredNormOfSum - sumOfSquaredNorms) / ((n - 1) * sumOfNorms * sumOfNorms)
  }
}

/// The mean in-class alignment, each class counting the same, and the classes that it is without.
public struct ClassMeanAlignment: Sendable, Equatable {
  /// NaN if no class has an alignment.
  public let value: Double
  /// The number of classes in the mean.
  public let classes: Int
  /// The number of classes left out as they have fewer than two vectors.
  public let tooFew: Int
  /// The number of classes left out as all their vectors are 0: no gradient is left where the loss is 0.
  public let zero: Int

  /// - Parameter sums: `(class)`
  public init(_ sums: [AlignmentSums]) {
    var (sum, classes, tooFew, zero) = (0.0, 0, 0, 0)
    for group in sums {
      if group.count < 2 {
        tooFew += 1
      } else if group.sumOfNorms == 0 {
        zero += 1
      } else {
        classes += 1
        sum += group.omega
      }
    }
    value = classes > 0 ? sum / Double(classes) : .nan
    self.classes = classes
    self.tooFew = tooFew
    self.zero = zero
  }
}

/// Sums vectors by class, for their alignment within classes and among all.
///
/// - Complexity: time O(dimension) a vector; memory O(classes × dimension).
public struct AlignmentAccumulator: Sendable {
  public let dimension: Int
  private var groups: [Group]

  private struct Group {
    var count = 0
    var sum: [Double]
    var squaredNorms = 0.0
    var norms = 0.0
  }

  public init(dimension: Int, classes: Int) {
    self.dimension = dimension
    groups = [Group](
      repeating: Group(sum: [Double](repeating: 0, count: dimension)), count: classes)
  }

  /// Adds an example's vector, `(dimension)`, to those of its class.
  public mutating func add(vector: UnsafeBufferPointer<Float>, class label: Int) {
    precondition(vector.count == dimension, "all vectors have the same dimension")
    let squaredNorm = groups[label].sum.withUnsafeMutableBufferPointer { sum in
      var squares = 0.0
      for i in 0..<sum.count {
        let value = Double(vector[i])
        sum[i] += value
        squares += value * value
      }
      return squares
    }
    groups[label].count += 1
    groups[label].squaredNorms += squaredNorm
    groups[label].norms += squaredNorm.squareRoot()
  }

  /// `(class)`: the sums of each class; their `omega` is the in-class alignment.
  public var classSums: [AlignmentSums] { groups.map { Self.sums($0) } }

  /// The mean in-class alignment.
  public var classMean: ClassMeanAlignment { ClassMeanAlignment(classSums) }

  /// The sums of all vectors, whatever their class.
  public var allSums: AlignmentSums {
    var all = Group(sum: [Double](repeating: 0, count: dimension))
    for group in groups {
      all.count += group.count
      all.squaredNorms += group.squaredNorms
      all.norms += group.norms
      for i in 0..<dimension { all.sum[i] += group.sum[i] }
    }
    return Self.sums(all)
  }

  private static func sums(_ group: Group) -> AlignmentSums {
    AlignmentSums(
      count: group.count, squaredNormOfSum: group.sum.reduce(0) { $0 + $1 * $1 },
      sumOfSquaredNorms: group.squaredNorms, sumOfNorms: group.norms)
  }
}
