import Randomness

/// Writes the gradient of the softmax cross-entropy with respect to the logits: softmax(z) - onehot(y).
///
/// - Parameters:
///   - logits, gradient: `(class)`
///   - label: y, below the number of classes.
public func logitGradient(
  logits: UnsafeBufferPointer<Float>, label: Int, into gradient: UnsafeMutableBufferPointer<Float>
) {
  precondition(gradient.count == logits.count && logits.indices.contains(label), "a label is a class")
  var top = logits[label]
  for z in logits where z > top { top = z }
  func weight(_ z: Float) -> Double { Elementary.exp(Double(z) - Double(top)) }
  var others = 0.0
  for (c, z) in logits.enumerated() where c != label { others += weight(z) }
  let total = others + weight(logits[label])
  for (c, z) in logits.enumerated() { gradient[c] = Float(weight(z) / total) }
  // Not p - 1, which would round to 0 long before the other gradients do.
  gradient[label] = Float(-others / total)
}
