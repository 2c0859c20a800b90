extension Recipe {
  /// A short schedule for small sets: made for the sprites, which an MLP and ResNet-8 interpolate with it.
  ///
  /// Every value is our own.
  public static let quick = Recipe(
    name: "quick",
    epochs: 30,
    batchSize: 50,
    // Above about .03 the logits of an MLP on 3,072 inputs grow without end.
    learningRate: 0.02,
    warmUpEpochs: 2,
    decay: .cosine,
    momentum: 0.9,
    nesterov: true,
    weightDecay: 0,
    loss: .crossEntropy(),
    augmentation: .none,
    standardisation: .perChannel,
    testEvery: 1)
}
