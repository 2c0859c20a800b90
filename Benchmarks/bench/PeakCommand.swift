import ArgumentParser
import Figures
import Kernels
import ToolKit

struct PeakCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "peak", abstract: "The machine's limits: multiplications and additions, and memory.")

  @Option(help: "Threads to use, beside one; 0 for all cores.")
  var threads = 0

  func run() throws {
    let most = threads > 0 ? threads : Machine.cores
    let counts = most > 1 ? [1, most] : [1]
    let columns =
      [Table.Column("limit", .text), .init("unit", .text)]
      + counts.map { .init("threads_\($0)", heading: $0 == 1 ? "1 thread" : "\($0) threads", .number(digits: 1)) }
    var table = Table(name: "limits", title: "The machine's limits", columns: columns)
    for instructionSet in InstructionSet.available {
      table.append(
        [.text("multiply-add, \(instructionSet)"), .text("GFLOP/s")]
          + counts.map { .number(multiplyAddRate(instructionSet, threads: $0) / 1e9) })
    }
    let memory = counts.map { memoryRates(threads: $0) }
    table.append([.text("memory, read"), .text("GB/s")] + memory.map { .number($0.read / 1e9) })
    table.append([.text("memory, triad"), .text("GB/s")] + memory.map { .number($0.triad / 1e9) })
    try StandardOutput.write(Array(Markdown.render(table).utf8))
  }
}
