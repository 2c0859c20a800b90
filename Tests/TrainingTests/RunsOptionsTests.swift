import ArgumentParser
import Testing
import ToolKit

@testable import Training

/// Which runs `--runs` and `--block` name.
@Suite struct RunsOptionsTests {
  private func runs(_ words: String, task: String? = nil) throws -> Range<Int> {
    let options = try RunsOptions.parse(words.split(separator: " ").map(String.init))
    return try options.resolved { $0 == "SLURM_ARRAY_TASK_ID" ? task : nil }
  }

  @Test(arguments: [
    ("", 0..<10), ("--runs 0:400", 0..<400), ("--runs 7", 7..<8), ("--runs 0", 0..<1), ("--block 0", 0..<10),
    ("--block 12", 120..<130), ("--runs 0:25 --block 1", 10..<20), ("--runs 0:25 --block 2", 20..<25),
    ("--runs 100:200 --block 3", 130..<140), ("--runs 7 --block 0", 7..<8),
    ("--block 214748364", 2_147_483_640..<2_147_483_647),
  ])
  func `Runs are a range, one, or a ten`(words: String, range: Range<Int>) throws {
    #expect(try runs(words) == range)
  }

  @Test func `The block of an array's task is read from Slurm's variable when told so`() throws {
    #expect(try runs("--block slurm", task: "3") == 30..<40)
    #expect(try runs("--runs 0:35 --block slurm", task: "3") == 30..<35)
    #expect(try runs("", task: "3") == 0..<10)
    #expect(try runs("--block 1", task: "3") == 10..<20)
  }

  @Test(arguments: [
    ("--block slurm", nil, "finds no SLURM_ARRAY_TASK_ID"), ("--block slurm", "x", "is \"x\""),
    ("--block slurm", "-1", "is \"-1\""), ("--block slurm", "slurm", "is \"slurm\""),
    ("--runs 0:40 --block 4", nil, "beyond the runs 0:40; the last block is 3"),
    ("--runs 0:40 --block slurm", "9", "--block 9 lies beyond"), ("--block 214748365", nil, "beyond"),
    ("--block 9223372036854775807", nil, "beyond"),
  ])
  func `A block that is not there is wrong usage`(words: String, task: String?, part: String) throws {
    let failure = #expect(throws: Failure.self) { try runs(words, task: task) }
    #expect(failure?.status == .usage)
    #expect(failure.map { "\($0)".contains(part) } == true, "\(String(describing: failure))")
  }

  @Test(arguments: [
    "--block -1", "--block 1.5", "--block task", "--runs 2147483647", "--runs -1", "--runs a", "--runs 5:5",
  ])
  func `What is no run or block is refused`(words: String) {
    #expect(throws: (any Error).self) { try RunsOptions.parse(words.split(separator: " ").map(String.init)) }
  }
}
