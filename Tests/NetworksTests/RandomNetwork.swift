import Networks
import Randomness

/// A network of convolutions, batch-norms, activations and sums in any order: most like residual networks, and some
/// like none that anybody would train.
struct RandomNetwork {
  private var net: PlanBuilder
  private var stream: RandomStream
  /// The values so far that operations may follow.
  private var values: [ValueID] = []
  private let widths: [Int]
  private let normalises: Bool
  private let count: Int
  private var names = 0

  /// - Parameter count: the examples of the batches that it is for; a batch-norm needs some pixels.
  static func plan(_ seed: Int, count: Int) -> Plan {
    var network = RandomNetwork(seed, count: count)
    return network.build()
  }

  /// A network with a layer of each way of convolving, on large images and on small ones, in random order: some examples'
  /// norms come from products of pixels, others from their own gradients, whose sums take another way.
  static func ofEveryWay(_ seed: Int) -> Plan {
    var stream = RandomStream(seed: 32, purpose: .test, index: seed)
    let (height, width) = (6 + stream.below(3), 6 + stream.below(3))
    var network = RandomNetwork(stream, count: 2, height: height, width: width, widths: [6 + 2 * stream.below(2), 12])
    return network.buildEveryWay()
  }

  private init(_ seed: Int, count: Int) {
    var stream = RandomStream(seed: 31, purpose: .test, index: seed)
    let most = count > 20 ? 6 : 9
    let (height, width) = (3 + stream.below(most - 2), 3 + stream.below(most - 2))
    let widths = [5 + stream.below(4), [8, 12, 16, 17, 20][stream.below(5)]]
    let normalises = stream.below(4) > 0
    self.init(stream, count: count, height: height, width: width, widths: widths, normalises: normalises)
  }

  private init(
    _ stream: RandomStream, count: Int, height: Int, width: Int, widths: [Int], normalises: Bool = true
  ) {
    (self.stream, self.count, self.widths, self.normalises) = (stream, count, widths, normalises)
    net = PlanBuilder(
      architecture: "random", input: Shape(channels: 3, height: height, width: width), classes: 4)
  }

  private mutating func buildEveryWay() -> Plan {
    var x = norm(net.convolution(name(), 0, channels: widths[0], kernel: 3))
    x = mixed(x, ways: [(3, 1), (3, 1), (1, 1), (5, 1), (3, 2), (3, widths[0])])
    x = stream.below(2) == 0 ? pool(x) : net.convolution(name(), x, channels: widths[0], kernel: 3, stride: 2)
    x = mixed(x, ways: [(3, 1), (3, 1), (1, 1), (3, 2), (3, widths[0])])
    if stream.below(2) == 0 { x = concatenation(x) }
    let hidden = net.dense("hidden", x, features: 11, bias: stream.below(2) == 0)
    _ = net.dense("fc", net.activation(.sin, hidden), features: 4)
    return net.plan()
  }

  /// Convolutions of these kernels and groups in random order, with all that may come between.
  private mutating func mixed(_ x: ValueID, ways: [(kernel: Int, groups: Int)]) -> ValueID {
    var (x, ways) = (x, ways)
    stream.shuffle(&ways)
    for (kernel, groups) in ways {
      let channels = groups == 1 && stream.below(2) == 0 ? widths[1] : net.shape(x).channels
      var y = net.convolution(
        name(), x, channels: groups > 2 ? net.shape(x).channels : channels, kernel: kernel,
        groups: groups > 2 ? net.shape(x).channels : groups, bias: groups == 1 && stream.below(3) == 0)
      if stream.below(3) > 0 { y = norm(y) }
      if net.shape(y) == net.shape(x), stream.below(3) == 0 { y = net.add(y, x) }
      if stream.below(3) > 0 { y = activation(y) }
      x = y
    }
    return x
  }

  private mutating func build() -> Plan {
    values.append(convolution(0))
    for _ in 0..<2 + stream.below(11) {
      let x = recent()
      let y: ValueID
      switch stream.below(15) {
      case 10: y = net.multiply(x, gate: gate(x))
      case 11 where net.shape(x).height > 2 && net.shape(x).width > 2:
        y = stream.below(2) == 0 ? net.maxPool(x, kernel: 3, stride: 2, padding: stream.below(2)) : pool(x)
      case 12, 13: y = concatenation(x)
      case 14: y = net.activation(stream.below(2) == 0 ? .hardswish : .hardsigmoid, norm(x))
      case 0, 1: y = convolution(x)
      case 2: y = norm(x)
      case 3: y = activation(x)
      case 4: y = net.add(x, partner(of: x))
      case 5, 6: y = block(x)
      case 7: y = norm(convolution(relu(norm(x))))
      case 8: y = net.subsample(x, stride: net.shape(x).height > 3 ? 2 : 1, channels: wider(x))
      default: y = net.add(convolution(x, sameShape: true), convolution(x, sameShape: true))
      }
      values.append(y)
      if stream.below(8) == 0 { net.represent("\(y)", y) }
    }
    finish(recent())
    return net.plan()
  }

  /// A block of He et al. 2016 with a batch-norm of its own, perhaps, in the shortcut.
  private mutating func block(_ x: ValueID) -> ValueID {
    let first = convolution(x)
    let second = norm(convolution(relu(norm(first)), sameShape: true))
    guard net.shape(second) == net.shape(x) else { return relu(second) }
    var shortcut = partner(of: x)
    if stream.below(3) == 0 { shortcut = norm(convolution(shortcut, sameShape: true)) }
    let sum = stream.below(2) == 0 ? net.add(second, shortcut) : net.add(shortcut, second)
    return stream.below(3) == 0 ? sum : relu(sum)
  }

  /// One number a channel, as in squeeze-and-excitation.
  private mutating func gate(_ x: ValueID) -> ValueID {
    let squeezed = net.convolution(name(), net.globalAveragePool(x), channels: 5, kernel: 1, bias: true)
    let gate = net.convolution(name(), relu(squeezed), channels: net.shape(x).channels, kernel: 1, bias: true)
    return net.activation(.hardsigmoid, gate)
  }

  private mutating func pool(_ x: ValueID) -> ValueID { net.averagePool(x, kernel: 2, stride: 2) }

  /// Some layers that each add channels to what came before, as in densely connected networks.
  private mutating func concatenation(_ x: ValueID) -> ValueID {
    var y = net.convolution(name(), x, channels: 16, kernel: 1, bias: stream.below(2) == 0)
    for _ in 0..<1 + stream.below(2) {
      let new = net.convolution(name(), relu(norm(y)), channels: 16, kernel: 3)
      // Sometimes the same value is in two concatenations, or another time in one.
      if stream.below(3) == 0 { values.append(net.concatenate([y, relu(new)])) }
      y = stream.below(4) == 0 ? net.concatenate([new, y, new]) : net.concatenate([y, new])
    }
    return stream.below(2) == 0 ? convolution(y) : y
  }

  private mutating func finish(_ x: ValueID) {
    switch stream.below(4) {
    case 0 where net.shape(x).count <= 400: _ = net.dense("fc", x, features: 4)
    case 1:
      let y = net.globalAveragePool(x)
      _ = net.dense("fc2", net.activation(.sigmoid, net.dense("fc1", y, features: 19, bias: false)), features: 4)
    case 2: _ = net.globalAveragePool(net.convolution("head", x, channels: 4, kernel: 1))
    default: _ = net.dense("fc", net.globalAveragePool(x), features: 4)
    }
  }

  private mutating func name() -> String {
    names += 1
    return "\(names)"
  }

  /// The last value, or one of those shortly before.
  private mutating func recent() -> ValueID {
    values[values.count - 1 - (stream.below(3) == 0 ? stream.below(min(4, values.count)) : 0)]
  }

  /// A value of the same shape, which may be the same.
  private mutating func partner(of x: ValueID) -> ValueID {
    let alike = values.filter { net.shape($0) == net.shape(x) }
    return alike.isEmpty ? x : alike[stream.below(alike.count)]
  }

  private mutating func wider(_ x: ValueID) -> Int { max(widths[stream.below(2)], net.shape(x).channels) }

  private mutating func convolution(_ x: ValueID, sameShape: Bool = false) -> ValueID {
    let shape = net.shape(x)
    let width = sameShape || stream.below(3) == 0 ? shape.channels : widths[stream.below(2)]
    let strided = !sameShape && stream.below(6) == 0 && min(shape.height, shape.width) > 3
    let depthwise = width == shape.channels && stream.below(8) == 0
    return net.convolution(
      name(), x, channels: width, kernel: stream.below(4) == 0 ? 1 : 3, stride: strided ? 2 : 1,
      groups: depthwise ? width : 1)
  }

  private mutating func norm(_ x: ValueID) -> ValueID {
    normalises && net.shape(x).area * count >= 8 ? net.batchNorm(name(), x) : x
  }

  private mutating func relu(_ x: ValueID) -> ValueID { net.activation(.relu, x) }

  private mutating func activation(_ x: ValueID) -> ValueID {
    net.activation(stream.below(3) == 0 ? .sin : .relu, x)
  }

  /// A state that keeps values near 1.
  static func state(_ plan: Plan) -> [Float] {
    plan.tensors.enumerated().flatMap { index, tensor in
      let values = randomValues(tensor.count, index: 100 + index)
      if tensor.initialiser == .ones { return values.map { Float(1 + $0 / 2) } }
      if tensor.shape.isEmpty { return [3] }
      let fan = tensor.shape.count > 1 ? tensor.shape.dropFirst().reduce(1, *) : 3
      return values.map { Float($0 * (3 / Double(fan)).squareRoot()) }
    }
  }
}
