import Randomness

/// A loss of logits against labels, and in distillation against a teacher's logits.
///
/// All arithmetic is in `Double`: logits are few, and a loss of 1e-9 and its gradient mean something here.
public enum Loss: Hashable, Sendable {
  /// -log softmax(s)[y].
  case crossEntropy
  /// (1 - w) CE(y, s) + w CE(softmax(t / T), softmax(s / T)), the second term times T² where `squaredFactor`
  /// is set.
  ///
  /// - Source: Hinton, Vinyals and Dean 2015, "Distilling the knowledge in a neural network" (arXiv
  ///   1503.02531).
  case distillation(weight: Double, temperature: Double, squaredFactor: Bool = false)

  public var needsTeacher: Bool { self != .crossEntropy }

  /// The losses of a batch, and the gradient of their mean.
  ///
  /// - Parameters:
  ///   - logits: (example, class).
  ///   - labels: (example).
  ///   - teacherLogits: (example, class); needed in distillation, else without effect.
  ///   - gradient: becomes (example, class), by the logits, of the mean over the batch.
  /// - Returns: (example), each example's own loss.
  public func evaluate(
    logits: [Float], labels: [Int32], classes: Int, teacherLogits: [Float]? = nil,
    into gradient: inout [Float]
  ) -> [Float] {
    precondition(logits.count == labels.count * classes, "one row of logits an example")
    precondition(teacherLogits.map { $0.count == logits.count } ?? !needsTeacher, "one teacher logit a logit")
    gradient.removeAll(keepingCapacity: true)
    gradient.reserveCapacity(logits.count)
    let share = 1 / Double(labels.count)
    return labels.indices.map { example in
      let row = example * classes..<(example + 1) * classes
      let result = evaluate(
        logits: logits[row].map(Double.init), label: Int(labels[example]),
        teacherLogits: teacherLogits.map { $0[row].map(Double.init) })
      for value in result.gradient { gradient.append(Float(value * share)) }
      return Float(result.loss)
    }
  }

  /// The loss of one example, and its gradient by the logits.
  public func evaluate(
    logits: [Double], label: Int, teacherLogits: [Double]? = nil
  ) -> (loss: Double, gradient: [Double]) {
    precondition(logits.indices.contains(label), "no logit for the label")
    switch self {
    case .crossEntropy:
      let logProbabilities = logSoftmax(logits)
      var gradient = logProbabilities.map(Elementary.exp)
      // p - 1 as the sum of the others, which keeps its digits where p is close to 1.
      gradient[label] = 0
      gradient[label] = -gradient.reduce(0, +)
      return (-logProbabilities[label], gradient)

    case .distillation(let weight, let temperature, let squaredFactor):
      guard let teacherLogits else { preconditionFailure("distillation needs a teacher's logits") }
      let (hardLoss, hardGradient) = Loss.crossEntropy.evaluate(logits: logits, label: label)
      let targets = logSoftmax(teacherLogits, temperature: temperature).map(Elementary.exp)
      let logProbabilities = logSoftmax(logits, temperature: temperature)
      let factor = weight * (squaredFactor ? temperature * temperature : 1)
      var softLoss = 0.0
      var gradient = hardGradient
      for k in logits.indices {
        // A class that the teacher rules out adds nothing, even where the student's log-probability is
        // -infinity.
        if targets[k] != 0 { softLoss -= targets[k] * logProbabilities[k] }
        gradient[k] =
          (1 - weight) * hardGradient[k]
          + factor / temperature * (Elementary.exp(logProbabilities[k]) - targets[k])
      }
      return ((1 - weight) * hardLoss + factor * softLoss, gradient)
    }
  }
}

/// log softmax(z / T) of one row; NaN throughout where a logit is NaN or the greatest is infinite.
public func logSoftmax(_ logits: [Double], temperature: Double = 1) -> [Double] {
  let scaled = logits.map { $0 / temperature }
  let greatest = scaled.max() ?? 0
  let sum = scaled.reduce(0) { $0 + Elementary.exp($1 - greatest) }
  let logSum = Elementary.log(sum)
  return scaled.map { ($0 - greatest) - logSum }
}

/// softmax(z / T) of each row.
///
/// - Parameters:
///   - logits: (example, class).
/// - Returns: (example, class), each row summing to 1.
public func softmax(_ logits: [Float], classes: Int, temperature: Double = 1) -> [Float] {
  precondition(logits.count % classes == 0, "whole rows of logits")
  var probabilities: [Float] = []
  probabilities.reserveCapacity(logits.count)
  for start in stride(from: 0, to: logits.count, by: classes) {
    let row = logits[start..<start + classes].map(Double.init)
    for value in logSoftmax(row, temperature: temperature) {
      probabilities.append(Float(Elementary.exp(value)))
    }
  }
  return probabilities
}

/// The class of the greatest logit of each row: the lowest of several, and -1 where any logit is NaN.
///
/// - Parameters:
///   - logits: (example, class).
/// - Returns: (example).
public func argmax(_ logits: [Float], classes: Int) -> [Int32] {
  precondition(logits.count % classes == 0, "whole rows of logits")
  return stride(from: 0, to: logits.count, by: classes).map { start in
    var best = 0
    for k in 0..<classes {
      if logits[start + k].isNaN { return -1 }
      if logits[start + k] > logits[start + best] { best = k }
    }
    return Int32(best)
  }
}
