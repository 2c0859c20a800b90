import ArgumentParser
import Artefacts
import Measures
import ToolKit

/// Which pairs `score influence` seeks.
struct InfluenceOptions: ParsableArguments {
  /// What is influenced.
  enum Target: String, ExpressibleByArgument, CaseIterable {
    case test, train
  }

  @Option(help: "Examples whose correctness is influenced: of the test split, or training examples held out.")
  var on = Target.test

  @Option(help: "Least influence of a pair, above 0 and at most 1. (default: 0.15)")
  var threshold: Double?

  @Option(help: "Least memorisation of the training example, from the same runs. (default: none)")
  var memorisation: Double?

  @Flag(help: "The pairs of Feldman and Zhang 2020: --threshold 0.15 --memorisation 0.25.")
  var feldmanZhang = false

  @Flag(help: "Seek influence of at most -threshold instead: training examples that make for errors.")
  var harmful = false

  @Flag(help: "Write the scores of all pairs too.")
  var dense = false

  func validate() throws {
    if let threshold, !(threshold > 0 && threshold <= 1) {
      throw ValidationError("--threshold takes a number above 0, at most 1")
    }
    if let memorisation, !(-1...1).contains(memorisation) {
      throw ValidationError("--memorisation takes a number from -1 to 1")
    }
    guard !feldmanZhang || (threshold == nil && memorisation == nil) else {
      throw ValidationError("--feldman-zhang sets --threshold and --memorisation itself")
    }
  }

  var leastInfluence: Double { threshold ?? 0.15 }
  var leastMemorisation: Double? { feldmanZhang ? 0.25 : memorisation }
  var split: ScoresFile.Split { on == .test ? .test : .train }
  var target: Influence.Target { on == .test ? .test : .heldOut }

  /// As files record them.
  var record: JSON {
    [
      "command": "influence", "on": .string(on.rawValue), "threshold": .number(leastInfluence),
      "memorisation": leastMemorisation.map { .number($0) } ?? .null, "harmful": .bool(harmful),
      "dense": .bool(dense),
    ]
  }
}
