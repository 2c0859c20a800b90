/// The standard deviation of a quantity over the epochs, with divisor E as in the paper.
///
/// - Source: Swayamdipta et al. 2020, eq. 2 (arXiv 2009.10795), of the label's probability.
public struct Variability: DynamicsProxy {
  private var count: [Double]
  private var mean: [Double]
  private var m2: [Double]

  public init(examples: Int) {
    count = [Double](repeating: 0, count: examples)
    mean = count
    m2 = count
  }

  public mutating func add(_ epoch: UnsafeBufferPointer<Float>) {
    precondition(epoch.count == count.count, "a value for each example")
    for i in count.indices where !epoch[i].isNaN {
      count[i] += 1
      let difference = Double(epoch[i]) - mean[i]
      mean[i] += difference / count[i]
      m2[i] += difference * (Double(epoch[i]) - mean[i])
    }
  }

  public var values: [Float] { zip(m2, count).map { Float(($0 / $1).squareRoot()) } }
}
