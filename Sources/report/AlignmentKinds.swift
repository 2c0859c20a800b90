import Artefacts

extension Alignment {
  /// What is compared between networks: of single parameters each architecture has others, and many.
  static let kinds = ["logits", "all parameters", "representation"]

  /// Layers are called differently in each architecture; what is compared is their kind: `representation` of
  /// `representation:fc1`. Of several tensors of a kind the last.
  func lastTensor(of kind: String) -> Int? {
    tensors.lastIndex { $0.split(separator: ":").first.map(String.init) == kind }
  }
}
