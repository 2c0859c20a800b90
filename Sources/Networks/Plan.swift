/// The size of one example's value: channels, height and width. A vector of n features is (n, 1, 1).
public struct Shape: Hashable, Sendable {
  public var channels: Int
  public var height: Int
  public var width: Int

  public init(channels: Int, height: Int = 1, width: Int = 1) {
    self.channels = channels
    self.height = height
    self.width = width
  }

  public var count: Int { channels * height * width }
  public var area: Int { height * width }
}

/// How a tensor is filled before training. Fans are those of `torch.nn.init`.
public enum Initialiser: Hashable, Sendable {
  case zeros
  case ones
  /// N(0, 2 / fan_out): He et al. 2015, `kaiming_normal_(mode="fan_out", nonlinearity="relu")`.
  case heNormal
  /// N(0, 2 / fan_in): the same with `mode="fan_in"`, which is `kaiming_normal_`'s default.
  case heNormalFanIn
  /// U(-a, a), a = sqrt(6 / (fan_in + fan_out)): Glorot and Bengio 2010, `xavier_uniform_`.
  case glorotUniform
  /// U(-1 / sqrt(fan_in), 1 / sqrt(fan_in)): the default of `torch.nn.Linear`, weight and bias.
  case linearDefault(fanIn: Int)
  /// N(0, std²), absolute.
  case normal(std: Double)
}

/// One entry of the network's `state_dict`: its name, PyTorch's shape, and what it is.
public struct Tensor: Hashable, Sendable {
  public enum Role: Hashable, Sendable {
    /// Trained by the optimiser.
    case parameter
    /// Running statistics: kept, not trained.
    case buffer
  }

  public let name: String
  /// PyTorch's: (out, in / groups, height, width) of a convolution, (out, in) of a dense layer, (n) of a vector, () of
  /// a scalar.
  public let shape: [Int]
  public let role: Role
  public let initialiser: Initialiser
  /// The first element in the flat state: all tensors one after another, in the order of `state_dict`.
  public let offset: Int

  public var count: Int { shape.reduce(1, *) }
}

/// A value that flows between operations, by its place in `Plan.values`; 0 is the input.
public typealias ValueID = Int
/// A tensor of the state, by its place in `Plan.tensors`.
public typealias TensorID = Int

public enum Activation: String, Hashable, Sendable, CaseIterable {
  case relu, sin, sigmoid, linear
  /// x min(max(x + 3, 0), 6) / 6, and its factor alone: `torch.nn.Hardswish` and `torch.nn.Hardsigmoid`.
  case hardswish, hardsigmoid
}

/// Cross-correlation with a square kernel: `torch.nn.Conv2d`. Output channels see the input channels of their own group
/// alone.
public struct Convolution: Hashable, Sendable {
  public let weight: TensorID
  public let bias: TensorID?
  public let kernel: Int
  public let stride: Int
  public let padding: Int
  public let groups: Int
}

/// Square windows over rows and columns; where they do not fit, the last rows and columns are left out.
public struct Pooling: Hashable, Sendable {
  public let kernel: Int
  public let stride: Int
  public let padding: Int
}

/// What an operation computes. Weights are named by their place in `Plan.tensors`.
public enum OperationKind: Hashable, Sendable {
  case convolution(Convolution)
  /// y = W x + b over the flattened value: `torch.nn.Linear`.
  case dense(weight: TensorID, bias: TensorID?)
  /// `torch.nn.BatchNorm2d`: statistics of the batch in training, running statistics in evaluation.
  case batchNorm(BatchNorm)
  case activation(Activation)
  /// The sum of two values of one shape.
  case add
  /// The first value times the second, which has one number a channel: the gates of squeeze-and-excitation.
  case multiply
  /// The channels of all inputs, one after another.
  case concatenate
  /// Every `stride`-th row and column, and zero channels before and after: shortcut "option A" of He et al.
  /// 2016.
  case subsample(stride: Int, channelsBefore: Int, channelsAfter: Int)
  /// The greatest of each window: `torch.nn.MaxPool2d`.
  case maxPool(Pooling)
  /// The mean of each window; without padding: `torch.nn.AvgPool2d`.
  case averagePool(Pooling)
  /// The mean over height and width.
  case globalAveragePool
}

public struct BatchNorm: Hashable, Sendable {
  public let weight: TensorID
  public let bias: TensorID
  public let runningMean: TensorID
  public let runningVariance: TensorID
  public let batches: TensorID
  public let epsilon: Double
  /// The share of the new statistics in the running ones: PyTorch's `momentum`.
  public let momentum: Double
}

public struct Operation: Hashable, Sendable {
  public let name: String
  public let kind: OperationKind
  public let inputs: [ValueID]
  public let output: ValueID
}

/// A network as data: its values, the operations between them in forward order, and its tensors.
///
/// Executors run plans; counts of parameters and operations, and memory, are read from them.
public struct Plan: Sendable {
  public let architecture: String
  public let classes: Int
  /// Shapes; `values[0]` is the input. An image is (channels, height, width); a network that flattens its
  /// input takes (height × width × channels, 1, 1), in that order.
  public let values: [Shape]
  public let operations: [Operation]
  public let tensors: [Tensor]
  /// Named values that a measure may ask for, from the input on; the last is the representation before the
  /// last layer.
  public let representations: [(name: String, value: ValueID)]

  public var input: Shape { values[0] }
  /// The value that holds the logits: the last operation's output.
  public var logits: ValueID { operations[operations.count - 1].output }
  public var stateCount: Int { tensors.reduce(0) { $0 + $1.count } }
  public var parameterCount: Int { tensors.reduce(0) { $0 + ($1.role == .parameter ? $1.count : 0) } }

  /// Floating-point operations of the convolutions and dense layers in one forward pass over one example, a
  /// multiplication and its addition being two; training takes about three times as many.
  public var forwardFLOPs: Int {
    operations.reduce(0) { sum, operation in
      switch operation.kind {
      case .convolution(let convolution):
        return sum + 2 * tensors[convolution.weight].count * values[operation.output].area
      case .dense(let weight, _): return sum + 2 * tensors[weight].count
      case .batchNorm, .activation, .add, .multiply, .concatenate, .subsample, .maxPool, .averagePool,
        .globalAveragePool:
        return sum
      }
    }
  }
}
