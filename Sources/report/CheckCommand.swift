import ArgumentParser
import Artefacts
import ToolKit

/// `report check`: whether files are whole, and belong together.
struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Whether files are whole and belong together: silent if so, else a line for each problem.",
    discussion: Program.text(
      """
      Every value is read and held against the digests and checksums in its file.
      Files named together must be of one data set, runs of a configuration be
      named once, and scores and alignment have been made from the runs that are
      named, where runs of their configuration are. All files are checked, also
      after one that is not whole; the exit status is then 65, or 74 where files
      could not be opened and all others are well.

        report check data.h5 runs/*.h5 scores.h5 && make publish
      """))

  @OptionGroup var inputs: InputOptions

  @Flag(
    name: .shortAndLong,
    help: "A line for each file: its name, kind, what it holds and the start of its content digest, with tabs between.")
  var verbose = false

  func run() throws {
    let names = try inputs.names()
    try Input.refuseTwoOfStandardInput(names)
    var check = CheckedFiles()
    for name in names { check.open(name) }
    check.readAll()
    if verbose { try StandardOutput.write(Array(check.lines.map { $0 + "\n" }.joined().utf8)) }
    guard let last = check.problems.last else { return }
    for problem in check.problems.dropLast() { printError("\(Program.name("report")): \(problem)\n") }
    // The last goes the way of all failures, with the status of them all.
    let isBad = check.problems.contains { $0.status == .badData }
    throw Failure(isBad ? .badData : last.status, last.subject, last.problem, remedy: last.remedy)
  }
}
