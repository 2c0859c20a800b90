import CKernels
import Kernels

/// What logits say of the label of each example.
public struct LabelLogits: Sendable {
  /// `(example)`: the label's logit less the largest other one; above 0 where the label is predicted.
  public private(set) var margin: [Float]
  /// `(example)`: ln(p / (1 - p)), p the label's softmax probability, without the cancellation of 1 - p.
  ///
  /// - Source: the scaled logit of Carlini et al. 2022, section IV.C (arXiv 2112.03570).
  public private(set) var logOdds: [Float]

  public init(examples: Int) {
    margin = [Float](repeating: .nan, count: examples)
    logOdds = margin
  }

  /// Sets the examples from `start` on; NaN where logits are not finite.
  ///
  /// - Parameters:
  ///   - logits: `(example, class)`
  ///   - labels: of all examples, each below `classes`.
  public mutating func set(
    from start: Int, logits: UnsafeBufferPointer<Float>, labels: [Int32], classes: Int, _ kernels: KernelTable
  ) {
    let count = logits.count / classes
    precondition(start >= 0 && start + count <= margin.count && labels.count == margin.count, "examples of the split")
    precondition(labels[start..<start + count].allSatisfy { (0..<Int32(classes)).contains($0) }, "labels are classes")
    guard let z = logits.baseAddress, count > 0 else { return }
    margin.withUnsafeMutableBufferPointer { margin in
      logOdds.withUnsafeMutableBufferPointer { logOdds in
        labels.withUnsafeBufferPointer { labels in
          guard let m = margin.baseAddress, let o = logOdds.baseAddress, let y = labels.baseAddress else { return }
          kernels.c.label_logits(Int64(count), Int32(classes), z, y + start, m + start, o + start)
        }
      }
    }
  }

  /// Writes the label's softmax probability of each example, 1 / (1 + e^-logOdds).
  public func probability(_ kernels: KernelTable, into probability: inout [Float]) {
    let lanes = 16  // of the widest vectors
    let padded = (logOdds.count + lanes - 1) / lanes * lanes
    withUnsafeTemporaryAllocation(byteCount: padded * 4, alignment: 64) { bytes in
      let room = bytes.bindMemory(to: Float.self)
      guard let base = room.baseAddress else { return }
      for i in 0..<padded { room[i] = i < logOdds.count ? -logOdds[i] : 0 }
      kernels.c.exp(Int64(padded), base, base)
      probability.removeAll(keepingCapacity: true)
      probability.reserveCapacity(logOdds.count)
      for i in 0..<logOdds.count { probability.append(1 / (1 + room[i])) }
    }
  }
}
