/// The cumulative sample loss: Σ_e loss_e over the epochs.
///
/// - Source: Ravikumar, Soufleri, Hashemi and Roy 2025, CSL.
public struct LossSum: DynamicsProxy {
  private var sum: [Double]
  private var hasValue: [Bool]

  public init(examples: Int) {
    sum = [Double](repeating: 0, count: examples)
    hasValue = [Bool](repeating: false, count: examples)
  }

  public mutating func add(_ epoch: UnsafeBufferPointer<Float>) {
    precondition(epoch.count == sum.count, "a value for each example")
    for i in sum.indices where !epoch[i].isNaN {
      sum[i] += Double(epoch[i])
      hasValue[i] = true
    }
  }

  public var values: [Float] { zip(sum, hasValue).map { $1 ? Float($0) : .nan } }
}
