import Artefacts
import Kernels
import Measures
import ToolKit

/// The runs of one configuration, packed, and what is sought among them.
struct InfluenceOfCell {
  let member: RunsSet.Member
  let label: String
  let influence: Influence
  let diverged: Int
  /// The training examples that are memorised as much as asked for; nil for all.
  private let chosen: [Int]?
  private let threshold: Double

  /// Reads the runs once.
  init(
    _ member: RunsSet.Member, label: String, of set: RunsSet, _ options: InfluenceOptions, progress: (Double) -> Void
  ) throws {
    self.member = member
    self.label = label
    threshold = options.leastInfluence
    let (examples, tests) = (set.trainExample.count, set.testExample.count)
    var influence = Influence(
      examples: examples, targets: options.on == .test ? tests : examples, runs: member.runs.count,
      target: options.target, effect: options.harmful ? .harmful : .helpful)
    var memorisation = MemorisationCounts(examples: examples)
    var diverged = 0
    for entry in member.runs {
      defer { progress(1) }
      let file = try set.file(of: entry)
      guard try !file.isDiverged(index: entry.index) else {
        diverged += 1
        continue
      }
      let mask = try file.flags("/train/in_mask", index: entry.index, count: examples)
      func correct(_ split: ScoresFile.Split) throws -> [UInt8] {
        try file.flags("/\(split)/correct", index: entry.index, count: split == .test ? tests : examples)
      }
      let train = options.on == .train || options.leastMemorisation != nil ? try correct(.train) : []
      influence.add(inMask: mask, correct: options.on == .test ? try correct(.test) : train)
      guard options.leastMemorisation != nil else { continue }
      train.withUnsafeBufferPointer { correct in
        mask.withUnsafeBufferPointer { memorisation.add(correct: correct, inMask: $0) }
      }
    }
    self.influence = influence
    self.diverged = diverged
    chosen = options.leastMemorisation.map { least in
      let scores = memorisation.scores.score
      // As they are stored; NaN is not memorised.
      return scores.indices.filter { scores[$0] >= Float(least) }
    }
  }

  /// Pairs to be counted.
  var pairs: Double { Double(chosen?.count ?? influence.examples.count) * Double(influence.targets) }

  /// The search among all training examples, or among those that are memorised.
  func search(_ kernels: KernelTable, all: Bool = false) -> InfluencePairs {
    var sought = influence
    if let chosen, !all { sought.select(chosen) }
    return InfluencePairs(sought, threshold: threshold, kernels: kernels)
  }

  func record(of set: RunsSet) -> ScoresFile.CellRecord {
    ScoresFile.CellRecord(
      label: label, config: member.config, parameterCount: member.parameterCount, runs: influence.runs,
      diverged: diverged, content: set.record(of: member).content)
  }

  /// What a reader of the pairs should know where there are few runs; nil where there are enough.
  func warning(_ tail: InfluenceTail) -> String? {
    guard influence.runs < 1000 else { return nil }
    let sign = influence.effect == .harmful ? "-" : ""
    return "\(label): of \(influence.runs) runs; \(tail.pairs) of \(tail.defined) pairs reach \(sign)\(threshold), and "
      + "\(Int(tail.expectedFalsePairs.rounded())) are expected to by chance; see q_value, or train 1000 runs"
  }
}
