import CAllocations
import Networks
import Testing

private let losses: [Loss] = [
  .crossEntropy,
  .labels(.crossEntropy(temperature: 3)),
  .labels(.crossEntropy(smoothing: 0.1)),
  .labels(.crossEntropy(temperature: 2, smoothing: 0.6)),
  .labels(.hinge(margin: 1)),
  .labels(.hinge(margin: 0.25)),
  .labels(.squared(.mean)),
  .labels(.squared(.half, targetScale: 4)),
  .distillation(weight: 1, temperature: 3),
  .distillation(weight: 1, temperature: 3, squaredFactor: true),
  .distillation(weight: 0.25, temperature: 2, squaredFactor: true),
  .distillation(weight: 0.3, temperature: 3),
  .distillation(weight: 0, temperature: 1),
]

@Suite struct LossTests {
  @Test("A loss's gradient is its finite difference", arguments: losses)
  func gradients(loss: Loss) {
    let logits = randomValues(7, index: 1).map { 4 * $0 }
    let teacher = randomValues(7, index: 2).map { 4 * $0 }
    for label in 0..<7 {
      let (_, gradient) = loss.evaluate(logits: logits, label: label, teacherLogits: teacher)
      let differences = centralDifferences(logits) {
        loss.evaluate(logits: $0, label: label, teacherLogits: teacher).loss
      }
      #expect(relativeDifference(gradient, from: differences) <= 1e-6)
    }
  }

  @Test("A batch has each example's loss, and the gradient of their mean", arguments: losses)
  func batch(loss: Loss) {
    let logits = randomValues(15, index: 1).map { Float(4 * $0) }
    let teacher = randomValues(15, index: 2).map { Float(4 * $0) }
    let labels: [Int32] = [4, 0, 2]
    var gradient: [Float] = [99]
    let values = loss.evaluate(
      logits: logits, labels: labels, classes: 5, teacherLogits: teacher, into: &gradient)
    #expect(values.count == 3 && gradient.count == 15)
    for example in 0..<3 {
      let row = example * 5..<(example + 1) * 5
      let single = loss.evaluate(
        logits: logits[row].map(Double.init), label: Int(labels[example]),
        teacherLogits: teacher[row].map(Double.init))
      #expect(values[example] == Float(single.loss))
      #expect(Array(gradient[row]) == single.gradient.map { Float($0 * (1 / 3.0)) })
    }
  }

  @Test("A second batch, shorter than the first, has its own losses and allocates nothing", arguments: losses)
  func secondBatch(loss: Loss) {
    let logits = randomValues(40, index: 3).map { Float(4 * $0) }
    let teacher = randomValues(40, index: 4).map { Float(4 * $0) }
    let (fewLogits, fewTeacher) = (Array(logits[10...]), Array(teacher[10...]))
    let (labels, fewLabels): ([Int32], [Int32]) = ([1, 2, 3, 9], [2, 3, 9])
    var batch = BatchLoss(loss, classes: 10)
    batch.evaluate(logits: logits, labels: labels, teacherLogits: teacher)
    let before = rote_allocations()
    batch.evaluate(logits: fewLogits, labels: fewLabels, teacherLogits: fewTeacher)
    #expect(rote_allocations() == before)
    var fresh = BatchLoss(loss, classes: 10)
    fresh.evaluate(logits: fewLogits, labels: fewLabels, teacherLogits: fewTeacher)
    #expect(batch.losses.count == 3 && batch.losses == fresh.losses && batch.gradient == fresh.gradient)
  }

  @Test("Cross-entropy of equal logits is log C; distillation without weight is cross-entropy")
  func knownValues() {
    #expect(
      abs(Loss.crossEntropy.evaluate(logits: [3, 3, 3, 3], label: 1).loss - 1.3862943611198906) < 1e-15)
    let plain = Loss.crossEntropy.evaluate(logits: [1, 2, 3], label: 0)
    let distilled = Loss.distillation(weight: 0, temperature: 5)
      .evaluate(logits: [1, 2, 3], label: 0, teacherLogits: [9, 0, 0])
    #expect(plain.loss == distilled.loss && plain.gradient == distilled.gradient)
  }

  @Test("Logits far apart overflow nothing, and a vanishing gradient keeps its digits")
  func extremes() {
    let wrong = Loss.crossEntropy.evaluate(logits: [1000, -1000], label: 1)
    #expect(wrong.loss == 2000 && wrong.gradient == [1, -1])
    // p = 1 / (1 + e^-40): the gradient is ∓ e^-40, where p - 1 in Double would be 0.
    let right = Loss.crossEntropy.evaluate(logits: [40, 0], label: 0)
    #expect(abs(right.gradient[1] / 4.248354255291589e-18 - 1) < 1e-14)
    #expect(right.gradient[0] == -right.gradient[1])
  }

  @Test("NaN among the logits makes the loss and all gradients NaN")
  func nanLogits() {
    let result = Loss.crossEntropy.evaluate(logits: [.nan, 1, 2], label: 2)
    #expect(result.loss.isNaN && result.gradient.allSatisfy { $0.isNaN })
  }

  @Test("Softmax rows sum to 1, and a temperature divides the logits")
  func softmaxRows() {
    let probabilities = softmax([0, 0, 2, 0], classes: 2, temperature: 2)
    // 1 / (1 + e^-1) = 0.7310585786.
    #expect(probabilities[0] == 0.5 && probabilities[1] == 0.5)
    #expect(abs(probabilities[2] - 0.731_058_58) < 1e-7 && abs(probabilities[3] - 0.268_941_42) < 1e-7)
  }

  @Test("Argmax takes the lowest of equal logits, and no class where a logit is NaN")
  func argmaxRows() {
    let logits: [Float] = [1, 3, 3, -1, -2, -3, 5, 6, .nan, .nan, 1, 0, -.infinity, -.infinity, -.infinity]
    #expect(argmax(logits, classes: 3) == [1, 0, -1, -1, 0])
  }
}
