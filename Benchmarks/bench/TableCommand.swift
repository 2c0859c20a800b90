import ArgumentParser
import Figures
import Kernels
import ToolKit

#if canImport(Glibc)
  import Glibc
#endif

struct TableCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "table", abstract: "All networks beside PyTorch, in turns, as one table.")

  @Option(help: ArgumentHelp("A Python that has torch; none: ours alone.", valueName: "program"))
  var python: String?

  @Option(help: ArgumentHelp("PyTorch's side.", valueName: "script"))
  var peer = "Benchmarks/torch_peer.py"

  @Option(help: ArgumentHelp("Only rows whose name has this in it; may be given again.", valueName: "text"))
  var only: [String] = []

  @Option(help: "Rounds, in each of which both sides have one burst.")
  var rounds = 9

  @Option(help: "Length of a burst.")
  var seconds = 0.5

  @Flag(help: "Few and short rounds, to see that all runs.")
  var quick = false

  @Flag(help: "Let PyTorch try torch.compile for training too; it takes minutes.")
  var compileTraining = false

  func validate() throws {
    guard rounds > 0, seconds > 0 else { throw ValidationError("rounds and seconds must be above 0") }
  }

  func run() throws {
    // So that a rival that has ended is only left out.
    signal(SIGPIPE, SIG_IGN)
    let rounds = quick ? 2 : rounds
    let preload = python == nil ? nil : try allocator()
    let comparisons = try Comparisons(
      bench: CommandLine.arguments[0], python: python.map { ($0, peer) }, preload: preload, threads: Machine.cores,
      seconds: quick ? 0.1 : seconds, compilesTraining: compileTraining
    ).all().filter { row in only.isEmpty || only.contains { row.name.contains($0) } }
    guard !comparisons.isEmpty else { throw Failure(.usage, nil, "no row is called so") }

    var table = try emptyTable(rounds: rounds, preload: preload)
    for comparison in comparisons {
      printError("bench: \(comparison.name)\n")
      let result = try comparison.run(rounds: rounds)
      table.append(row(comparison.name, result))
    }
    try StandardOutput.write(Array(Markdown.render(table).utf8))
  }

  private func emptyTable(rounds: Int, preload: String?) throws -> Table {
    let instructionSet = try InstructionSet.selected()
    let limit = multiplyAddRate(instructionSet, threads: Machine.cores) / 1e9
    let variant = python == nil ? "" : "PyTorch's variant is the fastest of those tried"
    let allocator = preload == nil ? "" : ", all with tcmalloc"
    return Table(
      name: "speed", title: "Speed",
      caption: """
        \(Machine.cores) cores, \(instructionSet), \(Int(limit)) GFLOP/s of multiplications and additions. Medians of \
        \(rounds) bursts, in turns. \(variant)\(allocator)\(variant.isEmpty ? "" : ". ")The ratio is that of the \
        medians, with the least and greatest of one round. The share is that of the multiply-add peak, measured on as \
        many threads with the same instruction set; the operations counted are those of direct convolutions, in training \
        forward and backward. Two runs have one thread each. Memory is the most that the processes held.
        """,
      columns: [
        .init("benchmark", .text), .init("rate", heading: "ours", unit: "images/s", .number(digits: 0)),
        .init("share", heading: "share of peak", unit: "%", .number(digits: 0)),
        .init("memory", unit: "MB", .number(digits: 0)), .init("rival", heading: "against", .text),
        .init("rival_rate", heading: "theirs", unit: "images/s", .number(digits: 0)),
        .init("rival_memory", heading: "memory", unit: "MB", .number(digits: 0)),
        .init("ratio", .interval(digits: 2)),
      ])
  }

  private func row(_ name: String, _ result: Comparison.Result) -> [Table.Cell] {
    func memory(_ bursts: [Side.Burst]) -> Table.Cell { .number((bursts.map(\.memory).max() ?? .nan) / 1e6) }
    let ours: [Table.Cell] = [
      .text(name), .number(median(result.ours.map(\.rate))),
      .number(100 * median(result.ours.compactMap(\.share))), memory(result.ours),
    ]
    guard let theirs = result.theirs, let ratio = result.ratio else {
      return ours + [.missing, .missing, .missing, .missing]
    }
    return ours + [
      .text(theirs.name), .number(median(theirs.bursts.map(\.rate))), memory(theirs.bursts),
      .interval(ratio.ofMedians, lower: ratio.least, upper: ratio.greatest),
    ]
  }

  /// The path of tcmalloc, under which PyTorch is faster, where the dynamic linker knows it.
  private func allocator() throws -> String? {
    // Its folder is not always in the PATH of those who are not root.
    let lines = try Child.lines(of: ["sh", "-c", "PATH=$PATH:/usr/sbin:/sbin ldconfig -p || true"])
    let line = lines.first { $0.contains("libtcmalloc_minimal.so.4 ") }
    return line?.split(separator: " ").last.map { String($0.filter { !$0.isWhitespace }) }
  }
}
