import ArgumentParser
import COpenBLAS
import Figures
import Kernels
import Networks
import Probes
import Randomness
import ToolKit
import Training

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What measures of single examples cost: the whole prediction depth beside its bare matrix products, in alternation, and
/// the norms of each example's gradients.
struct ProbesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "probes",
    abstract: "Prediction depth beside its bare matrix products, and norms of each example's gradients.")

  enum Measure: String, ExpressibleByArgument, CaseIterable { case depth, norms, all }

  @Option(help: "depth, norms or all.")
  var measure = Measure.all

  @Option(help: "The architecture whose prediction depth is taken.")
  var architecture = "resnet-20"

  @Option(help: "Examples; seven tenths of them are references.")
  var examples = 10_000

  @Option(help: "Threads; 0 for all cores.")
  var threads = 0

  @Option(help: "Rounds, of which the medians count.")
  var rounds = 3

  func validate() throws {
    guard examples > 0, threads >= 0, rounds > 0 else { throw ValidationError("examples and rounds must be above 0") }
  }

  func run() throws {
    let pool = ThreadPool(threads: threads > 0 ? threads : Machine.cores)
    let set = try InstructionSet.selected()
    var table = Table(
      name: "probes", title: "Measures of single examples",
      columns: [
        .init("measure", .text), .init("time", .number(digits: 3)),
        .init("cpu", heading: "of all threads", .number(digits: 3)),
        .init("unit", .text),
      ])
    func append(_ name: String, _ times: [Spent], unit: String, factor: Double = 1) {
      table.append([
        .text(name), .number(factor * median(times.map(\.time))), .number(factor * median(times.map(\.cpu))),
        .text(unit),
      ])
    }
    if measure != .norms {
      let (whole, bare) = try depth(pool, set)
      append("prediction depth, \(architecture), \(examples) examples", whole, unit: "s")
      append("its matrix products alone", bare, unit: "s")
      append("ratio", zip(whole, bare).map { Spent(time: $0.time / $1.time, cpu: $0.cpu / $1.cpu) }, unit: "")
    }
    if measure != .depth {
      append("norms of 256 gradients, MLP 3072-1024-10", try norms(pool, set), unit: "ms", factor: 1000)
    }
    try StandardOutput.write(Array(Markdown.render(table).utf8))
  }

  /// Seconds, and those of all threads together, which tell more where others are at work on the machine.
  private struct Spent {
    var time: Double
    var cpu: Double

    init(time: Double, cpu: Double) { (self.time, self.cpu) = (time, cpu) }

    init(_ body: () -> Void) {
      let (start, cpu) = (Machine.seconds, Spent.cpu)
      body()
      self.init(time: Machine.seconds - start, cpu: Spent.cpu - cpu)
    }

    private static var cpu: Double {
      var time = timespec()
      clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
      return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
    }
  }

  /// Of each round.
  private func depth(_ pool: ThreadPool, _ set: InstructionSet) throws -> (whole: [Spent], bare: [Spent]) {
    let (image, data) = (Workload.image, Workload.noise(examples: examples))
    let plan = try Architecture(architecture).plan(image: image, classes: Workload.classes)
    let probe = PredictionDepth(
      TrainedNetwork(plan: plan, standardisation: .perChannel), data: data, instructionSet: set, pool: pool)
    let state = initialState(plan: plan, seed: 0, run: 0)
    let mask = (0..<examples).map { UInt8($0 % 10 < 7 ? 1 : 0) }
    let lengths = plan.representations.map { plan.values[$0.value].count } + [Workload.classes]
    var (whole, bare): ([Spent], [Spent]) = ([], [])
    for _ in 0..<rounds {
      whole.append(Spent { _ = probe.values(state: state, inMask: mask) })
      bare.append(products(lengths, references: mask.reduce(0) { $0 + Int($1) }, pool))
    }
    return (whole, bare)
  }

  /// What products of matrices alone take, of the shapes that the probes have: 256 queries a thread and call.
  private func products(_ lengths: [Int], references: Int, _ pool: ThreadPool) -> Spent {
    let (rows, examples) = (256, examples)
    let longest = lengths.max() ?? 0
    let (b, a) = (Memory(count: references * longest), Memory(count: pool.threads * rows * longest))
    let c = Memory(count: pool.threads * rows * references)
    for memory in [a, b] { for i in 0..<memory.count { memory.floats[i] = Float(i % 7) - 3 } }
    openblas_set_num_threads(1)
    return Spent {
      for length in lengths {
        pool.run((examples + rows - 1) / rows) { task, worker in
          cblas_sgemm(
            CblasRowMajor, CblasNoTrans, CblasTrans, blasint(min(rows, examples - task * rows)), blasint(references),
            blasint(length), 1, a.floats + worker * rows * longest, blasint(length), b.floats, blasint(length), 0,
            c.floats + worker * rows * references, blasint(references))
        }
      }
    }
  }

  /// What a batch of 256 takes from its images to its norms, after one that does not count.
  private func norms(_ pool: ThreadPool, _ set: InstructionSet) throws -> [Spent] {
    let plan = try Architecture("mlp").plan(image: Workload.image, classes: Workload.classes)
    let executor = CPUExecutor(
      plan: plan, capacity: 256, mode: .training, gradients: .norms, pool: pool, instructionSet: set)
    executor.load(state: initialState(plan: plan, seed: 0, run: 0))
    executor.prepare(count: 256) { example, x in
      for i in 0..<plan.input.count { x[i] = Float((example * 31 + i * 17) % 101) / 50 - 1 }
    }
    let labels = (0..<256).map { Int32($0 * 7 % Workload.classes) }
    var loss = BatchLoss(.crossEntropy, classes: Workload.classes, isMean: false)
    func step() {
      executor.forward(count: 256, training: false)
      loss.evaluate(logits: executor.logits(count: 256), labels: labels)
      executor.backward(logitGradient: loss.gradient, count: 256)
      _ = executor.gradientNorms(count: 256)
    }
    step()
    return (0..<20 * rounds).map { _ in Spent(step) }
  }
}
