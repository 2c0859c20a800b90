import Kernels
import Networks
import Training

/// The variance of gradients of each training example.
///
///     S_t(pixel) = mean over channels of d(logit of the label) / d(input), at snapshot t
///     VoG = mean over pixels of the standard deviation of S_t over the snapshots, with 1/T
///
/// The input is standardised, so the unit is logits a standardised pixel value.
/// - Source: Agarwal, D'souza and Hooker 2022, "Estimating example difficulty using variance of gradients" (arXiv
///   2008.11600).
public struct VoG {
  private let pass: GradientPass
  private let memory: Int

  /// - Parameters:
  ///   - data: its training split is measured.
  ///   - memory: bytes that activations, and that moments of gradients, may take. Where moments of all examples take more,
  ///     states are asked for again, block of examples by block.
  public init(
    _ network: TrainedNetwork, data: TrainingData, instructionSet: InstructionSet, pool: ThreadPool,
    memory: Int = 1 << 30
  ) {
    pass = GradientPass(
      network, data: data, of: .labelLogit, by: .input, instructionSet: instructionSet, pool: pool, memory: memory)
    self.memory = memory
  }

  /// The raw VoG of each example, `(example)`; NaN below two snapshots, and where a gradient is not finite.
  ///
  /// - Parameters:
  ///   - examples: places in the training split; all where it is nil.
  ///   - state: the network's state at a snapshot, from 0 below `snapshots`.
  /// - Complexity: a pass forward and back a snapshot and example; two numbers a pixel of a block of examples.
  public func values(
    snapshots: Int, examples: [Int32]? = nil, state: (Int) throws -> [Float]
  ) rethrows -> [Double] {
    let examples = examples ?? pass.allExamples
    guard snapshots > 1 else { return examples.map { _ in .nan } }
    let area = pass.data.shape.area
    let block = max(pass.executor.capacity, memory / (2 * area * MemoryLayout<Float>.stride))
    var values: [Double] = []
    for first in stride(from: 0, to: examples.count, by: block) {
      let own = Array(examples[first..<min(first + block, examples.count)])
      var moments = RunningMoments(count: own.count * area)
      for snapshot in 0..<snapshots {
        pass.executor.load(state: try state(snapshot))
        moments.begin()
        for batch in pass.batches(of: own) {
          pass.run(batch)
          add(batch, to: &moments)
        }
      }
      values += own.indices.map { example in
        let pixels = example * area..<(example + 1) * area
        return pixels.reduce(0) { $0 + moments.deviation($1) } / Double(area)
      }
    }
    return values
  }

  private func add(_ batch: ArraySlice<Int32>, to moments: inout RunningMoments) {
    let (shape, size) = (pass.data.shape, pass.data.shape.count)
    let gradient = pass.executor.inputGradient(count: batch.count)
    for slot in 0..<batch.count {
      for pixel in 0..<shape.area {
        var sum = 0.0
        for channel in 0..<shape.channels {
          sum += Double(gradient[slot * size + pass.place(pixel: pixel, channel: channel)])
        }
        moments.add(Float(sum / Double(shape.channels)), at: (batch.startIndex + slot) * shape.area + pixel)
      }
    }
  }

  /// VoG standardised within each class: (value - mean of the class) / standard deviation of the class, with 1/n.
  ///
  /// - Parameters:
  ///   - values: `(example)`.
  ///   - labels: `(example)`.
  /// - Returns: `(example)`; NaN where the value is, or where a class has no spread. NaN does not count in a class.
  /// - Source: Agarwal et al. 2022.
  public static func normalised(_ values: [Double], labels: [Int32]) -> [Double] {
    precondition(values.count == labels.count, "one label an example")
    var classes: [Int32: (count: Double, mean: Double, squares: Double)] = [:]
    for (value, label) in zip(values, labels) where value.isFinite {
      var entry = classes[label] ?? (0, 0, 0)
      entry.count += 1
      let distance = value - entry.mean
      entry.mean += distance / entry.count
      entry.squares += distance * (value - entry.mean)
      classes[label] = entry
    }
    return zip(values, labels).map { value, label in
      guard value.isFinite, let entry = classes[label], entry.squares > 0 else { return .nan }
      return (value - entry.mean) / (entry.squares / entry.count).squareRoot()
    }
  }
}

/// Mean and sum of squared distances of many numbers at once, in two floats a number (Welford 1962).
private struct RunningMoments {
  private var mean: [Float]
  private var squares: [Float]
  private var rounds: Float = 0

  init(count: Int) {
    mean = [Float](repeating: 0, count: count)
    squares = mean
  }

  /// Begins a round, in which each number is added to once.
  mutating func begin() { rounds += 1 }

  mutating func add(_ value: Float, at place: Int) {
    let distance = value - mean[place]
    mean[place] += distance / rounds
    squares[place] += distance * (value - mean[place])
  }

  func deviation(_ place: Int) -> Double { (Double(squares[place]) / Double(rounds)).squareRoot() }
}
