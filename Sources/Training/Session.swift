import Artefacts
import Kernels
import Networks
import Randomness
import ToolKit

/// A run under way.
struct Session {
  private let trainer: Trainer
  private let cell: Cell
  private let data: TrainingData
  private let recording: Recording
  private let run: Int
  private let mask: [UInt8]
  private let subset: [Int32]
  private let input: InputWriter
  private let student: CPUExecutor
  /// A new evaluator, which is good until the student's next step.
  private let makeEvaluator: () -> Evaluator
  private var teacher: TeacherLogits?
  private let stepsPerEpoch: Int
  private let report: (RunEvent) -> Void
  private var keeper: Keeper
  /// Whether what is saved, or a new start, leads to where the run is now.
  private var isSaved = true
  private(set) var position: RunPosition
  private var rows: LongRows
  /// Of the epoch under way, from the training pass.
  private var points: DynamicsPoints?
  /// Logits of both splits after the last epoch, where its evaluation made them.
  private var finalLogits: [String: [Float]] = [:]

  init(
    _ trainer: Trainer, run: Int, _ input: Trainer.Input, pool: ThreadPool, keeper: Keeper,
    report: @escaping (RunEvent) -> Void
  ) {
    (cell, data, recording) = (trainer.cell, trainer.data, trainer.recording)
    (self.run, self.keeper, self.report) = (run, keeper, report)
    mask = input.mask
    subset = mask.indices.filter { input.mask[$0] == 1 }.map(Int32.init)
    let recipe = cell.recipe
    let networks = RunNetworks(cell, subset: subset.count, threads: pool.threads, teacher: input.teacher?.plan)
    let writer = InputWriter(data: data, standardisation: recipe.standardisation)
    self.input = writer
    student = networks.student.executor(pool, trainer.instructionSet)
    makeEvaluator = { [student] in
      Evaluator(
        input: writer, executor: networks.evaluator.executor(pool, trainer.instructionSet, in: student),
        capacity: networks.evaluator.capacity)
    }
    if let teacher = input.teacher, let network = networks.teacher {
      self.teacher = TeacherLogits(
        teacher, network, data: trainer.data, executor: network.executor(pool, trainer.instructionSet))
    }
    stepsPerEpoch = (subset.count + recipe.batchSize - 1) / recipe.batchSize
    position = RunPosition(epochs: recipe.epochs)
    rows = Session.emptyRows(trainer, run)
    self.trainer = trainer
  }

  private static func emptyRows(_ trainer: Trainer, _ run: Int) -> LongRows {
    LongRows(
      run: run, trainer.recording, epochs: trainer.cell.recipe.epochs, examples: trainer.data.train.count,
      stateCount: trainer.cell.plan.stateCount)
  }

  /// Starts where the run was saved last, or anew.
  mutating func restore() throws {
    let recipe = cell.recipe
    if let bytes = try rows.restore(from: &keeper),
      let saved = SavedRun(bytes, epochs: recipe.epochs, stateCount: cell.plan.stateCount)
    {
      position = saved.position
      points = saved.points
      student.load(state: saved.state, momenta: saved.momenta)
      report(.resumed(epoch: position.epoch, images: images))
      if position.hasDiverged { report(.diverged(epoch: position.epoch, imagesLeft: imagesLeft)) }
      if let accuracy = position.accuracyAtEnd {
        report(.reached(epoch: position.epoch - 1, accuracy: accuracy, imagesLeft: imagesLeft))
      }
      return
    }
    begin()
  }

  /// Starts anew.
  mutating func begin() {
    // A journal that cannot be trusted may have left something.
    if !rows.isEmpty { rows = Session.emptyRows(trainer, run) }
    let state = cell.initialState(run: run)
    student.load(state: state)
    record(state, after: 0)
  }

  /// How many images the run has been trained on, each as often as it was, and how many are to come.
  private var images: Int {
    (position.epoch - 1) * subset.count + min(position.batch * cell.recipe.batchSize, subset.count)
  }
  private var imagesLeft: Int { cell.recipe.epochs * subset.count - images }

  /// Keeps a checkpoint, where there is to be one after the epoch.
  private mutating func record(_ state: @autoclosure () -> [Float], after epoch: Int) {
    guard let snapshot = recording.snapshot(after: epoch) else { return }
    rows.set("/checkpoint/parameter", at: snapshot * cell.plan.stateCount, state())
  }

  // MARK: Saving

  /// Between two batches: saves where it is time to, and ends where the run is to stop.
  private mutating func pause() throws {
    let isStopping = keeper.isStopping()
    if !isSaved, isStopping || keeper.isDue, keeper.journal != nil { try save() }
    if isStopping { throw Stopped() }
  }

  private mutating func save() throws {
    try rows.save(with: &keeper) { [student, position, points] writer in
      try SavedRun.write(position, state: student.state, momenta: student.momenta, points: points, to: &writer)
    }
    isSaved = true
    report(.saved(epoch: position.epoch, step: position.step))
  }

  // MARK: Training

  /// What is left of an epoch's pass over the subset. Ends where the loss is no longer finite.
  mutating func trainEpoch() throws {
    let recipe = cell.recipe
    if cell.teachers?.logits == .stored {
      // Of no use to a run that was cut off: they are as quickly made again as read.
      var teacher = teacher
      try teacher?.store(subset) { try pause() }
      self.teacher = teacher
    }
    let start = Machine.seconds
    let first = position.batch * recipe.batchSize
    var order = subset
    var stream = RandomStream(seed: cell.seed, purpose: .batchOrder, run: run, epoch: position.epoch)
    stream.shuffle(&order)
    if recording.has(.training), points == nil { points = DynamicsPoints(examples: data.train.count) }
    var step = TrainingStep(loss: BatchLoss(cell.loss, classes: data.classes), capacity: student.capacity)
    while position.batch < stepsPerEpoch {
      try pause()
      let from = position.batch * recipe.batchSize
      guard train(order[from..<min(from + recipe.batchSize, order.count)], &step) else {
        position.hasDiverged = true
        isSaved = false
        return report(.diverged(epoch: position.epoch, imagesLeft: imagesLeft))
      }
      let done = Double(min(from + recipe.batchSize, order.count))
      report(
        .batch(
          epoch: position.epoch, images: Int(done) - from, loss: position.lossSum / done,
          accuracy: Double(position.correct) / done))
    }
    position.set("train_loss", position.lossSum / Double(order.count))
    position.set("train_accuracy", Double(position.correct) / Double(order.count))
    trained = (order.count - min(first, order.count), Machine.seconds - start)
  }

  /// Images and seconds of the last `trainEpoch`.
  private var trained = (images: 0, seconds: 0.0)

  /// One step. Returns false where the loss is no longer finite.
  mutating func train(_ batch: ArraySlice<Int32>, _ step: inout TrainingStep) -> Bool {
    let recipe = cell.recipe
    let cut = cut
    input.write(batch, of: data.train, to: student, cut: cut)
    step.labels.removeAll(keepingCapacity: true)
    for example in batch { step.labels.append(data.train.label[Int(example)]) }
    student.forward(count: batch.count, training: true)
    student.readLogits(count: batch.count, into: &step.logits)
    teacher?.read(batch, cut: cut, into: &step.teacherLogits)
    step.loss.evaluate(
      logits: step.logits, labels: step.labels, teacherLogits: teacher == nil ? nil : step.teacherLogits)
    for value in step.loss.losses { position.lossSum += Double(value) }
    guard position.lossSum.isFinite else { return false }
    let classes = data.classes
    for (i, (example, label)) in zip(batch, step.labels).enumerated() {
      let row = step.logits[i * classes..<(i + 1) * classes]
      if argmax(row) == label { position.correct += 1 }
      points?.set(Int(example), DynamicsPoint(row: row, label: Int(label)))
    }
    let rate = Float(recipe.rate(step: position.step, stepsPerEpoch: stepsPerEpoch))
    student.backward(
      logitGradient: step.loss.gradient, count: batch.count,
      updating: SGD(
        learningRate: rate, momentum: Float(recipe.momentum), weightDecay: Float(recipe.weightDecay),
        nesterov: recipe.nesterov))
    position.set("learning_rate", rate)
    position.step += 1
    position.batch += 1
    isSaved = false
    return true
  }

  /// How images of the epoch under way are cut, for student and teacher alike.
  private var cut: @Sendable (Int) -> InputWriter.Cut {
    { [cell, data, run, epoch = position.epoch] example in
      InputWriter.Cut(
        cell.recipe.augmentation, seed: cell.seed, run: run, epoch: epoch, position: data.train.position[example])
    }
  }

  // MARK: Evaluation

  /// What is recorded after an epoch; then the next one begins.
  mutating func evaluateEpoch() throws {
    let epoch = position.epoch
    var isLast = epoch == cell.recipe.epochs
    // Whatever is known of the epoch becomes the run's after the last pause alone: a run that stops in one begins the
    // evaluation anew.
    var accuracyAtEnd: Double?
    let mayTest = data.test != nil && (isLast || epoch % cell.recipe.testEvery == 0)
    if mayTest || recording.has(.evaluation) || cell.recipe.stopAtAccuracy != nil {
      let state = student.state()
      let evaluator = makeEvaluator()
      var trainLogits: [Float]?
      if recording.has(.evaluation) {
        trainLogits = try evaluator.logits(data.train, state: state) { try pause() }
      }
      if let target = cell.recipe.stopAtAccuracy {
        let accuracy = try accuracyOnSubset(trainLogits, evaluator, state)
        if accuracy >= target { (accuracyAtEnd, isLast) = (accuracy, true) }
      }
      if isLast { finalLogits["train"] = trainLogits }
      if isLast || mayTest, let test = data.test {
        let logits = try evaluator.logits(test, state: state) { try pause() }
        if isLast { finalLogits["test"] = logits }
        recordTest(logits, test)
      }
      if let trainLogits { setPoints(trainLogits) }
    }
    points?.write(to: &rows, epoch: epoch)
    points = nil
    let student = student
    record(student.state(), after: epoch)
    // The last checkpoint is the trained network's, whichever epoch that is after.
    if isLast, epoch < cell.recipe.epochs { record(student.state(), after: cell.recipe.epochs) }
    report(
      .epoch(
        EpochSummary(
          epoch: epoch, loss: position.value("train_loss"), accuracy: position.value("train_accuracy"),
          testLoss: position.value("test_loss"), testAccuracy: position.value("test_accuracy"),
          images: trained.images, seconds: trained.seconds)))
    position.accuracyAtEnd = accuracyAtEnd
    position.beginNextEpoch()
    isSaved = false
    if let accuracy = accuracyAtEnd {
      report(.reached(epoch: epoch, accuracy: accuracy, imagesLeft: imagesLeft))
    }
  }

  /// Sets the epoch's dynamics from logits of all training examples.
  private mutating func setPoints(_ logits: [Float]) {
    var all = DynamicsPoints(examples: data.train.count)
    for (i, label) in data.train.label.enumerated() {
      all.set(i, DynamicsPoint(row: logits[i * data.classes..<(i + 1) * data.classes], label: Int(label)))
    }
    points = all
  }

  /// The share of the run's own examples that the network gets right, in evaluation mode and without augmentation.
  ///
  /// - Parameter trainLogits: of all training examples, where they are known.
  private mutating func accuracyOnSubset(
    _ trainLogits: [Float]?, _ evaluator: Evaluator, _ state: [Float]
  ) throws -> Double {
    let labels = subset.map { data.train.label[Int($0)] }
    let right: Int
    if let trainLogits {
      let all = argmax(trainLogits, classes: data.classes)
      right = zip(subset, labels).count { all[Int($0)] == $1 }
    } else {
      let logits = try evaluator.logits(data.train, subset, state: state) { try pause() }
      right = zip(argmax(logits, classes: data.classes), labels).count { $0 == $1 }
    }
    return Double(right) / Double(subset.count)
  }

  private mutating func recordTest(_ logits: [Float], _ test: TrainingData.Split) {
    var unused: [Float] = []
    let losses = Loss.labels(cell.recipe.loss).evaluate(
      logits: logits, labels: test.label, classes: data.classes, into: &unused)
    let correct = correctness(logits, labels: test.label, classes: data.classes)
    let n = Double(test.count)
    position.set("test_loss", losses.reduce(0.0) { $0 + Double($1) } / n)
    position.set("test_accuracy", correct.reduce(0.0) { $0 + Double($1) } / n)
  }

  /// The rows of the finished run.
  mutating func finish() throws -> RunRows {
    let state = student.state()
    let evaluator = makeEvaluator()
    var short: [String: [UInt8]] = [:]
    for (name, split) in [("train", data.train), ("test", data.test)] {
      guard let split else { continue }
      let logits: [Float]
      if let known = finalLogits[name] {
        logits = known
      } else {
        logits = try evaluator.logits(split, state: state) { try pause() }
      }
      short["/\(name)/correct"] = correctness(logits, labels: split.label, classes: data.classes)
      if recording.keep.contains(.logit) { short["/\(name)/logit"] = logits.withUnsafeBytes { Array($0) } }
    }
    var rows = rows.rows
    for (path, bytes) in short { rows.rows[path] = bytes }
    rows.set("/status", [UInt8(position.hasDiverged ? 1 : 0)])
    rows.set("/train/in_mask", mask)
    for (quantity, values) in zip(RunSchema.history, position.history) {
      rows.set("/history/\(quantity.name)", values)
    }
    if cell.recipe.stopAtAccuracy != nil { rows.set("/epochs_trained", [Int32(position.epoch - 1)]) }
    if let teacher = teacher?.teacher {
      rows.set("/teacher_digest", teacher.digest)
      rows.set("/teacher_out_accuracy", [teacher.outAccuracy])
    }
    return rows
  }
}

// MARK: Rehearsal

extension Session {
  var currentState: [Float] { student.state() }

  func newEvaluator() -> Evaluator { makeEvaluator() }

  /// Seconds that a teacher whose logits are stored takes for one example; 0 of any other.
  mutating func timeTeacher() -> Double {
    cell.teachers?.logits == .stored ? teacher?.rehearse() ?? 0 : 0
  }

  /// Seconds of each of some steps, without the first, which warms up.
  mutating func timeSteps(_ span: Double) -> [Double] {
    let recipe = cell.recipe
    var step = TrainingStep(loss: BatchLoss(cell.loss, classes: data.classes), capacity: student.capacity)
    if recording.has(.training) { points = DynamicsPoints(examples: data.train.count) }
    var times: [Double] = []
    let begin = Machine.seconds
    let batches = max(1, subset.count / recipe.batchSize)
    while times.count < 4 || (Machine.seconds - begin < span && times.count < 1000) {
      let first = times.count % batches * recipe.batchSize
      let start = Machine.seconds
      let isFinite = train(subset[first..<min(first + recipe.batchSize, subset.count)], &step)
      times.append(Machine.seconds - start)
      // One that diverges takes no time from there on.
      if !isFinite { student.load(state: cell.initialState(run: run)) }
      position.lossSum = 0
    }
    return Array(times.dropFirst())
  }

  /// Seconds that one example's dynamics take.
  func secondsOfPoint(_ logits: [Float]) -> Double {
    let count = logits.count / data.classes
    let start = Machine.seconds
    var points = DynamicsPoints(examples: count)
    for i in 0..<count {
      points.set(i, DynamicsPoint(row: logits[i * data.classes..<(i + 1) * data.classes], label: 0))
    }
    return (Machine.seconds - start) / Double(max(1, count))
  }
}

/// What a step works in, kept from batch to batch.
struct TrainingStep {
  var loss: BatchLoss
  var labels: [Int32] = []
  var logits: [Float] = []
  var teacherLogits: [Float] = []

  init(loss: BatchLoss, capacity: Int) {
    self.loss = loss
    labels.reserveCapacity(capacity)
  }
}
