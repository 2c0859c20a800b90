import Kernels
import Measures
import Networks
import ToolKit
import Training

/// The sums over one tensor's vectors, of each class and of all.
public struct TensorSums: Sendable {
  /// (class)
  public let classes: [AlignmentSums]
  public let all: AlignmentSums

  public init(classes: [AlignmentSums], all: AlignmentSums) { (self.classes, self.all) = (classes, all) }
}

/// The alignment of one network's gradients and representations over its examples, batch-norm in evaluation mode.
///
/// Sums of gradients come from batches of one class each; norms from what each layer has of an example. Nothing of size
/// examples × parameters is ever made.
public struct Aligner {
  public let tensors: AlignedTensors
  private let pass: GradientPass
  private let classSums: GradientSums?
  private let allSums: GradientSums?

  /// Batches do not get larger than this; beyond, nothing is won.
  private static let mostExamples = 512

  /// The least memory that there is a way with: batches of 16 examples.
  public static func leastMemory(
    _ network: TrainedNetwork, tensors: AlignedTensors, instructionSet: InstructionSet
  ) -> Int {
    sumsMemory(network, tensors)
      + GradientPass.memoryNeed(
        network, by: gradients(tensors), capacity: 16, threads: 1, instructionSet: instructionSet,
        keeping: tensors.representations)
  }

  private static func gradients(_ tensors: AlignedTensors) -> CPUExecutor.Gradients {
    tensors.needsGradients ? [.parameters, .norms] : []
  }

  private static func sumsMemory(_ network: TrainedNetwork, _ tensors: AlignedTensors) -> Int {
    tensors.needsGradients ? 2 * GradientSums.memoryNeed(network.plan) : 0
  }

  /// - Parameter memory: bytes to work in, beside data set and program. Batches are as large as they allow, whatever the
  ///   threads, since sums of floats depend on them.
  /// - Throws: `Failure` where that is less than `leastMemory`.
  public init(
    _ network: TrainedNetwork, data: TrainingData, tensors: AlignedTensors, memory: Int, instructionSet: InstructionSet,
    pool: ThreadPool
  ) throws {
    let least = Aligner.leastMemory(network, tensors: tensors, instructionSet: instructionSet)
    guard memory >= least else {
      throw Failure(
        .usage, nil, "--memory \(ByteCount(memory)) is too little for \(network.plan.architecture)",
        remedy: "give \(ByteCount((least >> 20 + 1) << 20)) or more")
    }
    self.tensors = tensors
    pass = GradientPass(
      network, data: data, of: .loss(network.loss), by: Aligner.gradients(tensors), instructionSet: instructionSet,
      pool: pool, memory: memory - Aligner.sumsMemory(network, tensors), most: Aligner.mostExamples,
      keeping: tensors.representations)
    (classSums, allSums) =
      tensors.needsGradients ? (GradientSums(for: pass.executor), GradientSums(for: pass.executor)) : (nil, nil)
  }

  /// Examples of a batch.
  public var batch: Int { pass.executor.capacity }

  /// The sums over the vectors of the examples, one a tensor.
  ///
  /// - Parameter examples: of each class.
  public func sums(state: [Float], examples: [[Int32]]) -> [TensorSums] {
    pass.executor.load(state: state)
    allSums?.clear()
    var all = tensors.tensors.map { _ in Running() }
    var classes = [[AlignmentSums]](repeating: [], count: all.count)
    for members in examples {
      classSums?.clear()
      var own = vectorSums()
      var norms = tensors.tensors.map { _ in Running() }
      for batch in pass.batches(of: members) { add(batch, &own, &norms) }
      let squares = classSums.map(pass.executor.squaredNorms)
      for i in all.indices {
        if let vectors = own[i] {
          classes[i].append(vectors.sums)
          all[i].vectors?.add(vectors) ?? (all[i].vectors = vectors)
        } else {
          classes[i].append(norms[i].sums(squaredNorm(i, squares)))
          all[i].add(norms[i])
        }
      }
      if let classSums, let allSums { pass.executor.add(classSums, to: allSums) }
    }
    let squares = allSums.map(pass.executor.squaredNorms)
    return all.indices.map { i in
      TensorSums(classes: classes[i], all: all[i].vectors?.sums ?? all[i].sums(squaredNorm(i, squares)))
    }
  }

  /// Takes a batch of one class forward and back.
  private func add(_ batch: ArraySlice<Int32>, _ vectors: inout [VectorSums?], _ norms: inout [Running]) {
    pass.forward(batch)
    let gradient = pass.logitGradient(batch)
    for (i, tensor) in tensors.tensors.enumerated() {
      switch tensor {
      case .logits: gradient.withUnsafeBufferPointer { vectors[i]?.add($0) }
      case .representation(let value):
        pass.executor.value(value, count: batch.count).withUnsafeBufferPointer { vectors[i]?.add($0) }
      case .parameter, .allParameters: break
      }
    }
    guard let classSums else { return }
    pass.executor.backward(logitGradient: gradient, count: batch.count)
    pass.executor.addGradients(to: classSums)
    let squares = pass.executor.gradientNorms(count: batch.count)
    let count = pass.network.plan.tensors.count
    for (i, tensor) in tensors.tensors.enumerated() where tensor.isOfParameters {
      for slot in 0..<batch.count {
        let row = squares[slot * count..<(slot + 1) * count]
        if case .parameter(let id) = tensor {
          norms[i].add(squaredNorm: row[row.startIndex + id])
        } else {
          norms[i].add(squaredNorm: row.reduce(0, +))
        }
      }
    }
  }

  /// Of tensors whose vectors are added up here.
  private func vectorSums() -> [VectorSums?] {
    tensors.tensors.map { tensor in
      switch tensor {
      case .logits: VectorSums(dimension: pass.network.plan.classes)
      case .representation(let value): VectorSums(dimension: pass.network.plan.values[value].count)
      case .parameter, .allParameters: nil
      }
    }
  }

  private func squaredNorm(_ i: Int, _ squares: [Double]?) -> Double {
    guard let squares else { return .nan }
    if case .parameter(let id) = tensors.tensors[i] { return squares[id] }
    return squares.reduce(0, +)
  }

  /// What is summed up of a tensor's gradients beside the gradients themselves; or vectors.
  private struct Running {
    var vectors: VectorSums?
    var count = 0
    var squaredNorms = 0.0
    var norms = 0.0

    mutating func add(squaredNorm: Double) {
      count += 1
      squaredNorms += squaredNorm
      norms += squaredNorm.squareRoot()
    }

    mutating func add(_ other: Running) {
      count += other.count
      squaredNorms += other.squaredNorms
      norms += other.norms
    }

    func sums(_ squaredNormOfSum: Double) -> AlignmentSums {
      AlignmentSums(
        count: count, squaredNormOfSum: squaredNormOfSum, sumOfSquaredNorms: squaredNorms, sumOfNorms: norms)
    }
  }
}
