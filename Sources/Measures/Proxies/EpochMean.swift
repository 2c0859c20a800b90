/// The mean of a quantity over the epochs.
///
/// Of the label's probability it is the cumulative probability of Jiang et al. 2021 (arXiv 2002.03206, section 5) and
/// the confidence of Swayamdipta et al. 2020 (arXiv 2009.10795, eq. 1); of correctness, of the largest probability and of
/// the negative entropy the other cumulative proxies of Jiang et al.; of the margin the AUM of Pleiss et al. 2020
/// (arXiv 2001.10528, eq. 1).
public struct EpochMean: DynamicsProxy {
  private var sum: [Double]
  private var count: [Double]

  public init(examples: Int) {
    sum = [Double](repeating: 0, count: examples)
    count = sum
  }

  public mutating func add(_ epoch: UnsafeBufferPointer<Float>) {
    precondition(epoch.count == sum.count, "a value for each example")
    for i in sum.indices where !epoch[i].isNaN {
      sum[i] += Double(epoch[i])
      count[i] += 1
    }
  }

  public var values: [Float] { zip(sum, count).map { Float($0 / $1) } }
}
