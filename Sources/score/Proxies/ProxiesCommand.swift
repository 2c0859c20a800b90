import ArgumentParser
import Artefacts
import Kernels
import Measures
import ToolKit
import Training

/// `score proxies`: what is cheaper than memorisation, and is said to stand for it.
struct ProxiesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "proxies",
    abstract: "Proxies of memorisation of each training example, as means over runs with standard errors.",
    discussion: Program.text(
      """
      Reads runs files, and the data set for proxies that look at images. What a
      proxy is made from must be in the runs: dynamics (train --dynamics), logits,
      checkpoints (train --keep, --snapshots). Without --measures all are computed
      that the files allow, and the others are named with what they lack.

        score proxies data.h5 runs.h5 -o proxies.h5
        score proxies runs.h5 --measures forgetting_events,aum -o proxies.h5
        score proxies --list
      """))

  @OptionGroup var inputs: InputOptions

  @Option(help: ArgumentHelp("Proxies by name, with commas between them.", valueName: "list"))
  var measures: CommaList<Proxy>?

  @Option(help: "Average over the runs that were trained on the example, over the others, or over all: in, out, all.")
  var over = ProxyScope.inside

  @Option(
    help: ArgumentHelp(
      "The epoch of EL2N and GraNd, of those with checkpoints; the first after initialisation by default.",
      valueName: "epoch"))
  var epoch: Int?

  @Option(
    help: ArgumentHelp(
      "Also store the means over halves of the runs, for this many splits in two, which score agreement needs.",
      valueName: "number"))
  var splits = 5

  @Option(help: "Of the splits and of random directions and numbers.")
  var seed: UInt64 = 0

  @Flag(help: "Print the proxies with what they are made from, and end.")
  var list = false

  @OptionGroup var output: OutputOptions
  @OptionGroup var jobs: JobsOptions
  @OptionGroup var common: CommonOptions

  func validate() throws {
    guard (0...1000).contains(splits) else { throw ValidationError("--splits takes 0 to 1000") }
  }

  func run() throws {
    guard !list else {
      let lines = Proxy.allCases.map { "\($0.rawValue)\t\($0.need.words)\t\($0.definition)\n" }
      return try StandardOutput.write(Array(lines.joined().utf8))
    }
    let instructionSet = try selectedInstructionSet()
    let names = try inputs.names()
    let target = try output.place(for: .scores("proxies"), inputs: inputs.read(names)).open()
    let sorted = try SortedInputs(names, kinds: [.data, .runs])
    let set = try sorted.runsSet()
    let choice = try ProxyChoice(measures?.values, of: set, data: sorted.data, epoch: epoch)
    for line in choice.missing { printError("\(Program.name("score")) proxies: \(line)\n") }
    let looksAtImages = choice.proxies.contains { NetworkProxies.needs.contains($0.need) }
    let work = ProxyWork(
      runSet: set, dataset: sorted.data, data: try looksAtImages ? sorted.data.map { try TrainingData($0) } : nil,
      proxies: choice.proxies, scope: over, epoch: epoch, splits: splits, seed: seed,
      pool: ThreadPool(threads: jobs.cores), instructionSet: instructionSet,
      progress: Progress(
        "score proxies", total: Double(set.members.reduce(0) { $0 + $1.runs.count }), unit: "runs",
        quiet: common.quiet))
    let tallies = try set.members.map { try work.tally($0) }
    work.progress.finish()

    let cells = try set.members.indices.map { i in
      set.cellRecord(set.members[i], label: set.labels()[i], runs: try set.undiverged(set.members[i]))
    }
    let rows = choice.proxies.map { proxy in
      var rows = ProxiesFile.Proxy(
        name: proxy.rawValue, definition: proxy.definition, source: proxy.source, sign: proxy.sign,
        flagDefinition: proxy.flagDefinition)
      for tally in tallies { tally.append(proxy, to: &rows) }
      return rows
    }
    let hasHalves = tallies.allSatisfy { $0.halves != nil }
    let writer = try ScoresFile.Writer(target, runs: set, cells: cells)
    try ProxiesFile.write(rows, cells: cells.count, splits: hasHalves ? splits : 0, to: writer)
    try writer.finish(
      options: [
        "command": "proxies", "over": .string(over.rawValue), "seed": .string(String(seed)),
        "splits": .number(Double(hasHalves ? splits : 0)),
        "measures": .array(choice.proxies.map { .string($0.rawValue) }),
        "epoch": choice.earlyEpoch.map { .number(Double($0)) } ?? .null,
      ], inputs: set.inputRecords)
  }
}

extension Proxy: ExpressibleByArgument {}
extension ProxyScope: ExpressibleByArgument {}

extension Proxy.Need {
  /// What a message calls it.
  var words: String {
    switch self {
    case .correctness: "runs"
    case .dynamics: "runs with dynamics (train --dynamics evaluation)"
    case .logits: "runs with logits (train --keep logit)"
    case .images: "the data set"
    case .earlyCheckpoint: "the data set, and runs with a checkpoint of an early epoch (train --snapshots)"
    case .snapshots: "the data set, and runs with checkpoints of several epochs (train --snapshots)"
    case .lastCheckpoint: "the data set, and runs with checkpoints (train --keep checkpoint)"
    case .nothing: "nothing"
    }
  }
}
