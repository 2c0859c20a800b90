import Foundation
import Testing
import Training

@Suite struct RecipeTests {
  /// 10 epochs of 4 steps, peak 0.8, warm-up over 2 epochs.
  private func recipe(_ decay: Decay, warmUp: Double = 2) -> Recipe {
    var recipe = Recipe.quick
    (recipe.epochs, recipe.learningRate, recipe.warmUpEpochs, recipe.decay) = (10, 0.8, warmUp, decay)
    return recipe
  }

  @Test(arguments: [Decay.cosine, .constant, .step(at: [1], factor: 0.1)])
  func `The warm-up rises in equal steps to the peak`(decay: Decay) {
    let rates = (0..<8).map { recipe(decay).rate(step: $0, stepsPerEpoch: 4) }
    for (step, rate) in rates.enumerated() { #expect(abs(rate - 0.1 * Double(step + 1)) < 1e-12) }
  }

  @Test func `The cosine falls from the peak after the warm-up to half in the middle and nearly 0 at the end`() {
    let recipe = recipe(.cosine)
    // Steps 8 to 39: position s of 32 is 0.4 (1 + cos(pi s / 32)).
    for (step, expected) in [
      (8, 0.8), (24, 0.4), (16, 0.4 * (1 + cos(Double.pi / 4))), (39, 0.4 * (1 - cos(Double.pi / 32))),
    ] {
      #expect(abs(recipe.rate(step: step, stepsPerEpoch: 4) - expected) < 1e-12)
    }
    let rates = (8..<40).map { recipe.rate(step: $0, stepsPerEpoch: 4) }
    #expect(zip(rates, rates.dropFirst()).allSatisfy { $0 > $1 } && rates[31] > 0)
  }

  @Test func `Step decay acts at the start of its epochs`() {
    let recipe = recipe(.step(at: [5, 8], factor: 0.1))
    for (step, expected) in [(8, 0.8), (19, 0.8), (20, 0.08), (31, 0.08), (32, 0.008), (39, 0.008)] {
      #expect(abs(recipe.rate(step: step, stepsPerEpoch: 4) - expected) < 1e-12)
    }
  }

  @Test func `Without a warm-up training starts at the peak`() {
    for decay in [Decay.cosine, .constant] {
      #expect(recipe(decay, warmUp: 0).rate(step: 0, stepsPerEpoch: 4) == 0.8)
    }
    #expect(recipe(.constant, warmUp: 0).rate(step: 39, stepsPerEpoch: 4) == 0.8)
  }
}
