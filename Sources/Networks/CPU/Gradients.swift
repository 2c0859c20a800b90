extension CPUExecutor {
  /// What a way back leaves behind: any of these, chosen when the executor is made, as each takes memory and time.
  ///
  /// Without `parameters`, batch-norm's statistics are constants, the running ones, in either direction; what an example
  /// gets then depends on itself alone.
  public struct Gradients: OptionSet, Sendable, Hashable {
    public let rawValue: Int

    public init(rawValue: Int) { self.rawValue = rawValue }

    /// Those of the parameters, summed over the batch: `gradients`, `update`.
    public static let parameters = Gradients(rawValue: 1)
    /// Those of each example by its input: `inputGradient`.
    public static let input = Gradients(rawValue: 2)
    /// The squared norm of each example's own by each tensor: `gradientNorms`. None of these gradients is kept.
    ///
    /// Together with `parameters` this gives all that an alignment of gradients needs, for batches of one class.
    public static let norms = Gradients(rawValue: 4)
    /// The inner products of all pairs of examples' own by each tensor: `gradientProducts`.
    public static let products = Gradients(rawValue: 8)

    /// Whether an example needs a gradient of its own by each tensor.
    var areOfExamples: Bool { contains(.norms) || contains(.products) }
  }
}
