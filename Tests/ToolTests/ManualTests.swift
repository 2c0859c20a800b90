import Testing

/// What the tools say of themselves.
@Suite struct ManualTests {
  static let training = [
    "--architecture", "--recipe", "--epochs", "--batch-size", "--learning-rate", "--warm-up-epochs", "--decay",
    "--momentum", "--nesterov", "--weight-decay", "--augmentation", "--standardisation", "--runs", "--seed", "--keep",
    "--show-recipe", "--block", "tiny-imagenet", "extreme", "file.json", "--loss", "--loss-temperature",
    "--hinge-margin",
    "--label-smoothing", "--stop-at-accuracy", "--squared-factor", "--target-scale", "--initialisation",
    "--first-layer-std", "--layer-std",
    "--dry-run", "--jobs", "--force", "--output", "--quiet",
    "--snapshots", "--dynamics", "--save-every", "--log",
  ]
  static let selection = [
    "--train", "--test", "--classes", "--per-class", "--sample", "--noise", "--noise-pairs", "--pairs",
    "--shuffle-labels", "--labels", "--canaries", "--duplicates", "--seed", "--output", "--quiet",
  ]
  static let archive = ["--from", "--no-verify", "--url", "--checksum", "--offline", "--timeout"] + selection

  static let options: [(String, [String])] = [
    (
      "fetch-data",
      ["--list", "sprites", "cifar10", "cifar100", "svhn", "tiny-imagenet", "fashion-mnist", "folder", "ROTE_CACHE"]
    ),
    ("fetch-data sprites", ["--multiple"] + selection),
    ("fetch-data cifar10", archive), ("fetch-data cifar100", archive),
    ("fetch-data svhn", ["--extra"] + archive), ("fetch-data tiny-imagenet", ["--jobs"] + archive),
    ("fetch-data fashion-mnist", archive),
    ("fetch-data folder", ["--from", "--size", "--filter", "--fit", "--jobs"] + selection),
    (
      "train",
      [
        "--subset", "--masks", "--mask-seed", "--exclude", "--top", "--above", "--random", "--matched", "--cell",
        "--exclude-seed",
      ] + training
    ),
    (
      "distill",
      [
        "--weight", "--temperature", "--temperature-squared", "--shared-teacher", "--subset", "--masks", "--mask-seed",
        "--teacher-logits",
      ] + training
    ),
    ("score", ["memorisation", "influence"]),
    ("score memorisation", ["--files0-from", "--output", "--quiet"]),
    (
      "score influence",
      [
        "--on", "--threshold", "--memorisation", "--feldman-zhang", "--harmful", "--dense", "--cell", "--memory",
        "--jobs",
        "--files0-from", "--output", "--quiet",
      ]
    ),
    ("align", ["runs", "init", "pairs"]),
    (
      "align runs",
      [
        "--over", "--tensors", "--runs", "--snapshots", "--minibatch", "--seed", "--memory", "--files0-from", "--jobs",
        "--output", "--quiet",
      ]
    ),
    (
      "align init",
      ["--architecture", "--sigmas", "--runs", "--seed", "--standardisation", "--tensors", "--memory", "--output"]
    ),
    ("align pairs", ["--norm-ratios", "--angles"]),
    ("report", ["--help", "--version", "show", "check"]),
    ("report check", ["--files0-from", "--verbose"]),
    ("report show", ["--format", "--sheet", "--per-class", "--output", "--quiet"]),
  ]

  @Test(arguments: options)
  func `Help names every option and goes to standard output`(command: String, words: [String]) throws {
    let scratch = try Scratch()
    let help = try scratch.succeed("\(command) --help").text
    for word in words { #expect(help.contains(word), "\(word)") }
    #expect(help.contains("USAGE: \(command)"))
    #expect(try scratch.succeed("\(command) -h").text == help)
  }

  @Test(arguments: ["fetch-data", "train", "score", "distill", "align", "report"])
  func `The version names the suite, the commit, the libraries and the instruction set`(tool: String) throws {
    let scratch = try Scratch()
    let lines = try scratch.succeed("\(tool) --version").text.split(separator: "\n").map(String.init)
    try #require(lines.count == 4)
    #expect(lines[0].hasPrefix("\(tool) (rote "))
    #expect(lines[1].hasPrefix("commit "))
    #expect(lines[2].contains("HDF5 ") && lines[2].contains("OpenSSL "))
    #expect(["avx512", "avx2", "portable"].map { "instruction set \($0)" }.contains(lines[3]))
  }

  @Test func `Help that cannot be written ends in a message`() throws {
    let outcome = try Scratch().shell("train --help > /dev/full")
    #expect(outcome.status == 74)
    #expect(outcome.lines == ["train: standard output: cannot write: No space left on device"])
  }

  @Test func `A tool that is installed under a prefix calls itself so, in examples and messages too`() throws {
    let scratch = try Scratch()
    let outcome = try scratch.shell(
      """
      for tool in train score; do ln -s "$(command -v $tool)" my-$tool; done
      ./my-train --help; ./my-train --version; ./my-score memorisation --help; ./my-train --runs x
      """)
    #expect(outcome.status == 64)
    for part in [
      "USAGE: my-train", "  my-fetch-data sprites | my-train - --arch", "my-train (rote",
      "USAGE: my-score memorisation",
      "  my-score memorisation runs/*.h5",
    ] { #expect(outcome.text.contains(part), "\(part)") }
    #expect(outcome.lines.count == 1 && outcome.lines[0].hasPrefix("my-train: "))
    #expect(outcome.lines[0].hasSuffix("see my-train --help"))
  }
}
