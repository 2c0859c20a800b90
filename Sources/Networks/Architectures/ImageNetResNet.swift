/// The residual networks for ImageNet, as torchvision's `resnet18` … `resnet152`, with its names of tensors.
///
/// Stages of 64, 128, 256 and 512 channels; from 50 layers on, blocks are bottlenecks with four times as many at their
/// end, and the stride is that of their 3x3 convolution (torchvision's "v1.5").
/// - Source: He et al. 2016, "Deep residual learning for image recognition", table 1 (arXiv 1512.03385).
public struct ImageNetResNet: ArchitectureFamily {
  public static var names: String { "resnet-18, -34, -50, -101, -152" }

  static var depths: [Int] { stages.keys.sorted() }

  private static let stages: [Int: (blocks: [Int], isBottleneck: Bool)] = [
    18: ([2, 2, 2, 2], false), 34: ([3, 4, 6, 3], false), 50: ([3, 4, 6, 3], true), 101: ([3, 4, 23, 3], true),
    152: ([3, 8, 36, 3], true),
  ]

  public let depth: Int
  public let stem: Stem
  private let blocks: [Int]
  private let isBottleneck: Bool

  public init?(name: String, options: inout ArchitectureOptions) throws {
    guard name.hasPrefix("resnet-"), let depth = Int(name.dropFirst("resnet-".count)), let stages = Self.stages[depth]
    else { return nil }
    self.depth = depth
    (blocks, isBottleneck) = stages
    stem = try Stem.take(from: &options)
  }

  public var name: String { "resnet-\(depth)" }
  public var options: [(key: String, value: String)] { stem.options }

  public func plan(image: Shape, classes: Int, label: String) -> Plan {
    var net = PlanBuilder(architecture: label, input: image, classes: classes)
    net.represent("input", 0)
    var x: ValueID
    switch stem {
    case .imagenet:
      x = net.convolution("conv1", 0, channels: 64, kernel: 7, stride: 2)
      x = net.maxPool(net.activation(.relu, net.batchNorm("bn1", x)), kernel: 3, stride: 2, padding: 1)
    case .small:
      x = net.convolution("conv1", 0, channels: 64, kernel: 3)
      x = net.activation(.relu, net.batchNorm("bn1", x))
    }
    net.represent("conv1", x)
    for (stage, count) in blocks.enumerated() {
      for block in 0..<count {
        let name = "layer\(stage + 1).\(block)"
        x = self.block(
          name, x, channels: 64 << stage, stride: stage > 0 && block == 0 ? 2 : 1, in: &net)
        net.represent(name, x)
      }
    }
    x = net.globalAveragePool(x)
    net.represent("pool", x)
    _ = net.dense("fc", x, features: classes)
    return net.plan()
  }

  private func block(
    _ name: String, _ x: ValueID, channels: Int, stride: Int, in net: inout PlanBuilder
  ) -> ValueID {
    let layers: [(kernel: Int, channels: Int, stride: Int)] =
      isBottleneck
      ? [(1, channels, 1), (3, channels, stride), (1, 4 * channels, 1)]
      : [(3, channels, stride), (3, channels, 1)]
    var y = x
    for (i, layer) in layers.enumerated() {
      y = net.convolution(
        "\(name).conv\(i + 1)", y, channels: layer.channels, kernel: layer.kernel, stride: layer.stride)
      y = net.batchNorm("\(name).bn\(i + 1)", y)
      if i + 1 < layers.count { y = net.activation(.relu, y) }
    }
    var shortcut = x
    if net.shape(x) != net.shape(y) {
      shortcut = net.convolution(
        "\(name).downsample.0", x, channels: net.shape(y).channels, kernel: 1, stride: stride)
      shortcut = net.batchNorm("\(name).downsample.1", shortcut)
    }
    return net.activation(.relu, net.add(y, shortcut))
  }
}
