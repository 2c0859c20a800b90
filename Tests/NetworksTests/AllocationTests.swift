import CAllocations
import Kernels
import Networks
import Synchronization
import Testing

/// How often each thread of a pool has allocated: each waits for the others, and so takes one task alone.
private final class AllocationCounts: Sendable {
  private let total = Atomic(0)
  private let arrived = Atomic(0)

  /// The sum over the pool's threads.
  func read(_ pool: ThreadPool) -> Int {
    total.store(0, ordering: .relaxed)
    arrived.store(0, ordering: .relaxed)
    pool.run(pool.threads) { _ in
      total.add(rote_allocations(), ordering: .relaxed)
      arrived.add(1, ordering: .sequentiallyConsistent)
      while arrived.load(ordering: .sequentiallyConsistent) < pool.threads {}
    }
    return total.load(ordering: .relaxed)
  }
}

struct AllocationTests {
  /// Layers of each kind, and weights that are summed over shards and others that are too many for that.
  private static func plan() -> Plan {
    var net = PlanBuilder(architecture: "test", input: Shape(channels: 3, height: 8, width: 8), classes: 10)
    var x = net.activation(.relu, net.batchNorm("bn", net.convolution("conv", 0, channels: 16, kernel: 3)))
    for (i, (channels, stride)) in [(16, 1), (32, 2)].enumerated() {
      var y = net.convolution("\(i).conv1", x, channels: channels, kernel: 3, stride: stride)
      y = net.activation(.relu, net.batchNorm("\(i).bn1", y))
      y = net.batchNorm("\(i).bn2", net.convolution("\(i).conv2", y, channels: channels, kernel: 3))
      let shortcut = stride == 1 ? x : net.subsample(x, stride: stride, channels: channels)
      x = net.activation(.relu, net.add(y, shortcut))
    }
    x = net.convolution("depthwise", x, channels: 32, kernel: 3, groups: 32)
    x = net.convolution("grouped", x, channels: 32, kernel: 3, groups: 2)
    x = net.convolution("large1", net.activation(.sin, x), channels: 176, kernel: 3, stride: 2)
    x = net.convolution("large2", x, channels: 176, kernel: 3)
    x = net.convolution("large3", x, channels: 64, kernel: 7, groups: 2)
    x = net.dense("fc2", net.dense("fc1", net.activation(.sigmoid, x), features: 200), features: 10)
    return net.plan()
  }

  @Test(
    "Once the first step is done, steps of training allocate nothing on any thread",
    .enabled(if: rote_allocations() >= 0), arguments: InstructionSet.available, [1, 2])
  func step(set: InstructionSet, threads: Int) {
    let plan = Self.plan()
    let pool = ThreadPool(threads: threads)
    let count = 18
    for exact in [false, true] {
      let executor = CPUExecutor(
        plan: plan, capacity: count, mode: .training, pool: pool, instructionSet: set, exactConvolution: exact)
      executor.load(state: randomState(plan).map { Float(0.1 * $0) })
      let labels = (0..<count).map { Int32($0 % 10) }
      var loss = BatchLoss(.crossEntropy, classes: 10)
      var logits: [Float] = []
      let stride = executor.pixelStride
      let counts = AllocationCounts()
      func step() {
        executor.prepare(count: count) { example, x in
          for pixel in 0..<plan.input.area { x[pixel * stride] = Float(example + pixel) / 64 }
        }
        executor.forward(count: count, training: true)
        executor.readLogits(count: count, into: &logits)
        loss.evaluate(logits: logits, labels: labels)
        executor.backward(
          logitGradient: loss.gradient, count: count, updating: SGD(learningRate: 0.01, momentum: 0.9))
      }
      step()
      let before = counts.read(pool)
      for _ in 0..<3 { step() }
      #expect(counts.read(pool) == before, "\(exact ? "direct" : "Winograd's") convolutions")
    }
  }
}
