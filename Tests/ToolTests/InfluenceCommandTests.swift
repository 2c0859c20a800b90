import Artefacts
import HDF5
import Testing
import ToolKit

/// `score influence`, as a shell runs it.
@Suite struct InfluenceCommandTests {
  /// One line on standard error, which says how much of it is chance: with as few runs as here, nearly all.
  @discardableResult
  private func score(
    _ arguments: String, in scratch: Scratch, cells: Int = 1, _ location: SourceLocation = #_sourceLocation
  )
    throws -> Outcome
  {
    let outcome = try scratch.shell("score influence \(arguments)", location)
    #expect(outcome.status == 0 && outcome.lines.count == cells, "\(outcome.errors)", sourceLocation: location)
    for line in outcome.lines {
      #expect(line.hasPrefix("score: warning: ") && line.contains("by chance"), sourceLocation: location)
    }
    return outcome
  }

  private func scores(_ name: String, in scratch: Scratch) throws -> Scores {
    try Scores(ArtefactReader(Input(scratch.path(name))))
  }

  private func column<T: Element>(_ name: String, _ path: String, _ type: T.Type, in scratch: Scratch) throws -> [T] {
    try File.open(scratch.path(name)).dataset(path).read(type)
  }

  private func mean(_ values: [Float]) -> Double { values.reduce(0) { $0 + Double($1) } / Double(values.count) }

  // An image is like those of its sub-population and no others; networks that know none of them answer by chance.
  @Test(arguments: ["test", "train"])
  func `On sprites images of a small sub-population influence each other, and others do not`(split: String) throws {
    let scratch = try Scratch()
    try scratch.succeed(
      """
      fetch-data sprites --train 0:600 --test 0:300 -o data.h5
      train data.h5 --architecture 'mlp width=64' --epochs 10 --batch-size 20 --runs 0:20 --keep none -q -o runs.h5
      """)
    try score("runs.h5 --on \(split) --dense -o influence.h5", in: scratch)
    let of = try column("data.h5", "/train/subpopulation", Int32.self, in: scratch)
    let size = try column("data.h5", "/train/size", Int32.self, in: scratch)
    let on = try column("data.h5", "/\(split)/subpopulation", Int32.self, in: scratch)
    let dense = try column("influence.h5", "/influence_dense/score", Float.self, in: scratch)
    var (shared, others): ([Float], [Float]) = ([], [])
    for i in of.indices {
      for j in on.indices where !dense[i * on.count + j].isNaN {
        // Of a large one there are others to learn from.
        if of[i] == on[j] && size[i] <= 16 { shared.append(dense[i * on.count + j]) }
        if of[i] != on[j] { others.append(dense[i * on.count + j]) }
      }
    }
    // Standard deviations of a pair are near .25, of the mean of 300 near .015.
    #expect(shared.count > 300 && mean(shared) > 0.05, "\(mean(shared)) over \(shared.count)")
    #expect(abs(mean(others)) < 0.01, "\(mean(others))")
  }

  @Test(arguments: [("test", ""), ("train", ""), ("test", "--harmful"), ("test", "--memorisation 0.1")])
  func `The pairs are those of all scores that reach the threshold, in order`(split: String, option: String) throws {
    let scratch = try Scratch(with: ["runs.h5", "students.h5"])
    try score("runs.h5 students.h5 --on \(split) \(option) --threshold 0.3 --dense -o all.h5", in: scratch, cells: 2)
    try scratch.succeed("score memorisation runs.h5 students.h5 -o memorisation.h5")
    let scores = try scores("all.h5", in: scratch)
    let dense = try column("all.h5", "/influence_dense/score", Float.self, in: scratch)
    let memorised = try column("memorisation.h5", "/memorisation/score", Float.self, in: scratch)
    let (examples, targets) = (300, split == "test" ? 100 : 300)
    #expect(try scores.influenceSplit()?.rawValue == split)
    for cell in 0..<2 {
      var expected: [[Double]] = []
      for i in 0..<examples where option != "--memorisation 0.1" || memorised[cell * examples + i] >= 0.1 {
        for j in 0..<targets {
          let score = dense[(cell * examples + i) * targets + j]
          // Thirtieths and the like, of 10 runs: none lies within rounding of the threshold but .3 itself, as a share.
          if option == "--harmful" ? score < -0.3000001 : score > 0.3000001 {
            expected.append([Double(i), Double(j), Double(score)])
          }
        }
      }
      let pairs = try scores.influencePairs(ofCell: cell).filter { abs($0.score) > 0.3000001 }
      #expect(pairs.map { [Double($0.trainExample), Double($0.target), Double($0.score)] } == expected)
      #expect(!pairs.isEmpty && pairs.allSatisfy { (0...1).contains($0.qValue) && $0.inCount > 0 && $0.outCount > 0 })
      let better = pairs.sorted { abs($0.score) > abs($1.score) }
      #expect(zip(better, better.dropFirst()).allSatisfy { $0.qValue <= $1.qValue })
    }
  }

  @Test func `The pairs of Feldman and Zhang are those thresholds by name`() throws {
    let scratch = try Scratch(with: ["runs.h5"])
    try score("runs.h5 --feldman-zhang -o a.h5", in: scratch)
    try score("runs.h5 --threshold 0.15 --memorisation 0.25 -o b.h5", in: scratch)
    try score("runs.h5 -o c.h5", in: scratch)
    #expect(scratch.areEqual("a.h5", "b.h5") && !scratch.areEqual("a.h5", "c.h5"))
    let options = try JSON(parsing: scores("a.h5", in: scratch).reader.requireText("options"), subject: "options")
    #expect(
      options == [
        "command": "influence", "on": "test", "threshold": 0.15, "memorisation": 0.25, "harmful": false, "dense": false,
      ])
  }

  @Test(arguments: ["test", "train"])
  func `Files, their order, cores, memory and instruction set do not show`(split: String) throws {
    let scratch = try Scratch(with: ["sprites.h5", "runs.h5", "students.h5"])
    let options = "--on \(split) --dense"
    try scratch.succeed(
      """
      train sprites.h5 \(Fixtures.quick) --runs 0:3 -o first.h5
      train sprites.h5 \(Fixtures.quick) --runs 3:10 -o second.h5
      """)
    try score("runs.h5 students.h5 \(options) -j 1 -o all.h5", in: scratch, cells: 2)
    try score("second.h5 students.h5 first.h5 \(options) -j 3 -o split.h5", in: scratch, cells: 2)
    // Just above what is needed: a block at a time.
    try score("students.h5 runs.h5 \(options) -j 2 --memory 70M -o small.h5", in: scratch, cells: 2)
    try score("students.h5 runs.h5 \(options) -o - | cat > piped.h5", in: scratch, cells: 2)
    let outcome = try scratch.shell(
      "score influence students.h5 runs.h5 \(options) -o portable.h5", environment: ["ROTE_ISA": "portable"])
    #expect(outcome.status == 0)
    for name in ["split.h5", "small.h5", "piped.h5", "portable.h5"] {
      #expect(scratch.areEqual("all.h5", name), "\(name)")
    }
    // One of several by its label.
    try score("runs.h5 \(options) -o alone.h5", in: scratch)
    try score("students.h5 runs.h5 \(options) --cell 'mlp width=16' -o chosen.h5", in: scratch)
    #expect(scratch.areEqual("alone.h5", "chosen.h5"))
  }

  @Test func `No pair at all is a file all the same`() throws {
    let scratch = try Scratch(with: ["runs.h5"])
    let outcome = try score("runs.h5 --memorisation 1 --threshold 1 -o none.h5", in: scratch)
    #expect(outcome.lines[0].contains(" 0 of "))
    let scores = try scores("none.h5", in: scratch)
    #expect(try scores.influencePairs(ofCell: 0) == [] && scores.influenceCounts()[0].pairs == 0)
    #expect(try scores.reader.read("/influence/q_value", Float.self).shape == [0])
  }

  @Test func `Diverged runs are left out, and nothing but those is refused`() throws {
    let scratch = try Scratch(with: ["sprites.h5", "runs.h5"])
    try scratch.succeed("train sprites.h5 \(Fixtures.quick) --learning-rate 1e30 --runs 0:3 -o diverged.h5")
    try refuse("score influence diverged.h5", in: scratch, status: 65, saying: "all runs diverged")
    try score("diverged.h5 runs.h5 -o both.h5", in: scratch, cells: 2)
    let both = try scores("both.h5", in: scratch)
    #expect(both.runs.sorted() == [0, 10] && both.diverged.sorted() == [0, 3])
    #expect(try both.influenceCounts().count { $0.tested == 0 && $0.pairs == 0 } == 1)
  }

  @Test func `Runs without a test split have influence on training examples alone`() throws {
    let scratch = try Scratch(with: ["runs.h5"])
    // As another program might write them.
    let access = H5Pcreate(rote_h5_file_access())
    H5Pset_libver_bounds(access, H5F_LIBVER_V110, H5F_LIBVER_V110)
    let file = H5Fopen(scratch.path("runs.h5"), 1, access)
    #expect(H5Ldelete(file, "/test", 0) >= 0)
    H5Fclose(file)
    H5Pclose(access)
    try refuse("score influence runs.h5", in: scratch, status: 65, saying: "no test split; take --on train")
    try score("runs.h5 --on train -o out.h5", in: scratch)
  }

  private func refuse(
    _ command: String, in scratch: Scratch, status: Int32, saying text: String = "",
    _ location: SourceLocation = #_sourceLocation
  ) throws {
    let before = try scratch.names()
    let outcome = try scratch.shell("\(command) -o out.h5", location)
    #expect(outcome.status == status, "\(command): \(outcome.errors)", sourceLocation: location)
    #expect(
      outcome.lines.count == 1 && outcome.errors.hasPrefix("score: ")
        && (text.isEmpty || outcome.errors.contains(text)),
      "\(outcome.errors)", sourceLocation: location)
    #expect(try scratch.names() == before && scratch.temporaryNames() == [], sourceLocation: location)
  }

  @Test(arguments: [
    ("--threshold 0", "--threshold takes"), ("--threshold=-0.1", "--threshold takes"),
    ("--threshold nan", "--threshold takes"), ("--threshold 1.01", "--threshold takes"), ("--threshold x", ""),
    ("--memorisation 2", "--memorisation takes"), ("--memorisation nan", "--memorisation takes"),
    ("--feldman-zhang --threshold 0.1", "--feldman-zhang sets"), ("--on validation", ""), ("--memory 0", ""),
    ("--memory 5X", ""), ("--memory 99999999999999G", ""), ("--memory 1M", "--memory 1M is too little"),
    ("--cell nobody", "there are: mlp width=16"), ("-j -1", ""), ("--on", ""),
  ])
  func `Impossible options are wrong usage`(option: String, text: String) throws {
    try refuse("score influence runs.h5 \(option)", in: Scratch(with: ["runs.h5"]), status: 64, saying: text)
  }

  @Test func `Other files, and what cannot be written, are one message`() throws {
    let scratch = try Scratch(with: ["sprites.h5", "runs.h5", "other-runs.h5"])
    try refuse("score influence sprites.h5", in: scratch, status: 65, saying: "sprites.h5: is a data set")
    try refuse("score influence runs.h5 other-runs.h5", in: scratch, status: 65, saying: "another data set")
    try refuse("ROTE_ISA=rubbish score influence runs.h5", in: scratch, status: 64, saying: "ROTE_ISA=rubbish")
    for script in ["-o /dev/full #", "-o nowhere/out.h5 #"] {
      try refuse("score influence runs.h5 \(script)", in: scratch, status: 74, saying: "cannot write")
    }
    for kilobytes in [1, 20] {
      try refuse(
        "trap '' XFSZ; ulimit -f \(kilobytes); score influence runs.h5 --dense", in: scratch, status: 74,
        saying: "cannot write")
    }
  }

  @Test func `Memory that is too little is told with what would do`() throws {
    let scratch = try Scratch(with: ["runs.h5"])
    let outcome = try scratch.shell("score influence runs.h5 --memory 10M -o out.h5")
    let needed = outcome.errors.split(separator: " ").first { $0.hasSuffix("M;") }.map { $0.dropLast() }
    try score("runs.h5 --memory \(try #require(needed)) -o out.h5", in: scratch)
  }
}
