/// Two dense layers without biases, z = W2 φ(W1 x): the network in which the scale of initialisation is
/// studied.
///
/// Its input is the image flattened in (y, x, channel) order. Both layers start Glorot uniform; to scale the
/// first, give `initialState` another initialiser for `fc1.weight`.
/// - Source: Mehta, Cutkosky and Neyshabur 2021, "Extreme memorization via scale of initialization" (arXiv
///   2008.13363).
public struct MLP: ArchitectureFamily {
  public static var names: String { "mlp" }

  static let standardWidth = 1024
  static let activations: [Activation] = [.relu, .sin, .sigmoid, .linear]
  static let widest = 1 << 20

  /// The number of hidden units.
  public let width: Int
  public let activation: Activation

  public init?(name: String, options: inout ArchitectureOptions) throws {
    guard name == "mlp" else { return nil }
    width = try options.take(
      "width", default: Self.standardWidth, expecting: "a whole number from 1 to \(Self.widest)"
    ) { text in
      Int(text).flatMap { (1...Self.widest).contains($0) ? $0 : nil }
    }
    activation = try options.take(
      "activation", default: .relu,
      expecting: "one of " + Self.activations.map(\.rawValue).joined(separator: ", ")
    ) { text in Self.activations.first { $0.rawValue == text } }
  }

  public var name: String { "mlp" }

  public var options: [(key: String, value: String)] {
    (activation == .relu ? [] : [("activation", activation.rawValue)])
      + (width == Self.standardWidth ? [] : [("width", "\(width)")])
  }

  public func plan(image: Shape, classes: Int, label: String) -> Plan {
    var net = PlanBuilder(architecture: label, input: Shape(channels: image.count), classes: classes)
    net.represent("input", 0)
    var x = net.dense("fc1", 0, features: width, bias: false, initialiser: .glorotUniform)
    x = net.activation(activation, x)
    net.represent("fc1", x)
    _ = net.dense("fc2", x, features: classes, bias: false, initialiser: .glorotUniform)
    return net.plan()
  }
}
