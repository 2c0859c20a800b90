/// The first epoch after which an example is right, counted from 1; one more than all epochs, and a flag, where it never
/// is.
///
/// - Source: Toneva et al. 2019 (arXiv 1812.05159), the first learning event.
public struct FirstLearnedEpoch: DynamicsProxy {
  private var epochs: [Int32]
  private var first: [Int32]

  public init(examples: Int) {
    epochs = [Int32](repeating: 0, count: examples)
    first = epochs
  }

  /// Takes an epoch's correctness, 0 or 1.
  public mutating func add(_ epoch: UnsafeBufferPointer<Float>) {
    precondition(epoch.count == epochs.count, "a value for each example")
    for i in epochs.indices where !epoch[i].isNaN {
      epochs[i] += 1
      if first[i] == 0, epoch[i] != 0 { first[i] = epochs[i] }
    }
  }

  public var values: [Float] {
    epochs.indices.map { epochs[$0] == 0 ? .nan : Float(first[$0] > 0 ? first[$0] : epochs[$0] + 1) }
  }

  public var neverLearned: [Float]? { epochs.indices.map { epochs[$0] == 0 ? .nan : first[$0] > 0 ? 0 : 1 } }
}

/// The epoch from which on an example stays right, counted from 1; one more than all epochs, and a flag, where it is
/// wrong at the end.
///
/// - Source: Jiang et al. 2021, section 5 (arXiv 2002.03206), as learning speed.
public struct LearnedForGoodEpoch: DynamicsProxy {
  private var epochs: [Int32]
  private var lastWrong: [Int32]

  public init(examples: Int) {
    epochs = [Int32](repeating: 0, count: examples)
    lastWrong = epochs
  }

  /// Takes an epoch's correctness, 0 or 1.
  public mutating func add(_ epoch: UnsafeBufferPointer<Float>) {
    precondition(epoch.count == epochs.count, "a value for each example")
    for i in epochs.indices where !epoch[i].isNaN {
      epochs[i] += 1
      if epoch[i] == 0 { lastWrong[i] = epochs[i] }
    }
  }

  public var values: [Float] { epochs.indices.map { epochs[$0] == 0 ? .nan : Float(lastWrong[$0] + 1) } }

  public var neverLearned: [Float]? {
    epochs.indices.map { epochs[$0] == 0 ? .nan : lastWrong[$0] == epochs[$0] ? 1 : 0 }
  }
}
