import Randomness

/// A loss of logits against labels, and in distillation against a teacher's logits.
///
/// All arithmetic is in `Double`: logits are few, and a loss of 1e-9 and its gradient mean something here.
public enum Loss: Hashable, Sendable {
  case labels(LabelLoss)
  /// (1 - w) CE(y, s) + w CE(softmax(t / T), softmax(s / T)), the second term times T² where `squaredFactor`
  /// is set.
  ///
  /// - Source: Hinton, Vinyals and Dean 2015, "Distilling the knowledge in a neural network" (arXiv
  ///   1503.02531).
  case distillation(weight: Double, temperature: Double, squaredFactor: Bool = false)

  /// -log softmax(s)[y].
  public static let crossEntropy = Loss.labels(.crossEntropy())

  public var needsTeacher: Bool { if case .distillation = self { true } else { false } }

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
    var batch = BatchLoss(self, classes: classes)
    batch.evaluate(logits: logits, labels: labels, teacherLogits: teacherLogits)
    gradient = batch.gradient
    return batch.losses
  }

  /// The loss of one example, and its gradient by the logits.
  public func evaluate(
    logits: [Double], label: Int, teacherLogits: [Double]? = nil
  ) -> (loss: Double, gradient: [Double]) {
    var row = LossRow(classes: logits.count)
    row.logits = logits
    if let teacherLogits { row.teacherLogits = teacherLogits }
    precondition(teacherLogits != nil || !needsTeacher, "distillation needs a teacher's logits")
    let loss = row.evaluate(self, label: label)
    return (loss, row.gradient)
  }
}

/// One example's logits, and room for what a loss makes of them.
struct LossRow: Sendable {
  var logits: [Double]
  var teacherLogits: [Double]
  var gradient: [Double]
  var logProbabilities: [Double]
  private var targets: [Double]

  init(classes: Int) {
    let row = [Double](repeating: 0, count: classes)
    (logits, teacherLogits, gradient, logProbabilities, targets) = (row, row, row, row, row)
  }

  /// The loss; `gradient` becomes its gradient by the logits.
  mutating func evaluate(_ loss: Loss, label: Int) -> Double {
    precondition(logits.indices.contains(label), "no logit for the label")
    switch loss {
    case .labels(let loss): return evaluate(loss, label: label)
    case .distillation(let weight, let temperature, let squaredFactor):
      return distillation(
        weight: weight, temperature: temperature, factor: squaredFactor ? temperature * temperature : 1, label: label)
    }
  }

  private mutating func distillation(weight: Double, temperature: Double, factor: Double, label: Int) -> Double {
    let hardLoss = crossEntropy(temperature: 1, label: label)
    setLogSoftmax(teacherLogits, temperature: temperature, into: &targets)
    setLogSoftmax(logits, temperature: temperature, into: &logProbabilities)
    let factor = weight * factor
    var softLoss = 0.0
    for k in logits.indices {
      let target = Elementary.exp(targets[k])
      // A class that the teacher rules out adds nothing, even where the student's log-probability is
      // -infinity.
      if target != 0 { softLoss -= target * logProbabilities[k] }
      gradient[k] =
        (1 - weight) * gradient[k] + factor / temperature * (Elementary.exp(logProbabilities[k]) - target)
    }
    return (1 - weight) * hardLoss + factor * softLoss
  }
}
