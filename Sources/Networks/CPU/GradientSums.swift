import Kernels

/// Gradients of one network's parameters, summed over batches in `Double`, so that thousands of batches lose nothing.
///
/// They lie as the executor's own do; their norms do not depend on that.
public final class GradientSums: @unchecked Sendable {
  fileprivate let values: UnsafeMutableBufferPointer<Double>

  /// Bytes that sums for this plan take, about.
  public static func memoryNeed(_ plan: Plan) -> Int { plan.parameterCount * MemoryLayout<Double>.stride }

  /// Zeros, for executors of the same plan and instruction set as this one.
  public init(for executor: CPUExecutor) {
    precondition(executor.gradientKinds.contains(.parameters), "an executor that keeps gradients of parameters")
    values = .allocate(capacity: executor.parameters.count)
    values.initialize(repeating: 0)
  }

  deinit { values.deallocate() }

  public func clear() { values.update(repeating: 0) }
}

extension CPUExecutor {
  /// Adds the gradients of the last `backward`.
  public func addGradients(to sums: GradientSums) {
    nonisolated(unsafe) let (target, source) = (sums.pointer, parameters.gradientStart)
    parameters.inChunks(of: sums.values.count, pool) { range in
      for i in range { target[i] += Double(source[i]) }
    }
  }

  /// Adds one sum to another.
  public func add(_ sums: GradientSums, to others: GradientSums) {
    nonisolated(unsafe) let (target, source) = (others.pointer, sums.pointer)
    parameters.inChunks(of: sums.values.count, pool) { range in
      for i in range { target[i] += source[i] }
    }
  }

  /// The squared norm of each tensor's part, in the order of `plan.tensors`; 0 for buffers.
  public func squaredNorms(of sums: GradientSums) -> [Double] {
    parameters.squaredNorms(UnsafePointer(sums.pointer), pool)
  }
}

extension GradientSums {
  fileprivate var pointer: UnsafeMutablePointer<Double> {
    guard let base = values.baseAddress else { preconditionFailure("a network has parameters") }
    return base
  }
}
