/// Puts a plan together, one operation after another. Architectures are functions that drive it.
public struct PlanBuilder {
  private let architecture: String
  private let classes: Int
  private var values: [Shape]
  private var operations: [Operation] = []
  private var tensors: [Tensor] = []
  private var offset = 0
  private var representations: [(name: String, value: ValueID)] = []

  public init(architecture: String, input: Shape, classes: Int) {
    self.architecture = architecture
    self.classes = classes
    values = [input]
  }

  public func shape(_ value: ValueID) -> Shape { values[value] }

  public mutating func tensor(
    _ name: String, _ shape: [Int], _ initialiser: Initialiser, role: Tensor.Role = .parameter
  ) -> TensorID {
    let tensor = Tensor(name: name, shape: shape, role: role, initialiser: initialiser, offset: offset)
    offset += tensor.count
    tensors.append(tensor)
    return tensors.count - 1
  }

  private mutating func append(
    _ name: String, _ kind: OperationKind, _ inputs: [ValueID], _ shape: Shape
  ) -> ValueID {
    values.append(shape)
    operations.append(Operation(name: name, kind: kind, inputs: inputs, output: values.count - 1))
    return values.count - 1
  }

  /// `torch.nn.Conv2d(in, channels, kernel, stride, padding, groups=groups, bias=False)`; its weight is
  /// `name.weight`.
  public mutating func convolution(
    _ name: String, _ x: ValueID, channels: Int, kernel: Int, stride: Int = 1, padding: Int? = nil,
    groups: Int = 1, initialiser: Initialiser = .heNormal
  ) -> ValueID {
    let input = values[x]
    let pad = padding ?? kernel / 2
    precondition(min(input.height, input.width) + 2 * pad >= kernel, "the kernel is larger than its input")
    precondition(
      groups > 0 && input.channels.isMultiple(of: groups) && channels.isMultiple(of: groups),
      "groups of equal numbers of channels")
    let weight = tensor(
      "\(name).weight", [channels, input.channels / groups, kernel, kernel], initialiser)
    let output = Shape(
      channels: channels, height: (input.height + 2 * pad - kernel) / stride + 1,
      width: (input.width + 2 * pad - kernel) / stride + 1)
    return append(
      name, .convolution(weight: weight, kernel: kernel, stride: stride, padding: pad, groups: groups), [x], output)
  }

  /// `torch.nn.Linear(in, features)` over the flattened value.
  public mutating func dense(
    _ name: String, _ x: ValueID, features: Int, bias: Bool = true, initialiser: Initialiser? = nil
  ) -> ValueID {
    let fanIn = values[x].count
    let standard = Initialiser.linearDefault(fanIn: fanIn)
    let weight = tensor("\(name).weight", [features, fanIn], initialiser ?? standard)
    let biasID = bias ? tensor("\(name).bias", [features], standard) : nil
    return append(name, .dense(weight: weight, bias: biasID), [x], Shape(channels: features))
  }

  /// `torch.nn.BatchNorm2d` with PyTorch's defaults.
  public mutating func batchNorm(_ name: String, _ x: ValueID) -> ValueID {
    let n = values[x].channels
    let norm = BatchNorm(
      weight: tensor("\(name).weight", [n], .ones), bias: tensor("\(name).bias", [n], .zeros),
      runningMean: tensor("\(name).running_mean", [n], .zeros, role: .buffer),
      runningVariance: tensor("\(name).running_var", [n], .ones, role: .buffer),
      batches: tensor("\(name).num_batches_tracked", [], .zeros, role: .buffer),
      epsilon: 1e-5, momentum: 0.1)
    return append(name, .batchNorm(norm), [x], values[x])
  }

  public mutating func activation(_ activation: Activation, _ x: ValueID) -> ValueID {
    append(activation.rawValue, .activation(activation), [x], values[x])
  }

  public mutating func add(_ a: ValueID, _ b: ValueID) -> ValueID {
    precondition(values[a] == values[b], "a sum of values of different shapes")
    return append("add", .add, [a, b], values[a])
  }

  /// Shortcut "option A": subsampled, and widened to `channels` with zero channels, half before and half
  /// after.
  public mutating func subsample(_ x: ValueID, stride: Int, channels: Int) -> ValueID {
    let input = values[x]
    let extra = channels - input.channels
    precondition(extra >= 0, "a shortcut cannot drop channels")
    let output = Shape(
      channels: channels, height: (input.height + stride - 1) / stride,
      width: (input.width + stride - 1) / stride)
    return append(
      "shortcut",
      .subsample(stride: stride, channelsBefore: extra / 2, channelsAfter: extra - extra / 2), [x], output)
  }

  public mutating func globalAveragePool(_ x: ValueID) -> ValueID {
    append("pool", .globalAveragePool, [x], Shape(channels: values[x].channels))
  }

  /// Names a value that measures may ask for.
  public mutating func represent(_ name: String, _ value: ValueID) { representations.append((name, value)) }

  public func plan() -> Plan {
    Plan(
      architecture: architecture, classes: classes, values: values, operations: operations, tensors: tensors,
      representations: representations)
  }
}
