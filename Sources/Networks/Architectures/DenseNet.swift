/// DenseNet-121, as torchvision's `densenet121`, with its names of tensors: four blocks of 6, 12, 24 and 16 layers, each
/// of which adds 32 channels to all that came before it in its block.
///
/// - Source: Huang et al. 2017, "Densely connected convolutional networks" (arXiv 1608.06993).
public struct DenseNet: ArchitectureFamily {
  public static var names: String { "densenet-121" }

  private static let blocks = [6, 12, 24, 16]
  private static let growth = 32
  private static let first = 64

  public let stem: Stem

  public init?(name: String, options: inout ArchitectureOptions) throws {
    guard name == "densenet-121" else { return nil }
    stem = try Stem.take(from: &options)
  }

  public var name: String { "densenet-121" }
  public var options: [(key: String, value: String)] { stem.options }
  /// The three transitions and the stem's two strides halve an image.
  public var smallestImage: Int { stem == .imagenet ? 29 : 8 }

  public func plan(image: Shape, classes: Int, label: String) -> Plan {
    var net = PlanBuilder(architecture: label, input: image, classes: classes)
    net.represent("input", 0)
    func convolution(_ name: String, _ x: ValueID, _ channels: Int, kernel: Int, stride: Int = 1) -> ValueID {
      net.convolution(name, x, channels: channels, kernel: kernel, stride: stride, initialiser: .heNormalFanIn)
    }
    func activeNorm(_ name: String, _ x: ValueID) -> ValueID { net.activation(.relu, net.batchNorm(name, x)) }

    var x: ValueID
    switch stem {
    case .imagenet:
      x = convolution("features.conv0", 0, Self.first, kernel: 7, stride: 2)
      x = net.maxPool(activeNorm("features.norm0", x), kernel: 3, stride: 2, padding: 1)
    case .small: x = activeNorm("features.norm0", convolution("features.conv0", 0, Self.first, kernel: 3))
    }
    net.represent("conv0", x)
    for (index, layers) in Self.blocks.enumerated() {
      for layer in 1...layers {
        let name = "features.denseblock\(index + 1).denselayer\(layer)"
        var y = convolution("\(name).conv1", activeNorm("\(name).norm1", x), 4 * Self.growth, kernel: 1)
        y = convolution("\(name).conv2", activeNorm("\(name).norm2", y), Self.growth, kernel: 3)
        x = net.concatenate([x, y])
      }
      net.represent("denseblock\(index + 1)", x)
      if index + 1 < Self.blocks.count {
        let name = "features.transition\(index + 1)"
        x = convolution("\(name).conv", activeNorm("\(name).norm", x), net.shape(x).channels / 2, kernel: 1)
        x = net.averagePool(x, kernel: 2, stride: 2)
      }
    }
    x = net.globalAveragePool(activeNorm("features.norm5", x))
    net.represent("pool", x)
    _ = net.dense("classifier", x, features: classes, biasInitialiser: .zeros)
    return net.plan()
  }
}
