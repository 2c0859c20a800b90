import Networks
import Testing

private let cifar = Shape(channels: 3, height: 32, width: 32)

@Suite struct ArchitectureTests {
  // He et al. 2016, table 6, counted exactly: 16·3·9 + 2·16 for the stem, a block of c channels from b has
  // 9·c·(b + c) + 4·c, and the last layer 64·10 + 10.
  @Test(
    "CIFAR-10 networks have the published numbers of parameters",
    arguments: [
      ("resnet-8", 75_290), ("resnet-14", 172_506), ("resnet-20", 269_722), ("resnet-32", 464_154),
      ("resnet-44", 658_586), ("resnet-56", 853_018), ("resnet-110", 1_727_962), ("mlp", 3_155_968),
    ])
  func parameterCounts(name: String, parameters: Int) throws {
    #expect(try Architecture(name).plan(image: cifar, classes: 10).parameterCount == parameters)
  }

  @Test("Tensors are those of a PyTorch model's state_dict, in its order, without gaps")
  func tensorNames() throws {
    let plan = try Architecture("resnet-8").plan(image: cifar, classes: 10)
    func norm(_ name: String) -> [String] {
      ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"].map { "\(name).\($0)" }
    }
    var expected = ["conv1.weight"] + norm("bn1")
    for block in ["layer1.0", "layer2.0", "layer3.0"] {
      expected += ["\(block).conv1.weight"] + norm("\(block).bn1")
      expected += ["\(block).conv2.weight"] + norm("\(block).bn2")
    }
    #expect(plan.tensors.map(\.name) == expected + ["fc.weight", "fc.bias"])
    var offset = 0
    for tensor in plan.tensors {
      #expect(tensor.offset == offset)
      offset += tensor.count
    }
    #expect(plan.stateCount == offset)
    #expect(plan.tensors[0].shape == [16, 3, 3, 3])
  }

  // Multiplications: 442,368 in the stem; 2 · 2,359,296 in stage 1, 1,179,648 + 2,359,296 in each of 2 and 3;
  // 640.
  @Test("ResNet-8 takes 24.5 million operations an image")
  func forwardFLOPs() throws {
    let plan = try Architecture("resnet-8").plan(image: cifar, classes: 10)
    #expect(plan.forwardFLOPs == 2 * 12_239_488)
    #expect(try Architecture("mlp").plan(image: cifar, classes: 10).forwardFLOPs == 2 * 3_155_968)
  }

  @Test("Representations go from the input to the pooled features, one a block")
  func representations() throws {
    let plan = try Architecture("resnet-14").plan(image: cifar, classes: 10)
    let blocks = (1...3).flatMap { stage in (0..<2).map { "layer\(stage).\($0)" } }
    #expect(plan.representations.map { $0.name } == ["input", "conv1"] + blocks + ["pool"])
    let shapes = plan.representations.map { plan.values[$0.value] }
    #expect(shapes.first == cifar)
    #expect(shapes[6] == Shape(channels: 64, height: 8, width: 8))
    #expect(shapes.last == Shape(channels: 64))
    #expect(plan.values[plan.logits] == Shape(channels: 10))
  }

  @Test("A fractional width scales the channels of all stages")
  func fractionalWidth() throws {
    let plan = try Architecture("resnet-8 width=0.5").plan(image: cifar, classes: 10)
    let shapes = Dictionary(uniqueKeysWithValues: plan.tensors.map { ($0.name, $0.shape) })
    #expect(shapes["conv1.weight"] == [8, 3, 3, 3])
    #expect(shapes["layer2.0.conv1.weight"] == [16, 8, 3, 3])
    #expect(shapes["fc.weight"] == [10, 32])
  }

  @Test(
    "A label is canonical, and gives the same architecture again",
    arguments: [
      ("resnet-8", "resnet-8"), ("resnet-008 width=1.0", "resnet-8"),
      ("resnet-8 width=2.0", "resnet-8 width=2"),
      ("resnet-20 width=.5", "resnet-20 width=0.5"),
      // 16 · 0.3 = 4.8 is 5 channels, and 5 / 16 = 0.3125.
      ("resnet-20 width=0.3", "resnet-20 width=0.3125"),
      ("mlp width=512 activation=sin", "mlp activation=sin width=512"),
      ("mlp activation=relu width=1024", "mlp"),
    ])
  func labels(given: String, label: String) throws {
    let architecture = try Architecture(given)
    #expect(architecture.label == label)
    #expect(try Architecture(label) == architecture)
    #expect(architecture.plan(image: cifar, classes: 10).architecture == label)
  }

  @Test("A name without options is the label's first word")
  func names() throws {
    #expect(try Architecture(name: "mlp", options: ["width": "7"]).name == "mlp")
    #expect(try Architecture("resnet-20 width=2").name == "resnet-20")
  }

  @Test("An unknown name is refused with the list of known ones")
  func unknownName() {
    let error = #expect(throws: ArchitectureError.self) { try Architecture("vgg-16") }
    let message = error?.description ?? ""
    #expect(message.contains("vgg-16") && message.contains("resnet-") && message.contains("mlp"))
  }

  @Test(
    "A depth that is not 6n+2, or too small, is refused",
    arguments: [
      "resnet-", "resnet-2", "resnet-9", "resnet-18", "resnet--8", "resnet-x", "resnet-99999999998",
    ])
  func impossibleDepth(name: String) {
    let error = #expect(throws: ArchitectureError.self) { try Architecture(name) }
    #expect(error?.description.contains("6n+2") == true)
  }

  @Test(
    "Options that the family lacks, or values out of range, are refused",
    arguments: [
      "resnet-8 activation=sin", "resnet-8 width=0", "resnet-8 width=nan", "resnet-8 width=1e9",
      "resnet-8 width",
      "mlp width=0.5", "mlp width=-1", "mlp activation=tanh", "mlp width=2 width=2", "mlp depth=3", "",
    ])
  func badOptions(label: String) {
    #expect(throws: ArchitectureError.self) { try Architecture(label) }
  }

  @Test("The MLP takes flat features and represents its hidden layer")
  func mlpShapes() throws {
    let plan = try Architecture("mlp width=20 activation=sin").plan(image: cifar, classes: 7)
    #expect(plan.input == Shape(channels: 3072))
    #expect(plan.tensors.map(\.name) == ["fc1.weight", "fc2.weight"])
    #expect(plan.tensors.map(\.shape) == [[20, 3072], [7, 20]])
    #expect(plan.representations.map { $0.name } == ["input", "fc1"])
    #expect(plan.values[plan.representations[1].value] == Shape(channels: 20))
  }
}
