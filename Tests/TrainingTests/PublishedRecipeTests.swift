import Foundation
import Networks
import Testing
import Training

/// The recipes that papers name, against what the papers say.
@Suite struct PublishedRecipeTests {
  /// Lukasik et al. 2024, Table 4, column CIFAR; 50,000 * 0.7 / 1024 is 35 steps an epoch.
  @Test func `The recipe cifar is the published one`() {
    let recipe = Recipe.cifar
    for (epoch, expected) in [(15, 1.0), (199, 1.0), (200, 0.1), (300, 0.01), (400, 0.001), (449, 0.001)] {
      #expect(abs(recipe.rate(step: epoch * 35, stepsPerEpoch: 35) - expected) < 1e-12)
    }
    #expect((recipe.epochs, recipe.batchSize, recipe.momentum, recipe.nesterov) == (450, 1024, 0.9, true))
    #expect(recipe.augmentation == .padCropFlip && recipe.loss == .crossEntropy())
  }

  /// The same table, column Tiny-ImageNet; 100,000 * 0.7 / 256 is 274 steps an epoch. The cosine is at half of the peak
  /// midway between epochs 5 and 90.
  @Test func `The recipe tiny-imagenet is the published one`() {
    let recipe = Recipe.tinyImageNet
    for (step, expected) in [(0, 0.1 / 1370), (5 * 274, 0.1), (95 * 137, 0.05), (90 * 274, 0)] {
      #expect(abs(recipe.rate(step: step, stepsPerEpoch: 274) - expected) < 1e-12)
    }
    #expect((recipe.epochs, recipe.batchSize, recipe.weightDecay) == (90, 256, 5e-4))
    #expect((recipe.momentum, recipe.nesterov, recipe.loss) == (0.9, true, .crossEntropy()))
  }

  /// Mehta, Cutkosky and Neyshabur 2021: plain SGD at .01 in batches of 256; at most 2,000 epochs in the released code.
  @Test func `The recipe extreme is the published one`() {
    let recipe = Recipe.extreme
    for step in [0, 1, 195, 2000 * 196 - 1] { #expect(recipe.rate(step: step, stepsPerEpoch: 196) == 0.01) }
    #expect((recipe.epochs, recipe.batchSize, recipe.weightDecay) == (2000, 256, 0))
    #expect((recipe.momentum, recipe.nesterov, recipe.loss) == (0, false, .crossEntropy()))
    #expect(recipe.augmentation == .none && recipe.standardisation == .perImage)
  }
}
