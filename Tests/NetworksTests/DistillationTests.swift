import HashedStates
import Networks
import Testing

@Suite struct DistillationTests {
  @Test(
    "Distillation's losses and gradients are PyTorch's",
    arguments: [
      ("w=0,T=1,squared=0", Loss.crossEntropy),
      ("w=0,T=1,squared=0", .distillation(weight: 0, temperature: 1)),
      ("w=1,T=3,squared=0", .distillation(weight: 1, temperature: 3)),
      ("w=1,T=3,squared=1", .distillation(weight: 1, temperature: 3, squaredFactor: true)),
      ("w=0.25,T=2,squared=1", .distillation(weight: 0.25, temperature: 2, squaredFactor: true)),
      ("w=0.3,T=3,squared=0", .distillation(weight: 0.3, temperature: 3)),
      ("w=0.3,T=3,squared=1", .distillation(weight: 0.3, temperature: 3, squaredFactor: true)),
    ])
  func stored(setting: String, loss: Loss) throws {
    let logits = hashed(2000, count: 20).map { Float(8 * $0) }
    let teacher = hashed(2001, count: 20).map { Float(8 * $0) }
    var gradient: [Float] = []
    let losses = loss.evaluate(
      logits: logits, labels: [0, 3, 1, 4], classes: 5, teacherLogits: teacher, into: &gradient)
    let entries = try TorchFixture("distillation.txt").entries.filter { $0.tensor == setting }
    #expect(entries.map(\.quantity) == ["losses", "gradient"])
    // Results are rounded to Float: 6e-8 of each.
    #expect(entries[0].difference(of: losses.map(Double.init)) < 2e-7)
    #expect(entries[1].difference(of: gradient.map(Double.init)) < 2e-7)
  }
}
