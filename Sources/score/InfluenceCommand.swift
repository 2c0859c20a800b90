import ArgumentParser
import Artefacts
import Kernels
import Measures
import ToolKit

/// `score influence`: how much more often other examples are right in runs that trained on an example.
struct InfluenceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "influence",
    abstract: "Which training examples make networks right about which others.",
    discussion: Program.text(
      """
      Reads runs files of any number of configurations on one data set, and writes
      a scores file with the pairs of a training and a test example whose influence
      reaches a threshold: the accuracy on the one in runs that trained on the
      other, minus the accuracy in runs that did not.

        score influence runs/*.h5 --feldman-zhang -o influence.h5
      """))

  @OptionGroup var inputs: InputOptions
  @OptionGroup var options: InfluenceOptions

  @Option(help: ArgumentHelp("Take this configuration alone, by its label.", valueName: "label"))
  var cell: String?

  @Option(help: "Memory to keep within: 500M, 2G. Results do not depend on it.")
  var memory = ByteCount(2 << 30)

  @OptionGroup var jobs: JobsOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var common: CommonOptions

  func run() throws {
    Machine.giveBackLargeArrays()
    let kernels = try selectedInstructionSet().kernels
    let names = try inputs.names()
    let target = try output.place(for: .scores("influence"), inputs: inputs.read(names)).open()
    let set = try RunsSet(try Input.open(names))
    let chosen = try members(of: set)
    guard options.on == .train || !set.testExample.isEmpty else {
      throw Failure(.badData, set.inputs[0].name, "has no test split", remedy: "take --on train")
    }
    if let many = chosen.first(where: { $0.member.runs.count > Influence.mostRuns }) {
      throw Failure(
        .badData, nil, "\(many.label): \(many.member.runs.count) runs are more than \(Influence.mostRuns)",
        remedy: "leave some out")
    }
    // Not more than there is work for at a time: threads take memory too.
    let cores = min(jobs.cores, set.trainExample.count / InfluencePairs.rowsAtATime + 1)
    let room = InfluenceMemory(
      limit: memory, set: set, runs: chosen.map(\.member.runs.count), options, cores: cores)
    try room.check()

    let reading = Progress(
      "score influence", total: Double(chosen.reduce(0) { $0 + $1.member.runs.count }), unit: "runs",
      quiet: common.quiet)
    let cells = try chosen.map {
      try InfluenceOfCell($0.member, label: $0.label, of: set, options) { reading.advance(by: $0) }
    }
    reading.finish()
    guard cells.contains(where: { $0.influence.runs > 0 }) else {
      throw Failure(.badData, nil, "all runs diverged", remedy: "train again at a lower learning rate")
    }

    let pool = ThreadPool(threads: cores)
    let all = Double(set.trainExample.count) * Double(cells[0].influence.targets)
    let progress = Progress(
      "score influence", total: cells.reduce(0) { $0 + 2 * $1.pairs + (options.dense ? all : 0) } / 1e6,
      unit: "million pairs", quiet: common.quiet)
    let count: @Sendable (Int) -> Void = { progress.advance(by: Double($0) / 1e6) }
    let tails = cells.map { $0.search(kernels).tail(pool, progress: count) }
    try check(tails)
    let writer = try ScoresFile.Writer(target, runs: set, cells: cells.map { $0.record(of: set) })
    try writePairs(to: writer, of: set, tails) { i, body in
      let search = cells[i].search(kernels)
      try forEachRange(
        of: search.influence.examples.count, step: InfluencePairs.rowsAtATime * room.blocks(cores: pool.threads)
      ) {
        for list in search.pairs(rows: $0, pool, progress: count) { try list.forEach(body) }
      }
    }
    if options.dense {
      let dense = try InfluenceFile.DenseWriter(
        writer, cells: cells.count, examples: set.trainExample.count, targets: cells[0].influence.targets,
        on: options.split)
      for cell in cells {
        let search = cell.search(kernels, all: true)
        try forEachRange(of: set.trainExample.count, step: room.denseRows(step: dense.step)) {
          try dense.append(search.scores(rows: $0, pool, progress: count), count: $0.count)
        }
      }
      try dense.finish()
    }
    progress.finish()
    try writer.finish(
      options: options.record,
      inputs: [InputRecord(kind: .data, content: set.data)] + chosen.map { set.record(of: $0.member) })
    // Of a file that is there.
    for case let warning? in zip(cells, tails).map({ $0.warning($1) }) {
      printError("\(Program.name("score")): warning: \(warning)\n")
    }
  }

  /// The configurations to take, with their labels among all that there are.
  private func members(of set: RunsSet) throws -> [(member: RunsSet.Member, label: String)] {
    let all = zip(set.members, set.labels()).map { (member: $0, label: $1) }
    guard let cell else { return all }
    let chosen = all.filter { $0.label == cell }
    guard !chosen.isEmpty else {
      throw Failure(
        .usage, nil, "no configuration is called \(cell)",
        remedy: "there are: \(all.map(\.label).joined(separator: ", "))")
    }
    return chosen
  }

  /// Refuses more pairs than a file's dimension holds, with a threshold that would do.
  private func check(_ tails: [InfluenceTail]) throws {
    let most = InfluenceFile.mostPairs
    let reached = tails[0].observed.indices.map { bin in tails.reduce(0) { $0 + $1.observed[bin] } }
    guard reached[0] > most else { return }
    let fitting = reached.firstIndex { $0 <= most }.map { tails[0].bins.lowerEnd($0) }
    throw Failure(
      .usage, nil, "\(reached[0]) pairs reach \(options.leastInfluence), more than the \(most) that a file holds",
      remedy: fitting.map { "take --threshold \($0)" } ?? "take --cell, or --dense with --threshold 1")
  }

  private func forEachRange(of count: Int, step: Int, _ body: (Range<Int>) throws -> Void) rethrows {
    for start in stride(from: 0, to: count, by: step) { try body(start..<min(start + step, count)) }
  }

  /// - Parameter forEachPair: calls its second argument with each pair of a cell, in order.
  private func writePairs(
    to writer: ScoresFile.Writer, of set: RunsSet, _ tails: [InfluenceTail],
    _ forEachPair: (_ cell: Int, (InfluencePairs.Pair) throws -> Void) throws -> Void
  ) throws {
    let file = try InfluenceFile.PairWriter(
      writer,
      tails.map { .init(pairs: $0.pairs, tested: $0.defined, expectedFalsePairs: $0.expectedFalsePairs) },
      on: options.split)
    let targets = options.on == .test ? set.testExample : set.trainExample
    for (cell, tail) in tails.enumerated() {
      let qValues = tail.qValues
      try forEachPair(cell) { pair in
        try file.append(
          .init(
            cell: Int32(cell), trainExample: set.trainExample[Int(pair.example)], target: targets[Int(pair.target)],
            score: Float(pair.score.value), standardError: Float(pair.score.standardError),
            qValue: Float(qValues[Int(pair.bin)]), inCount: Int32(pair.score.inside),
            outCount: Int32(pair.score.outside)))
      }
    }
    try file.finish()
  }
}
