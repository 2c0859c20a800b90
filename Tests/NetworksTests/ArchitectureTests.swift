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

  // methods.md of the design, parts A3 and B1: counts of torchvision's models with that many classes, and of the papers'.
  @Test(
    "All architectures have the published numbers of parameters",
    arguments: [
      ("resnet-18", 64, 200, 11_279_112), ("resnet-34", 64, 200, 21_387_272), ("resnet-50", 64, 200, 23_917_832),
      ("resnet-101", 64, 200, 42_909_960), ("resnet-152", 64, 200, 58_553_608),
      ("mobilenet-v3-small width=0.35", 64, 200, 269_944), ("mobilenet-v3-small width=0.5", 64, 200, 506_864),
      ("mobilenet-v3-small width=0.75", 64, 200, 1_038_720), ("mobilenet-v3-small", 64, 200, 1_722_856),
      ("mobilenet-v3-small width=1.25", 64, 200, 2_620_112), ("mobilenet-v3-large width=0.35", 64, 200, 637_864),
      ("mobilenet-v3-large width=0.5", 64, 200, 1_221_776), ("mobilenet-v3-large width=0.75", 64, 200, 2_608_776),
      ("mobilenet-v3-large", 64, 200, 4_458_232), ("mobilenet-v3-large width=1.25", 64, 200, 6_883_944),
      ("convnet", 32, 10, 1_703_370), ("resnet-50", 32, 10, 23_528_522), ("densenet-121", 32, 10, 6_964_106),
      // Option B: 16·32 + 2·32 and 32·64 + 2·64 more than option A, counted by hand.
      ("resnet-20 shortcut=B", 32, 10, 269_722 + 576 + 2_176),
      // Version 2 has no batch-norm after the first convolution, but one of 64 channels before the pool; each block's
      // first is as wide as its input, which is narrower by 16 and 32 channels in two of them.
      ("resnet-20-v2", 32, 10, 269_722 - 32 + 128 - 32 - 64),
    ])
  func moreParameterCounts(label: String, size: Int, classes: Int, parameters: Int) throws {
    let image = Shape(channels: 3, height: size, width: size)
    #expect(try Architecture(label).plan(image: image, classes: classes).parameterCount == parameters)
  }

  @Test(
    "Names that ImageNet's residual networks and CIFAR's share are ImageNet's", arguments: ["resnet-50", "resnet-152"])
  func sharedNames(name: String) throws {
    #expect(try Architecture(name).family is ImageNetResNet)
    #expect(try Architecture("\(name)-v2").family is CifarResNet)
  }

  @Test(
    "An image is refused that leaves a layer nothing to work on, and the least one that does not is not",
    arguments: [("densenet-121", 29), ("densenet-121 stem=small", 8), ("convnet", 15)])
  func tooSmallImages(label: String, smallest: Int) throws {
    let architecture = try Architecture(label)
    func plan(_ size: Int) throws -> Plan {
      try architecture.plan(image: Shape(channels: 3, height: size, width: size), classes: 2)
    }
    #expect(throws: ArchitectureError.self) { try plan(smallest - 1) }
    let logits = try plan(smallest)
    #expect(logits.values.allSatisfy { $0.count > 0 })
  }

  @Test(
    "Networks without a least size take single pixels",
    arguments: ["resnet-8", "resnet-8-v2", "resnet-18", "resnet-50 stem=small", "mobilenet-v3-small", "mlp"])
  func singlePixels(label: String) throws {
    let plan = try Architecture(label).plan(image: Shape(channels: 1), classes: 2)
    #expect(plan.values.allSatisfy { $0.count > 0 })
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
      ("resnet-20-v2 width=2 shortcut=B", "resnet-20-v2 shortcut=B width=2"),
      ("resnet-18 stem=imagenet", "resnet-18"), ("resnet-34 stem=small", "resnet-34 stem=small"),
      ("mobilenet-v3-large width=1.0 stem=small", "mobilenet-v3-large stem=small"),
      ("mobilenet-v3-small width=.75", "mobilenet-v3-small width=0.75"),
    ])
  func labels(given: String, label: String) throws {
    let architecture = try Architecture(given)
    #expect(architecture.label == label)
    #expect(try Architecture(label) == architecture)
    #expect(try architecture.plan(image: cifar, classes: 10).architecture == label)
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
      "resnet-", "resnet-2", "resnet-9", "resnet-19", "resnet-18-v2", "resnet--8", "resnet-x", "resnet-99999999998",
    ])
  func impossibleDepth(name: String) {
    let error = #expect(throws: ArchitectureError.self) { try Architecture(name) }
    #expect(error?.description.contains("6n+2") == true)
  }

  @Test(
    "Options that the family lacks, or values out of range, are refused",
    arguments: [
      "resnet-8 activation=sin", "resnet-8 width=0", "resnet-8 width=nan", "resnet-8 width=1e9",
      "resnet-8 width", "resnet-8 shortcut=C", "resnet-18 width=2", "resnet-18 stem=large", "densenet-121 width=2",
      "mobilenet-v3-small width=0", "convnet width=2", "mlp activation=hardswish",
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
