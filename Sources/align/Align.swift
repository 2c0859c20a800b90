import ArgumentParser
import Artefacts
import Kernels
import Measures
import Networks
import Synchronization
import ToolKit
import Training

@main
struct Align: Tool {
  static let configuration = CommandConfiguration(
    commandName: "align",
    abstract: "Measure how examples of a class align in a trained network.",
    discussion: """
      Reads a data set file and runs of one configuration, with checkpoints, and
      writes for each run, snapshot and class the alignment of representations
      (before the last layer) and of the loss gradients by the logits.

        align data.h5 runs.h5 -o alignment.h5
      """,
    version: Version.text("align", libraries: fileLibraries))

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

  @OptionGroup var output: OutputOptions
  @OptionGroup var common: CommonOptions

  @Option(name: [.short, .customLong("jobs")], help: "Cores to use; results do not depend on it. 0: all of them.")
  var jobs = 0

  func run() throws {
    let instructionSet = try selectedInstructionSet()
    let (dataset, runs) = try SortedInputs.dataAndRuns(inputs.names())
    let member = try runs.onlyMember(for: "runs")
    let target = try Output(output.output)
    let data = try TrainingData(dataset)
    let network = try TrainedNetwork(member, dataset: dataset)
    let label = runs.labels()[0]
    let inputs = [dataset.record, runs.record(of: member)]
    let snapshots = try runs.file(of: member.runs[0]).snapshots()
    let progress = Progress(
      "align", total: Double(member.runs.count * max(1, snapshots.count)), unit: "snapshots", quiet: common.quiet)

    // libhdf5 is for one thread at a time: runs are read under this lock, and worked on side by side.
    let source = Mutex(runs)
    let entries = member.runs
    let rows = Mutex([AlignmentRow?](repeating: nil, count: entries.count))
    let failure = Mutex<(any Error)?>(nil)
    let (scope, plan) = (over, network.plan)
    ThreadPool(threads: max(1, min(jobs > 0 ? jobs : Machine.cores, entries.count))).run(entries.count) { i in
      guard failure.withLock({ $0 == nil }) else { return }
      do {
        let entry = entries[i]
        let (states, mask) = try source.withLock { runs in
          let file = try runs.file(of: entry)
          let mask = try file.flags("/train/in_mask", index: entry.index, count: data.train.count)
          let names = plan.tensors.map(\.name)
          let states = try snapshots.indices.map {
            try file.state(index: entry.index, snapshot: $0, names: names, count: plan.stateCount)
          }
          return (states, mask)
        }
        guard !states.isEmpty else {
          throw Failure(.badData, nil, "the runs have no checkpoints", remedy: "train with --keep checkpoint")
        }
        let row = Aligner(network: network, data: data, instructionSet: instructionSet)
          .row(states: states, mask: scope == .all ? nil : mask)
        rows.withLock { $0[i] = row }
        progress.advance(by: Double(snapshots.count))
      } catch {
        failure.withLock { $0 = $0 ?? error }
      }
    }
    progress.finish()
    if let error = failure.withLock({ $0 }) { throw error }
    let results = rows.withLock { $0.compactMap { $0 } }
    try AlignmentFile.write(
      target, member: member, label: label, classes: dataset.classes, snapshots: snapshots,
      tensors: Aligner.tensors(plan), rows: results, scope: over.description,
      options: ["over": .string(over.rawValue)], inputs: inputs)
  }
}
