import Kernels
import Networks
import Testing

/// Random networks test how operations are fused, which values are made again, and how memory is shared: a value or
/// a gradient that is overwritten too early is far off, and not by rounding.
struct RandomNetworkTests {
  /// Batches of less than a shard, of whole ones, and of some more.
  private static let counts = [1, 2, 15, 16, 17, 33, 128]

  /// Numbers that leave each ReLU well on one side of 0, whatever the rounding.
  private static func solved(_ seed: Int, training: Bool) throws -> Comparison.Solution {
    let count = counts[seed % counts.count]
    let plan = RandomNetwork.plan(seed, count: count)
    let comparisons = (0..<50).lazy.map { attempt in
      Comparison(
        plan, count: count, training: training, seed: 50 * seed + attempt, state: RandomNetwork.state(plan),
        number: uniform)
    }
    return try #require(comparisons.first { $0.margin > 1e-6 }).solved()
  }

  private static func expect(
    _ differences: [String: Double], within bound: Double, _ what: String, _ plan: Plan,
    at location: SourceLocation = #_sourceLocation
  ) {
    let wrong = differences.filter { !($0.value <= bound) }
    #expect(wrong.isEmpty, "\(what)\n\(plan.listing)", sourceLocation: location)
  }

  @Test("A random network trains as by plain loops", arguments: 0..<42)
  func training(seed: Int) throws {
    let solution = try Self.solved(seed, training: seed % 4 > 0)
    for set in InstructionSet.available {
      for (exact, bound) in [(true, 1e-4), (false, 1e-3)] {
        let differences = solution.differences(
          set, capacity: solution.comparison.count + 3, threads: 2, exactConvolution: exact)
        Self.expect(differences, within: bound, "\(set), exact: \(exact)", solution.comparison.plan)
      }
    }
  }

  @Test("A random network for evaluation, its batch-norms folded, is as by plain loops", arguments: 42..<70)
  func evaluation(seed: Int) throws {
    let solution = try Self.solved(seed, training: false)
    for set in InstructionSet.available {
      for (exact, bound) in [(true, 1e-5), (false, 1e-4)] {
        let differences = solution.evaluationDifferences(set, threads: 2, exactConvolution: exact)
        Self.expect(differences, within: bound, "\(set), exact: \(exact)", solution.comparison.plan)
      }
    }
  }

  @Test(
    "The sum of a batch-norm and what it normalises passes on the gradients of both", arguments: [false, true])
  func normAddedToItsInput(relu: Bool) {
    var net = PlanBuilder(architecture: "test", input: Shape(channels: 3, height: 5, width: 6), classes: 4)
    let x = net.convolution("conv", 0, channels: 20, kernel: 3)
    let sum = net.add(net.batchNorm("bn", x), x)
    _ = net.dense("fc", relu ? net.activation(.relu, sum) : sum, features: 4)
    let plan = net.plan()
    let solution = Comparison(plan, count: 17, state: RandomNetwork.state(plan), number: uniform).solved()
    for set in InstructionSet.available {
      Self.expect(solution.differences(set, exactConvolution: true), within: 1e-4, "\(set)", plan)
    }
  }
}

extension Plan {
  /// The operations, a line each.
  fileprivate var listing: String {
    operations.map { operation in
      let shape = values[operation.output]
      return "\(operation.output) = \(operation.kind) of \(operation.inputs): "
        + "\(shape.channels)x\(shape.height)x\(shape.width)"
    }.joined(separator: "\n")
  }
}
