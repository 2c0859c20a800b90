/// The residual networks for CIFAR: 6n + 2 layers in three stages of 16, 32 and 64 channels.
///
/// Version 1 has batch-norm and ReLU after each convolution, version 2 (`-v2`) before it. Shortcuts that change shape are
/// of option A, subsampled with zero channels, or B, a 1x1 convolution (with batch-norm in version 1).
///
/// Tensors are named as in the usual PyTorch models: `conv1`, `bn1`, `layer1.0.conv1` …, `fc`; a projection is
/// `layer2.0.downsample.0` (and `.1`), as torchvision names it; version 2 ends in `bn`.
/// - Source: He et al. 2016, "Deep residual learning for image recognition", section 4.2 (arXiv 1512.03385); He et al.
///   2016, "Identity mappings in deep residual networks" (arXiv 1603.05027).
public struct CifarResNet: ArchitectureFamily {
  public static var names: String { "resnet-DEPTH[-v2] (8, 14, 20, 32, 44, 56, 110 or another 6n+2)" }

  public enum Version: Sendable { case v1, v2 }
  public enum Shortcut: String, Sendable, CaseIterable { case a = "A", b = "B" }

  /// The deepest that the paper trains; it keeps a slip of the pen from building a network for hours.
  static let deepest = 1202

  /// The number of layers with weights, 6n + 2.
  public let depth: Int
  public let version: Version
  public let shortcut: Shortcut
  /// The channels of the first stage, 16 times the width, rounded; the other stages have twice and four times
  /// as many.
  public let channels: Int

  public init?(name: String, options: inout ArchitectureOptions) throws {
    guard name.hasPrefix("resnet-") else { return nil }
    var number = name.dropFirst("resnet-".count)
    version = number.hasSuffix("-v2") ? .v2 : .v1
    if version == .v2 { number = number.dropLast("-v2".count) }
    guard let depth = Int(number), depth >= 8, depth % 6 == 2, depth <= Self.deepest else {
      throw ArchitectureError.badDepth(
        name: name,
        expecting: "6n+2 from 8 to \(Self.deepest), such as 8, 14, 20, 32, 44, 56 or 110; "
          + "or \(ImageNetResNet.depths.map(String.init).joined(separator: ", ")) for larger images")
    }
    self.depth = depth
    shortcut = try options.take("shortcut", default: .a, expecting: "A or B", Shortcut.init(rawValue:))
    channels = try options.take("width", default: 16, expecting: "a factor from 0.0625 to 64") { text in
      Double(text).flatMap { (0.0625...64).contains($0) ? Int((16 * $0).rounded()) : nil }
    }
  }

  public var name: String { "resnet-\(depth)" + (version == .v2 ? "-v2" : "") }

  public var options: [(key: String, value: String)] {
    // The width that the channels amount to, so that equal networks have equal labels.
    let width = channels % 16 == 0 ? "\(channels / 16)" : "\(Double(channels) / 16)"
    return (shortcut == .a ? [] : [("shortcut", shortcut.rawValue)]) + (channels == 16 ? [] : [("width", width)])
  }

  public func plan(image: Shape, classes: Int, label: String) -> Plan {
    var net = PlanBuilder(architecture: label, input: image, classes: classes)
    net.represent("input", 0)

    var x = net.convolution("conv1", 0, channels: channels, kernel: 3)
    if version == .v1 { x = net.activation(.relu, net.batchNorm("bn1", x)) }
    net.represent("conv1", x)

    for stage in 0..<3 {
      for block in 0..<(depth - 2) / 6 {
        let name = "layer\(stage + 1).\(block)"
        let (channels, stride) = (channels << stage, stage > 0 && block == 0 ? 2 : 1)
        x =
          version == .v1
          ? basicBlock(name, x, channels: channels, stride: stride, in: &net)
          : preactivatedBlock(name, x, channels: channels, stride: stride, in: &net)
        net.represent(name, x)
      }
    }

    if version == .v2 { x = net.activation(.relu, net.batchNorm("bn", x)) }
    x = net.globalAveragePool(x)
    net.represent("pool", x)
    _ = net.dense("fc", x, features: classes)
    return net.plan()
  }

  /// Two 3x3 convolutions with batch-norm, added to the shortcut.
  private func basicBlock(
    _ name: String, _ x: ValueID, channels: Int, stride: Int, in net: inout PlanBuilder
  ) -> ValueID {
    var y = net.convolution("\(name).conv1", x, channels: channels, kernel: 3, stride: stride)
    y = net.activation(.relu, net.batchNorm("\(name).bn1", y))
    y = net.convolution("\(name).conv2", y, channels: channels, kernel: 3)
    y = net.batchNorm("\(name).bn2", y)
    var other = x
    if stride > 1 || channels != net.shape(x).channels {
      switch shortcut {
      case .a: other = net.subsample(x, stride: stride, channels: channels)
      case .b:
        other = net.convolution("\(name).downsample.0", x, channels: channels, kernel: 1, stride: stride)
        other = net.batchNorm("\(name).downsample.1", other)
      }
    }
    return net.activation(.relu, net.add(y, other))
  }

  /// Batch-norm and ReLU before each of two 3x3 convolutions; a shortcut that changes shape starts from the first ReLU.
  private func preactivatedBlock(
    _ name: String, _ x: ValueID, channels: Int, stride: Int, in net: inout PlanBuilder
  ) -> ValueID {
    let active = net.activation(.relu, net.batchNorm("\(name).bn1", x))
    var y = net.convolution("\(name).conv1", active, channels: channels, kernel: 3, stride: stride)
    y = net.activation(.relu, net.batchNorm("\(name).bn2", y))
    y = net.convolution("\(name).conv2", y, channels: channels, kernel: 3)
    guard stride > 1 || channels != net.shape(x).channels else { return net.add(y, x) }
    switch shortcut {
    case .a: return net.add(y, net.subsample(active, stride: stride, channels: channels))
    case .b:
      let other = net.convolution("\(name).downsample.0", active, channels: channels, kernel: 1, stride: stride)
      return net.add(y, other)
    }
  }
}
