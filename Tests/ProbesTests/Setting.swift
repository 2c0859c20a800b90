import Foundation
import HashedStates
import Kernels
import Networks
import Randomness
import Training

/// The images and networks of Tests/torch/probes.py, and what PyTorch makes of them.
struct Setting {
  static let labels = ["resnet-8 width=0.5", "mlp activation=sin width=24"]
  static let (examples, classes, snapshots) = (24, 4, 3)
  static let shape = Shape(channels: 3, height: 8, width: 8)

  let network: TrainedNetwork
  let data: TrainingData
  /// By quantity, one value an example.
  let stored: [String: [Double]]

  /// - Parameter order: of the examples.
  init(_ label: String, order: [Int]? = nil, exactConvolution: Bool = false) throws {
    let url = Bundle.module.bundleURL.appendingPathComponent("Fixtures")
      .appendingPathComponent(label.replacingOccurrences(of: " ", with: "_") + ".txt")
    var stored: [String: [Double]] = [:]
    for line in try String(contentsOf: url, encoding: .utf8).split(separator: "\n") {
      let words = line.split(separator: " ")
      stored[String(words[0])] = words.dropFirst().compactMap { Double($0) }
    }
    let order = order ?? Array(0..<Self.examples)
    self.stored = stored.mapValues { values in order.map { values[$0] } }
    let size = Self.shape.count
    let numbers = hashed(label.hasPrefix("mlp") ? 12 : 11, count: Self.examples * size)
    // Channels of different spreads, which standardisation evens out.
    let images = numbers.enumerated().map { UInt8((($0.element + 1) * 128).rounded(.down)) >> UInt8($0.offset % 3) }
    data = TrainingData(
      shape: Self.shape, classes: Self.classes,
      train: TrainingData.Split(
        image: order.flatMap { images[$0 * size..<($0 + 1) * size] },
        label: (self.stored["labels"] ?? []).map { Int32($0) }, position: order.map { Int64(3 * $0 + 1) }))
    network = TrainedNetwork(
      plan: try Architecture(label).plan(image: Self.shape, classes: Self.classes), standardisation: .perChannel,
      exactConvolution: exactConvolution)
  }

  private init(_ network: TrainedNetwork, _ data: TrainingData) {
    (self.network, self.data, stored) = (network, data, [:])
  }

  /// The same of a network that was trained with another loss.
  func with(loss: LabelLoss) -> Setting {
    Setting(
      TrainedNetwork(
        plan: network.plan, standardisation: network.standardisation, exactConvolution: network.exactConvolution,
        loss: loss), data)
  }

  func state(_ snapshot: Int) -> [Float] {
    network.plan.tensors.enumerated().flatMap { index, tensor in
      hashed(UInt32(100 * snapshot + index + 1), count: tensor.count).map { v in
        if tensor.name.hasSuffix("num_batches_tracked") { return 7 }
        // Scales and running variances.
        if tensor.initialiser == .ones { return Float(1 + v / 2) }
        return Float(tensor.shape.count == 4 ? v / 8 : v / 4)
      }
    }
  }
}

/// Plain loops over one example at a time, in `Double`; its input is the executor's, to the bit.
struct PlainNetwork {
  private var network: ReferenceExecutor
  private let data: TrainingData

  init(_ setting: Setting, snapshot: Int) {
    network = ReferenceExecutor(plan: setting.network.plan)
    network.load(state: setting.state(snapshot).map(Double.init))
    data = setting.data
  }

  /// The standardised image, (channel, y, x), or (y, x, channel) where the network is flat.
  func input(_ example: Int) -> [Double] {
    let (shape, isFlat) = (data.shape, network.plan.input.area == 1)
    return (0..<shape.count).map { i in
      let (channel, pixel) = isFlat ? (i % shape.channels, i / shape.channels) : (i / shape.area, i % shape.area)
      let byte = data.train.image[(example * shape.area + pixel) * shape.channels + channel]
      return Double((Float(byte) - Float(data.mean[channel])) * Float(1 / data.deviation[channel]))
    }
  }

  /// The pixel of an element of the input.
  func pixel(_ i: Int) -> Int {
    network.plan.input.area == 1 ? i / data.shape.channels : i % data.shape.area
  }

  mutating func logits(_ x: [Double]) -> [Double] {
    network.forward(input: x, count: 1, training: false)
    return network.logits
  }

  /// The gradients by the input and, squared, by each tensor of the label's logit, or of the cross-entropy.
  mutating func gradient(_ x: [Double], label: Int, ofLoss: Bool) -> (input: [Double], squares: [Double]) {
    let logits = logits(x)
    let onehot = logits.indices.map { $0 == label ? 1.0 : 0 }
    network.backward(
      logitGradient: ofLoss ? zip(logSoftmax(logits), onehot).map { Elementary.exp($0) - $1 } : onehot)
    let all = network.gradients()
    let squares = network.plan.tensors.map { tensor in
      all[tensor.offset..<tensor.offset + tensor.count].reduce(0) { $0 + $1 * $1 }
    }
    return (network.inputGradient, squares)
  }

  mutating func lossGradient(_ x: [Double], _ example: Int) -> [Double] {
    gradient(x, label: Int(data.train.label[example]), ofLoss: true).input
  }
}

/// max |a - b| / max |b|; NaN where lengths differ or there is one.
func relativeDifference(_ a: [Double], _ b: [Double]) -> Double {
  guard a.count == b.count, !(a + b).contains(where: \.isNaN) else { return .nan }
  let greatest = b.reduce(0) { max($0, abs($1)) }
  let difference = zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1)) }
  return difference == 0 ? 0 : difference / greatest
}
