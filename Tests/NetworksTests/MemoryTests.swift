import Kernels
import Networks
import Testing

/// What executors take, and lend.
struct MemoryTests {
  private let cifar = Shape(channels: 3, height: 32, width: 32)

  @Test("The values of ResNet-20 in training take what its convolutions, blocks and input do, and little more")
  func values() throws {
    let plan = try Architecture("resnet-20").plan(image: cifar, classes: 10)
    let need = CPUExecutor.memoryNeed(
      plan: plan, capacity: 128, mode: .training, threads: 1, instructionSet: .portable, keeping: [])
    // The outputs of 7 + 6 + 6 convolutions and 3 + 3 + 3 blocks, of 16, 8 and 4 Ki floats; the input's lanes.
    let lanes = InstructionSet.portable.lanes
    let floats = 128 * 1024 * (16 * (7 + 3) + 8 * (6 + 3) + 4 * (6 + 3) + lanes)
    #expect(need.values > 4 * floats)
    #expect(Double(need.values) < 1.05 * Double(4 * floats))
  }

  @Test("What is kept on demand takes its room", arguments: InstructionSet.available)
  func keeping(set: InstructionSet) throws {
    let plan = try Architecture("resnet-8").plan(image: cifar, classes: 10)
    func values(_ keeping: [ValueID]?) -> Int {
      CPUExecutor.memoryNeed(
        plan: plan, capacity: 32, mode: .evaluation, threads: 1, instructionSet: set, keeping: keeping
      ).values
    }
    let stem = plan.representations[1].value
    #expect(values([stem]) >= values([]) + 4 * 32 * 16 * 1024 / 2)
    #expect(values(nil) > values([stem]))
  }

  @Test("More than there is can be planned")
  func plansAreFree() throws {
    let plan = try Architecture("mlp width=1048576").plan(image: cifar, classes: 10)
    let need = CPUExecutor.memoryNeed(
      plan: plan, capacity: 1 << 20, mode: .training, threads: 64, instructionSet: .portable)
    #expect(need.total > 1 << 42)
  }

  /// Logits and state after two steps of training, between which another executor may be at work in the same memory.
  private func steps(_ set: InstructionSet, lends: Bool) throws -> [UInt32] {
    let plan = try Architecture("resnet-8 width=0.3125").plan(
      image: Shape(channels: 3, height: 9, width: 7), classes: 3)
    let pool = ThreadPool(threads: 2)
    let executor = CPUExecutor(
      plan: plan, capacity: 20, mode: .training, pool: pool, instructionSet: set, keeping: [])
    executor.load(state: initialState(plan: plan, seed: 1, run: 0))
    func prepare(_ executor: CPUExecutor, _ count: Int) {
      let stride = executor.pixelStride
      executor.prepare(count: count) { example, x in
        for i in 0..<63 { x[i * stride] = Float((example * 63 + i) % 11) - 5 }
      }
    }
    var logits: [Float] = []
    for _ in 0..<2 {
      prepare(executor, 20)
      executor.forward(count: 20, training: true)
      logits += executor.logits(count: 20)
      executor.backward(
        logitGradient: (0..<60).map { Float($0 % 7 - 3) }, count: 20,
        updating: SGD(learningRate: 0.1, momentum: 0.9))
      let other = CPUExecutor(
        plan: plan, capacity: 20, mode: .evaluation, pool: pool, instructionSet: set, keeping: [],
        in: lends ? executor : nil)
      other.load(state: executor.state())
      prepare(other, 20)
      other.forward(count: 20, training: false)
      logits += other.logits(count: 20)
    }
    return (logits + executor.state()).map(\.bitPattern)
  }

  @Test("An executor that lends its memory between steps goes on to the same bits", arguments: InstructionSet.available)
  func lending(set: InstructionSet) throws {
    #expect(try steps(set, lends: true) == steps(set, lends: false))
  }

  @Test("What works in the memory of another takes none of its own", arguments: InstructionSet.available)
  func lent(set: InstructionSet) throws {
    let plan = try Architecture("resnet-8").plan(image: cifar, classes: 10)
    func need(_ mode: CPUExecutor.Mode, lent: Int) -> MemoryNeed {
      CPUExecutor.memoryNeed(
        plan: plan, capacity: 64, mode: mode, threads: 1, instructionSet: set, keeping: [], lent: lent)
    }
    let lender = need(.training, lent: 0)
    #expect(lender.lendable > lender.values / 2 && lender.lendable < lender.values)
    #expect(need(.evaluation, lent: lender.lendable).total == 0)
    #expect(need(.evaluation, lent: 0).total > 0)
  }
}
