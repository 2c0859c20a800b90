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
    discussion: Program.text(
      """
      An example's gradient is that of its own loss, the run's; of students,
      cross-entropy. Over the whole set alignment and gradient diversity take time
      linear in the examples; cosine stiffness and confusion, which take all pairs,
      are there with --minibatch.

        align data.h5 runs.h5 -o alignment.h5
        align data.h5 runs.h5 --tensors logits,fc1.weight --snapshots 0,5 -o a.h5
        align data.h5 runs.h5 --minibatch 256 -o pairs.h5
      """))

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

  @Option(help: ArgumentHelp("Only examples of these classes, by name. (default: all)", valueName: "a,b"))
  var classes: String?

  @Option(help: "Which of the files' runs, from A up to and without B, or one. (default: all)")
  var runs: RunRange?

  @Option(help: ArgumentHelp("Which of the files' snapshots, by epoch. (default: all)", valueName: "list"))
  var snapshots: String?

  @Option(help: ArgumentHelp("Means over minibatches of this size, and not the whole set at once.", valueName: "size"))
  var minibatch: Int?

  @Option(help: "Seed of the order that minibatches are cut from.")
  var seed: UInt64 = 0

  @Option(
    help: """
      Batch-norm by its running statistics (evaluation), or by those of each minibatch (training), for logits and \
      representations alone: an example has no gradient of its own where others set the scale.
      """)
  var batchNorm = BatchNormMode.evaluation

  @OptionGroup var options: AlignOptions

  func validate() throws {
    guard minibatch.map({ $0 >= 2 }) ?? true else { throw ValidationError("--minibatch takes 2 examples or more") }
    guard batchNorm == .evaluation || minibatch != nil else {
      throw ValidationError("--batch-norm training takes the statistics of minibatches: give --minibatch, too")
    }
  }

  func run() throws {
    let instructionSet = try selectedInstructionSet()
    let names = try inputs.names()
    let target = try options.output.place(for: .file(.alignment), inputs: inputs.read(names)).open()
    let (dataset, set) = try SortedInputs.dataAndRuns(names)
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
    let list =
      options.tensors ?? (batchNorm == .training ? "logits,representation" : AlignOptions.allTensors)
    let tensors = try AlignedTensors(list, of: network.plan)
    guard batchNorm == .evaluation || !tensors.needsGradients else {
      throw Failure(
        .usage, nil, "--batch-norm training has no gradients by parameters",
        remedy: "choose --tensors logits,representations")
    }
    let classes = try chosenClasses(of: dataset.classes)
    let data = try TrainingData(dataset)
    let progress = Progress(
      "align", total: Double(entries.count * chosen.count), unit: "snapshots", quiet: options.common.quiet)
    let (way, batch) = try way(network, data, tensors, instructionSet)
    let alignment = RunAlignment(way: way, tensors: tensors, classes: classes, data: data, plan: network.plan)

    let tensorNames = network.plan.tensors.map(\.name)
    var rows: [AlignmentRow] = []
    for entry in entries {
      let file = try set.file(of: entry)
      func state(_ snapshot: Int) throws -> [Float] {
        try file.state(index: entry.index, snapshot: snapshot, names: tensorNames, count: network.plan.stateCount)
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
      target, member: member, label: set.labels()[0], runs: entries.map(\.run),
      classes: classes.map { dataset.classes[$0] }, snapshots: chosen.map { kept[$0] }, tensors: tensors.names,
      rows: rows,
      scope: over.description
        + (self.classes == nil ? "" : " of \(classes.count) of the \(dataset.classes.count) classes")
        + (minibatch.map { ", in minibatches of \($0)" } ?? "")
        + (batchNorm == .training ? ", batch-norm by their statistics" : ""),
      options: recorded(list, batch: batch), inputs: [dataset.record, set.record(of: member)])
  }

  /// What the file keeps of the options.
  private func recorded(_ tensors: String, batch: Int) -> JSON {
    var members: [String: JSON] = [
      "over": .string(over.rawValue), "tensors": .string(tensors), "batch": .number(Double(batch)),
      "batch_norm": .string(batchNorm.rawValue),
    ]
    if minibatch != nil { members["seed"] = .number(Double(seed)) }
    if let classes { members["classes"] = .string(classes) }
    return .object(members)
  }

  /// How to go through the examples, and how many at a time.
  private func way(
    _ network: TrainedNetwork, _ data: TrainingData, _ tensors: AlignedTensors, _ instructionSet: InstructionSet
  ) throws -> (RunAlignment.Way, batch: Int) {
    let pool = ThreadPool(threads: options.jobs.cores)
    guard let minibatch else {
      let aligner = try options.aligner(
        network, data: data, tensors: tensors, instructionSet: instructionSet, pool: pool)
      return (.wholeSet(aligner), aligner.batch)
    }
    let size = min(minibatch, data.train.count)
    let need = MinibatchAligner.memoryNeed(
      network, tensors: tensors, batch: size, batchNorm: batchNorm, threads: pool.threads,
      instructionSet: instructionSet)
    let memory = try options.bytes(
      usual: need, for: "minibatches of \(size)", remedy: "take smaller ones, or --tensors logits,representation")
    guard need <= memory else {
      throw Failure(
        .usage, nil, "--memory \(ByteCount(memory)) is too little for minibatches of \(size)",
        remedy: "they take \(ByteCount(covering: need)); or take smaller ones")
    }
    let aligner = MinibatchAligner(
      network, data: data, tensors: tensors, batch: size, batchNorm: batchNorm, instructionSet: instructionSet,
      pool: pool)
    return (.minibatches(aligner, size: size, seed: seed), size)
  }

  /// Numbers of the classes to take, in ascending order.
  private func chosenClasses(of names: [String]) throws -> [Int] {
    guard let classes else { return Array(names.indices) }
    let places = try classes.split(separator: ",", omittingEmptySubsequences: false).map { item in
      guard let place = names.firstIndex(of: String(item)) else {
        throw Failure(
          .usage, nil, "the data set has no class '\(item)'",
          remedy: "it has " + names.prefix(20).joined(separator: ", ") + (names.count > 20 ? ", ..." : ""))
      }
      return place
    }
    return Set(places).sorted()
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

extension BatchNormMode: ExpressibleByArgument {}
