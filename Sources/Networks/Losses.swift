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

/// A loss of one batch after another, in buffers that are kept from batch to batch.
public struct BatchLoss: Sendable {
  public let loss: Loss
  public let classes: Int
  /// (example), each example's own loss.
  public private(set) var losses: [Float] = []
  /// (example, class), the gradient by the logits of the mean over the batch.
  public private(set) var gradient: [Float] = []
  private var row: LossRow

  public init(_ loss: Loss, classes: Int) {
    self.loss = loss
    self.classes = classes
    row = LossRow(classes: classes)
  }

  /// Sets `losses` and `gradient` to those of a batch.
  ///
  /// - Parameters:
  ///   - logits: (example, class).
  ///   - labels: (example).
  ///   - teacherLogits: (example, class); needed in distillation, else without effect.
  public mutating func evaluate(logits: [Float], labels: [Int32], teacherLogits: [Float]? = nil) {
    precondition(logits.count == labels.count * classes, "one row of logits an example")
    precondition(
      teacherLogits.map { $0.count == logits.count } ?? !loss.needsTeacher, "one teacher logit a logit")
    losses.removeAll(keepingCapacity: true)
    gradient.removeAll(keepingCapacity: true)
    losses.reserveCapacity(labels.count)
    gradient.reserveCapacity(logits.count)
    let share = 1 / Double(labels.count)
    for (example, label) in labels.enumerated() {
      let start = example * classes
      for k in 0..<classes { row.logits[k] = Double(logits[start + k]) }
      if let teacherLogits {
        for k in 0..<classes { row.teacherLogits[k] = Double(teacherLogits[start + k]) }
      }
      losses.append(Float(row.evaluate(loss, label: Int(label))))
      for value in row.gradient { gradient.append(Float(value * share)) }
    }
  }
}

/// One example's logits, and room for what a loss makes of them.
private struct LossRow: Sendable {
  var logits: [Double]
  var teacherLogits: [Double]
  private(set) var gradient: [Double]
  private var logProbabilities: [Double]
  private var targets: [Double]

  init(classes: Int) {
    let row = [Double](repeating: 0, count: classes)
    (logits, teacherLogits, gradient, logProbabilities, targets) = (row, row, row, row, row)
  }

  /// The loss; `gradient` becomes its gradient by the logits.
  mutating func evaluate(_ loss: Loss, label: Int) -> Double {
    precondition(logits.indices.contains(label), "no logit for the label")
    setLogSoftmax(logits, temperature: 1, into: &logProbabilities)
    var others = 0.0
    for k in logits.indices where k != label {
      gradient[k] = Elementary.exp(logProbabilities[k])
      others += gradient[k]
    }
    // p - 1 as the sum of the others, which keeps its digits where p is close to 1.
    gradient[label] = -others
    let hardLoss = -logProbabilities[label]

    guard case .distillation(let weight, let temperature, let squaredFactor) = loss else { return hardLoss }
    setLogSoftmax(teacherLogits, temperature: temperature, into: &targets)
    setLogSoftmax(logits, temperature: temperature, into: &logProbabilities)
    let factor = weight * (squaredFactor ? temperature * temperature : 1)
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

/// log softmax(z / T) of one row; NaN throughout where a logit is NaN or the greatest is infinite.
public func logSoftmax(_ logits: [Double], temperature: Double = 1) -> [Double] {
  var result = logits
  setLogSoftmax(logits, temperature: temperature, into: &result)
  return result
}

/// Writes log softmax(z / T) of one row over `result`, which has as many elements.
private func setLogSoftmax(_ logits: [Double], temperature: Double, into result: inout [Double]) {
  for k in logits.indices { result[k] = logits[k] / temperature }
  let greatest = result.max() ?? 0
  var sum = 0.0
  for scaled in result { sum += Elementary.exp(scaled - greatest) }
  let logSum = Elementary.log(sum)
  for k in result.indices { result[k] = (result[k] - greatest) - logSum }
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
  var row = [Double](repeating: 0, count: classes)
  var logProbabilities = row
  for start in stride(from: 0, to: logits.count, by: classes) {
    for k in 0..<classes { row[k] = Double(logits[start + k]) }
    setLogSoftmax(row, temperature: temperature, into: &logProbabilities)
    for value in logProbabilities { probabilities.append(Float(Elementary.exp(value))) }
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
  return stride(from: 0, to: logits.count, by: classes).map { argmax(logits[$0..<$0 + classes]) }
}

/// The same of one row.
public func argmax(_ row: ArraySlice<Float>) -> Int32 {
  var best = row.startIndex
  for k in row.indices {
    if row[k].isNaN { return -1 }
    if row[k] > row[best] { best = k }
  }
  return Int32(best - row.startIndex)
}
