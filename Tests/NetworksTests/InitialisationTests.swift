import Networks
import Testing

private let cifar = Shape(channels: 3, height: 32, width: 32)

private func tensors(of plan: Plan, in state: [Float]) -> [String: [Double]] {
  Dictionary(
    uniqueKeysWithValues: plan.tensors.map { tensor in
      (tensor.name, state[tensor.offset..<tensor.offset + tensor.count].map(Double.init))
    })
}

private func standardDeviation(_ x: [Double]) -> Double {
  let mean = x.reduce(0, +) / Double(x.count)
  return (x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(x.count)).squareRoot()
}

@Suite struct InitialisationTests {
  @Test("ResNet tensors have the distributions of their initialisers")
  func resNetDistributions() throws {
    let plan = try Architecture("resnet-8").plan(image: cifar, classes: 10)
    let state = tensors(of: plan, in: initialState(plan: plan, seed: 1, run: 0))
    // He normal by fan-out: s.d. sqrt(2 / (64 · 9)), though there are but 32 · 9 inputs. The s.d. of 18,432
    // numbers is within 5 / sqrt(2 · 18,432) = 2.6 %.
    let weight = try #require(state["layer3.0.conv1.weight"])
    #expect(abs(standardDeviation(weight) / (2.0 / 576).squareRoot() - 1) < 0.026)
    // U(-1/8, 1/8) for 64 inputs: 640 numbers come within 2 % of the bounds but for one chance in 10^5.
    let dense = try #require(state["fc.weight"])
    #expect(dense.allSatisfy { abs($0) <= 0.125 })
    #expect(dense.contains { $0 > 0.1225 } && dense.contains { $0 < -0.1225 })
    #expect(state["fc.bias"]?.allSatisfy { abs($0) <= 0.125 } == true)
    #expect(state["bn1.weight"] == [Double](repeating: 1, count: 16))
    #expect(state["bn1.running_var"] == [Double](repeating: 1, count: 16))
    #expect(state["bn1.bias"] == [Double](repeating: 0, count: 16))
    #expect(state["bn1.num_batches_tracked"] == [0])
  }

  @Test("MLP layers are Glorot uniform, unless told otherwise by name")
  func mlpDistributions() throws {
    let plan = try Architecture("mlp width=64").plan(image: cifar, classes: 10)
    let standard = tensors(of: plan, in: initialState(plan: plan, seed: 1, run: 0))
    let bound = (6.0 / (3072 + 64)).squareRoot()
    let weight = try #require(standard["fc1.weight"])
    #expect(weight.allSatisfy { abs($0) <= bound * (1 + 1e-6) })
    // The s.d. of a uniform number is bound / sqrt 3; of 196,608 of them within 5 · 0.45 / sqrt(196,608) =
    // 0.5 %.
    #expect(abs(standardDeviation(weight) / (bound / 3.0.squareRoot()) - 1) < 0.005)

    let scaled = tensors(
      of: plan,
      in: initialState(plan: plan, seed: 1, run: 0, initialisers: ["fc1.weight": .normal(std: 0.1)]))
    let wide = try #require(scaled["fc1.weight"])
    #expect(abs(standardDeviation(wide) / 0.1 - 1) < 5 / (2 * 196_608.0).squareRoot())
    #expect(scaled["fc2.weight"] == standard["fc2.weight"])
  }

  @Test("The state depends on seed and run, and on nothing else")
  func dependence() throws {
    let plan = try Architecture("resnet-8").plan(image: cifar, classes: 10)
    let state = initialState(plan: plan, seed: 1, run: 3)
    #expect(state == initialState(plan: plan, seed: 1, run: 3))
    #expect(state != initialState(plan: plan, seed: 2, run: 3))
    #expect(state != initialState(plan: plan, seed: 1, run: 4))
    // Tensors that come before the classes do not change with their number.
    let wider = try Architecture("resnet-8").plan(image: cifar, classes: 100)
    let prefix = plan.tensors[plan.tensors.count - 2].offset
    #expect(state.prefix(prefix) == initialState(plan: wider, seed: 1, run: 3).prefix(prefix))
  }

  @Test("Tensors of one shape start differently")
  func distinctTensors() throws {
    let plan = try Architecture("resnet-8").plan(image: cifar, classes: 10)
    let state = tensors(of: plan, in: initialState(plan: plan, seed: 1, run: 0))
    #expect(state["layer1.0.conv1.weight"] != state["layer1.0.conv2.weight"])
  }

  /// Bounds and deviations as in the tests above: a uniform number's s.d. is its bound over sqrt 3.
  @Test func `Schemes set matrices and kernels alone, by the fans of each`() throws {
    let plan = try Architecture("resnet-8").plan(image: cifar, classes: 10)
    let own = tensors(of: plan, in: initialState(plan: plan, seed: 1, run: 0))
    func state(_ scheme: Initialisation.Scheme) throws -> [String: [Double]] {
      let initialisers = try Initialisation(scheme, firstLayerStd: nil, layerStds: [:], of: plan).initialisers(of: plan)
      return tensors(of: plan, in: initialState(plan: plan, seed: 1, run: 0, initialisers: initialisers))
    }
    #expect(try state(.architecture) == own)
    let (he, glorot) = (try state(.he), try state(.glorot))
    for (name, values) in own where !name.hasSuffix("weight") || name.contains("bn") {
      #expect(he[name] == values && glorot[name] == values, "\(name)")
    }
    // ResNet's kernels are He normal by themselves.
    let kernel = "layer3.0.conv1.weight"
    #expect(he[kernel] == own[kernel])
    let glorotKernel = try #require(glorot[kernel])
    let bound = (6.0 / Double((32 + 64) * 9)).squareRoot()
    #expect(glorotKernel.allSatisfy { abs($0) <= bound * (1 + 1e-6) })
    #expect(abs(standardDeviation(glorotKernel) / (bound / 3.0.squareRoot()) - 1) < 0.02)
    // 640 numbers: within 5 / sqrt(1,280) = 14 %.
    let dense = try #require(he["fc.weight"])
    #expect(abs(standardDeviation(dense) / (2.0 / 10).squareRoot() - 1) < 0.14)
    #expect(glorot["fc.weight"]?.allSatisfy { abs($0) <= (6.0 / 74).squareRoot() * (1 + 1e-6) } == true)
  }

  @Test func `The first layer and layers by name take an absolute deviation, and no other tensor changes`() throws {
    let plan = try Architecture("resnet-8").plan(image: cifar, classes: 10)
    let initialisation = try Initialisation(
      .architecture, firstLayerStd: 3, layerStds: ["fc.bias": 0, "fc.weight": 0.5], of: plan)
    let own = tensors(of: plan, in: initialState(plan: plan, seed: 1, run: 0))
    let state = tensors(
      of: plan,
      in: initialState(plan: plan, seed: 1, run: 0, initialisers: initialisation.initialisers(of: plan)))
    #expect(Set(own.keys.filter { own[$0] != state[$0] }) == ["conv1.weight", "fc.bias", "fc.weight"])
    #expect(state["fc.bias"]?.allSatisfy { $0 == 0 } == true)
    // 432 numbers: within 5 / sqrt(864) = 17 %.
    #expect(abs(standardDeviation(try #require(state["conv1.weight"])) / 3 - 1) < 0.17)
    #expect(abs(standardDeviation(try #require(state["fc.weight"])) / 0.5 - 1) < 0.14)
  }

  @Test func `The first layer by its name is the first layer`() throws {
    let plan = try Architecture("mlp width=8").plan(image: cifar, classes: 10)
    let first = try Initialisation(.glorot, firstLayerStd: 2, layerStds: [:], of: plan)
    #expect(try Initialisation(.glorot, firstLayerStd: nil, layerStds: ["fc1.weight": 2], of: plan) == first)
    #expect(throws: Initialisation.Impossible.self) {
      try Initialisation(.glorot, firstLayerStd: 2, layerStds: ["fc1.weight": 2], of: plan)
    }
  }

  @Test func `A name that is no parameter is refused with those that are`() throws {
    let plan = try Architecture("resnet-8").plan(image: cifar, classes: 10)
    for name in ["fc9.weight", "bn1.running_var", ""] {
      #expect {
        try Initialisation(.he, firstLayerStd: nil, layerStds: [name: 1], of: plan)
      } throws: {
        "\($0)".hasPrefix(
          "resnet-8 has no parameter \(name); it has conv1.weight, bn1.weight, bn1.bias, layer1.0.conv1")
      }
    }
  }
}
