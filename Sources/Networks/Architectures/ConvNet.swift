/// Two convolutions with max-pooling and two dense layers, with biases: the small convolutional network of Mehta et al.
///
///     conv1 5x5-32, ReLU, max-pool 3/2, conv2 5x5-64 without border, ReLU, max-pool 3/2, fc1 1024, ReLU, fc2
///
/// All weights start Glorot uniform, all biases at 0. For 10 classes of 32x32 images: 1,703,370 parameters.
/// - Source: Mehta, Cutkosky and Neyshabur 2021, "Extreme memorization via scale of initialization" (arXiv 2008.13363).
public struct ConvNet: ArchitectureFamily {
  public static var names: String { "convnet" }

  public init?(name: String, options: inout ArchitectureOptions) throws {
    guard name == "convnet" else { return nil }
  }

  public var name: String { "convnet" }
  public var options: [(key: String, value: String)] { [] }
  public var smallestImage: Int { 15 }

  public func plan(image: Shape, classes: Int, label: String) -> Plan {
    var net = PlanBuilder(architecture: label, input: image, classes: classes)
    net.represent("input", 0)
    // The greatest of a window goes through the ReLU after it is chosen, which changes no number and no gradient, and
    // leaves the ReLU a quarter of the work.
    var x = net.convolution("conv1", 0, channels: 32, kernel: 5, bias: true, initialiser: .glorotUniform)
    x = net.activation(.relu, net.maxPool(x, kernel: 3, stride: 2))
    net.represent("conv1", x)
    x = net.convolution("conv2", x, channels: 64, kernel: 5, padding: 0, bias: true, initialiser: .glorotUniform)
    x = net.activation(.relu, net.maxPool(x, kernel: 3, stride: 2))
    net.represent("conv2", x)
    x = net.dense("fc1", x, features: 1024, initialiser: .glorotUniform, biasInitialiser: .zeros)
    x = net.activation(.relu, x)
    net.represent("fc1", x)
    _ = net.dense("fc2", x, features: classes, initialiser: .glorotUniform, biasInitialiser: .zeros)
    return net.plan()
  }
}
