import Artefacts
import Foundation
import Testing
import ToolKit

/// Recipes, losses and initialisations on the command line.
@Suite struct TrainingSettingsTests {
  private func file(_ path: String) throws -> RunsFile { try RunsFile(ArtefactReader(Input(path))) }

  private func refuse(
    _ script: String, in scratch: Scratch, status: Int32, saying text: String,
    _ location: SourceLocation = #_sourceLocation
  ) throws {
    let before = try scratch.names()
    let outcome = try scratch.shell(script, timeout: 20, location)
    #expect(outcome.status == status, "\(script): \(outcome.errors)", sourceLocation: location)
    #expect(
      outcome.lines.count == 1 && outcome.errors.contains(text), "\(script): \(outcome.errors)",
      sourceLocation: location)
    #expect(outcome.output.isEmpty, sourceLocation: location)
    #expect(try scratch.names() == before, sourceLocation: location)
  }

  // MARK: Losses

  /// The loss of one example by its definition, at values other than the defaults.
  private func loss(_ kind: String, _ logits: ArraySlice<Float>, _ label: Int32) -> Double {
    let z = logits.map(Double.init)
    let own = z[Int(label)]
    let others = z.indices.filter { $0 != Int(label) }
    switch kind {
    case "hinge": return others.reduce(0) { $0 + max(0, 0.5 + z[$1] - own) }
    case "squared": return 0.5 * (others.reduce(0) { $0 + z[$1] * z[$1] } + (own - 3) * (own - 3))
    default: return log(z.reduce(0) { $0 + exp($1 / 2) }) - own / 2
    }
  }

  @Test(
    arguments: [
      ("cross-entropy", "--loss-temperature 2", ["kind": "cross-entropy", "temperature": 2]),
      (
        "cross-entropy", "--loss-temperature 2 --label-smoothing 0.1",
        ["kind": "cross-entropy", "temperature": 2, "label_smoothing": 0.1]
      ),
      ("hinge", "--hinge-margin 0.5", ["kind": "hinge", "margin": 0.5]),
      ("squared", "--squared-factor half --target-scale 3", ["kind": "squared", "factor": "half", "target_scale": 3]),
    ] as [(String, String, JSON)])
  func `A loss stands in the configuration with its values, and the test loss is that loss`(
    kind: String, options: String, json: JSON
  ) throws {
    let scratch = try Scratch(with: ["sprites.h5"])
    try scratch.succeed(
      "train sprites.h5 \(Fixtures.quick) --learning-rate 1e-4 --loss \(kind) \(options) --runs 0:1 -o out.h5")
    let runs = try file(scratch.path("out.h5"))
    #expect(runs.config["loss"] == json)
    let (count, classes) = (runs.testLabel.count, runs.classes.count)
    let logits = try runs.row("/test/logit", Float.self, index: 0, shape: [count, classes])
    let losses = runs.testLabel.enumerated().map { i, label -> Double in
      let row = logits[(i * classes)..<((i + 1) * classes)]
      let own = loss(kind, row, label)
      guard let share = json["label_smoothing"]?.double else { return own }
      // A share of the targets is every class's alike.
      let all = (0..<Int32(classes)).reduce(0) { $0 + loss(kind, row, $1) } / Double(classes)
      return (1 - share) * own + share * all
    }
    let expected = losses.reduce(0, +) / Double(count)
    let found = Double(try runs.row("/history/test_loss", Float.self, index: 0, shape: [2])[1])
    #expect(abs(found - expected) < 1e-5 * abs(expected), "\(found), \(expected)")
    #expect(try runs.row("/status", UInt8.self, index: 0, shape: []) == [0])
  }

  @Test func `The squared loss diverges at a high rate and the run is kept`() throws {
    let scratch = try Scratch(with: ["sprites.h5"])
    let options = "--architecture 'mlp width=16' --recipe extreme --loss squared --first-layer-std 10 --learning-rate 1"
    try scratch.succeed("train sprites.h5 \(options) --batch-size 20 --epochs 20 --runs 0:2 -o out.h5")
    let runs = try file(scratch.path("out.h5"))
    for index in 0..<2 { #expect(try runs.isDiverged(index: index)) }
  }

  @Test func `Students learn labels by cross-entropy and every other loss is refused`() throws {
    let scratch = try Scratch(with: ["sprites.h5", "runs.h5"])
    try scratch.write("hinge.json", #"{"epochs": 2, "loss": {"kind": "hinge"}}"#.utf8)
    let distill = "distill sprites.h5 runs.h5 -o out.h5 --runs 0:1"
    for options in [
      "--label-smoothing 0.1", "--loss hinge", "--loss squared", "--loss-temperature 2",
      "--loss cross-entropy --loss-temperature 3",
    ] {
      try refuse("\(distill) \(Fixtures.quick) \(options)", in: scratch, status: 64, saying: "plain cross-entropy")
    }
    try refuse(
      "\(distill) --architecture mlp --recipe hinge.json", in: scratch, status: 64, saying: "plain cross-entropy")
    try scratch.succeed("\(distill) \(Fixtures.quick) --recipe hinge.json --loss cross-entropy")
    let config = try file(scratch.path("out.h5")).config
    #expect(config["loss"] == ["kind": "cross-entropy", "temperature": 1])
  }

  // MARK: Recipes

  @Test func `A recipe that is shown and read again trains the same runs`() throws {
    let scratch = try Scratch(with: ["sprites.h5"])
    let options =
      "--recipe cifar --epochs 2 --warm-up-epochs 1.5 --batch-size 20 --learning-rate 0.05 --loss hinge --decay-at 1"
    try scratch.succeed(
      """
      train \(options) --show-recipe > shown.json
      mkdir folder; cp shown.json folder/recipe
      train --recipe shown.json --show-recipe > again.json
      distill --recipe folder/recipe --show-recipe > more.json
      train sprites.h5 --architecture 'mlp width=8' --runs 0:2 \(options) -o a.h5
      train sprites.h5 --architecture 'mlp width=8' --runs 0:2 --recipe ./shown.json -o b.h5
      """)
    for name in ["again.json", "more.json"] { #expect(scratch.areEqual("shown.json", name), "\(name)") }
    #expect(scratch.areEqual("a.h5", "b.h5"))
    let text = String(decoding: try scratch.bytes("shown.json"), as: UTF8.self)
    #expect(
      text == """
        {
          "augmentation": "pad-crop-flip",
          "batch_size": 20,
          "decay": {
            "epochs": [1],
            "factor": 0.1,
            "kind": "step"
          },
          "epochs": 2,
          "learning_rate": 0.05,
          "loss": {
            "kind": "hinge",
            "margin": 1
          },
          "momentum": 0.9,
          "name": "cifar",
          "nesterov": true,
          "standardisation": "per-channel",
          "test_every": 1,
          "warm_up_epochs": 1.5,
          "weight_decay": 0.0001
        }

        """)
  }

  @Test(arguments: ["quick", "cifar", "tiny-imagenet", "extreme"])
  func `Every recipe can be shown and trains`(recipe: String) throws {
    let scratch = try Scratch(with: ["sprites.h5"])
    #expect(try scratch.succeed("train --recipe \(recipe) --show-recipe").text.contains("\"name\": \"\(recipe)\""))
    let options = "--architecture 'mlp width=8' --recipe \(recipe) --epochs 1 --batch-size 50 --runs 0:1"
    try scratch.succeed("train sprites.h5 \(options) -o out.h5")
    #expect(try file(scratch.path("out.h5")).config["recipe"]?["name"]?.string == recipe)
  }

  @Test func `A recipe's file that is none is refused by name`() throws {
    let scratch = try Scratch(with: ["sprites.h5"])
    try scratch.write("broken.json", "{\"epochs\": ".utf8)
    try scratch.write("unknown.json", "{\"epoch\": 3}".utf8)
    try scratch.write("wrong.json", "{\"epochs\": \"three\"}".utf8)
    try scratch.write("huge.json", "{\"learning_rate\": 1e999}".utf8)
    try scratch.succeed("mkdir folder.json; : > empty.json; head -c 2000000 /dev/zero > large.json")
    let train = "train sprites.h5 --architecture mlp -o out.h5 --recipe"
    for (name, status, text) in [
      ("broken.json", 65, "broken.json: not valid JSON"), ("unknown.json", 65, "unknown.json: there is no \"epoch\""),
      ("wrong.json", 65, "wrong.json: \"epochs\" must be a whole number"), ("huge.json", 65, "huge.json: "),
      ("folder.json", 74, "folder.json: is a folder"), ("empty.json", 65, "empty.json: is empty"),
      ("large.json", 65, "large.json: is too large"), ("gone.json", 74, "gone.json: cannot read"),
      ("./quick", 74, "./quick: cannot read"), ("grandmother", 64, "no recipe is called grandmother"),
      ("sprites.h5", 64, "no recipe is called"), ("./sprites.h5", 65, "./sprites.h5: "),
    ] as [(String, Int32, String)] {
      try refuse("\(train) \(name)", in: scratch, status: status, saying: text)
    }
  }

  // MARK: Initialisation

  @Test func `The first layer's deviation is recorded, and is the same by the layer's name`() throws {
    let scratch = try Scratch(with: ["sprites.h5"])
    let train = "train sprites.h5 \(Fixtures.quick) --runs 0:1"
    try scratch.succeed(
      """
      \(train) --first-layer-std 0.5 -o a.h5
      \(train) --layer-std fc1.weight=0.5 -o b.h5
      \(train) --initialisation he --layer-std fc2.weight=1e-3 -o c.h5
      \(train) -o d.h5
      """)
    #expect(scratch.areEqual("a.h5", "b.h5"))
    let configs = try ["a", "c", "d"].map { try file(scratch.path("\($0).h5")).config["initialisation"] }
    #expect(
      configs == [
        ["scheme": "default", "first_layer_std": 0.5], ["scheme": "he", "layer_std": ["fc2.weight": 0.001]],
        ["scheme": "default"],
      ])
    let states = try ["a", "c", "d"].map { try row(0, of: scratch.path("\($0).h5"))["/checkpoint/parameter"] }
    #expect(Set(states).count == 3)
  }

  @Test func `A layer that is not there is wrong usage and those that are there are named`() throws {
    let scratch = try Scratch(with: ["sprites.h5"])
    try refuse(
      "train sprites.h5 \(Fixtures.quick) --layer-std fc3.weight=1 -o out.h5", in: scratch, status: 64,
      saying: "no parameter fc3.weight; it has fc1.weight, fc2.weight")
  }

  // MARK: Batches

  @Test func `A last batch of one is refused where batch-norm sees a single pixel`() throws {
    let scratch = try Scratch()
    try HostileFiles.data(scratch.path("data.h5"), label: 3, side: 4)
    // 20 examples: 19 and 1.
    let train = "train data.h5 --subset 1 --epochs 1 --runs 0:1 -o out.h5"
    try refuse(
      "\(train) --architecture resnet-8 --batch-size 19", in: scratch, status: 64,
      saying: "leaves a batch of one, whose batch-norm has no variance; give --batch-size 18")
    try refuse(
      "\(train) --architecture resnet-8 --batch-size 1", in: scratch, status: 64, saying: "give --batch-size 2")
    try scratch.succeed("\(train) --architecture 'mlp width=8' --batch-size 19")
  }
}
