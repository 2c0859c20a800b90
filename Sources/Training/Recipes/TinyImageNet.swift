extension Recipe {
  /// Tiny-ImageNet-200 in Lukasik et al. 2024 (arXiv 2310.05337).
  public static let tinyImageNet = Recipe(
    name: "tiny-imagenet",
    epochs: 90,  // Table 4
    batchSize: 256,  // Table 4
    learningRate: 0.1,  // Table 4
    warmUpEpochs: 5,  // Table 4
    decay: .cosine,  // Table 4
    momentum: 0.9,  // the text: SGD with Nesterov's momentum of 0.9
    nesterov: true,  // the text
    weightDecay: 5e-4,  // Table 4
    loss: .crossEntropy(),  // the text: softmax cross-entropy
    augmentation: .padCropFlip,  // our own: the paper names one for CIFAR alone, and this is it
    standardisation: .perChannel,  // our own: the paper names none
    testEvery: 1)  // our own
}
