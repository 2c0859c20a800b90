import CKernels
import Kernels

/// The mean softmax probabilities of each example over the runs that were not trained on it.
///
/// They are what label-error finders such as cleanlab take as cross-validated probabilities: Northcutt, Jiang and Chuang
/// 2021 (arXiv 1911.00068).
/// - Complexity: one pass over the runs' logits; memory O(examples × classes). Runs are added in a fixed order: sums are
///   of `Double`s.
public struct OutOfSample: Sendable {
  public let classes: Int
  /// `(example)`: runs that were not trained on it.
  public private(set) var count: [Int32]
  /// `(example, class)`
  private var sum: [Double]
  private var scratch: [Float]

  public init(examples: Int, classes: Int) {
    self.classes = classes
    count = [Int32](repeating: 0, count: examples)
    sum = [Double](repeating: 0, count: examples * classes)
    scratch = []
  }

  /// Adds what a run says of the examples from `start` on.
  ///
  /// - Parameters:
  ///   - logits: `(example, class)`; an example with one that is not finite does not count.
  ///   - inMask: of all examples, 1 where one was in the run's subset, else 0.
  public mutating func add(
    from start: Int, logits: UnsafeBufferPointer<Float>, inMask: [UInt8], _ kernels: KernelTable
  ) {
    let examples = logits.count / classes
    for i in 0..<examples where inMask[start + i] == 0 {
      let row = UnsafeBufferPointer(rebasing: logits[i * classes..<(i + 1) * classes])
      guard softmax(row, kernels, into: &scratch) else { continue }
      count[start + i] += 1
      let at = (start + i) * classes
      for c in 0..<classes { sum[at + c] += Double(scratch[c]) }
    }
  }

  /// `(class)` of one example; NaN where no run was without it.
  public func probabilities(of example: Int) -> [Float] {
    sum[example * classes..<(example + 1) * classes].map { Float($0 / Double(count[example])) }
  }

  /// `(example, class)`
  public var probabilities: [Float] { count.indices.flatMap { probabilities(of: $0) } }
}

/// Writes softmax probabilities of one row of logits, `(class)`, in float32; false where a logit is not finite.
///
/// - Parameter probability: is made as long as is needed: the classes, rounded up to whole vectors.
func softmax(
  _ logits: UnsafeBufferPointer<Float>, _ kernels: KernelTable, into probability: inout [Float]
) -> Bool {
  let lanes = Int(kernels.c.lanes)
  let padded = (logits.count + lanes - 1) / lanes * lanes
  if probability.count != padded { probability = [Float](repeating: 0, count: padded) }
  var top = -Float.infinity
  var check: Float = 0
  for z in logits {
    top = max(top, z)
    check += z * 0
  }
  guard check == 0 else { return false }
  return withUnsafeTemporaryAllocation(byteCount: padded * 4, alignment: 64) { bytes in
    let room = bytes.bindMemory(to: Float.self)
    guard let base = room.baseAddress else { return false }
    for c in 0..<padded { room[c] = c < logits.count ? logits[c] - top : -200 }
    kernels.c.exp(Int64(padded), base, base)
    var total: Float = 0
    for c in 0..<logits.count { total += room[c] }
    for c in 0..<padded { probability[c] = c < logits.count ? room[c] / total : 0 }
    return true
  }
}
