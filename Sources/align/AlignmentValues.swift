import Alignments
import Measures

/// What a file has of one tensor, by path; and `/gradient_norm`, the norm of the mean vector, which it has in another unit.
struct AlignmentValues {
  /// (class)
  private(set) var perClass: [String: [Double]] = [:]
  private(set) var single: [String: Double] = [:]

  /// - Parameter withPairs: whether pairs were looked at.
  init(_ sums: TensorSums, withPairs: Bool) {
    let across = AcrossClasses(sums.classes, all: sums.all)
    single["/gradient_norm"] = sums.all.squaredNormOfSum.squareRoot() / Double(sums.all.count)
    add("alignment", sums, across: across.omega, \.omega)
    add("diversity", sums, \.diversity)
    guard withPairs else { return }
    add("stiffness", sums, across: across.stiffness, \.stiffness)
    add("confusion", sums, \.confusion)
  }

  /// Of no vectors at all.
  static func none(classes: Int) -> AlignmentValues {
    let empty = AlignmentSums(count: 0, squaredNormOfSum: 0, sumOfSquaredNorms: 0, sumOfNorms: 0)
    return AlignmentValues(
      TensorSums(classes: Array(repeating: empty, count: classes), all: empty), withPairs: true)
  }

  private mutating func add(
    _ group: String, _ sums: TensorSums, across: Double? = nil, _ measure: (AlignmentSums) -> Double
  ) {
    perClass["/\(group)/in_class"] = sums.classes.map(measure)
    single["/\(group)/mean_in_class"] = ClassMean(sums.classes, of: measure).value
    single["/\(group)/all"] = measure(sums.all)
    if let across { single["/\(group)/across_classes"] = across }
  }

  /// The mean over minibatches, of each value over those that have it.
  static func mean(_ batches: [AlignmentValues]) -> AlignmentValues? {
    guard var result = batches.first else { return nil }
    func mean(_ values: [Double]) -> Double {
      let known = values.filter { !$0.isNaN }
      return known.isEmpty ? .nan : known.reduce(0, +) / Double(known.count)
    }
    for (path, values) in result.perClass {
      result.perClass[path] = values.indices.map { c in mean(batches.map { $0.perClass[path]?[c] ?? .nan }) }
    }
    for path in result.single.keys { result.single[path] = mean(batches.map { $0.single[path] ?? .nan }) }
    return result
  }
}
