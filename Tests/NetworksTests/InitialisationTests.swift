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
}
