import Kernels
import Networks
import Randomness
import Testing
import Training

@testable import Probes

struct PredictionDepthTests {
  private static let mask = (0..<Setting.examples).map { UInt8($0 % 3 == 2 ? 0 : 1) }

  private static func depth(
    _ setting: Setting, _ set: InstructionSet, threads: Int = 2, memory: Int = 1 << 30
  ) -> PredictionDepth {
    PredictionDepth(
      setting.network, data: setting.data, instructionSet: set, pool: ThreadPool(threads: threads), neighbours: 5,
      memory: memory)
  }

  @Test("Prediction depths are NumPy's", arguments: InstructionSet.available, Setting.labels)
  func torch(set: InstructionSet, label: String) throws {
    let setting = try Setting(label)
    let values = Self.depth(setting, set).values(state: setting.state(0), inMask: Self.mask)
    let stored = try #require(setting.stored["depth"])
    #expect(values.depth == stored)
    let layers = Double(Self.depth(setting, set).layers.count)
    #expect(values.isUnresolved == stored.map { $0 == layers ? 1 : 0 })
    #expect(Set(stored).count > 2)
  }

  @Test(
    "All architectures have a representation after each block",
    arguments: [
      ("mlp", 3), ("convnet", 5), ("resnet-20", 13), ("resnet-8-v2", 7), ("resnet-18", 12), ("densenet-121", 8),
      ("mobilenet-v3-small", 16), ("mobilenet-v3-large", 20),
    ])
  func layers(name: String, count: Int) throws {
    let setting = try Setting("resnet-8 width=0.5")
    let plan = try Architecture(name).plan(image: Shape(channels: 3, height: 32, width: 32), classes: 10)
    let depth = PredictionDepth(
      TrainedNetwork(plan: plan, standardisation: .perChannel), data: setting.data,
      instructionSet: try InstructionSet.selected(), pool: ThreadPool(threads: 1))
    // The input, what is named, and the softmax.
    #expect(depth.layers.first == "input" && depth.layers.last == "softmax")
    #expect(depth.layers.count == count)
  }

  @Test("Depths do not depend on threads, nor on how often the network runs for want of memory")
  func memory() throws {
    // Queries of all layers take 512 rows of 7 KB, so that 2 MB hold some layers, and 0 one at a time.
    let set = try InstructionSet.selected()
    let setting = try Setting("resnet-8 width=0.5")
    let all = Self.depth(setting, set).values(state: setting.state(0), inMask: Self.mask)
    for (threads, memory) in [(1, 1 << 30), (3, 0), (2, 2_000_000)] {
      let values = Self.depth(setting, set, threads: threads, memory: memory)
        .values(state: setting.state(0), inMask: Self.mask)
      #expect(values.depth == all.depth)
    }
  }

  @Test("References in several blocks vote as all at once")
  func blocks() throws {
    var stream = RandomStream(seed: 5, purpose: .test)
    let (count, shape) = (2500, Shape(channels: 1, height: 3, width: 3))
    let data = TrainingData(
      shape: shape, classes: 4,
      train: TrainingData.Split(
        image: (0..<count * shape.count).map { _ in UInt8(stream.below(7)) },
        label: (0..<count).map { _ in Int32(stream.below(4)) }, position: (0..<Int64(count)).map { $0 }))
    let plan = try Architecture("mlp width=8").plan(image: shape, classes: 4)
    let values = try [1 << 30, 0].map { memory in
      PredictionDepth(
        TrainedNetwork(plan: plan, standardisation: .perChannel), data: data,
        instructionSet: try InstructionSet.selected(), pool: ThreadPool(threads: 2), memory: memory
      ).values(
        state: initialState(plan: plan, seed: 1, run: 0), inMask: (0..<count).map { $0 % 10 == 9 ? 0 : 1 })
    }
    #expect(values[0].depth == values[1].depth)
    #expect(Set(values[0].depth).count > 2)
  }

  @Test("Depths of some examples are those of all, and of permuted ones the permuted")
  func examples() throws {
    let set = try InstructionSet.selected()
    let setting = try Setting("resnet-8 width=0.5")
    let all = Self.depth(setting, set).values(state: setting.state(0), inMask: Self.mask)
    let some: [Int32] = [20, 3, 11]
    let own = Self.depth(setting, set).values(state: setting.state(0), inMask: Self.mask, examples: some)
    #expect(own.depth == some.map { all.depth[Int($0)] })
    let order = (0..<Setting.examples).map { ($0 * 7 + 3) % Setting.examples }
    let permuted = Self.depth(try Setting("resnet-8 width=0.5", order: order), set)
      .values(state: setting.state(0), inMask: order.map { Self.mask[$0] })
    #expect(permuted.depth == order.map { all.depth[$0] })
  }

  @Test("Where the input separates the classes and the network knows them, the depth is 0")
  func separated() throws {
    // Two classes of all but equal images, and a network that tells their brightness.
    let shape = Shape(channels: 1, height: 2, width: 2)
    let images = (0..<160).map { (i: Int) -> UInt8 in UInt8((i / 4 % 2 == 0 ? 20 : 200) + i * 7 % 5) }
    let data = TrainingData(
      shape: shape, classes: 2,
      train: TrainingData.Split(
        image: images,
        label: (0..<40).map { Int32($0 % 2) }, position: (0..<40).map { $0 }))
    let plan = try Architecture("mlp activation=linear width=2").plan(image: shape, classes: 2)
    // Hidden units: the sum and its negative; the second class has the first.
    let state: [Float] = [1, 1, 1, 1, -1, -1, -1, -1] + [0, 1, 1, 0]
    func values(_ state: [Float]) throws -> PredictionDepth.Values {
      PredictionDepth(
        TrainedNetwork(plan: plan, standardisation: .perChannel), data: data,
        instructionSet: try InstructionSet.selected(), pool: ThreadPool(threads: 2), neighbours: 5
      ).values(state: state, inMask: [UInt8](repeating: 1, count: 40))
    }
    #expect(try values(state).depth.allSatisfy { $0 == 0 })
    // A network that says the opposite is never agreed with.
    let opposite = try values(state.map { -$0 }.prefix(8) + state.suffix(4))
    #expect(opposite.depth.allSatisfy { $0 == 3 } && opposite.isUnresolved.allSatisfy { $0 == 1 })
    // One whose logits are NaN has no prediction.
    let lost = try values(state.map { _ in .nan })
    #expect(lost.depth.allSatisfy { $0.isNaN } && lost.isUnresolved.allSatisfy { $0 == 0 })
  }

  @Test("Without references, no probe agrees")
  func noReferences() throws {
    let setting = try Setting("mlp activation=sin width=24")
    let values = Self.depth(setting, try InstructionSet.selected())
      .values(state: setting.state(0), inMask: [UInt8](repeating: 0, count: Setting.examples))
    #expect(values.isUnresolved.allSatisfy { $0 == 1 })
  }
}
