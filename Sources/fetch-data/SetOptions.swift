import ArgumentParser
import ImageSets
import ToolKit

/// Which examples to take: the same for every data set.
struct SelectionOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Training examples, by position in the published order.", valueName: "A:B"))
  var train: HalfOpenRange?

  @Option(help: ArgumentHelp("Test examples, likewise.", valueName: "A:B"))
  var test: HalfOpenRange?

  @Option(help: ArgumentHelp("Keep these classes alone, in their published order, in both splits.", valueName: "a,b"))
  var classes: String?

  @Option(
    help: ArgumentHelp(
      "The first N of each class, of those ranges; of the test split fewer where it has fewer.", valueName: "N"))
  var perClass: Int?

  @Option(help: ArgumentHelp("N training examples at random, of those chosen so far.", valueName: "N"))
  var sample: Int?

  var selection: Selection {
    Selection(
      train: train?.range, test: test?.range,
      classes: classes?.split(separator: ",", omittingEmptySubsequences: false).map(String.init),
      perClass: perClass, sample: sample)
  }

  /// The selection as files record it.
  ///
  /// - Parameter classes: those that were kept, by name.
  func json(classes kept: [String]) -> JSON {
    var members: [String: JSON] = [:]
    if let train { members["train"] = .string(train.description) }
    if let test { members["test"] = .string(test.description) }
    if classes != nil { members["classes"] = .array(kept.map { .string($0) }) }
    if let perClass { members["per_class"] = .number(Double(perClass)) }
    if let sample { members["sample"] = .number(Double(sample)) }
    return .object(members)
  }
}

/// What is changed in the training split: labels, and plants.
struct ChangeOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Give this share of the training examples one of the other classes.", valueName: "share"))
  var noise: Double?

  @Option(
    help: ArgumentHelp(
      "Give this share of each class's training examples the label of its partner: the next class.",
      valueName: "share"))
  var noisePairs: Double?

  @Option(
    help: ArgumentHelp(
      "The partners for --noise-pairs, such as truck:automobile,cat:dog; other classes keep their labels.",
      valueName: "a:b,..."))
  var pairs: String?

  @Flag(help: "Deal all training labels out anew, at random.")
  var shuffleLabels = false

  @Option(
    help: ArgumentHelp(
      "Take training labels from a text file: one a line in the published order, or lines of position and label.",
      valueName: "file"))
  var labels: String?

  @Option(help: ArgumentHelp("Plant wrong labels on N training examples, marked in /train/canary.", valueName: "N"))
  var canaries: Int?

  @Option(
    help: ArgumentHelp(
      "Add exact copies of N training examples, with positions of their own; /train/copy_of has the originals'.",
      valueName: "N"))
  var duplicates: Int?

  func validate() throws {
    let given = [noise != nil, noisePairs != nil, shuffleLabels, labels != nil].count { $0 }
    if given > 1 {
      throw ValidationError("--noise, --noise-pairs, --shuffle-labels and --labels exclude each other")
    }
    if pairs != nil && noisePairs == nil { throw ValidationError("--pairs goes with --noise-pairs") }
    for (option, count) in [("--canaries", canaries), ("--duplicates", duplicates)] {
      if let count, count < 1 { throw ValidationError("\(option) takes 1 or more") }
    }
  }

  /// Whether anything in it is drawn at random.
  var isRandom: Bool {
    noise != nil || noisePairs != nil || shuffleLabels || canaries != nil || duplicates != nil
  }

  func change() throws -> LabelChange? {
    if let noise { return .noise(noise) }
    if let noisePairs { return .noisePairs(noisePairs, pairs: try partners()) }
    if shuffleLabels { return .shuffle }
    return try labels.map { .given(try GivenLabels(path: $0)) }
  }

  /// The files that it reads.
  var files: [String] { labels.map { [$0] } ?? [] }

  var plants: Plants { Plants(canaries: canaries ?? 0, duplicates: duplicates ?? 0) }

  /// In the order of their names: that in which they are given changes nothing.
  private func partners() throws -> [LabelChange.Pair] {
    try pairs?.split(separator: ",", omittingEmptySubsequences: false).sorted().map { pair in
      let names = pair.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
      guard names.count == 2 else {
        throw Failure(.usage, "--pairs \(pair)", "is no pair of classes", remedy: "give them as a:b,c:d")
      }
      return LabelChange.Pair(from: names[0], to: names[1])
    } ?? []
  }

  /// The changes as files record them; nil where there are none.
  func json(_ change: LabelChange?) -> JSON? {
    var members: [String: JSON] = [:]
    switch change {
    case .noise(let rate): members["noise"] = .number(rate)
    case .noisePairs(let rate, let pairs):
      members["noise_pairs"] = .number(rate)
      if !pairs.isEmpty { members["pairs"] = .array(pairs.map { .string("\($0.from):\($0.to)") }) }
    case .shuffle: members["shuffle_labels"] = .bool(true)
    case .given(let labels): members["labels_sha256"] = .string(labels.digest)
    case nil: break
    }
    if let canaries { members["canaries"] = .number(Double(canaries)) }
    if let duplicates { members["duplicates"] = .number(Double(duplicates)) }
    return members.isEmpty ? nil : .object(members)
  }
}
