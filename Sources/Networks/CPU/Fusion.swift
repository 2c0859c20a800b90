/// What one runner of the CPU executor does: an operation of the plan, or several that go well in one pass.
enum FusedOperation: Sendable {
  case single(Operation)
  /// Batch-norm, perhaps the addition of another value, perhaps an activation.
  case normalise(BatchNorm, input: ValueID, finish: Finish)
  /// A convolution in evaluation, with what follows it: the batch-norm becomes a part of its weights.
  case convolution(Operation, BatchNorm, finish: Finish)

  /// What comes after a batch-norm, and the value that it ends in.
  struct Finish: Sendable {
    var residual: ValueID?
    /// ReLU, hardswish or none, which is linear. With a residual it is no hardswish: the way back could not tell its
    /// argument.
    var activation = Activation.linear
    var output: ValueID
  }

  var output: ValueID {
    switch self {
    case .single(let operation): operation.output
    case .normalise(_, _, let finish), .convolution(_, _, let finish): finish.output
    }
  }

  var inputs: [ValueID] {
    switch self {
    case .single(let operation): operation.inputs
    case .normalise(_, let input, let finish): [input] + (finish.residual.map { [$0] } ?? [])
    case .convolution(let operation, _, let finish):
      operation.inputs + (finish.residual.map { [$0] } ?? [])
    }
  }
}

/// A plan's operations put together for this machine, and what becomes of the values between them.
struct Fusion {
  private(set) var operations: [FusedOperation] = []
  /// Values that the way back makes again instead of keeping them: what one batch-norm and activation made, where one
  /// convolution or dense layer alone reads it on the way back.
  private(set) var recomputed: Set<ValueID> = []

  /// - Parameter kept: values that are kept in any case.
  init(_ plan: Plan, _ mode: CPUExecutor.Mode, kept: Set<ValueID>) {
    var consumers: [ValueID: [Int]] = [:]
    for (index, operation) in plan.operations.enumerated() {
      for input in operation.inputs { consumers[input, default: []].append(index) }
    }
    let named = kept.union(plan.representations.map(\.value))
    /// The only operation that uses a value, where nobody else wants it.
    func successor(_ value: ValueID) -> Int? {
      guard let users = consumers[value], users.count == 1, !named.contains(value) else { return nil }
      return users[0]
    }
    /// Whether one convolution or dense layer reads a value on the way back, and nothing else.
    func hasOneReader(_ value: ValueID) -> Bool {
      let readers = consumers[value, default: []].map { plan.operations[$0].kind }.filter { kind in
        switch kind {
        case .add, .subsample, .averagePool, .maxPool, .globalAveragePool: false
        // A concatenation holds what it is made of.
        default: true
        }
      }
      guard readers.count == 1 else { return false }
      switch readers[0] {
      case .convolution, .dense: return true
      default: return false
      }
    }

    // Where each fused operation stands: at the last of its parts, when all its inputs are there.
    var at: [Int: FusedOperation] = [:]
    var taken: Set<Int> = []
    for (index, operation) in plan.operations.enumerated() {
      guard case .batchNorm(let norm) = operation.kind else { continue }
      var finish = FusedOperation.Finish(output: operation.output)
      var last = index
      taken.insert(index)
      if let next = successor(finish.output), plan.operations[next].kind == .add, !taken.contains(next) {
        let addition = plan.operations[next]
        finish = .init(residual: addition.inputs.first { $0 != finish.output }, output: addition.output)
        taken.insert(next)
        last = next
      }
      if let next = successor(finish.output), case .activation(let activation) = plan.operations[next].kind,
        activation == .relu || (activation == .hardswish && finish.residual == nil)
      {
        finish.activation = activation
        finish.output = plan.operations[next].output
        taken.insert(next)
        last = next
      }
      at[last] = .normalise(norm, input: operation.inputs[0], finish: finish)
      if mode == .evaluation,
        let producer = plan.operations.firstIndex(where: { $0.output == operation.inputs[0] }),
        case .convolution(let convolution) = plan.operations[producer].kind, convolution.groups == 1,
        convolution.bias == nil,
        successor(operation.inputs[0]) == index
      {
        taken.insert(producer)
        at[last] = .convolution(plan.operations[producer], norm, finish: finish)
      }
      if mode == .training, finish.residual == nil, !kept.contains(finish.output), hasOneReader(finish.output) {
        recomputed.insert(finish.output)
      }
    }
    for (index, operation) in plan.operations.enumerated() {
      if let fused = at[index] {
        operations.append(fused)
      } else if !taken.contains(index) {
        operations.append(.single(operation))
      }
    }
  }
}
