import Kernels

/// An executor's parts: what it does in each direction, and the memory for it.
struct Layout {
  let plan: Plan
  let capacity: Int
  let mode: CPUExecutor.Mode
  let gradients: CPUExecutor.Gradients
  let lanes: Int
  let parameters: Parameters
  let norms: ExampleNorms?
  let products: ExampleProducts?
  let storage: Storage
  let forward: Direction
  let backward: Direction
  /// Values that stay until the next forward pass, and those that stay until the way back needs them no more.
  let kept: Set<ValueID>
  let keptUntilBackward: Set<ValueID>

  init(
    _ plan: Plan, _ capacity: Int, _ mode: CPUExecutor.Mode, _ gradients: CPUExecutor.Gradients, threads: Int,
    _ instructionSet: InstructionSet, isExact: Bool, _ keeping: [ValueID]?, _ ledger: MemoryLedger
  ) {
    lanes = instructionSet.lanes
    precondition(capacity > 0, "a batch has at least one example")
    precondition(
      plan.input.area == 1 || plan.input.channels <= lanes,
      "the channels of an input image fit into one block")
    (self.plan, self.capacity, self.mode) = (plan, capacity, mode)
    let gradients = mode == .training ? gradients : []
    self.gradients = gradients
    parameters = Parameters(
      plan: plan, capacity: capacity, training: gradients.contains(.parameters), instructionSet: instructionSet,
      ledger: ledger)
    kept = Set([0, plan.logits] + (keeping ?? plan.representations.map(\.value)))
    let fusion = Fusion(plan, mode, kept: kept)
    let lanes = lanes
    let placed = CPUConcatenate.placed(plan) { blocks($0.channels, lanes) * lanes * $0.area }
    let context = CPUContext(
      plan: plan, fusion: fusion, mode: mode, gradients: gradients, capacity: capacity, threads: threads,
      isExact: isExact, instructionSet: instructionSet, parameters: parameters, placed: placed, ledger: ledger)
    (norms, products) = (context.norms, context.products)

    let operations = fusion.operations.map { context.operation($0) }
    forward = Direction(operations.map { $0.forward() })
    let wayBack =
      mode == .training ? Backward(plan, fusion, operations, toInput: gradients.contains(.input)) : Backward()
    backward = Direction(wayBack.passes)

    // Not all that operations read on the way back: it does not come by those that the logits do not depend on.
    keptUntilBackward = Set(
      backward.program.phases.flatMap(\.touches).compactMap { slot in
        if case .value(let id) = slot { id } else { nil }
      })
    var slots = Set(kept.map { Slot.value($0) })
    if mode == .training { slots.insert(.gradient(plan.logits)) }
    if gradients.contains(.input) { slots.insert(.gradient(0)) }
    storage = Storage(
      programs: [forward.program, backward.program], sizes: plan.values.map { context.size($0) },
      capacity: capacity, threads: threads, kept: slots,
      placed: placed.merging(wayBack.placed) { first, _ in first }, ledger: ledger)
  }

  var pixelStride: Int { blocks(plan.input.channels, lanes) * lanes }
}

/// All that is done in one direction.
struct Direction: Sendable {
  private let before: [@Sendable (Step) -> Void]
  let program: Program

  init(_ passes: [Passes]) {
    before = passes.flatMap(\.before)
    program = Program(passes.flatMap(\.phases))
  }

  func run(_ step: Step) {
    for body in before { body(step) }
    program.run(step)
  }
}

/// The passes of all operations from the last to the first, each told which gradients others have begun.
private struct Backward {
  private(set) var passes: [Passes] = []
  /// Gradients that lie within others.
  private(set) var placed: [Slot: Place] = [:]

  init() {}

  init(_ plan: Plan, _ fusion: Fusion, _ operations: [any CPUOperation], toInput: Bool) {
    var begun: Set<ValueID> = [plan.logits]
    var producers: [ValueID: any CPUOperation] = [:]
    for (fused, operation) in zip(fusion.operations, operations) { producers[fused.output] = operation }
    for (fused, operation) in zip(fusion.operations, operations).reversed() where begun.contains(fused.output) {
      // Parts of the output's gradient that are an input's already.
      var given: Set<Int> = []
      let targets = fused.inputs.map { input -> GradientTarget in
        if input == 0 && !toInput { return .skip }
        guard begun.insert(input).inserted else { return .add }
        // What goes in twice, as in bn(x) + x, has two gradients to add up, and needs a place for the sum.
        let isOnce = fused.inputs.filter { $0 == input }.count == 1
        guard isOnce, fused.output != plan.logits,
          let part = operation.passesGradientTo.first(where: { $0.input == input }), given.insert(part.offset).inserted
        else { return .store }
        placed[.gradient(input)] = Place(slot: .gradient(fused.output), offset: part.offset)
        return .shared
      }
      for input in operation.reads where fusion.recomputed.contains(input) {
        if let phase = producers[input]?.recompute() { passes.append(Passes(phases: [phase])) }
      }
      passes.append(operation.backward(targets))
    }
  }
}
