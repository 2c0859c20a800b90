import Artefacts
import Measures
import ToolKit

/// How much memory `score influence` takes, by the sizes of what it holds.
struct InfluenceMemory {
  let limit: ByteCount
  /// All that is held whatever the size of blocks.
  private var fixed = 48 << 20  // the program, its libraries and what they keep
  private let block: Int
  private let denseStep: Int

  /// - Parameters:
  ///   - runs: of each configuration.
  init(
    limit: ByteCount, set: RunsSet, runs: [Int], _ options: InfluenceOptions, cores: Int
  ) {
    self.limit = limit
    let (examples, tests) = (set.trainExample.count, set.testExample.count)
    let targets = options.on == .test ? tests : examples
    // Positions and labels, of the set and of a file at a time; a run's flags.
    fixed += 32 * (examples + tests)
    fixed += runs.reduce(0) {
      $0 + Influence.memory(examples: examples, targets: targets, runs: $1, target: options.target)
    }
    fixed += InfluencePairs.memory(
      examples: examples, targets: targets, runs: runs.max() ?? 0, target: options.target, threads: cores)
    fixed += InfluenceFile.PairWriter.memory
    block = InfluencePairs.blockMemory(targets: targets)
    denseStep =
      options.dense
      ? 8 * targets * InfluenceFile.DenseWriter.step(cells: runs.count, examples: examples, targets: targets) : 0
  }

  /// - Throws: a `Failure` where the limit is less than the least that is needed.
  func check() throws {
    let least = fixed + max(block, denseStep)
    guard least <= limit.bytes else {
      throw Failure(
        .usage, nil, "--memory \(limit) is too little: these runs need \(ByteCount(covering: least))",
        remedy: "give more, or take one configuration at a time with --cell")
    }
  }

  /// How many blocks of pairs are held at a time.
  func blocks(cores: Int) -> Int { max(1, min(4 * cores, (limit.bytes - fixed) / block)) }

  /// How many training examples of all scores are held at a time: whole chunks of `step`.
  func denseRows(step: Int) -> Int { max(1, min(64, (limit.bytes - fixed) / max(1, denseStep))) * step }
}
