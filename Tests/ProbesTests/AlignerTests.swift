import Alignments
import Kernels
import Measures
import Networks
import Randomness
import Testing
import ToolKit
import Training

/// Alignment of gradients and representations against its definition, pair by pair, from gradients by plain loops.
struct AlignerTests {
  static let everything = "parameters,logits,representations"

  /// By tensor and example: vectors in `Double`.
  static func vectors(_ setting: Setting, _ tensors: AlignedTensors, loss: LabelLoss) -> [[[Double]]] {
    var network = ReferenceExecutor(plan: setting.network.plan)
    network.load(state: setting.state(0).map(Double.init))
    let plain = PlainNetwork(setting, snapshot: 0)
    var vectors = [[[Double]]](repeating: [], count: tensors.tensors.count)
    for example in 0..<Setting.examples {
      network.forward(input: plain.input(example), count: 1, training: false)
      let gradient = Loss.labels(loss).evaluate(
        logits: network.logits, label: Int(setting.data.train.label[example])
      ).gradient
      network.backward(logitGradient: gradient)
      let all = network.gradients()
      for (i, tensor) in tensors.tensors.enumerated() {
        switch tensor {
        case .parameter(let id):
          let part = setting.network.plan.tensors[id]
          vectors[i].append(Array(all[part.offset..<part.offset + part.count]))
        case .allParameters: vectors[i].append(all)
        case .logits: vectors[i].append(gradient)
        case .representation(let value): vectors[i].append(network.value(value))
        }
      }
    }
    return vectors
  }

  /// The definitions, from all pairs.
  static func plain(_ vectors: [[Double]], _ isPair: (Int, Int) -> Bool) -> (
    omega: Double, cosine: Double, least: Double
  ) {
    var (products, cosines, least, pairs) = (0.0, 0.0, Double.infinity, 0.0)
    var members: Set<Int> = []
    func inner(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
    let norms = vectors.map { inner($0, $0).squareRoot() }
    for i in vectors.indices {
      for j in vectors.indices where i != j && isPair(i, j) {
        let product = inner(vectors[i], vectors[j])
        products += product
        cosines += norms[i] * norms[j] > 0 ? product / (norms[i] * norms[j]) : 0
        least = min(least, product)
        pairs += 1
        members.formUnion([i, j])
      }
    }
    let meanNorm = members.reduce(0) { $0 + norms[$1] } / Double(members.count)
    return (products / pairs / (meanNorm * meanNorm), cosines / pairs, least)
  }

  static func isNear(_ a: Double, _ b: Double, _ bound: Double = 1e-4) -> Bool {
    (a.isNaN && b.isNaN) || abs(a - b) < bound * max(1, abs(b))
  }

  static func byClass(_ setting: Setting) -> [[Int32]] {
    (0..<Int32(Setting.classes)).map { c in
      (0..<Int32(Setting.examples)).filter { setting.data.train.label[Int($0)] == c }
    }
  }

  @Test(
    "Each tensor's alignment is that of all pairs of plain gradients", arguments: InstructionSet.available,
    Setting.labels)
  func definition(set: InstructionSet, label: String) throws {
    let base = try Setting(label)
    for loss in [LabelLoss.crossEntropy(), .hinge(), .squared()] {
      let setting = base.with(loss: loss)
      let tensors = try AlignedTensors(Self.everything, of: setting.network.plan)
      #expect(tensors.names.last?.hasPrefix("representation:") == true)
      let aligner = try Aligner(
        setting.network, data: setting.data, tensors: tensors, memory: 1 << 28, instructionSet: set,
        pool: ThreadPool(threads: 2))
      let found = aligner.sums(state: setting.state(0), examples: Self.byClass(setting))
      let vectors = Self.vectors(setting, tensors, loss: loss)
      let y = setting.data.train.label
      for (i, name) in tensors.names.enumerated() {
        let all = Self.plain(vectors[i]) { _, _ in true }
        #expect(Self.isNear(found[i].all.omega, all.omega), "\(name) \(found[i].all.omega) \(all.omega)")
        let across = Self.plain(vectors[i]) { y[$0] != y[$1] }
        let foundAcross = AcrossClasses(found[i].classes, all: found[i].all).omega
        #expect(Self.isNear(foundAcross, across.omega), "\(name)")
        for c in 0..<Setting.classes {
          let own = Self.plain(vectors[i]) { y[$0] == c && y[$1] == c }
          #expect(Self.isNear(found[i].classes[c].omega, own.omega), "\(name) \(c)")
        }
        let sum = vectors[i].reduce(into: [Double](repeating: 0, count: vectors[i][0].count)) { sum, v in
          for k in v.indices { sum[k] += v[k] }
        }
        let squares = vectors[i].reduce(0) { $0 + $1.reduce(0) { $0 + $1 * $1 } }
        #expect(Self.isNear(found[i].all.diversity, squares / sum.reduce(0) { $0 + $1 * $1 }), "\(name)")
      }
    }
  }

  @Test(
    "Minibatches have the alignment, stiffness and confusion of all their pairs", arguments: InstructionSet.available,
    Setting.labels)
  func minibatches(set: InstructionSet, label: String) throws {
    let setting = try Setting(label)
    let tensors = try AlignedTensors(Self.everything, of: setting.network.plan)
    let vectors = Self.vectors(setting, tensors, loss: .crossEntropy())
    let y = setting.data.train.label
    // 24 examples, out of order, in batches of 18 and 6; four at a time go through the kernel.
    let order = (0..<Int32(Setting.examples)).map { $0 * 7 % Int32(Setting.examples) }
    let batches = [Array(order[..<18]), Array(order[18...])]
    let aligner = MinibatchAligner(
      setting.network, data: setting.data, tensors: tensors, batch: 18, instructionSet: set,
      pool: ThreadPool(threads: 2))
    var batch = 0
    aligner.forEachBatch(state: setting.state(0), batches) { found in
      let members = batches[batch].map { Int($0) }
      for (i, name) in tensors.names.enumerated() {
        let own = members.map { vectors[i][$0] }
        let all = Self.plain(own) { _, _ in true }
        #expect(Self.isNear(found[i].all.omega, all.omega), "\(name)")
        #expect(Self.isNear(found[i].all.stiffness, all.cosine), "\(name)")
        let scale = own.map { $0.reduce(0) { $0 + $1 * $1 } }.max() ?? 1
        #expect(abs(found[i].all.confusion - all.least) < 1e-4 * scale, "\(name)")
        for c in 0..<Setting.classes {
          let group = Self.plain(own) { y[members[$0]] == c && y[members[$1]] == c }
          #expect(Self.isNear(found[i].classes[c].omega, group.omega), "\(name) \(c)")
          #expect(Self.isNear(found[i].classes[c].stiffness, group.cosine), "\(name) \(c)")
        }
      }
      batch += 1
    }
    #expect(batch == 2)
  }

  @Test(
    "With batch-norm in training mode logits and representations are those of a batch's own statistics",
    arguments: InstructionSet.available)
  func batchStatistics(set: InstructionSet) throws {
    let setting = try Setting(Setting.labels[0])
    let tensors = try AlignedTensors("logits,representations", of: setting.network.plan)
    let batch: [Int32] = [3, 0, 17, 5, 21, 8, 9]
    let plain = PlainNetwork(setting, snapshot: 1)
    var network = ReferenceExecutor(plan: setting.network.plan)
    network.load(state: setting.state(1).map(Double.init))
    network.forward(input: batch.flatMap { plain.input(Int($0)) }, count: batch.count, training: true)
    func rows(_ values: [Double]) -> [[Double]] {
      let size = values.count / batch.count
      return batch.indices.map { Array(values[$0 * size..<($0 + 1) * size]) }
    }
    let gradients = zip(rows(network.logits), batch).map { logits, example in
      Loss.labels(.crossEntropy()).evaluate(logits: logits, label: Int(setting.data.train.label[Int(example)])).gradient
    }
    func omegas(_ mode: BatchNormMode) -> [Double] {
      var omegas: [Double] = []
      MinibatchAligner(
        setting.network, data: setting.data, tensors: tensors, batch: batch.count, batchNorm: mode, instructionSet: set,
        pool: ThreadPool(threads: 2)
      ).forEachBatch(state: setting.state(1), [batch]) { omegas = $0.map(\.all.omega) }
      return omegas
    }
    let (found, running) = (omegas(.training), omegas(.evaluation))
    for (i, tensor) in tensors.tensors.enumerated() {
      var vectors = gradients
      if case .representation(let value) = tensor { vectors = rows(network.value(value)) }
      #expect(Self.isNear(found[i], Self.plain(vectors) { _, _ in true }.omega), "\(tensors.names[i])")
    }
    // Running statistics give others, or this would not tell.
    #expect(zip(found, running).contains { abs($0 - $1) > 0.01 })
  }

  @Test("One minibatch of all examples is the whole set", arguments: Setting.labels)
  func oneMinibatch(label: String) throws {
    let setting = try Setting(label)
    let tensors = try AlignedTensors(Self.everything, of: setting.network.plan)
    let whole = try Aligner(
      setting.network, data: setting.data, tensors: tensors, memory: 1 << 28, instructionSet: .portable,
      pool: ThreadPool(threads: 1)
    ).sums(state: setting.state(2), examples: Self.byClass(setting))
    MinibatchAligner(
      setting.network, data: setting.data, tensors: tensors, batch: Setting.examples, instructionSet: .portable,
      pool: ThreadPool(threads: 3)
    ).forEachBatch(state: setting.state(2), [(0..<Int32(Setting.examples)).reversed()]) { found in
      for i in tensors.tensors.indices {
        #expect(Self.isNear(found[i].all.omega, whole[i].all.omega, 1e-5))
        #expect(Self.isNear(found[i].all.diversity, whole[i].all.diversity, 1e-5))
        for (a, b) in zip(found[i].classes, whole[i].classes) { #expect(Self.isNear(a.omega, b.omega, 1e-5)) }
      }
    }
  }

  @Test("Threads change no bit, and small batches little", arguments: Setting.labels)
  func batches(label: String) throws {
    let setting = try Setting(label)
    let tensors = try AlignedTensors(Self.everything, of: setting.network.plan)
    let least = Aligner.leastMemory(setting.network, tensors: tensors, instructionSet: .portable)
    func sums(_ threads: Int, _ memory: Int) throws -> [TensorSums] {
      try Aligner(
        setting.network, data: setting.data, tensors: tensors, memory: memory, instructionSet: .portable,
        pool: ThreadPool(threads: threads)
      ).sums(state: setting.state(1), examples: Self.byClass(setting))
    }
    let (one, three, small) = try (sums(1, 1 << 28), sums(3, 1 << 28), sums(2, least))
    #expect(throws: Failure.self) { try sums(1, least - 1) }
    for i in tensors.tensors.indices {
      // As text: cosines, which these sums do not have, are NaN.
      #expect("\(one[i])" == "\(three[i])")
      #expect(Self.isNear(one[i].all.omega, small[i].all.omega, 1e-6))
    }
  }

  @Test("Tensors are chosen by name, in the order of the file, and unknown ones are named")
  func names() throws {
    let plan = try Setting("mlp activation=sin width=24").network.plan
    #expect(try AlignedTensors("representation,logits", of: plan).names == ["logits", "representation:fc1"])
    #expect(
      try AlignedTensors("logits,parameters", of: plan).names == [
        "fc1.weight", "fc2.weight", "logits", "all parameters",
      ])
    #expect(try AlignedTensors("fc2.weight,fc2.weight", of: plan).names == ["fc2.weight"])
    #expect(throws: Failure.self) { try AlignedTensors("fc3.weight", of: plan) }
    #expect(throws: Failure.self) { try AlignedTensors("", of: plan) }
  }

  // MARK: At initialisation

  /// The alignment of the hidden layer's outputs, by class and over all, of an MLP before training.
  static func representation(_ label: String, sigma: Double, run: Int = 0) throws -> (TensorSums, Setting, Plan) {
    let setting = try Setting(Setting.labels[1])
    let plan = try Architecture(label).plan(image: Setting.shape, classes: Setting.classes)
    let initialisation = try Initialisation(.architecture, firstLayerStd: sigma, layerStds: [:], of: plan)
    let aligner = try Aligner(
      TrainedNetwork(plan: plan, standardisation: .perImage), data: setting.data,
      tensors: try AlignedTensors("representation", of: plan), memory: 1 << 28, instructionSet: .portable,
      pool: ThreadPool(threads: 2))
    let state = initialState(plan: plan, seed: 5, run: run, initialisers: initialisation.initialisers(of: plan))
    return (aligner.sums(state: state, examples: byClass(setting))[0], setting, plan)
  }

  @Test("ReLU's representations align at initialisation alike for every sigma")
  func reluInitialisation() throws {
    let first = try Self.representation("mlp", sigma: 0.001).0
    #expect(first.all.omega > 0.1)
    for sigma in [0.01, 0.1, 1, 10] {
      let other = try Self.representation("mlp", sigma: sigma).0
      #expect(abs(other.all.omega - first.all.omega) < 1e-5)
      for (a, b) in zip(other.classes, first.classes) { #expect(abs(a.omega - b.omega) < 1e-5) }
    }
  }

  /// E<sin(W x), sin(W x')> = (h / 2) [exp(-s^2 |x - x'|^2 / 2) - exp(-s^2 |x + x'|^2 / 2)].
  @Test("The sine's representations align at initialisation as they should", arguments: [0.001, 0.01, 0.03, 0.1, 1])
  func sineInitialisation(sigma: Double) throws {
    let (found, setting, plan) = try Self.representation("mlp activation=sin width=4096", sigma: sigma)
    // Images standardised by themselves, as a network without a hidden layer would see them.
    let size = Setting.shape.count
    let images = (0..<Setting.examples).map { example -> [Double] in
      let bytes = setting.data.train.image[example * size..<(example + 1) * size].map(Double.init)
      let mean = bytes.reduce(0, +) / Double(size)
      let deviation = (bytes.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(size)).squareRoot()
      return bytes.map { ($0 - mean) / max(deviation, 1 / Double(size).squareRoot()) }
    }
    func expected(_ a: [Double], _ b: [Double]) -> Double {
      let (minus, plus) = zip(a, b).reduce((0.0, 0.0)) { sums, pair in
        let (d, s) = (pair.0 - pair.1, pair.0 + pair.1)
        return (sums.0 + d * d, sums.1 + s * s)
      }
      return (Elementary.exp(-sigma * sigma * minus / 2) - Elementary.exp(-sigma * sigma * plus / 2)) / 2
    }
    var (products, norms) = (0.0, 0.0)
    for i in images.indices {
      norms += expected(images[i], images[i]).squareRoot()
      for j in images.indices where i != j { products += expected(images[i], images[j]) }
    }
    let n = Double(images.count)
    let omega = n * products / ((n - 1) * norms * norms)
    #expect(plan.values[plan.representations.last?.value ?? 0].count == 4096)
    print("sine, sigma \(sigma): \(found.all.omega), expected \(omega)")
    // 4,096 units are not all of them.
    #expect(abs(found.all.omega - omega) < 0.02)
    #expect(sigma < 0.5 || abs(omega) < 0.01)
  }
}
