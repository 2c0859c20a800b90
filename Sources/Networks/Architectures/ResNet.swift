/// The residual networks for CIFAR: 6n + 2 layers in three stages, identity shortcuts with zero padding
/// (option A).
///
/// Tensors are named as in the usual PyTorch models: `conv1`, `bn1`, `layer1.0.conv1` …, `fc`.
/// - Source: He et al. 2016, "Deep residual learning for image recognition", section 4.2 (arXiv 1512.03385).
public struct ResNet: ArchitectureFamily {
  public static var names: String { "resnet-DEPTH (8, 14, 20, 32, 44, 56, 110 or another 6n+2)" }

  /// The deepest that the paper trains; it keeps a slip of the pen from building a network for hours.
  static let deepest = 1202

  /// The number of layers with weights, 6n + 2.
  public let depth: Int
  /// The channels of the first stage, 16 times the width, rounded; the other stages have twice and four times
  /// as many.
  public let channels: Int

  public init?(name: String, options: inout ArchitectureOptions) throws {
    guard name.hasPrefix("resnet-") else { return nil }
    guard let depth = Int(name.dropFirst("resnet-".count)), depth >= 8, depth % 6 == 2, depth <= Self.deepest
    else {
      throw ArchitectureError.badDepth(
        name: name, expecting: "6n+2 from 8 to \(Self.deepest), such as 8, 14, 20, 32, 44, 56 or 110")
    }
    self.depth = depth
    channels = try options.take("width", default: 16, expecting: "a factor from 0.0625 to 64") { text in
      Double(text).flatMap { (0.0625...64).contains($0) ? Int((16 * $0).rounded()) : nil }
    }
  }

  public var name: String { "resnet-\(depth)" }

  public var options: [(key: String, value: String)] {
    guard channels != 16 else { return [] }
    // The width that the channels amount to, so that equal networks have equal labels.
    let text = channels % 16 == 0 ? "\(channels / 16)" : "\(Double(channels) / 16)"
    return [("width", text)]
  }

  public func plan(image: Shape, classes: Int, label: String) -> Plan {
    var net = PlanBuilder(architecture: label, input: image, classes: classes)
    net.represent("input", 0)

    var x = net.convolution("conv1", 0, channels: channels, kernel: 3)
    x = net.activation(.relu, net.batchNorm("bn1", x))
    net.represent("conv1", x)

    for stage in 0..<3 {
      for block in 0..<(depth - 2) / 6 {
        let name = "layer\(stage + 1).\(block)"
        x = Self.basicBlock(
          name, x, channels: channels << stage, stride: stage > 0 && block == 0 ? 2 : 1, in: &net)
        net.represent(name, x)
      }
    }

    x = net.globalAveragePool(x)
    net.represent("pool", x)
    _ = net.dense("fc", x, features: classes)
    return net.plan()
  }

  /// Two 3x3 convolutions with batch-norm, added to the shortcut.
  private static func basicBlock(
    _ name: String, _ x: ValueID, channels: Int, stride: Int, in net: inout PlanBuilder
  ) -> ValueID {
    var y = net.convolution("\(name).conv1", x, channels: channels, kernel: 3, stride: stride)
    y = net.activation(.relu, net.batchNorm("\(name).bn1", y))
    y = net.convolution("\(name).conv2", y, channels: channels, kernel: 3)
    y = net.batchNorm("\(name).bn2", y)
    let isIdentity = stride == 1 && channels == net.shape(x).channels
    let shortcut = isIdentity ? x : net.subsample(x, stride: stride, channels: channels)
    return net.activation(.relu, net.add(y, shortcut))
  }
}
