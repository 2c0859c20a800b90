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

  /// `torch.nn.Conv2d(in, channels, kernel, stride, padding, groups=groups, bias=bias)`; its weight is
  /// `name.weight`. A bias starts at 0.
  public mutating func convolution(
    _ name: String, _ x: ValueID, channels: Int, kernel: Int, stride: Int = 1, padding: Int? = nil,
    groups: Int = 1, bias: Bool = false, initialiser: Initialiser = .heNormal
  ) -> ValueID {
    let input = values[x]
    let pad = padding ?? kernel / 2
    precondition(min(input.height, input.width) + 2 * pad >= kernel, "the kernel is larger than its input")
    precondition(
      groups > 0 && input.channels.isMultiple(of: groups) && channels.isMultiple(of: groups),
      "groups of equal numbers of channels")
    let weight = tensor(
      "\(name).weight", [channels, input.channels / groups, kernel, kernel], initialiser)
    let biasID = bias ? tensor("\(name).bias", [channels], .zeros) : nil
    return append(
      name,
      .convolution(
        Convolution(weight: weight, bias: biasID, kernel: kernel, stride: stride, padding: pad, groups: groups)),
      [x], windows(input, Pooling(kernel: kernel, stride: stride, padding: pad), channels: channels))
  }

  /// One output a window.
  private func windows(_ input: Shape, _ window: Pooling, channels: Int) -> Shape {
    let reach = 2 * window.padding - window.kernel
    return Shape(
      channels: channels, height: (input.height + reach) / window.stride + 1,
      width: (input.width + reach) / window.stride + 1)
  }

  /// `torch.nn.Linear(in, features)` over the flattened value.
  public mutating func dense(
    _ name: String, _ x: ValueID, features: Int, bias: Bool = true, initialiser: Initialiser? = nil,
    biasInitialiser: Initialiser? = nil
  ) -> ValueID {
    let fanIn = values[x].count
    let standard = Initialiser.linearDefault(fanIn: fanIn)
    let weight = tensor("\(name).weight", [features, fanIn], initialiser ?? standard)
    let biasID = bias ? tensor("\(name).bias", [features], biasInitialiser ?? standard) : nil
    return append(name, .dense(weight: weight, bias: biasID), [x], Shape(channels: features))
  }

  /// `torch.nn.BatchNorm2d`, by default with PyTorch's defaults.
  public mutating func batchNorm(
    _ name: String, _ x: ValueID, epsilon: Double = 1e-5, momentum: Double = 0.1
  ) -> ValueID {
    let n = values[x].channels
    let norm = BatchNorm(
      weight: tensor("\(name).weight", [n], .ones), bias: tensor("\(name).bias", [n], .zeros),
      runningMean: tensor("\(name).running_mean", [n], .zeros, role: .buffer),
      runningVariance: tensor("\(name).running_var", [n], .ones, role: .buffer),
      batches: tensor("\(name).num_batches_tracked", [], .zeros, role: .buffer),
      epsilon: epsilon, momentum: momentum)
    return append(name, .batchNorm(norm), [x], values[x])
  }

  public mutating func activation(_ activation: Activation, _ x: ValueID) -> ValueID {
    append(activation.rawValue, .activation(activation), [x], values[x])
  }

  public mutating func add(_ a: ValueID, _ b: ValueID) -> ValueID {
    precondition(values[a] == values[b], "a sum of values of different shapes")
    return append("add", .add, [a, b], values[a])
  }

  /// Each channel of `x` times the gate's one number for it.
  public mutating func multiply(_ x: ValueID, gate: ValueID) -> ValueID {
    precondition(values[gate] == Shape(channels: values[x].channels), "a gate has one number a channel")
    return append("multiply", .multiply, [x, gate], values[x])
  }

  /// Channels one after another: `torch.cat(..., dim=1)`.
  ///
  /// - Precondition: all values but the last have a multiple of 16 channels, so that they fill whole blocks on every
  ///   machine and lie where they are made.
  public mutating func concatenate(_ parts: [ValueID]) -> ValueID {
    let shape = values[parts[0]]
    precondition(
      parts.allSatisfy { values[$0].height == shape.height && values[$0].width == shape.width },
      "values of one height and width")
    precondition(parts.dropLast().allSatisfy { values[$0].channels.isMultiple(of: 16) }, "whole blocks of channels")
    let channels = parts.reduce(0) { $0 + values[$1].channels }
    return append(
      "concatenate", .concatenate, parts, Shape(channels: channels, height: shape.height, width: shape.width))
  }

  public mutating func maxPool(_ x: ValueID, kernel: Int, stride: Int, padding: Int = 0) -> ValueID {
    precondition(2 * padding <= kernel && kernel <= 16, "what the kernels can do")
    let window = Pooling(kernel: kernel, stride: stride, padding: padding)
    return append("maxpool", .maxPool(window), [x], windows(values[x], window, channels: values[x].channels))
  }

  public mutating func averagePool(_ x: ValueID, kernel: Int, stride: Int) -> ValueID {
    let window = Pooling(kernel: kernel, stride: stride, padding: 0)
    return append("avgpool", .averagePool(window), [x], windows(values[x], window, channels: values[x].channels))
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
