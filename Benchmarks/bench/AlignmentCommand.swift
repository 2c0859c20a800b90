import Alignments
import ArgumentParser
import Figures
import Kernels
import Networks
import Randomness
import ToolKit
import Training

/// What the alignment of all tensors over a whole set costs, beside one evaluation pass over it, in alternation.
struct AlignmentCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "alignment",
    abstract: "Alignment of all tensors over a whole set, beside one evaluation pass.")

  @Option(help: "The architecture.")
  var architecture = "mlp"

  @Option(help: "Examples.")
  var examples = 50_000

  @Option(help: "Threads; 0 for all cores.")
  var threads = 0

  @Option(help: "Rounds, of which the medians count.")
  var rounds = 5

  @Option(help: "Memory that alignment may work in.")
  var memory = ByteCount(384 << 20)

  func validate() throws {
    guard examples > 0, threads >= 0, rounds > 0 else { throw ValidationError("examples and rounds must be above 0") }
  }

  func run() throws {
    let pool = ThreadPool(threads: threads > 0 ? threads : Machine.cores)
    let set = try InstructionSet.selected()
    let (image, data) = (Workload.image, Workload.noise(examples: examples))
    let plan = try Architecture(architecture).plan(image: image, classes: Workload.classes)
    let network = TrainedNetwork(plan: plan, standardisation: .perChannel)
    let state = initialState(plan: plan, seed: 0, run: 0)
    let byClass = (0..<Int32(Workload.classes)).map { c in
      (0..<Int32(examples)).filter { data.train.label[Int($0)] == c }
    }
    let all = (0..<Int32(examples)).map { $0 }

    let tensors = try AlignedTensors("parameters,logits,representation", of: plan)
    var (evaluation, alignment): ([Double], [Double]) = ([], [])
    for _ in 0..<rounds {
      evaluation.append(
        seconds {
          let pass = GradientPass(
            network, data: data, of: .loss(.crossEntropy()), by: [], instructionSet: set, pool: pool,
            memory: memory.bytes)
          pass.executor.load(state: state)
          for batch in pass.batches(of: all) {
            pass.forward(batch)
            _ = pass.executor.logits(count: batch.count)
          }
        })
      alignment.append(
        try seconds {
          _ = try Aligner(
            network, data: data, tensors: tensors, memory: memory.bytes, instructionSet: set, pool: pool
          ).sums(state: state, examples: byClass)
        })
    }
    var table = Table(
      name: "alignment", title: "Alignment of all tensors of \(architecture), \(examples) examples",
      columns: [.init("what", .text), .init("seconds", .number(digits: 3))])
    table.append([.text("one evaluation pass"), .number(median(evaluation))])
    table.append([.text("alignment"), .number(median(alignment))])
    table.append([.text("ratio"), .number(median(zip(alignment, evaluation).map { $0 / $1 }))])
    try StandardOutput.write(Array(Markdown.render(table).utf8))
  }

  private func seconds(_ body: () throws -> Void) rethrows -> Double {
    let start = Machine.seconds
    try body()
    return Machine.seconds - start
  }
}
