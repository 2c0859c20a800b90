/// How often an example that was right after one epoch was wrong after the next.
///
/// An example that was never right has no such event, though it is the hardest of all: it counts as many as there were
/// epochs, which no other can reach, and is flagged.
/// - Source: Toneva et al. 2019, section 3 (arXiv 1812.05159), whose unforgettable examples have 0.
public struct ForgettingEvents: DynamicsProxy {
  private var epochs: [Int32]
  private var events: [Int32]
  private var wasRight: [Bool]
  private var everRight: [Bool]

  public init(examples: Int) {
    epochs = [Int32](repeating: 0, count: examples)
    events = epochs
    wasRight = [Bool](repeating: false, count: examples)
    everRight = wasRight
  }

  /// Takes an epoch's correctness, 0 or 1.
  public mutating func add(_ epoch: UnsafeBufferPointer<Float>) {
    precondition(epoch.count == epochs.count, "a value for each example")
    for i in epochs.indices where !epoch[i].isNaN {
      let isRight = epoch[i] != 0
      if wasRight[i], !isRight { events[i] += 1 }
      wasRight[i] = isRight
      everRight[i] = everRight[i] || isRight
      epochs[i] += 1
    }
  }

  public var values: [Float] {
    epochs.indices.map { epochs[$0] == 0 ? .nan : Float(everRight[$0] ? events[$0] : epochs[$0]) }
  }

  public var neverLearned: [Float]? { epochs.indices.map { epochs[$0] == 0 ? .nan : everRight[$0] ? 0 : 1 } }
}
