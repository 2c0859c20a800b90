import CKernels
import Kernels

/// What the final softmax of one run after another says of each example: how sure the run is, and how far it is from the
/// run before.
///
/// The mean of `divergence` over runs estimates the mean Jensen-Shannon divergence between pairs of runs, each run but
/// the first and last being in two of the pairs; all K(K - 1)/2 pairs would take K times as long, or all softmaxes in
/// memory.
/// - Complexity: memory O(examples × classes).
/// - Source: Carlini, Erlingsson and Papernot 2019, agreement and ensemble confidence (arXiv 1910.13427).
public struct RunAgreement: Sendable {
  public let classes: Int
  /// `(example)` of the last run: the largest softmax probability; NaN where a logit is not finite.
  public private(set) var confidence: [Float]
  /// `(example)`: the Jensen-Shannon divergence from the run before, in nats, 0...ln 2; NaN for the first run.
  public private(set) var divergence: [Float]
  /// `(example, class)` of the last run.
  private var last: [Float]
  private var probability: [Float] = []
  private var ratios: [Float] = []

  public init(examples: Int, classes: Int) {
    self.classes = classes
    confidence = [Float](repeating: .nan, count: examples)
    divergence = confidence
    last = [Float](repeating: .nan, count: examples * classes)
  }

  /// Takes the next run's logits of the examples from `start` on, `(example, class)`.
  public mutating func set(from start: Int, logits: UnsafeBufferPointer<Float>, _ kernels: KernelTable) {
    for i in 0..<logits.count / classes {
      let row = UnsafeBufferPointer(rebasing: logits[i * classes..<(i + 1) * classes])
      let at = (start + i) * classes
      guard softmax(row, kernels, into: &probability) else {
        (confidence[start + i], divergence[start + i]) = (.nan, .nan)
        for c in 0..<classes { last[at + c] = .nan }
        continue
      }
      var top: Float = 0
      for c in 0..<classes { top = max(top, probability[c]) }
      confidence[start + i] = top
      divergence[start + i] = divergence(from: at, kernels)
      for c in 0..<classes { last[at + c] = probability[c] }
    }
  }

  /// ½ Σ_c p ln(p / m) + ½ Σ_c q ln(q / m), m = (p + q) / 2, with 0 ln 0 = 0.
  private mutating func divergence(from at: Int, _ kernels: KernelTable) -> Float {
    guard !last[at].isNaN else { return .nan }
    let lanes = Int(kernels.c.lanes)
    let padded = (classes + lanes - 1) / lanes * lanes
    return withUnsafeTemporaryAllocation(byteCount: 8 * padded, alignment: 64) { bytes in
      let room = bytes.bindMemory(to: Float.self)
      guard let base = room.baseAddress else { return .nan }
      for c in 0..<padded {
        let (p, q) = c < classes ? (probability[c], last[at + c]) : (1, 1)
        let sum = p + q
        room[c] = sum > 0 ? max(2 * p / sum, Float.leastNormalMagnitude) : 1
        room[padded + c] = sum > 0 ? max(2 * q / sum, Float.leastNormalMagnitude) : 1
      }
      kernels.c.log(Int64(2 * padded), base, base)
      var total = 0.0
      for c in 0..<classes {
        total += Double(probability[c]) * Double(room[c]) + Double(last[at + c]) * Double(room[padded + c])
      }
      return Float(max(0, total / 2))
    }
  }
}
