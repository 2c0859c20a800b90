import Artefacts
import Foundation
import Kernels
import Networks
import Randomness
import Testing
import ToolKit
import Training

@Suite struct TrainerTests {
  /// Everything that a step depends on: warm-up, decay, momentum, weight decay, crops, a short last batch.
  private var recipe: Recipe {
    var recipe = Recipe.quick
    (recipe.epochs, recipe.batchSize, recipe.learningRate, recipe.warmUpEpochs) = (3, 16, 0.05, 1)
    (recipe.weightDecay, recipe.augmentation) = (1e-3, .padCropFlip)
    return recipe
  }

  private func rows(
    _ cell: Cell, _ data: TrainingData, run: Int = 2, mask: [UInt8], teacher: Trainer.Teacher? = nil, threads: Int = 1
  ) throws -> RunRows {
    let trainer = Trainer(
      cell: cell, data: data, instructionSet: try InstructionSet.selected(),
      recording: Recording(keep: Set(Keep.allCases), epochs: cell.recipe.epochs))
    return try trainer.rows(run: run, .init(mask: mask, teacher: teacher), pool: ThreadPool(threads: threads))
  }

  private func floats(_ rows: RunRows, _ path: String) throws -> [Float] {
    try #require(rows.values(path, Float.self))
  }

  // MARK: The loop

  /// An example as the definition of the augmentation has it: cut from the image with 4 black rows and columns around
  /// it, then mirrored, then standardised. (channel, y, x), or (y, x, channel) for a flat network.
  private func prepared(_ made: MadeUpData, _ data: TrainingData, _ example: Int, run: Int, epoch: Int, isFlat: Bool)
    -> [Double]
  {
    let (side, channels) = (MadeUpData.side, MadeUpData.channels)
    var stream = RandomStream(seed: 3, purpose: .augmentation, run: run, epoch: epoch, index: example)
    let (dy, dx, isFlipped) = (stream.below(9) - 4, stream.below(9) - 4, stream.below(2) == 1)
    let image = Array(made.image(example))
    func value(_ channel: Int, _ y: Int, _ x: Int) -> Double {
      let (row, column) = (y + dy, (isFlipped ? side - 1 - x : x) + dx)
      let isInside = (0..<side).contains(row) && (0..<side).contains(column)
      let byte = isInside ? image[(row * side + column) * channels + channel] : 0
      return (Double(byte) - data.mean[channel]) / data.deviation[channel]
    }
    var values: [Double] = []
    if isFlat {
      for y in 0..<side { for x in 0..<side { for c in 0..<channels { values.append(value(c, y, x)) } } }
    } else {
      for c in 0..<channels { for y in 0..<side { for x in 0..<side { values.append(value(c, y, x)) } } }
    }
    return values
  }

  @Test(arguments: ["mlp width=8", "resnet-8 width=0.25"])
  func `Training ends where a plain loop in double precision ends`(architecture: String) throws {
    let made = MadeUpData()
    let data = try made.trainingData()
    let cell = try cell(recipe, architecture)
    let mask = thirdsLeftOut(60)
    let run = 2
    let rows = try rows(cell, data, run: run, mask: mask)

    var network = ReferenceExecutor(plan: cell.plan)
    network.load(state: initialState(plan: cell.plan, seed: 3, run: run).map(Double.init))
    let subset = mask.indices.filter { mask[$0] == 1 }.map(Int32.init)
    // 40 examples: batches of 16, 16 and 8.
    var (step, losses) = (0, [Double]())
    for epoch in 1...3 {
      var order = subset
      var stream = RandomStream(seed: 3, purpose: .batchOrder, run: run, epoch: epoch)
      stream.shuffle(&order)
      var sum = 0.0
      for batch in [order[..<16], order[16..<32], order[32...]] {
        let input = batch.flatMap {
          prepared(made, data, Int($0), run: run, epoch: epoch, isFlat: architecture.hasPrefix("mlp"))
        }
        network.forward(input: input, count: batch.count, training: true)
        var gradient: [Double] = []
        for (i, example) in batch.enumerated() {
          let logits = Array(network.logits[(i * 4)..<(i * 4 + 4)])
          let (loss, own) = Loss.crossEntropy.evaluate(logits: logits, label: Int(made.train.label[Int(example)]))
          sum += loss
          gradient += own.map { $0 / Double(batch.count) }
        }
        network.backward(logitGradient: gradient)
        // Warm-up over the 3 steps of the first epoch, then half a cosine over the other 6.
        let rate = step < 3 ? 0.05 * Double(step + 1) / 3 : 0.025 * (1 + cos(Double.pi * Double(step - 3) / 6))
        network.update(SGD(learningRate: Float(rate), momentum: 0.9, weightDecay: 1e-3, nesterov: true))
        step += 1
      }
      losses.append(sum / 40)
    }

    let (found, expected) = (try floats(rows, "/checkpoint/parameter"), network.state())
    let scale = expected.map { abs($0) }.max() ?? 1
    let largest = zip(found, expected).map { abs(Double($0) - $1) }.max() ?? .infinity
    #expect(found.count == expected.count)
    #expect(largest < 1e-4 * scale, "largest difference \(largest) of \(scale)")
    for (found, expected) in zip(try floats(rows, "/history/train_loss"), losses) {
      #expect(abs(Double(found) - expected) < 1e-4 * expected)
    }
  }

  @Test func `Threads within a run do not show in its rows`() throws {
    let data = try MadeUpData().trainingData()
    let cell = try cell(recipe, "resnet-8 width=0.25")
    let alone = try rows(cell, data, mask: thirdsLeftOut(60))
    for threads in [2, 3] {
      #expect(try rows(cell, data, mask: thirdsLeftOut(60), threads: threads).rows == alone.rows)
    }
    #expect(try rows(cell, data, run: 3, mask: thirdsLeftOut(60)).rows != alone.rows)
  }

  // MARK: Held-out examples

  /// The data with the held-out images in another order and other labels on them. Their order alone changes, so that
  /// mean and deviation of all images, by which images are standardised, stay.
  private func withOtherHeldOut(_ made: MadeUpData, _ mask: [UInt8]) -> MadeUpData {
    var other = made
    let heldOut = mask.indices.filter { mask[$0] == 0 }
    for (a, b) in zip(heldOut, heldOut.reversed()) {
      let place = a * MadeUpData.imageCount..<(a + 1) * MadeUpData.imageCount
      other.train.image.replaceSubrange(place, with: made.image(b))
      other.train.label[a] = (made.train.label[a] + 1) % Int32(MadeUpData.classes)
    }
    return other
  }

  private func teacher(_ made: MadeUpData, mask: [UInt8]) throws -> (cell: Cell, teacher: Trainer.Teacher) {
    let cell = try cell(recipe, "mlp width=12")
    let rows = try rows(cell, try made.trainingData(), mask: mask)
    return (
      cell,
      Trainer.Teacher(
        plan: cell.plan, state: try floats(rows, "/checkpoint/parameter"), standardisation: .perChannel,
        digest: [UInt8](repeating: 7, count: 32))
    )
  }

  @Test(arguments: TeacherPass.allCases)
  func `Neither teacher nor student ever sees an example outside of their subset`(pass: TeacherPass) throws {
    let made = MadeUpData()
    let mask = thirdsLeftOut(60)
    let other = withOtherHeldOut(made, mask)
    let configuration = TeacherConfiguration(
      cell: "", architecture: "mlp", weight: 0.6, temperature: 2, squaredFactor: false, logits: pass)
    func chain(_ made: MadeUpData) throws -> (teacher: [Float], student: [Float]) {
      let (_, teacher) = try teacher(made, mask: mask)
      let student = try rows(
        cell(recipe, "resnet-8 width=0.25", teachers: configuration), made.trainingData(), mask: mask,
        teacher: teacher)
      return (teacher.state, try floats(student, "/checkpoint/parameter"))
    }
    let (one, two) = (try chain(made), try chain(other))
    #expect(one.teacher == two.teacher)
    #expect(one.student == two.student)
    // The same change to examples of the subset does show.
    let inverse = mask.map { 1 - $0 }
    #expect(try chain(withOtherHeldOut(made, inverse)).student != one.student)
  }

  @Test func `A batch in pieces is taught as a whole one is, and by threads as by one`() throws {
    // 57 examples, of which a teacher takes 32 a thread at a time.
    let made = MadeUpData()
    let mask = (0..<60).map { UInt8($0 % 20 == 0 ? 0 : 1) }
    let (_, teacher) = try teacher(made, mask: mask)
    var recipe = recipe
    recipe.batchSize = 57
    let configuration = TeacherConfiguration(
      cell: "", architecture: "mlp", weight: 1, temperature: 2, squaredFactor: false)
    let cell = try cell(recipe, "resnet-8 width=0.25", teachers: configuration)
    let alone = try rows(cell, made.trainingData(), mask: mask, teacher: teacher)
    let together = try rows(cell, made.trainingData(), mask: mask, teacher: teacher, threads: 3)
    #expect(alone.rows == together.rows)
  }

  @Test func `A student depends on its teacher and carries its digest`() throws {
    let made = MadeUpData()
    let data = try made.trainingData()
    let mask = thirdsLeftOut(60)
    let configuration = TeacherConfiguration(
      cell: "", architecture: "mlp", weight: 1, temperature: 3, squaredFactor: false)
    let (_, first) = try teacher(made, mask: mask)
    let second = Trainer.Teacher(
      plan: first.plan, state: first.state.map { -$0 }, standardisation: .perChannel, digest: first.digest)
    let distilled = try cell(recipe, "mlp width=8", teachers: configuration)
    let a = try rows(distilled, data, mask: mask, teacher: first)
    let b = try rows(distilled, data, mask: mask, teacher: second)
    #expect(a.rows["/teacher_digest"] == first.digest)
    #expect(try floats(a, "/checkpoint/parameter") != floats(b, "/checkpoint/parameter"))
  }

  // MARK: Divergence

  /// Each step multiplies all weights by 1 - rate x decay = -99: after some ten of them, in the fourth epoch of three
  /// steps, logits are past what a float holds.
  private var diverging: Recipe {
    var recipe = Recipe.quick
    (recipe.epochs, recipe.batchSize, recipe.learningRate, recipe.warmUpEpochs) = (8, 16, 1, 0)
    (recipe.momentum, recipe.nesterov, recipe.weightDecay, recipe.decay) = (0, false, 100, .constant)
    return recipe
  }

  @Test func `A run that diverges keeps its history up to there and nothing made up after`() throws {
    let rows = try rows(cell(diverging), try MadeUpData().trainingData(), mask: thirdsLeftOut(60))
    #expect(rows.rows["/status"] == [1])
    let loss = try floats(rows, "/history/train_loss")
    let firstNaN = loss.firstIndex { $0.isNaN }
    let end = try #require(firstNaN)
    #expect(end >= 1 && end < 8)
    #expect(loss[..<end].allSatisfy(\.isFinite) && loss[end...].allSatisfy(\.isNaN))
    for name in ["train_accuracy", "test_accuracy", "test_loss"] {
      #expect(try floats(rows, "/history/\(name)")[end...].allSatisfy(\.isNaN), "\(name)")
    }
    #expect(try floats(rows, "/dynamics/train/loss").count == 8 * 60)
    #expect(try floats(rows, "/dynamics/train/loss")[(end * 60)...].allSatisfy(\.isNaN))
  }

  @Test func `Runs after one that diverged are trained all the same`() throws {
    let path = NSTemporaryDirectory() + "rote-test-\(UUID().uuidString).h5"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let dataset = try MadeUpData().dataset()
    let data = try MadeUpData().trainingData()
    var recipe = recipe
    recipe.augmentation = .none
    recipe.weightDecay = 0
    let cell = try cell(recipe)
    let teacherPlan = cell.plan
    let job = TrainingJob(
      tool: "train",
      cell: Cell(
        architecture: cell.architecture, plan: cell.plan, recipe: recipe, seed: 3, subset: cell.subset,
        teachers: TeacherConfiguration(cell: "", architecture: "mlp", weight: 1, temperature: 1, squaredFactor: false)),
      dataset: dataset, data: data, runs: 0..<3,
      recording: Recording(keep: [], epochs: recipe.epochs), cores: 1,
      instructionSet: try InstructionSet.selected(), quiet: true)
    // The teacher of run 1 has nothing to say but NaN.
    try job.perform(place: OutputPlace(path, for: .file(.runs), inputs: [], force: false)) { run in
      TrainingJob.RunInput(
        mask: thirdsLeftOut(60),
        teacher: Trainer.Teacher(
          plan: teacherPlan, state: [Float](repeating: run == 1 ? .nan : 0.01, count: teacherPlan.stateCount),
          standardisation: .perChannel, digest: [UInt8](repeating: 0, count: 32)))
    }
    let file = try RunsFile(ArtefactReader(Input(path)))
    #expect(try (0..<3).map { try file.isDiverged(index: $0) } == [false, true, false])
    #expect(try file.row("/history/train_loss", Float.self, index: 2, shape: [3]).allSatisfy(\.isFinite))
  }
}
