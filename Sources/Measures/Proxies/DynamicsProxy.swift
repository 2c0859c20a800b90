/// A proxy of memorisation that is made from what one run says of each example after, or during, each epoch.
///
/// Epochs are added in order. An epoch without a value of an example (NaN) is none of that example's: runs whose
/// dynamics come from the training pass have none of the examples outside of their subset.
public protocol DynamicsProxy: Sendable {
  init(examples: Int)
  /// Takes one epoch's quantity, `(example)`.
  mutating func add(_ epoch: UnsafeBufferPointer<Float>)
  /// `(example)`: NaN where no epoch had a value.
  var values: [Float] { get }
  /// `(example)`: 1 where the example was never learned, NaN where no epoch had a value; nil for proxies that have no
  /// such thing.
  var neverLearned: [Float]? { get }
}

extension DynamicsProxy {
  public var neverLearned: [Float]? { nil }
}
