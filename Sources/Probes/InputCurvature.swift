import Kernels
import Networks
import Randomness
import Training

/// The curvature of each training example's loss around its input: with g the gradient of the cross-entropy by the input
/// and v of random signs,
///
///     mean over v of |g(x + h v) - g(x)|² / h², averaged over snapshots,
///
/// which estimates the sum of squares of the Hessian by the input. Both x and h v are in units of the standardised input;
/// v has an entry for each pixel and channel, and is the same for all states. Gradients are in float32, whose digits the
/// difference over h = 1e-3 uses up: docs/methods.md says how many are left.
/// - Source: Garg, Ravikumar and Roy 2024, "Memorization through the lens of curvature of loss function around samples"
///   (arXiv 2307.05831).
public struct InputCurvature {
  private let pass: GradientPass
  private let seed: UInt64
  private let draws: Int
  private let step: Float

  /// - Parameters:
  ///   - data: its training split is measured.
  ///   - seed: of the signs, which are those of (seed, position of the example in the published order, draw).
  ///   - draws: of v, at least 1.
  ///   - step: h.
  ///   - memory: bytes that activations may take.
  public init(
    _ network: TrainedNetwork, data: TrainingData, instructionSet: InstructionSet, pool: ThreadPool, seed: UInt64,
    draws: Int = 10, step: Float = 1e-3, memory: Int = 1 << 30
  ) {
    precondition(draws > 0 && step > 0, "a curvature is measured over some distance")
    pass = GradientPass(
      network, data: data, of: .loss(.crossEntropy()), by: .input, instructionSet: instructionSet, pool: pool,
      memory: memory)
    (self.seed, self.draws, self.step) = (seed, draws, step)
  }

  /// The curvature of each example, `(example)`; NaN without snapshots, and where a gradient is.
  ///
  /// - Parameters:
  ///   - examples: places in the training split; all where it is nil.
  ///   - state: the network's state at a snapshot, from 0 below `snapshots`.
  /// - Complexity: 1 + `draws` passes forward and back a snapshot and example.
  public func values(
    snapshots: Int, examples: [Int32]? = nil, state: (Int) throws -> [Float]
  ) rethrows -> [Double] {
    let examples = examples ?? pass.allExamples
    let size = pass.data.shape.count
    var values = [Double](repeating: 0, count: examples.count)
    for snapshot in 0..<snapshots {
      pass.executor.load(state: try state(snapshot))
      for batch in pass.batches(of: examples) {
        pass.run(batch)
        let base = pass.executor.inputGradient(count: batch.count)
        for draw in 0..<draws {
          runMoved(batch, draw)
          let moved = pass.executor.inputGradient(count: batch.count)
          for (slot, place) in batch.indices.enumerated() {
            var sum = 0.0
            for i in slot * size..<(slot + 1) * size {
              let change = Double(moved[i]) - Double(base[i])
              sum += change * change
            }
            values[place] += sum
          }
        }
      }
    }
    let divisor = Double(step) * Double(step) * Double(draws) * Double(snapshots)
    return values.map { $0 / divisor }
  }

  private func runMoved(_ batch: ArraySlice<Int32>, _ draw: Int) {
    let positions = batch.map { pass.data.train.position[Int($0)] }
    let shape = pass.data.shape
    pass.run(batch) { [seed, step] slot, pixels, stride in
      var signs = RandomSigns(seed: seed, position: positions[slot], draw: draw)
      for pixel in 0..<shape.area {
        for channel in 0..<shape.channels {
          pixels[pixel * stride + channel] += signs.next() ? step : -step
        }
      }
    }
  }
}

/// The entries of one v, in `(y, x, channel)` order.
struct RandomSigns {
  private var stream: RandomStream
  private var bits: UInt32 = 0
  private var left = 0

  init(seed: UInt64, position: Int64, draw: Int) {
    stream = RandomStream(seed: seed, purpose: .inputCurvature, epoch: draw, index: Int(position))
  }

  /// Whether the next entry is +1.
  mutating func next() -> Bool {
    if left == 0 {
      bits = stream.next()
      left = 32
    }
    defer {
      bits >>= 1
      left -= 1
    }
    return bits & 1 == 1
  }
}
