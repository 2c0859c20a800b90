import ArgumentParser
import ToolKit

/// Which runs a command trains.
public struct RunsOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Which runs, from A up to and without B, or one. (default: 0:10)", valueName: "A:B"))
  var runs: RunRange?

  @Option(
    help: ArgumentHelp(
      "Of these runs, or of all that there can be, the I-th ten, counted from 0; slurm: that of SLURM_ARRAY_TASK_ID.",
      valueName: "I"))
  var block: RunBlock?

  public init() {}

  /// The numbers of the runs.
  ///
  /// - Throws: a `Failure` of status 64 where the block lies beyond the runs, or the environment names none.
  public func resolved(environment: (String) -> String? = Machine.environment) throws -> Range<Int> {
    guard let block else { return runs?.range ?? 0..<RunBlock.size }
    let (number, whole) = (try block.number(environment), runs?.range ?? 0..<RunRange.end)
    let (lower, overflows) = number.multipliedReportingOverflow(by: RunBlock.size)
    guard !overflows, lower < whole.count else {
      throw Failure(
        .usage, nil, "--block \(number) lies beyond the runs \(RunRange(whole))",
        remedy: "the last block is \((whole.count - 1) / RunBlock.size)")
    }
    let start = whole.lowerBound + lower
    return start..<min(start + RunBlock.size, whole.upperBound)
  }
}

/// One of the tens that the makefile keeps in a file each.
public enum RunBlock: ExpressibleByArgument, Equatable, Sendable {
  /// Runs of a block.
  public static let size = 10

  case numbered(Int)
  /// The number is that of the task of a Slurm array.
  case slurm

  public init?(argument: String) {
    if argument == "slurm" {
      self = .slurm
    } else if let number = Int(argument), number >= 0 {
      self = .numbered(number)
    } else {
      return nil
    }
  }

  func number(_ environment: (String) -> String?) throws -> Int {
    if case .numbered(let number) = self { return number }
    guard let text = environment("SLURM_ARRAY_TASK_ID") else {
      throw Failure(
        .usage, nil, "--block slurm finds no SLURM_ARRAY_TASK_ID",
        remedy: "start it as a task of an array (sbatch --array), or give a number")
    }
    guard case .numbered(let number)? = RunBlock(argument: text) else {
      throw Failure(.usage, nil, "SLURM_ARRAY_TASK_ID is \"\(text)\", which is no number from 0 on")
    }
    return number
  }
}
