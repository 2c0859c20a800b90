import Kernels

/// The norm of the error of the softmax, |softmax(z) - onehot(y)|, of one example.
///
/// - Parameters:
///   - logits: `(class)`
///   - scratch: of the caller's, to be used again.
/// - Returns: in 0...√2; NaN where a logit is not finite.
/// - Source: Paul, Ganguli and Dziugaite 2021, definition 2.2 (arXiv 2107.07075).
public func el2n(
  logits: UnsafeBufferPointer<Float>, label: Int, _ kernels: KernelTable, scratch: inout [Float]
) -> Float {
  guard softmax(logits, kernels, into: &scratch) else { return .nan }
  var (squares, others) = (0.0, 0.0)
  for c in 0..<logits.count where c != label {
    squares += Double(scratch[c]) * Double(scratch[c])
    others += Double(scratch[c])
  }
  // 1 - p is the sum of the others, without cancellation.
  return Float((squares + others * others).squareRoot())
}
