import Alignments
import ArgumentParser
import Artefacts
import Kernels
import Measures
import Networks
import ToolKit
import Training

/// `align runs`, and `align` alone: the alignment of trained networks.
struct RunsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "runs",
    abstract: "Alignment in trained networks; the default.",
    discussion: """
      An example's gradient is that of its own loss, the run's; of students,
      cross-entropy. Batch-norm is in evaluation mode. Over the whole set alignment
      and gradient diversity take time linear in the examples; cosine stiffness and
      confusion, which take all pairs, are there with --minibatch.

        align data.h5 runs.h5 -o alignment.h5
        align data.h5 runs.h5 --tensors logits,fc1.weight --snapshots 0,5 -o a.h5
        align data.h5 runs.h5 --minibatch 256 -o pairs.h5
      """)

  enum Scope: String, CaseIterable, ExpressibleByArgument {
    case subset, all

    var description: String {
      switch self {
      case .subset: "the run's own subset"
      case .all: "all training examples"
      }
    }
  }

  @OptionGroup var inputs: InputOptions

  @Option(help: "Which training examples to take: the run's subset, or all.")
  var over = Scope.subset

  @Option(
    help: ArgumentHelp(
      """
      Gradients by the logits, by the parameters (each tensor, and all), representation (of the last layer) or \
      representations (of all); or names of tensors.
      """, valueName: "list"))
  var tensors = "logits,parameters,representation"

  @Option(help: "Which of the files' runs, from A up to and without B. (default: all)")
  var runs: HalfOpenRange?

  @Option(help: ArgumentHelp("Which of the files' snapshots, by epoch. (default: all)", valueName: "list"))
  var snapshots: String?

  @Option(help: ArgumentHelp("Means over minibatches of this size, and not the whole set at once.", valueName: "size"))
  var minibatch: Int?

  @Option(help: "Seed of the order that minibatches are cut from.")
  var seed: UInt64 = 0

  @Option(help: "Memory to work in, beside the data set: 500M, 2G.")
  var memory = ByteCount(384 << 20)

  @OptionGroup var output: OutputOptions
  @OptionGroup var jobs: JobsOptions
  @OptionGroup var common: CommonOptions

  func validate() throws {
    guard minibatch.map({ $0 >= 2 }) ?? true else { throw ValidationError("--minibatch takes 2 examples or more") }
  }

  func run() throws {
    let instructionSet = try selectedInstructionSet()
    let (dataset, set) = try SortedInputs.dataAndRuns(inputs.names())
    let member = try set.onlyMember(for: "runs")
    let entries = member.runs.filter { entry in runs.map { $0.range.contains(entry.run) } ?? true }
    guard let first = entries.first else {
      throw Failure(.usage, nil, "the files have no runs \(runs.map(\.description) ?? "at all")")
    }
    let kept = try set.file(of: first).snapshots()
    guard !kept.isEmpty else {
      throw Failure(.badData, nil, "the runs have no checkpoints", remedy: "train with --keep checkpoint")
    }
    let chosen = try chosenSnapshots(of: kept)
    let network = try TrainedNetwork(member, dataset: dataset)
    let tensors = try AlignedTensors(self.tensors, of: network.plan)
    let target = try Output(output.output)
    let data = try TrainingData(dataset)
    let progress = Progress(
      "align", total: Double(entries.count * chosen.count), unit: "snapshots", quiet: common.quiet)
    let (way, batch) = try way(network, data, tensors, instructionSet)
    let alignment = RunAlignment(way: way, tensors: tensors, data: data, plan: network.plan)

    let names = network.plan.tensors.map(\.name)
    var rows: [AlignmentRow] = []
    for entry in entries {
      let file = try set.file(of: entry)
      func state(_ snapshot: Int) throws -> [Float] {
        try file.state(index: entry.index, snapshot: snapshot, names: names, count: network.plan.stateCount)
      }
      let mask = try file.flags("/train/in_mask", index: entry.index, count: data.train.count)
      rows.append(
        try alignment.row(
          run: entry.run, snapshots: chosen.count, initial: kept.firstIndex(of: 0).map(state),
          mask: over == .all ? nil : mask
        ) { snapshot in
          defer { progress.advance(by: 1) }
          return try state(chosen[snapshot])
        })
    }
    progress.finish()
    try AlignmentFile.write(
      target, member: member, label: set.labels()[0], runs: entries.map(\.run), classes: dataset.classes,
      snapshots: chosen.map { kept[$0] }, tensors: tensors.names, rows: rows,
      scope: over.description + (minibatch.map { ", in minibatches of \($0)" } ?? ""),
      options: .object(
        [
          "over": .string(over.rawValue), "tensors": .string(self.tensors), "batch": .number(Double(batch)),
        ].merging(minibatch == nil ? [:] : ["seed": .number(Double(seed))]) { $1 }),
      inputs: [dataset.record, set.record(of: member)])
  }

  /// How to go through the examples, and how many at a time.
  private func way(
    _ network: TrainedNetwork, _ data: TrainingData, _ tensors: AlignedTensors, _ instructionSet: InstructionSet
  ) throws -> (RunAlignment.Way, batch: Int) {
    let pool = ThreadPool(threads: jobs.cores)
    guard let minibatch else {
      let aligner = try Aligner(
        network, data: data, tensors: tensors, memory: memory.bytes, instructionSet: instructionSet, pool: pool)
      return (.wholeSet(aligner), aligner.batch)
    }
    let size = min(minibatch, data.train.count)
    let need = MinibatchAligner.memoryNeed(
      network, tensors: tensors, batch: size, threads: pool.threads, instructionSet: instructionSet)
    guard need <= memory.bytes else {
      throw Failure(
        .usage, nil, "--memory \(memory) is too little for minibatches of \(size)",
        remedy: "they take \(ByteCount((need >> 20 + 1) << 20)); or take smaller ones")
    }
    let aligner = MinibatchAligner(
      network, data: data, tensors: tensors, batch: size, instructionSet: instructionSet, pool: pool)
    return (.minibatches(aligner, size: size, seed: seed), size)
  }

  /// Places of the snapshots to take among those that the files have.
  private func chosenSnapshots(of kept: [Int32]) throws -> [Int] {
    guard let snapshots else { return Array(kept.indices) }
    let places = try snapshots.split(separator: ",", omittingEmptySubsequences: false).map { item in
      guard let epoch = Int32(item), let place = kept.firstIndex(of: epoch) else {
        throw Failure(
          .usage, nil, "the runs have no snapshot of epoch '\(item)'",
          remedy: "they have " + kept.map { "\($0)" }.joined(separator: ","))
      }
      return place
    }
    return Set(places).sorted()
  }
}
