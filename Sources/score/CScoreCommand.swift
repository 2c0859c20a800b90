import ArgumentParser
import Artefacts
import Kernels
import Measures
import ToolKit

/// `score c-score`: out-of-sample accuracy over subset ratios.
struct CScoreCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "c-score",
    abstract: "Mean out-of-sample accuracy of each training example over runs of several subset ratios.",
    discussion: Program.text(
      """
      Configurations that differ in nothing but the ratio of their subsets become
      one score. With runs of one ratio it is the out-of-sample accuracy.

        for s in .1 .3 .5 .7 .9; do
          train data.h5 --architecture mlp --subset $s --runs 0:20 -o mlp-$s.h5
        done
        score c-score mlp-*.h5 -o c-score.h5
      """))

  @OptionGroup var inputs: InputOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var jobs: JobsOptions
  @OptionGroup var common: CommonOptions

  /// Configurations that are the same but for the ratio.
  private struct Family {
    let config: JSON
    var members: [RunsSet.Member] = []
  }

  func run() throws {
    let names = try inputs.names()
    let target = try output.place(for: .scores("c-score"), inputs: inputs.read(names)).open()
    let set = try RunsSet(try Input.open(names))
    let progress = Progress(
      "score c-score", total: Double(set.members.reduce(0) { $0 + $1.runs.count }), unit: "runs",
      quiet: common.quiet)
    let pool = ThreadPool(threads: min(2, jobs.cores))
    var families: [Family] = []
    for member in set.members {
      let config = member.config.withoutRatio
      if let i = families.firstIndex(where: { $0.config == config }) {
        families[i].members.append(member)
      } else {
        families.append(Family(config: config, members: [member]))
      }
    }
    var scores: [CScore] = []
    var records: [ScoresFile.CellRecord] = []
    let labels = RunsSet.distinct(
      families.map { $0.config["architecture"]?.string ?? $0.members[0].architecture }, configs: families.map(\.config))
    for (family, label) in zip(families, labels) {
      var (ratios, diverged, used) = ([MemorisationCounts](), 0, 0)
      for member in family.members {
        var counts = MemorisationCounts(examples: set.trainExample.count)
        diverged += try FlagPass(member, of: set, pool).forEachRun(progress) { counts.add($0.correct, $0.mask) }
        used += counts.runs
        ratios.append(counts)
      }
      scores.append(CScore(ratios))
      let contents = family.members.map { set.record(of: $0).content }
      records.append(
        ScoresFile.CellRecord(
          label: label, config: family.config, parameterCount: family.members[0].parameterCount, runs: used,
          diverged: diverged, content: contents.count == 1 ? contents[0] : Digest.sha256(contents.joined())))
    }
    progress.finish()
    let writer = try ScoresFile.Writer(target, runs: set, cells: records)
    try writer.write(
      .init(
        group: "c_score",
        floats: [
          (
            "score", "mean over subset ratios of the share of the runs without the example that get it right",
            scores.flatMap(\.score)
          ),
          (
            "standard_error", "sqrt(sum over R ratios of p(1-p)/n) / R, p = (x + 1/2) / (n + 1)",
            scores.flatMap(\.standardError)
          ),
        ], counts: [("out_count", "runs not trained on the example, over all ratios", scores.flatMap(\.count))]))
    try writer.finish(
      options: [
        "command": "c-score",
        "ratios": .array(families.map { .array($0.members.compactMap { $0.config["subset"]?["ratio"] }) }),
      ], inputs: set.inputRecords)
  }
}

extension JSON {
  /// A configuration without the ratio of its subsets.
  fileprivate var withoutRatio: JSON {
    guard case .object(var members) = self, case .object(var subset)? = members["subset"] else { return self }
    subset["ratio"] = nil
    members["subset"] = .object(subset)
    return .object(members)
  }
}

extension MemorisationCounts {
  /// Counts one run in, from arrays.
  mutating func add(_ correct: [UInt8], _ mask: [UInt8]) {
    correct.withUnsafeBufferPointer { correct in
      mask.withUnsafeBufferPointer { mask in add(correct: correct, inMask: mask) }
    }
  }
}
