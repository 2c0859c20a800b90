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
/// examples × parameters is ever made. Where a batch's values outweigh the parameters each thread has batches of its own,
/// and waits for no other but to add up in order; else all threads work on one large batch.
public struct Aligner {
  public let tensors: AlignedTensors
  /// One a batch that is under way at a time.
  private let passes: [GradientPass]
  /// Of as many threads.
  private let teams: ThreadPool
  private let classSums: GradientSums?
  private let allSums: GradientSums?

  /// Batches do not get larger than this; beyond, nothing is won.
  private static let mostExamples = 512
  /// Examples of a batch that one thread works on.
  private static let fewExamples = 32

  /// The least memory that there is a way with: batches of 16 examples.
  public static func leastMemory(
    _ network: TrainedNetwork, tensors: AlignedTensors, instructionSet: InstructionSet
  ) -> Int {
    sumsMemory(network, tensors) + passMemory(network, tensors, instructionSet, examples: 16)
  }

  /// The memory to take where none is given: 384 MiB, and more where batches of 32 examples need more. Network and data alone
  /// decide, since the size of batches, on which the last digits depend, follows from it.
  public static func usualMemory(
    _ network: TrainedNetwork, data: TrainingData, tensors: AlignedTensors, instructionSet: InstructionSet
  ) -> Int {
    let examples = min(fewExamples, max(16, (data.train.count + 15) / 16 * 16))
    return max(
      384 << 20,
      sumsMemory(network, tensors) + passMemory(network, tensors, instructionSet, examples: examples))
  }

  private static func passMemory(
    _ network: TrainedNetwork, _ tensors: AlignedTensors, _ instructionSet: InstructionSet, examples: Int
  ) -> Int {
    GradientPass.memoryNeed(
      network, by: gradients(tensors), capacity: examples, threads: 1, instructionSet: instructionSet,
      keeping: tensors.representations)
  }

  private static func gradients(_ tensors: AlignedTensors) -> CPUExecutor.Gradients {
    tensors.needsGradients ? [.parameters, .norms] : []
  }

  private static func sumsMemory(_ network: TrainedNetwork, _ tensors: AlignedTensors) -> Int {
    tensors.needsGradients ? 2 * GradientSums.memoryNeed(network.plan) : 0
  }

  /// Whether what a shard of 16 examples leaves behind is more than the parameters, whose sums and transforms each batch
  /// pays for.
  private static func hasLargeValues(_ plan: Plan) -> Bool {
    16 * plan.values.reduce(0) { $0 + $1.count } > plan.parameterCount
  }

  /// - Parameter memory: bytes to work in, beside data set and program. It bounds the size of batches, and how many there
  ///   are at a time. Their size does not depend on the threads, since sums of floats depend on it.
  /// - Throws: `Failure` where that is less than `leastMemory`.
  public init(
    _ network: TrainedNetwork, data: TrainingData, tensors: AlignedTensors, memory: Int, instructionSet: InstructionSet,
    pool: ThreadPool
  ) throws {
    let least = Aligner.leastMemory(network, tensors: tensors, instructionSet: instructionSet)
    guard memory >= least else {
      throw Failure(
        .usage, nil, "--memory \(ByteCount(memory)) is too little for \(network.plan.architecture)",
        remedy: "give \(ByteCount(covering: least)) or more")
    }
    self.tensors = tensors
    let room = memory - Aligner.sumsMemory(network, tensors)
    var (teams, most) = (1, Aligner.mostExamples)
    if Aligner.hasLargeValues(network.plan) {
      most = Aligner.fewExamples
      let need = Aligner.passMemory(network, tensors, instructionSet, examples: most)
      teams = max(1, min(pool.threads, room / need))
    }
    passes = (0..<teams).map { _ in
      GradientPass(
        network, data: data, of: .loss(network.loss), by: Aligner.gradients(tensors), instructionSet: instructionSet,
        pool: teams == 1 ? pool : ThreadPool(threads: pool.threads / teams), memory: room, most: most,
        keeping: tensors.representations)
    }
    self.teams = ThreadPool(threads: teams)
    let executor = passes[0].executor
    (classSums, allSums) =
      tensors.needsGradients ? (GradientSums(for: executor), GradientSums(for: executor)) : (nil, nil)
  }

  /// Examples of a batch.
  public var batch: Int { passes[0].executor.capacity }

  /// The sums over the vectors of the examples, one a tensor.
  ///
  /// - Parameter examples: of each class.
  public func sums(state: [Float], examples: [[Int32]]) -> [TensorSums] {
    for pass in passes { pass.executor.load(state: state) }
    let batches = examples.enumerated().flatMap { number, members in
      passes[0].batches(of: members).map { (number, $0) }
    }
    let turnstile = Turnstile()
    nonisolated(unsafe) var running = Collected(self)
    nonisolated(unsafe) let aligner = self
    teams.run(batches.count) { index, team in
      let (number, batch) = batches[index]
      let pass = aligner.passes[team]
      let (gradient, representations) = aligner.forwardAndBack(batch, pass)
      turnstile.pass(index) {
        running.moveOn(to: number, pass.executor)
        running.add(pass, gradient, representations, count: batch.count)
      }
    }
    return running.finished(classes: examples.count)
  }

  /// Takes a batch of one class forward and back; what is left of the parameters' gradients stays in the executor.
  ///
  /// - Returns: the gradient by the logits, and the representations, one a tensor that is one.
  private func forwardAndBack(_ batch: ArraySlice<Int32>, _ pass: GradientPass) -> ([Float], [[Float]]) {
    pass.forward(batch)
    let gradient = pass.logitGradient(batch)
    let representations = tensors.representations.map { pass.executor.value($0, count: batch.count) }
    if tensors.needsGradients { pass.executor.backward(logitGradient: gradient, count: batch.count) }
    return (gradient, representations)
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
      if let theirs = other.vectors { vectors?.add(theirs) ?? (vectors = theirs) }
    }

    func sums(_ squaredNormOfSum: Double) -> AlignmentSums {
      vectors?.sums
        ?? AlignmentSums(
          count: count, squaredNormOfSum: squaredNormOfSum, sumOfSquaredNorms: squaredNorms, sumOfNorms: norms)
    }
  }

  /// The sums of the batches so far, class by class.
  private struct Collected {
    private let aligner: Aligner
    /// One a tensor: of the class under way, and of all before it.
    private var own: [Running]
    private var all: [Running]
    private var classes: [[AlignmentSums]]

    init(_ aligner: Aligner) {
      self.aligner = aligner
      own = aligner.empty()
      all = aligner.tensors.tensors.map { _ in Running() }
      classes = [[AlignmentSums]](repeating: [], count: all.count)
      aligner.allSums?.clear()
      aligner.classSums?.clear()
    }

    /// Closes classes until the one of this number is under way.
    ///
    /// - Parameter executor: one that has nothing else to do.
    mutating func moveOn(to number: Int, _ executor: CPUExecutor) {
      while classes.first.map({ $0.count < number }) ?? false { closeClass(executor) }
    }

    private mutating func closeClass(_ executor: CPUExecutor) {
      let squares = aligner.classSums.map(executor.squaredNorms)
      for i in all.indices {
        classes[i].append(own[i].sums(aligner.squaredNorm(i, squares)))
        all[i].add(own[i])
      }
      own = aligner.empty()
      guard let classSums = aligner.classSums, let allSums = aligner.allSums else { return }
      executor.add(classSums, to: allSums)
      classSums.clear()
    }

    mutating func add(_ pass: GradientPass, _ gradient: [Float], _ representations: [[Float]], count: Int) {
      var representations = representations[...]
      for (i, tensor) in aligner.tensors.tensors.enumerated() {
        switch tensor {
        case .logits: gradient.withUnsafeBufferPointer { own[i].vectors?.add($0) }
        case .representation: representations.popFirst()?.withUnsafeBufferPointer { own[i].vectors?.add($0) }
        case .parameter, .allParameters: break
        }
      }
      guard let classSums = aligner.classSums else { return }
      pass.executor.addGradients(to: classSums)
      let squares = pass.executor.gradientNorms(count: count)
      let width = pass.network.plan.tensors.count
      for (i, tensor) in aligner.tensors.tensors.enumerated() where tensor.isOfParameters {
        for slot in 0..<count {
          let row = squares[slot * width..<(slot + 1) * width]
          if case .parameter(let id) = tensor {
            own[i].add(squaredNorm: row[row.startIndex + id])
          } else {
            own[i].add(squaredNorm: row.reduce(0, +))
          }
        }
      }
    }

    mutating func finished(classes count: Int) -> [TensorSums] {
      let executor = aligner.passes[0].executor
      moveOn(to: count, executor)
      let squares = aligner.allSums.map(executor.squaredNorms)
      return all.indices.map { i in
        TensorSums(classes: classes[i], all: all[i].sums(aligner.squaredNorm(i, squares)))
      }
    }
  }

  /// Sums of nothing: of vectors where they are added up as such.
  private func empty() -> [Running] {
    let plan = passes[0].network.plan
    return tensors.tensors.map { tensor in
      switch tensor {
      case .logits: Running(vectors: VectorSums(dimension: plan.classes))
      case .representation(let value): Running(vectors: VectorSums(dimension: plan.values[value].count))
      case .parameter, .allParameters: Running()
      }
    }
  }

  private func squaredNorm(_ i: Int, _ squares: [Double]?) -> Double {
    guard let squares else { return .nan }
    if case .parameter(let id) = tensors.tensors[i] { return squares[id] }
    return squares.reduce(0, +)
  }
}
