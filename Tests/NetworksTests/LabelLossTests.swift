import Foundation
import HashedStates
import Networks
import Testing

@Suite struct LabelLossTests {
  @Test(arguments: [
    ("cross-entropy,T=1", LabelLoss.crossEntropy()),
    ("cross-entropy,T=3", .crossEntropy(temperature: 3)),
    ("cross-entropy,T=1,S=0.1", .crossEntropy(smoothing: 0.1)),
    ("cross-entropy,T=1,S=0.5", .crossEntropy(smoothing: 0.5)),
    ("cross-entropy,T=3,S=0.1", .crossEntropy(temperature: 3, smoothing: 0.1)),
    ("hinge,margin=1", .hinge()),
    ("hinge,margin=0.25", .hinge(margin: 0.25)),
    ("squared,mean,scale=1", .squared()),
    ("squared,half,scale=1", .squared(.half)),
    ("squared,mean,scale=4", .squared(.mean, targetScale: 4)),
    ("squared,half,scale=4", .squared(.half, targetScale: 4)),
  ])
  func `Losses and gradients are PyTorch's, at the kinks of the hinge too`(name: String, loss: LabelLoss) throws {
    var logits = hashed(2002, count: 30).map { Float(4 * $0) }
    // Class 1 is a margin of 1 below the label's, class 2 one of 0.25.
    logits.replaceSubrange(0..<5, with: [1, 0, 0.75, 1, 2])
    var gradient: [Float] = []
    let losses = Loss.labels(loss).evaluate(
      logits: logits, labels: [0, 3, 1, 4, 2, 0], classes: 5, into: &gradient)
    let entries = try TorchFixture("losses.txt").entries.filter { $0.tensor == name }
    #expect(entries.map(\.quantity) == ["losses", "gradient"])
    // Results are rounded to Float: 6e-8 of each.
    #expect(entries[0].difference(of: losses.map(Double.init)) < 2e-7)
    #expect(entries[1].difference(of: gradient.map(Double.init)) < 2e-7)
  }

  @Test func `A temperature divides the logits and adds no factor of its own`() {
    let warm = Loss.labels(.crossEntropy(temperature: 2)).evaluate(logits: [4, 2, -2], label: 1)
    let plain = Loss.crossEntropy.evaluate(logits: [2, 1, -1], label: 1)
    #expect(warm.loss == plain.loss)
    #expect(warm.gradient == plain.gradient.map { $0 / 2 })
  }

  @Test func `The hinge counts the classes within the margin and no other`() {
    // 1 + 2 - 3 = 0 is none, 1 + 2.5 - 3 = 0.5, 1 + 5 - 3 = 3.
    let result = Loss.labels(.hinge()).evaluate(logits: [3, 2, 2.5, 5, -4], label: 0)
    #expect(result.loss == 3.5 && result.gradient == [-2, 0, 1, 1, 0])
    let wide = Loss.labels(.hinge(margin: 8)).evaluate(logits: [3, 2, 2.5, 5, -4], label: 0)
    // 7 + 7.5 + 10 + 1.
    #expect(wide.loss == 25.5 && wide.gradient == [-4, 1, 1, 1, 1])
  }

  @Test func `The two factors of the squared loss differ by half of the classes`() {
    // Errors 1, 2 - 3 = -1, 0, -2: squares sum to 6.
    let mean = Loss.labels(.squared(.mean, targetScale: 3)).evaluate(logits: [1, 2, 0, -2], label: 1)
    #expect(mean.loss == 1.5 && mean.gradient == [0.5, -0.5, 0, -1])
    let half = Loss.labels(.squared(.half, targetScale: 3)).evaluate(logits: [1, 2, 0, -2], label: 1)
    #expect(half.loss == 3 && half.gradient == [1, -1, 0, -2])
  }

  @Test func `Label smoothing spreads its share over all classes, the label's too`() {
    // -log p is log 4 = 1.386294 for label 0 of p = (1/4, 1/2, 1/8, 1/8), and log 2, log 8, log 8 for the others: of
    // their sum 9 log 2 a tenth of a quarter counts.
    let logits = [0.25, 0.5, 0.125, 0.125].map { log($0) }
    let smooth = Loss.labels(.crossEntropy(smoothing: 0.1)).evaluate(logits: logits, label: 0)
    #expect(abs(smooth.loss - (0.9 * log(4) + 0.025 * 9 * log(2))) < 1e-12)
    // p - q with q = (0.925, 0.025, 0.025, 0.025).
    for (found, expected) in zip(smooth.gradient, [-0.675, 0.475, 0.1, 0.1]) { #expect(abs(found - expected) < 1e-12) }
    let none = Loss.labels(.crossEntropy(smoothing: 0)).evaluate(logits: logits, label: 0)
    let plain = Loss.crossEntropy.evaluate(logits: logits, label: 0)
    #expect(none.loss == plain.loss && none.gradient == plain.gradient)
  }

  @Test(arguments: [
    LabelLoss.crossEntropy(temperature: 2), .crossEntropy(smoothing: 0.1), .hinge(), .squared(), .squared(.half),
  ])
  func `NaN or infinity among the logits is no finite loss`(loss: LabelLoss) {
    for (bad, label) in [(Double.nan, 0), (.nan, 1), (.infinity, 0)] {
      #expect(!Loss.labels(loss).evaluate(logits: [1, bad, 2], label: label).loss.isFinite)
    }
  }

  @Test func `A loss of labels needs no teacher`() {
    for loss in [LabelLoss.crossEntropy(), .hinge(), .squared()] { #expect(!Loss.labels(loss).needsTeacher) }
    #expect(Loss.distillation(weight: 0, temperature: 1).needsTeacher)
  }
}
