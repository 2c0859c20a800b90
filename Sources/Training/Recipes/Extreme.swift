extension Recipe {
  /// All experiments of Mehta, Cutkosky and Neyshabur 2021, "Extreme memorization via scale of initialization" (arXiv
  /// 2008.13363), whose scale is `--first-layer-std`.
  public static let extreme = Recipe(
    name: "extreme",
    epochs: 2000,  // released code: at most so many
    batchSize: 256,  // the paper; the short last batch is kept, as everywhere here
    learningRate: 0.01,  // the paper
    warmUpEpochs: 0,  // the paper: a constant rate
    decay: .constant,  // the paper
    momentum: 0,  // the paper: plain SGD
    nesterov: false,  // the paper
    weightDecay: 0,  // the paper
    loss: .crossEntropy(),  // the paper's first; --loss has the others
    augmentation: .none,  // the paper
    standardisation: .perImage,  // released code: tf.image.per_image_standardization
    testEvery: 1)  // our own
}
