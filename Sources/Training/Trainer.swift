import Artefacts
import Kernels
import Networks
import Randomness
import ToolKit

/// One run: a network trained on one subset. Its rows are a function of cell, run number, data and teacher alone.
public struct Trainer: Sendable {
  let cell: Cell
  let data: TrainingData
  let instructionSet: InstructionSet
  let keep: Set<Keep>

  public init(cell: Cell, data: TrainingData, instructionSet: InstructionSet, keep: Set<Keep>) {
    (self.cell, self.data, self.instructionSet, self.keep) = (cell, data, instructionSet, keep)
  }

  /// What teaches a distilled run.
  public struct Teacher: Sendable {
    public let plan: Plan
    public let state: [Float]
    public let standardisation: Standardisation
    public let digest: [UInt8]

    public init(plan: Plan, state: [Float], standardisation: Standardisation, digest: [UInt8]) {
      (self.plan, self.state, self.standardisation, self.digest) = (plan, state, standardisation, digest)
    }
  }

  /// Trains one run.
  ///
  /// - Parameters:
  ///   - mask: 1 where a training example is in the subset.
  ///   - pool: the threads to use; results do not depend on their number.
  ///   - report: called after each batch with the number of images trained on.
  public func rows(
    run: Int, mask: [UInt8], teacher: Teacher? = nil, pool: ThreadPool, report: (Int) -> Void
  ) -> RunRows {
    var session = Session(self, run: run, mask: mask, teacher: teacher, pool: pool)
    var hasDiverged = false
    for epoch in 1...cell.recipe.epochs where !hasDiverged {
      hasDiverged = !session.train(epoch: epoch, report: report)
      if !hasDiverged { session.evaluate(epoch: epoch) }
    }
    return session.finish(hasDiverged: hasDiverged)
  }
}

/// A run under way.
private struct Session {
  let cell: Cell
  let data: TrainingData
  let keep: Set<Keep>
  let run: Int
  let mask: [UInt8]
  let subset: [Int32]
  let input: InputWriter
  let student: CPUExecutor
  /// A new evaluator, which is good until the student's next step.
  let makeEvaluator: () -> Evaluator
  let teacher: (evaluator: CPUExecutor, input: InputWriter, digest: [UInt8])?
  let stepsPerEpoch: Int
  var step = 0
  var history: [String: [Float]]
  var dynamics: [[DynamicsPoint]] = []
  /// Logits of both splits after the last epoch, where its evaluation made them.
  var finalLogits: [String: [Float]] = [:]

  init(_ trainer: Trainer, run: Int, mask: [UInt8], teacher: Trainer.Teacher?, pool: ThreadPool) {
    cell = trainer.cell
    data = trainer.data
    keep = trainer.keep
    self.run = run
    self.mask = mask
    subset = mask.indices.filter { mask[$0] == 1 }.map(Int32.init)
    let recipe = cell.recipe
    let networks = RunNetworks(cell, subset: subset.count, threads: pool.threads, teacher: teacher?.plan)
    input = InputWriter(data: data, standardisation: recipe.standardisation)
    student = networks.student.executor(pool, trainer.instructionSet)
    student.load(state: cell.initialState(run: run))
    makeEvaluator = { [input, student] in
      Evaluator(
        input: input, executor: networks.evaluator.executor(pool, trainer.instructionSet, in: student),
        capacity: networks.evaluator.capacity)
    }
    if let teacher, let network = networks.teacher {
      let executor = network.executor(pool, trainer.instructionSet)
      executor.load(state: teacher.state)
      self.teacher = (
        executor, InputWriter(data: trainer.data, standardisation: teacher.standardisation), teacher.digest
      )
    } else {
      self.teacher = nil
    }
    stepsPerEpoch = (subset.count + recipe.batchSize - 1) / recipe.batchSize
    history = Dictionary(
      uniqueKeysWithValues: ["learning_rate", "train_loss", "train_accuracy", "test_loss", "test_accuracy"].map {
        ($0, [Float](repeating: .nan, count: recipe.epochs))
      })
  }

  /// One pass over the subset. Returns false where the loss is no longer finite.
  mutating func train(epoch: Int, report: (Int) -> Void) -> Bool {
    let recipe = cell.recipe
    var order = subset
    var stream = RandomStream(seed: cell.seed, purpose: .batchOrder, run: run, epoch: epoch)
    stream.shuffle(&order)
    var loss = BatchLoss(cell.loss, classes: data.classes)
    var labels: [Int32] = []
    labels.reserveCapacity(student.capacity)
    var (logits, teacherLogits): ([Float], [Float]) = ([], [])
    var sum = 0.0
    var correct = 0
    for start in stride(from: 0, to: order.count, by: recipe.batchSize) {
      let batch = order[start..<min(start + recipe.batchSize, order.count)]
      prepare(batch, epoch: epoch)
      labels.removeAll(keepingCapacity: true)
      for example in batch { labels.append(data.train.label[Int(example)]) }
      student.forward(count: batch.count, training: true)
      student.readLogits(count: batch.count, into: &logits)
      if let teacher {
        teacher.evaluator.forward(count: batch.count, training: false)
        teacher.evaluator.readLogits(count: batch.count, into: &teacherLogits)
      }
      loss.evaluate(logits: logits, labels: labels, teacherLogits: teacher == nil ? nil : teacherLogits)
      for value in loss.losses { sum += Double(value) }
      guard sum.isFinite else { return false }
      for (i, label) in labels.enumerated()
      where argmax(logits[i * data.classes..<(i + 1) * data.classes]) == label {
        correct += 1
      }
      let rate = Float(recipe.rate(step: step, stepsPerEpoch: stepsPerEpoch))
      student.backward(
        logitGradient: loss.gradient, count: batch.count,
        updating: SGD(
          learningRate: rate, momentum: Float(recipe.momentum), weightDecay: Float(recipe.weightDecay),
          nesterov: recipe.nesterov))
      history["learning_rate"]?[epoch - 1] = rate
      step += 1
      report(batch.count)
    }
    history["train_loss"]?[epoch - 1] = Float(sum / Double(order.count))
    history["train_accuracy"]?[epoch - 1] = Float(Double(correct) / Double(order.count))
    return true
  }

  /// Writes a batch's images into the student's input, and the same cuts into the teacher's.
  private func prepare(_ batch: ArraySlice<Int32>, epoch: Int) {
    let cut = { @Sendable [cell, data, run] (example: Int) in
      InputWriter.Cut(
        cell.recipe.augmentation, seed: cell.seed, run: run, epoch: epoch, position: data.train.position[example])
    }
    input.write(batch, of: data.train, to: student, cut: cut)
    if let teacher { teacher.input.write(batch, of: data.train, to: teacher.evaluator, cut: cut) }
  }

  /// What is recorded after an epoch.
  mutating func evaluate(epoch: Int) {
    let isLast = epoch == cell.recipe.epochs
    let wantsTest = isLast || epoch % cell.recipe.testEvery == 0
    let wantsDynamics = keep.contains(.dynamics)
    guard wantsTest || wantsDynamics else { return }
    let state = student.state()
    let evaluator = makeEvaluator()
    if wantsTest, let test = data.test {
      let logits = evaluator.logits(test, state: state)
      if isLast { finalLogits["test"] = logits }
      var unused: [Float] = []
      let losses = Loss.labels(cell.recipe.loss).evaluate(
        logits: logits, labels: test.label, classes: data.classes, into: &unused)
      let correct = correctness(logits, labels: test.label, classes: data.classes)
      let n = Double(test.count)
      history["test_loss"]?[epoch - 1] = Float(losses.reduce(0.0) { $0 + Double($1) } / n)
      history["test_accuracy"]?[epoch - 1] = Float(correct.reduce(0.0) { $0 + Double($1) } / n)
    }
    if wantsDynamics {
      let logits = evaluator.logits(data.train, state: state)
      if isLast { finalLogits["train"] = logits }
      let correct = correctness(logits, labels: data.train.label, classes: data.classes)
      dynamics.append(
        data.train.label.indices.map { i in
          DynamicsPoint(
            row: logits[(i * data.classes)..<((i + 1) * data.classes)], label: Int(data.train.label[i]),
            isCorrect: correct[i])
        })
    }
  }

  /// The rows of the finished run.
  func finish(hasDiverged: Bool) -> RunRows {
    let state = student.state()
    let evaluator = makeEvaluator()
    var rows = RunRows(run: run)
    rows.set("/status", [UInt8(hasDiverged ? 1 : 0)])
    rows.set("/train/in_mask", mask)
    for (name, values) in history { rows.set("/history/\(name)", values) }
    if let teacher { rows.set("/teacher_digest", teacher.digest) }
    for (name, split) in [("train", data.train), ("test", data.test)] {
      guard let split else { continue }
      let logits = finalLogits[name] ?? evaluator.logits(split, state: state)
      rows.set("/\(name)/correct", correctness(logits, labels: split.label, classes: data.classes))
      if keep.contains(.logit) { rows.set("/\(name)/logit", logits) }
    }
    if keep.contains(.checkpoint) { rows.set("/checkpoint/parameter", state) }
    if keep.contains(.dynamics) { setDynamics(&rows) }
    return rows
  }

  private func setDynamics(_ rows: inout RunRows) {
    let missing = cell.recipe.epochs - dynamics.count
    func values(_ quantity: (DynamicsPoint) -> Float) -> [Float] {
      dynamics.flatMap { $0.map(quantity) } + [Float](repeating: .nan, count: missing * data.train.count)
    }
    rows.set("/dynamics/train/label_probability", values(\.labelProbability))
    rows.set("/dynamics/train/max_probability", values(\.maxProbability))
    rows.set("/dynamics/train/entropy", values(\.entropy))
    rows.set("/dynamics/train/loss", values(\.loss))
    rows.set("/dynamics/train/margin", values(\.margin))
    rows.set(
      "/dynamics/train/correct",
      dynamics.flatMap { $0.map(\.correct) } + [UInt8](repeating: 0, count: missing * data.train.count))
  }
}
