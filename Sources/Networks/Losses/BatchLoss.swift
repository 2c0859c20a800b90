/// A loss of one batch after another, in buffers that are kept from batch to batch.
public struct BatchLoss: Sendable {
  public let loss: Loss
  public let classes: Int
  /// (example), each example's own loss.
  public private(set) var losses: [Float] = []
  /// (example, class), the gradient by the logits of the mean over the batch, or of each example's own loss.
  public private(set) var gradient: [Float] = []
  private let isMean: Bool
  private var row: LossRow

  /// - Parameter isMean: whether gradients are of the batch's mean loss.
  public init(_ loss: Loss, classes: Int, isMean: Bool = true) {
    self.loss = loss
    self.classes = classes
    self.isMean = isMean
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
    let share = isMean ? 1 / Double(labels.count) : 1
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
