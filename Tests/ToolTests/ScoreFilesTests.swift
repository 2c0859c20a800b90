import Foundation
import Testing

/// The runs may lie in any files, named in any order: `score` gives the same bytes. And what it cannot use.
@Suite struct ScoreFilesTests {
  /// A name, and the command without its inputs.
  private static let commands = [
    ("memorisation", "memorisation --of correctness,probability,margin"), ("c-score", "c-score"),
    ("out-of-sample", "out-of-sample"), ("lira", "lira"), ("influence", "influence --on train --dense"),
    ("trajectories", "trajectories --draws 20"),
    (
      "proxies",
      """
      proxies --measures c_score,cumulative_probability,csl,variability,aum,forgetting_events,first_learned_epoch,\
      agreement,ensemble_confidence,random
      """
    ),
  ]

  /// Two sizes, of 40 runs each: in one file a size, in 4, and in 40.
  private static let runs = Result {
    let scratch = try Scratch()
    let outcome = try scratch.start(
      """
      set -e
      fetch-data sprites --train 0:120 --test 0:20 -o data.h5
      for w in 3 5; do
        train="train data.h5 --architecture mlp\\ width=$w --epochs 2 --batch-size 20 --dynamics evaluation -q"
        for step in 40 10 1; do
          for ((a = 0; a < 40; a += step)); do
            eval "$train --runs $a:$((a + step)) -o $step-$w-$a.h5"
          done
        done
      done
      """
    ).wait(timeout: 600)
    try #require(outcome.status == 0, "the runs cannot be made: \(outcome.errors)")
    atexit { ScoreFilesTests.remove() }
    return scratch
  }

  private static func remove() {
    guard let temporary = try? runs.get().temporary else { return }
    try? FileManager.default.removeItem(atPath: (temporary as NSString).deletingLastPathComponent)
  }

  /// Scores the files of `step` runs each, in an order that `seed` gives, by `--files0-from`.
  private func score(_ name: String, _ command: String, step: Int, seed: UInt64, cores: Int) throws -> [UInt8] {
    let scratch = try ScoreFilesTests.runs.get()
    var order = Shuffle(state: seed)
    let widths = [3, 5]
    var names = widths.flatMap { width in stride(from: 0, to: 40, by: step).map { "\(step)-\(width)-\($0).h5" } }
    if seed > 0 { names.shuffle(using: &order) }
    let tag = "\(name)-\(step)-\(seed)-\(cores)"
    // Proxies by halves belong to the agreement of the same runs.
    if name == "agreement" { names.insert("proxies-for-agreement.h5", at: names.count / 2) }
    try scratch.write("\(tag).names", names.joined(separator: "\0").utf8)
    let outcome = try scratch.shell(
      "score \(command) --files0-from \(tag).names -j \(cores) -q -o \(tag).h5 && cat \(tag).h5 && rm \(tag).*")
    #expect(outcome.status == 0 && !outcome.output.isEmpty, "\(command): \(outcome.errors)")
    return outcome.output
  }

  private func expectTheSame(_ name: String, _ command: String) throws {
    let whole = try score(name, command, step: 40, seed: 0, cores: 1)
    for (step, seed, cores) in [(40, 0, 2), (10, 1, 1), (1, 2, 2)] as [(Int, UInt64, Int)] {
      let split = try score(name, command, step: step, seed: seed, cores: cores)
      #expect(split == whole, "\(name) of files of \(step) runs, with \(cores) threads")
    }
  }

  @Test(arguments: commands)
  func `40 runs in one file, in 4 and in 40 in any order give the same bytes`(name: String, command: String) throws {
    try expectTheSame(name, command)
  }

  @Test func `agreement of 40 runs in one file, in 4 and in 40 in any order is the same bytes`() throws {
    let scratch = try ScoreFilesTests.runs.get()
    try scratch.succeed(
      "score proxies 40-3-0.h5 40-5-0.h5 --measures aum,c_score,random -q -o proxies-for-agreement.h5")
    try expectTheSame("agreement", "agreement")
  }

  @Test func `400 runs in 400 files in any order give the bytes of one file`() throws {
    let scratch = try Scratch()
    let made = try scratch.start(
      """
      set -e
      fetch-data sprites --train 0:100 --test 0:10 -o data.h5
      train() { command train data.h5 --architecture 'mlp width=2' --epochs 1 --batch-size 50 -q "$@"; }
      train --runs 0:400 -o all.h5
      for ((a = 0; a < 400; a++)); do train --runs $a:$((a + 1)) -o $a.h5; done
      """
    ).wait(timeout: 600)
    try #require(made.status == 0, "\(made.errors)")
    var order = Shuffle(state: 3)
    try scratch.write(
      "names", (0..<400).shuffled(using: &order).map { "\($0).h5" }.joined(separator: "\0").utf8)
    for command in ["memorisation --of correctness,margin", "lira", "out-of-sample"] {
      try scratch.succeed(
        "rm -f whole.h5 split.h5; score \(command) all.h5 -q -o whole.h5; score \(command) --files0-from names -q -o split.h5"
      )
      #expect(scratch.areEqual("whole.h5", "split.h5"), "\(command)")
    }
  }

  // MARK: - What cannot be used

  private func refuse(
    _ command: String, in scratch: Scratch, status: Int32, saying text: String,
    _ location: SourceLocation = #_sourceLocation
  ) throws {
    let before = try scratch.names()
    let outcome = try scratch.shell("score \(command) -o out.h5", location)
    #expect(outcome.status == status, "\(command): \(outcome.errors)", sourceLocation: location)
    #expect(
      outcome.lines.count == 1 && outcome.errors.hasPrefix("score: ") && outcome.errors.contains(text),
      "\(command): \(outcome.errors)", sourceLocation: location)
    #expect(
      try outcome.output.isEmpty && scratch.names() == before && scratch.temporaryNames() == [], "\(command)",
      sourceLocation: location)
  }

  @Test func `runs without logits or dynamics are refused by what needs them, and named`() throws {
    let scratch = try Scratch(with: ["sprites.h5"])
    try scratch.succeed("train sprites.h5 \(Fixtures.quick) --runs 0:4 --keep none -q -o bare.h5")
    for command in [
      "memorisation --of probability", "memorisation --of correctness,margin", "out-of-sample", "lira",
    ] {
      try refuse("\(command) bare.h5", in: scratch, status: 65, saying: "bare.h5: has no")
    }
    for measure in ["aum", "csl", "forgetting_events", "variability", "cumulative_max_probability"] {
      try refuse("proxies bare.h5 --measures \(measure)", in: scratch, status: 64, saying: "bare.h5 has no dynamics")
    }
    for measure in ["agreement", "ensemble_confidence"] {
      try refuse("proxies bare.h5 --measures \(measure)", in: scratch, status: 64, saying: "bare.h5 has no logits")
    }
    try refuse("proxies bare.h5 --measures nonsense", in: scratch, status: 64, saying: "nonsense")
    // What they have is enough for these.
    try scratch.succeed("score c-score bare.h5 -q | cat > c.h5; score memorisation bare.h5 -q | cat > m.h5")
  }

  @Test(arguments: ["memorisation", "c-score", "out-of-sample", "lira", "influence", "proxies --measures random"])
  func `files of another data set, of another kind, none and none such are refused`(command: String) throws {
    let scratch = try Scratch(with: ["sprites.h5", "runs.h5", "other-runs.h5", "alignment.h5"])
    try scratch.write("text", "text\n".utf8)
    try refuse("\(command) runs.h5 other-runs.h5", in: scratch, status: 65, saying: "another data set")
    try refuse("\(command) runs.h5 alignment.h5", in: scratch, status: 65, saying: "alignment.h5: is")
    try refuse("\(command) runs.h5 text", in: scratch, status: 65, saying: "text: is no HDF5 file")
    try refuse("\(command) runs.h5 runs.h5", in: scratch, status: 65, saying: "runs.h5")
    try refuse("\(command) missing.h5", in: scratch, status: 74, saying: "missing.h5: ")
  }

  @Test func `a data set that the runs are not of is refused by what takes one`() throws {
    let scratch = try Scratch(with: ["sprites.h5", "runs.h5", "other.h5"])
    try refuse(
      "proxies other.h5 runs.h5 --measures random", in: scratch, status: 65,
      saying: "other.h5: is not the data set that the runs were trained on")
    try scratch.succeed("score proxies runs.h5 --measures c_score,random -q -o proxies.h5")
    try refuse(
      "agreement other.h5 proxies.h5 runs.h5", in: scratch, status: 65,
      saying: "other.h5: is not the data set that the runs were trained on")
  }

  @Test func `agreement takes the runs that the proxies were made from, and no others`() throws {
    let scratch = try Scratch(with: ["sprites.h5", "runs.h5", "students.h5", "other-runs.h5", "scores.h5"])
    try scratch.succeed(
      """
      score proxies runs.h5 --measures c_score,random -q -o proxies.h5
      score proxies runs.h5 --measures c_score --splits 0 -q -o whole.h5
      train sprites.h5 \(Fixtures.quick) --runs 0:9 -q -o fewer.h5
      """)
    for others in ["fewer.h5", "students.h5"] {
      try refuse("agreement proxies.h5 \(others)", in: scratch, status: 65, saying: "was made from other runs")
    }
    try refuse("agreement proxies.h5 runs.h5 students.h5", in: scratch, status: 65, saying: "other configurations")
    try refuse("agreement proxies.h5 other-runs.h5", in: scratch, status: 65, saying: "another data set")
    try refuse("agreement scores.h5 runs.h5", in: scratch, status: 65, saying: "scores.h5: has no proxies")
    try refuse("agreement whole.h5 runs.h5", in: scratch, status: 65, saying: "whole.h5: has no means over halves")
    try refuse("agreement runs.h5", in: scratch, status: 64, saying: "no file of score proxies")
    try refuse("agreement proxies.h5 whole.h5 runs.h5", in: scratch, status: 64, saying: "more than one")
    try refuse("agreement proxies.h5", in: scratch, status: 64, saying: "no runs files are named")
    let outcome = try scratch.shell("score agreement proxies.h5 runs.h5 -q -o agreement.h5")
    #expect(outcome.status == 0 && scratch.exists("agreement.h5"), "\(outcome.errors)")
  }
}

/// Seeded, so that an order that fails can be had again.
private struct Shuffle: RandomNumberGenerator {
  var state: UInt64

  /// SplitMix64, of Steele et al. 2014, doi:10.1145/2660193.2660195.
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z >> 31
  }
}
