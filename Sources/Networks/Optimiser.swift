/// Stochastic gradient descent as `torch.optim.SGD`: g += weightDecay w; m = momentum m + g; g = nesterov ? g
/// + momentum m : m; w -= learningRate g. At first m = g.
public struct SGD: Sendable, Hashable {
  public var learningRate: Float
  public var momentum: Float
  public var weightDecay: Float
  public var nesterov: Bool

  public init(learningRate: Float, momentum: Float = 0, weightDecay: Float = 0, nesterov: Bool = false) {
    self.learningRate = learningRate
    self.momentum = momentum
    self.weightDecay = weightDecay
    self.nesterov = nesterov
  }
}
