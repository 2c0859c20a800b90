import Foundation
import HashedStates
import Networks
import Testing

/// The two training steps of ResNet-8 that Tests/torch/resnet8_step.py takes, for any executor to take again.
struct TorchStep {
  static let batch = 16
  static let sgd = SGD(learningRate: 0.1, momentum: 0.9, weightDecay: 1e-4, nesterov: true)

  let plan: Plan
  /// The flat state before the first step; each number is exact in `Float`.
  let state: [Double]
  /// (example, channel, y, x); each number is exact in `Float`.
  let input: [Double]
  /// (example).
  let labels = (0..<Int32(batch)).map { $0 * 7 % 10 }

  init() throws {
    plan = try Architecture("resnet-8").plan(image: Shape(channels: 3, height: 32, width: 32), classes: 10)
    state = plan.tensors.enumerated().flatMap { index, tensor in
      hashed(UInt32(index) + 1, count: tensor.count).map { Self.startingValue($0, of: tensor) }
    }
    input = hashed(1044, count: Self.batch * plan.input.count).map { 2 * $0 }
  }

  private static func startingValue(_ v: Double, of tensor: Tensor) -> Double {
    if tensor.name.hasSuffix("num_batches_tracked") { return 7 }
    // Scales and running variances.
    if tensor.initialiser == .ones { return 1 + v / 2 }
    return tensor.shape.count == 4 ? v / 8 : v / 4
  }

  /// What an executor computed, to be held against the fixture.
  struct Results {
    /// By quantity of the fixture: `gradient1`, `state1`, ...; flat as the state.
    var flat: [String: [Double]] = [:]
    /// By quantity and tensor: logits, losses and the input's gradients, as far as the executor has them.
    var single: [String: [Double]] = [:]
  }

  /// The worst difference from PyTorch of each quantity.
  ///
  /// - Returns: quantity, tensor and difference, one a quantity, in the fixture's order.
  func differences(of results: Results) throws -> [(quantity: String, tensor: String, difference: Double)] {
    let ranges = Dictionary(
      uniqueKeysWithValues: plan.tensors.map { ($0.name, $0.offset..<$0.offset + $0.count) })
    var worst: [(quantity: String, tensor: String, difference: Double)] = []
    for entry in try TorchFixture("resnet8_step.txt").entries {
      let values: [Double]
      if let flat = results.flat[entry.quantity], let range = ranges[entry.tensor] {
        values = Array(flat[range])
      } else if let single = results.single["\(entry.quantity) \(entry.tensor)"] {
        values = single
      } else {
        continue
      }
      let difference = entry.difference(of: values)
      if worst.last?.quantity != entry.quantity { worst.append((entry.quantity, entry.tensor, difference)) }
      // NaN counts as worst, and stays.
      let greatest = worst[worst.count - 1].difference
      if !greatest.isNaN, !(difference <= greatest) {
        worst[worst.count - 1] = (entry.quantity, entry.tensor, difference)
      }
    }
    return worst
  }

  /// Prints the worst difference of each quantity from PyTorch, and expects it within the bound of its kind.
  ///
  /// - Parameters:
  ///   - bounds: by quantity, without the number of the step.
  ///   - location: of the test, which is where failures are shown.
  func expect(
    _ results: Results, of executor: String, within bounds: [String: Double],
    at location: SourceLocation = #_sourceLocation
  ) throws {
    let worst = try differences(of: results)
    #expect(
      worst.map(\.quantity) == [
        "evaluation", "loss1", "gradient1", "state1", "loss2", "gradient2", "state2",
      ],
      sourceLocation: location)
    for (quantity, tensor, difference) in worst {
      let shown = String(format: "%.1e", difference)
      print("\(executor), \(quantity): largest relative difference from PyTorch \(shown), in \(tensor)")
      let bound = bounds[String(quantity.filter { !$0.isNumber })] ?? 0
      #expect(difference <= bound, "\(quantity) \(tensor)", sourceLocation: location)
    }
  }
}
