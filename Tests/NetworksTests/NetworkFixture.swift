import Foundation
import HashedStates
import Networks

/// One training step of a network in PyTorch, as Tests/torch/network_fixtures.py stored it.
struct NetworkFixture {
  /// What is known of one tensor.
  struct Entry {
    let tensor: String
    let stride: Int
    let count: Int
    /// The sum of all elements times `hashed(0, count: count)`.
    let projection: Double
    let norm: Double
    let samples: [Double]
  }

  struct BadLine: Error {
    let fixture: String
    let line: String
  }

  static let labels = [
    "mlp", "mlp activation=sin", "mlp activation=sigmoid", "mlp activation=linear width=64", "convnet", "resnet-20",
    "resnet-14 shortcut=B", "resnet-14-v2", "resnet-14-v2 shortcut=B", "resnet-56", "resnet-18",
    "resnet-18 stem=small", "resnet-50", "resnet-50 stem=small", "densenet-121", "densenet-121 stem=small",
    "mobilenet-v3-small", "mobilenet-v3-small stem=small width=0.5", "mobilenet-v3-large",
    "mobilenet-v3-large width=0.5",
  ]

  let label: String
  private(set) var stream: UInt32 = 0
  private(set) var batch = 0
  private(set) var image = Shape(channels: 0)
  private(set) var classes = 0
  /// Steps of 1/512 that are added to the hashed value, by tensor and element.
  private(set) var nudges: [String: [Int: Int]] = [:]
  /// How far PyTorch's float32 is from its float64, by quantity.
  private(set) var rounding: [String: Double] = [:]
  /// By quantity: logits, losses, gradient, vanishing, statistics, evaluation.
  private(set) var entries: [String: [Entry]] = [:]

  init(_ label: String) throws {
    self.label = label
    for line in try Self.lines(label.replacingOccurrences(of: " ", with: "_")) {
      let words = line.split(separator: " ").map(String.init)
      let bad = BadLine(fixture: label, line: String(line))
      switch words[0] {
      case "network":
        guard words.dropFirst().joined(separator: " ") == label else { throw bad }
      case "input":
        let numbers = words.dropFirst().compactMap { Int($0) }
        guard numbers.count == 6 else { throw bad }
        (stream, batch, classes) = (UInt32(numbers[0]), numbers[1], numbers[5])
        image = Shape(channels: numbers[2], height: numbers[3], width: numbers[4])
      case "nudge":
        let numbers = words.dropFirst(2).compactMap { Int($0) }
        guard numbers.count == words.count - 2, numbers.count.isMultiple(of: 2) else { throw bad }
        for pair in stride(from: 0, to: numbers.count, by: 2) {
          nudges[words[1], default: [:]][numbers[pair]] = numbers[pair + 1]
        }
      case "rounding":
        guard words.count == 3, let difference = Double(words[2]) else { throw bad }
        rounding[words[1]] = difference
      default:
        let numbers = words.dropFirst(4).compactMap { Double($0) }
        guard words.count > 6, numbers.count == words.count - 4, let stride = Int(words[2]), let count = Int(words[3])
        else { throw bad }
        entries[words[0], default: []].append(
          Entry(
            tensor: words[1], stride: stride, count: count, projection: numbers[0], norm: numbers[1],
            samples: Array(numbers.dropFirst(2))))
      }
    }
  }

  /// The lines of a file of Fixtures/networks.
  static func lines(_ name: String) throws -> [Substring] {
    let url = Bundle.module.bundleURL.appendingPathComponent("Fixtures/networks/\(name).txt")
    return try String(contentsOf: url, encoding: .utf8).split(separator: "\n")
  }

  /// The flat state before the step: `hashed_state` of Tests/torch/one_step.py with the nudges; each number is exact in
  /// `Float`.
  func state(of plan: Plan) -> [Float] {
    var state: [Float] = []
    state.reserveCapacity(plan.stateCount)
    for (index, tensor) in plan.tensors.enumerated() {
      var values = hashedValues(of: tensor, at: index)
      for (element, steps) in nudges[tensor.name, default: [:]] { values[element] += Double(steps) / 512 }
      state += values.map(Float.init)
    }
    return state
  }

  /// `(example, channel, y, x)`.
  var input: [Float] { hashed(stream, count: batch * image.count).map { Float(2 * $0) } }

  var labels: [Int] { (0..<batch).map { $0 * 7 % classes } }
}

extension NetworkFixture.Entry {
  /// How far values are from PyTorch's: the samples, by the greatest of them or the root mean square of all, whichever is
  /// more; the norm and the projection, by the norm.
  func difference(of values: [Float]) -> Double {
    guard values.count == count else { return .nan }
    let scale = samples.reduce(norm / Double(count).squareRoot()) { max($0, abs($1)) }
    let sampled = Swift.stride(from: 0, to: count, by: stride).map { Double(values[$0]) }
    guard sampled.count == samples.count else { return .nan }
    let projection = zip(values, hashed(0, count: count)).reduce(0) { $0 + Double($1.0) * $1.1 }
    let differences =
      zip(sampled, samples).map { abs($0 - $1) / scale }
      + [abs(norm(of: values) - norm) / norm, abs(projection - self.projection) / norm]
    return differences.contains { $0.isNaN } ? .nan : differences.reduce(0) { max($0, $1) }
  }

  /// The same where PyTorch's values are 0 but for rounding, and `norm` is that of the largest gradient.
  func share(of values: [Float]) -> Double {
    values.count == count ? norm(of: values) / norm : .nan
  }

  private func norm(of values: [Float]) -> Double {
    values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
  }
}
