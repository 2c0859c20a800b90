import Kernels
import Measures
import Networks
import Randomness
import Testing
import ToolKit
import Training

@testable import Probes

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
  static func plain(_ vectors: [[Double]], _ isPair: (Int, Int) -> Bool) -> (omega: Double, cosine: Double, least: Double)
  {
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
      let aligner = Aligner(
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

  @Test("One minibatch of all examples is the whole set", arguments: Setting.labels)
  func oneMinibatch(label: String) throws {
    let setting = try Setting(label)
    let tensors = try AlignedTensors(Self.everything, of: setting.network.plan)
    let whole = Aligner(
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
    func sums(_ threads: Int, _ memory: Int) -> [TensorSums] {
      Aligner(
        setting.network, data: setting.data, tensors: tensors, memory: memory, instructionSet: .portable,
        pool: ThreadPool(threads: threads)
      ).sums(state: setting.state(1), examples: Self.byClass(setting))
    }
    let (one, three, small) = (sums(1, 1 << 28), sums(3, 1 << 28), sums(2, 1))
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
    #expect(try AlignedTensors("logits,parameters", of: plan).names == [
      "fc1.weight", "fc2.weight", "logits", "all parameters",
    ])
    #expect(try AlignedTensors("fc2.weight,fc2.weight", of: plan).names == ["fc2.weight"])
    #expect(throws: Failure.self) { try AlignedTensors("fc3.weight", of: plan) }
    #expect(throws: Failure.self) { try AlignedTensors("", of: plan) }
  }
}
