import Kernels
import Networks

/// The networks that a run has in memory, before they are.
struct RunNetworks {
  let student: Network
  /// The student's weights in evaluation mode; it works in the student's memory between steps.
  let evaluator: Network
  let teacher: Network?

  struct Network {
    let plan: Plan
    /// The largest batch.
    let capacity: Int
    let mode: CPUExecutor.Mode
    let exactConvolution: Bool

    /// - Parameter lender: an executor that rests as long as this one works.
    func executor(
      _ pool: ThreadPool, _ instructionSet: InstructionSet, in lender: CPUExecutor? = nil
    ) -> CPUExecutor {
      CPUExecutor(
        plan: plan, capacity: capacity, mode: mode, pool: pool, instructionSet: instructionSet,
        exactConvolution: exactConvolution, keeping: [], in: lender)
    }

    /// - Parameter lent: bytes of the lender's.
    func memoryNeed(threads: Int, _ instructionSet: InstructionSet, lent: Int = 0) -> MemoryNeed {
      CPUExecutor.memoryNeed(
        plan: plan, capacity: capacity, mode: mode, threads: threads, instructionSet: instructionSet,
        exactConvolution: exactConvolution, keeping: [], lent: lent)
    }
  }

  /// - Parameters:
  ///   - subset: how many examples the run is trained on.
  ///   - threads: of the run.
  ///   - teacher: its plan, where the run is distilled.
  init(_ cell: Cell, subset: Int, threads: Int, teacher: Plan?) {
    let batch = min(cell.recipe.batchSize, subset)
    let exact = cell.exactConvolution
    student = Network(plan: cell.plan, capacity: batch, mode: .training, exactConvolution: exact)
    // Two shards a thread keep all of them busy; what an example's logits are does not depend on it.
    evaluator = Network(plan: cell.plan, capacity: 32 * threads, mode: .evaluation, exactConvolution: exact)
    // The batch of a teacher that looks at one needs no more room than that.
    let isStored = cell.teachers?.logits == .stored
    self.teacher = teacher.map {
      Network(
        plan: $0, capacity: isStored ? 32 * threads : min(batch, 32 * threads), mode: .evaluation,
        exactConvolution: exact)
    }
  }
}
