import Kernels
import Networks
@testable import Probes
import Testing
import Training

/// Measures from gradients, against plain loops, against PyTorch, and by their properties.
struct GradientProbeTests {
  private static func pool() -> ThreadPool { ThreadPool(threads: 2) }

  private static func vog(_ setting: Setting, _ set: InstructionSet, memory: Int = 1 << 30) -> [Double] {
    VoG(setting.network, data: setting.data, instructionSet: set, pool: pool(), memory: memory)
      .values(snapshots: Setting.snapshots) { setting.state($0) }
  }

  private static func grand(_ setting: Setting, _ set: InstructionSet) -> GraNd.Values {
    GraNd(setting.network, data: setting.data, instructionSet: set, pool: pool()).values(state: setting.state(0))
  }

  private static func sensitivity(_ setting: Setting, _ set: InstructionSet) -> LossSensitivity.Values {
    LossSensitivity(setting.network, data: setting.data, instructionSet: set, pool: pool())
      .values(snapshots: Setting.snapshots) { setting.state($0) }
  }

  private static func curvature(_ setting: Setting, _ set: InstructionSet) -> [Double] {
    InputCurvature(setting.network, data: setting.data, instructionSet: set, pool: pool(), seed: 9)
      .values(snapshots: Setting.snapshots) { setting.state($0) }
  }

  private static func all(_ setting: Setting, _ set: InstructionSet) -> [String: [Double]] {
    let (grand, sensitivity) = (grand(setting, set), sensitivity(setting, set))
    return [
      "vog": vog(setting, set), "grand": grand.all, "grand-last": grand.lastLayer,
      "sensitivity": sensitivity.euclidean, "sensitivity-absolute": sensitivity.absolute,
      "curvature": curvature(setting, set),
    ]
  }

  /// Of the greatest value. Of the change of a gradient over h = 1e-3 up to three digits are lost.
  private static func bound(_ quantity: String, exact: Bool) -> Double {
    quantity == "curvature" ? 5e-4 : (exact ? 2e-6 : 5e-6)
  }

  @Test("Measures are PyTorch's and NumPy's", arguments: InstructionSet.available, Setting.labels)
  func torch(set: InstructionSet, label: String) throws {
    for exact in [true, false] {
      let setting = try Setting(label, exactConvolution: exact)
      for (quantity, values) in Self.all(setting, set).sorted(by: { $0.key < $1.key }) {
        let difference = relativeDifference(values, try #require(setting.stored[quantity]))
        print("\(label), \(set), \(exact ? "direct" : "Winograd"), \(quantity): \(difference) from PyTorch's float64")
        #expect(difference < Self.bound(quantity, exact: exact), "\(quantity)")
      }
    }
  }

  @Test("Measures are those of plain loops in double", arguments: Setting.labels)
  func plain(label: String) throws {
    let setting = try Setting(label, exactConvolution: true)
    let (examples, area) = (Setting.examples, Setting.shape.area)
    var maps = [[Double]](repeating: [], count: examples)
    var (grand, last, euclidean) = ([Double](), [Double](), [Double](repeating: 0, count: examples))
    var (absolute, curvature) = (euclidean, euclidean)
    for snapshot in 0..<Setting.snapshots {
      var network = PlainNetwork(setting, snapshot: snapshot)
      for example in 0..<examples {
        let (x, label) = (network.input(example), Int(setting.data.train.label[example]))
        var map = [Double](repeating: 0, count: area)
        for (i, g) in network.gradient(x, label: label, ofLoss: false).input.enumerated() {
          map[network.pixel(i)] += g / 3
        }
        maps[example] += map
        let (base, squares) = network.gradient(x, label: label, ofLoss: true)
        if snapshot == 0 {
          grand.append(squares.reduce(0, +).squareRoot())
          // Weight and bias; the MLP has no bias.
          last.append(
            squares.suffix(setting.network.plan.architecture.hasPrefix("mlp") ? 1 : 2).reduce(0, +).squareRoot())
        }
        euclidean[example] += base.reduce(0) { $0 + $1 * $1 }.squareRoot() / 3
        absolute[example] += base.reduce(0) { $0 + abs($1) } / 3
        for draw in 0..<10 {
          var signs = RandomSigns(seed: 9, position: setting.data.train.position[example], draw: draw)
          let order = (0..<Setting.shape.count).map { _ in signs.next() ? 1e-3 : -1e-3 }
          let moved = x.indices.map { i in
            // Signs are in (y, x, channel) order.
            x[i] + order[setting.network.plan.input.area == 1 ? i : i % area * 3 + i / area]
          }
          let change = zip(network.lossGradient(moved, example), base).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
          curvature[example] += change / 1e-6 / 30
        }
      }
    }
    let vog = maps.map { map in
      (0..<area).reduce(0) { sum, pixel in
        let s = (0..<Setting.snapshots).map { map[$0 * area + pixel] }
        let mean = s.reduce(0, +) / 3
        return sum + (s.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 3).squareRoot() / Double(area)
      }
    }
    let expected = [
      "vog": vog, "grand": grand, "grand-last": last, "sensitivity": euclidean, "sensitivity-absolute": absolute,
      "curvature": curvature,
    ]
    for set in InstructionSet.available {
      for (quantity, values) in Self.all(setting, set) {
        let difference = relativeDifference(values, try #require(expected[quantity]))
        #expect(difference < Self.bound(quantity, exact: true), "\(quantity), \(set)")
      }
    }
  }

  @Test("Examples in another order have the same measures, to the bit", arguments: Setting.labels)
  func permutation(label: String) throws {
    let order = (0..<Setting.examples).map { ($0 * 7 + 3) % Setting.examples }
    let set = try InstructionSet.selected()
    let (straight, permuted) = (Self.all(try Setting(label), set), Self.all(try Setting(label, order: order), set))
    for (quantity, values) in straight { #expect(permuted[quantity] == order.map { values[$0] }, "\(quantity)") }
  }

  @Test("Measures of some examples are those of all, and do not depend on threads or memory")
  func someExamples() throws {
    let (setting, set) = (try Setting("resnet-8 width=0.5"), try InstructionSet.selected())
    let some: [Int32] = [17, 3, 4, 9]
    let all = Self.all(setting, set)
    let vog = VoG(
      setting.network, data: setting.data, instructionSet: set, pool: ThreadPool(threads: 1), memory: 1000
    ).values(snapshots: Setting.snapshots, examples: some) { setting.state($0) }
    #expect(vog == some.map { all["vog"]?[Int($0)] })
    #expect(Self.vog(setting, set, memory: 1000) == all["vog"])
    let grand = GraNd(setting.network, data: setting.data, instructionSet: set, pool: ThreadPool(threads: 3))
      .values(state: setting.state(0), examples: some)
    #expect(grand.all == some.map { all["grand"]?[Int($0)] })
    let curvature = InputCurvature(
      setting.network, data: setting.data, instructionSet: set, pool: ThreadPool(threads: 1), seed: 9, memory: 0
    ).values(snapshots: Setting.snapshots, examples: some) { setting.state($0) }
    #expect(curvature == some.map { all["curvature"]?[Int($0)] })
  }

  @Test("VoG of equal snapshots is 0, of one snapshot NaN")
  func equalSnapshots() throws {
    let setting = try Setting("resnet-8 width=0.5")
    let vog = VoG(
      setting.network, data: setting.data, instructionSet: try InstructionSet.selected(), pool: Self.pool())
    #expect(vog.values(snapshots: 4) { _ in setting.state(1) } == [Double](repeating: 0, count: Setting.examples))
    let ofOne = vog.values(snapshots: 1) { setting.state($0) }
    #expect(ofOne.allSatisfy { $0.isNaN })
  }

  @Test("VoG within a class has mean 0 and deviation 1 there; NaN and classes without spread give NaN")
  func normalised() {
    let values = VoG.normalised([1, 3, 5, 7, .nan, 2, 2], labels: [0, 1, 0, 1, 0, 2, 2])
    // Class 0: mean 3, deviation 2; class 1: mean 5, deviation 2.
    #expect(values.prefix(4) == [-1, -1, 1, 1])
    #expect(values.suffix(3).allSatisfy { $0.isNaN })
    #expect(VoG.normalised([], labels: []).isEmpty)
  }

  @Test("The curvature of a linear network is that of its softmax, and does not depend on h")
  func steps() throws {
    let set = try InstructionSet.selected()
    let setting = try Setting("mlp activation=sin width=24")
    let linear = TrainedNetwork(
      plan: try Architecture("mlp activation=linear width=24").plan(image: Setting.shape, classes: Setting.classes),
      standardisation: .perChannel)
    let values = [Float(1e-3), 2e-3].map { step in
      InputCurvature(linear, data: setting.data, instructionSet: set, pool: Self.pool(), seed: 1, step: step)
        .values(snapshots: 1) { _ in setting.state(0).map { $0 / 4 } }
    }
    #expect(relativeDifference(values[0], values[1]) < 0.01)
    #expect(values[0].contains { $0 > 0 })
  }

  @Test("A state that is not finite gives NaN throughout", arguments: Setting.labels)
  func notFinite(label: String) throws {
    let (setting, set) = (try Setting(label), try InstructionSet.selected())
    let state = setting.state(0).map { _ in Float.nan }
    let grand = GraNd(setting.network, data: setting.data, instructionSet: set, pool: Self.pool()).values(state: state)
    let sensitivity = LossSensitivity(setting.network, data: setting.data, instructionSet: set, pool: Self.pool())
      .values(snapshots: 2) { _ in state }
    #expect((grand.all + grand.lastLayer + sensitivity.euclidean).allSatisfy { $0.isNaN })
  }
}
