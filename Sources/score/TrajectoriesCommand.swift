import ArgumentParser
import Artefacts
import Kernels
import Measures
import ToolKit

/// `score trajectories`: how each example's memorisation goes over sizes of network, against what chance makes of it.
struct TrajectoriesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "trajectories",
    abstract: "How each example's memorisation goes over sizes: constant, rising, falling, cap or cup.",
    discussion: Program.text(
      """
      Reads runs files, or files of score memorisation, of two configurations or
      more on one data set, and orders them by parameter count. The categories
      come with what they would be if every example were constant, and with
      their posterior probabilities.

        score trajectories resnet-8.h5 resnet-14.h5 resnet-20.h5 -o trajectories.h5
        score trajectories scores.h5 --cell resnet-8 --cell resnet-20 -o two.h5
      """))

  @OptionGroup var inputs: InputOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var common: CommonOptions
  @OptionGroup var jobs: JobsOptions

  @Option(
    help: ArgumentHelp("Differences of scores from which on they count, separated by commas.", valueName: "differences")
  )
  var alpha = Thresholds([0.05, 0.1, 0.2, 0.3])

  @Option(help: "Redraws of each example for the noise floor, and for the posterior probabilities.")
  var draws = 400

  @Option(help: "Seed of the redraws.")
  var seed: UInt64 = 0

  @Option(
    help: ArgumentHelp("A configuration to take, by its label; may be repeated. Default: all.", valueName: "label"))
  var cell: [String] = []

  func validate() throws {
    guard (1...1_000_000).contains(draws) else { throw ValidationError("--draws takes 1 to 1000000") }
  }

  func run() throws {
    let names = try inputs.names()
    let target = try output.place(for: .scores("trajectories"), inputs: inputs.read(names)).open()
    let source = try TrajectorySizes(Input.open(names), cells: cell, quiet: common.quiet)
    if let warning = source.warning { printError("\(Program.name("score")): \(warning)\n") }
    let counts = TrajectoryCounts.all(source.sizes.map(\.counts))
    let progress = Progress(
      "score trajectories", total: Double(counts.count), unit: "examples", quiet: common.quiet)
    let pool = ThreadPool(threads: min(jobs.cores, Machine.cores))
    let found = Trajectories(counts, alphas: alpha.values, draws: draws, seed: seed) { count, body in
      // In pieces, for the progress.
      for start in stride(from: 0, to: count, by: 1000) {
        let piece = min(1000, count - start)
        pool.run(piece) { body(start + $0) }
        progress.advance(by: Double(piece))
      }
    }
    progress.finish()
    guard found.scored > 0 else {
      throw Failure(
        .badData, nil, "no example has a score at every size", remedy: "each needs runs with and without it: train more"
      )
    }
    let writer = try ScoresFile.Writer(target, of: source.examples, cells: source.sizes.map(\.record))
    try writer.write(
      TrajectoriesFile(found, sizeOrder: source.sizes.map(\.record.label), pairedMasks: source.pairedMasks))
    try writer.finish(
      options: [
        "command": "trajectories", "alpha": .array(alpha.values.map { .number($0) }), "draws": .number(Double(draws)),
        "seed": .string("\(seed)"),
      ], inputs: source.records)
  }
}

extension TrajectoriesFile {
  /// What was found, as the file has it.
  init(_ found: Trajectories, sizeOrder: [String], pairedMasks: PairedMasks) {
    self.init(
      alphas: found.alphas.map { Float($0) }, shapes: TrajectoryCategory.allCases.map(\.name),
      category: found.category.flatMap { $0 }, posterior: found.posterior.flatMap { $0 },
      observed: found.observed.flatMap { $0.map { Int32($0) } }, floor: found.floor.flatMap { $0.map { Float($0) } },
      constantShare: found.constantShare.map { Float($0) }, reliable: found.isReliable.map { $0 ? 1 : 0 },
      sizeOrder: sizeOrder, pairedMasks: pairedMasks)
  }
}
