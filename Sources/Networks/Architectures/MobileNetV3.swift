/// MobileNet-V3, small and large, as torchvision's `mobilenet_v3_small` and `_large`, with its names of tensors and its
/// `width_mult` as the width.
///
/// Without the dropout before the last layer, which torchvision has and the paper on memorisation does not mention:
/// each run is a deterministic network.
/// - Source: Howard et al. 2019, "Searching for MobileNetV3", tables 1 and 2 (arXiv 1905.02244).
public struct MobileNetV3: ArchitectureFamily {
  public static var names: String { "mobilenet-v3-small, mobilenet-v3-large" }

  public enum Size: String, Sendable, CaseIterable { case small, large }

  /// An inverted residual: channels within it and at its end, before the width is taken into account.
  private struct Block {
    let kernel: Int
    let expanded: Int
    let output: Int
    let isGated: Bool
    let activation: Activation
    let stride: Int

    init(_ kernel: Int, _ expanded: Int, _ output: Int, _ isGated: Bool, _ activation: Activation, _ stride: Int) {
      (self.kernel, self.expanded, self.output) = (kernel, expanded, output)
      (self.isGated, self.activation, self.stride) = (isGated, activation, stride)
    }
  }

  private static let small = [
    Block(3, 16, 16, true, .relu, 2),
    Block(3, 72, 24, false, .relu, 2),
    Block(3, 88, 24, false, .relu, 1),
    Block(5, 96, 40, true, .hardswish, 2),
    Block(5, 240, 40, true, .hardswish, 1),
    Block(5, 240, 40, true, .hardswish, 1),
    Block(5, 120, 48, true, .hardswish, 1),
    Block(5, 144, 48, true, .hardswish, 1),
    Block(5, 288, 96, true, .hardswish, 2),
    Block(5, 576, 96, true, .hardswish, 1),
    Block(5, 576, 96, true, .hardswish, 1),
  ]

  private static let large = [
    Block(3, 16, 16, false, .relu, 1),
    Block(3, 64, 24, false, .relu, 2),
    Block(3, 72, 24, false, .relu, 1),
    Block(5, 72, 40, true, .relu, 2),
    Block(5, 120, 40, true, .relu, 1),
    Block(5, 120, 40, true, .relu, 1),
    Block(3, 240, 80, false, .hardswish, 2),
    Block(3, 200, 80, false, .hardswish, 1),
    Block(3, 184, 80, false, .hardswish, 1),
    Block(3, 184, 80, false, .hardswish, 1),
    Block(3, 480, 112, true, .hardswish, 1),
    Block(3, 672, 112, true, .hardswish, 1),
    Block(5, 672, 160, true, .hardswish, 2),
    Block(5, 960, 160, true, .hardswish, 1),
    Block(5, 960, 160, true, .hardswish, 1),
  ]

  public let size: Size
  public let width: Double
  public let stem: Stem

  public init?(name: String, options: inout ArchitectureOptions) throws {
    guard let size = Size.allCases.first(where: { "mobilenet-v3-\($0.rawValue)" == name }) else { return nil }
    self.size = size
    width = try options.take("width", default: 1, expecting: "a factor from 0.05 to 16") { text in
      Double(text).flatMap { (0.05...16).contains($0) ? $0 : nil }
    }
    stem = try Stem.take(from: &options)
  }

  public var name: String { "mobilenet-v3-\(size.rawValue)" }
  public var options: [(key: String, value: String)] {
    let text = width == width.rounded() ? "\(Int(width))" : "\(width)"
    return stem.options + (width == 1 ? [] : [("width", text)])
  }

  /// The multiple of 8 that is nearest, but no less than nine tenths: `_make_divisible` of torchvision.
  private static func divisible(_ channels: Double) -> Int {
    let nearest = max(8, Int(channels + 4) / 8 * 8)
    return Double(nearest) < 0.9 * channels ? nearest + 8 : nearest
  }

  private func scaled(_ channels: Int) -> Int { Self.divisible(Double(channels) * width) }

  public func plan(image: Shape, classes: Int, label: String) -> Plan {
    var net = PlanBuilder(architecture: label, input: image, classes: classes)
    let blocks = size == .small ? Self.small : Self.large
    net.represent("input", 0)
    var x = Self.layer(
      "features.0", 0, channels: scaled(16), kernel: 3, stride: stem == .imagenet ? 2 : 1, activation: .hardswish,
      in: &net)
    net.represent("features.0", x)
    for (index, block) in blocks.enumerated() {
      let name = "features.\(index + 1)"
      x = self.block(block, name, x, in: &net)
      net.represent(name, x)
    }
    x = Self.layer(
      "features.\(blocks.count + 1)", x, channels: 6 * net.shape(x).channels, kernel: 1, activation: .hardswish,
      in: &net)
    x = net.globalAveragePool(x)
    net.represent("pool", x)
    let std = Initialiser.normal(std: 0.01)
    x = net.dense(
      "classifier.0", x, features: scaled(size == .small ? 1024 : 1280), initialiser: std, biasInitialiser: .zeros)
    x = net.activation(.hardswish, x)
    net.represent("classifier.0", x)
    // 1 and 2 are the activation and the dropout in torchvision's list.
    _ = net.dense("classifier.3", x, features: classes, initialiser: std, biasInitialiser: .zeros)
    return net.plan()
  }

  /// Convolution, batch-norm, activation: torchvision's `Conv2dNormActivation`.
  private static func layer(
    _ name: String, _ x: ValueID, channels: Int, kernel: Int, stride: Int = 1, groups: Int = 1,
    activation: Activation?, in net: inout PlanBuilder
  ) -> ValueID {
    let y = net.convolution("\(name).0", x, channels: channels, kernel: kernel, stride: stride, groups: groups)
    let norm = net.batchNorm("\(name).1", y, epsilon: 0.001, momentum: 0.01)
    return activation.map { net.activation($0, norm) } ?? norm
  }

  /// Widened, filtered channel by channel, perhaps gated, narrowed; and added to what it began with, where shapes allow.
  private func block(_ block: Block, _ name: String, _ x: ValueID, in net: inout PlanBuilder) -> ValueID {
    let (expanded, output) = (scaled(block.expanded), scaled(block.output))
    var part = 0
    func next() -> String {
      defer { part += 1 }
      return "\(name).block.\(part)"
    }
    var y = x
    if expanded != net.shape(x).channels {
      y = Self.layer(next(), y, channels: expanded, kernel: 1, activation: block.activation, in: &net)
    }
    y = Self.layer(
      next(), y, channels: expanded, kernel: block.kernel, stride: block.stride, groups: expanded,
      activation: block.activation, in: &net)
    if block.isGated { y = Self.gate(next(), y, squeezed: Self.divisible(Double(expanded / 4)), in: &net) }
    y = Self.layer(next(), y, channels: output, kernel: 1, activation: nil, in: &net)
    return block.stride == 1 && net.shape(x).channels == output ? net.add(y, x) : y
  }

  /// Squeeze-and-excitation (Hu et al. 2018, arXiv 1709.01507).
  private static func gate(_ name: String, _ x: ValueID, squeezed: Int, in net: inout PlanBuilder) -> ValueID {
    var g = net.globalAveragePool(x)
    g = net.convolution("\(name).fc1", g, channels: squeezed, kernel: 1, bias: true)
    g = net.convolution(
      "\(name).fc2", net.activation(.relu, g), channels: net.shape(x).channels, kernel: 1, bias: true)
    return net.multiply(x, gate: net.activation(.hardsigmoid, g))
  }
}
