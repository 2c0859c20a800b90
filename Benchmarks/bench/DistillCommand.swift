import ArgumentParser
import Figures
import Kernels
import Networks
import Randomness
import ToolKit
import Training

/// What distilling costs beside what it is made of, in alternation: the teacher's forward pass and the student's
/// training, each apart.
struct DistillCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "distill",
    abstract: "Distilling beside the teacher's forward pass and the student's training, each apart.")

  @Option(help: "The teacher's architecture.")
  var teacher = "resnet-20"

  @Option(help: "The student's architecture.")
  var student = "resnet-8"

  @Option(help: "Images a batch.")
  var batch = 128

  @Option(help: "Batches of each in a round.")
  var batches = 20

  @Option(help: "Threads; 0 for all cores.")
  var threads = 1

  @Option(help: "Rounds, of which the medians count, after one that does not.")
  var rounds = 11

  func validate() throws {
    guard batch > 1, batches > 0, threads >= 0, rounds > 0 else {
      throw ValidationError("batch must be above 1, batches and rounds above 0")
    }
  }

  func run() throws {
    let setting = try Setting(self)
    var times: [(teacher: Double, labels: Double, distilled: Double, stored: Double)] = []
    for round in 0...rounds {
      let one = (
        teacher: setting.forward(), labels: try setting.epoch(nil), distilled: try setting.epoch(.batch),
        stored: try setting.epoch(.stored)
      )
      if round > 0 { times.append(one) }
    }
    var table = Table(
      name: "distill", title: "Distilling \(student) from \(teacher), \(batch) images a batch",
      columns: [.init("measure", .text), .init("value", .number(digits: 2)), .init("unit", .text)])
    func append(_ name: String, _ values: [Double], unit: String = "ms a batch", factor: Double? = nil) {
      table.append([
        .text(name), .number((factor ?? 1000 / Double(batches)) * median(values)), .text(unit),
      ])
    }
    append("the teacher's forward pass", times.map(\.teacher))
    append("the student's training on labels", times.map(\.labels))
    append("distilling", times.map(\.distilled))
    append("the same, with logits stored before", times.map(\.stored))
    append("distilling to both apart", times.map { $0.distilled / ($0.teacher + $0.labels) }, unit: "", factor: 1)
    append("stored logits to labels", times.map { $0.stored / $0.labels }, unit: "", factor: 1)
    try StandardOutput.write(Array(Markdown.render(table).utf8))
  }
}

/// Noise for images, and the networks.
private struct Setting {
  private let command: DistillCommand
  private let data: TrainingData
  private let teacher: Trainer.Teacher
  private let alone: Workload
  private let instructionSet: InstructionSet
  private let pool: ThreadPool

  init(_ command: DistillCommand) throws {
    self.command = command
    instructionSet = try InstructionSet.selected()
    pool = ThreadPool(threads: command.threads > 0 ? command.threads : Machine.cores)
    var stream = RandomStream(seed: 0, purpose: .test)
    let (image, count) = (Workload.image, command.batch * command.batches)
    let split = TrainingData.Split(
      image: (0..<count * image.count).map { _ in UInt8(stream.below(256)) },
      label: (0..<count).map { Int32($0 * 7 % Workload.classes) }, position: (0..<Int64(count)).map { $0 })
    data = TrainingData(shape: image, classes: Workload.classes, train: split)
    let plan = try Architecture(command.teacher).plan(image: image, classes: Workload.classes)
    teacher = Trainer.Teacher(
      plan: plan, state: initialState(plan: plan, seed: 0, run: 0), standardisation: .perChannel, digest: [])
    alone = Workload(
      plan: plan, image: image, batch: command.batch, mode: .evaluation, threads: pool.threads,
      instructionSet: instructionSet)
  }

  /// Seconds of the teacher's passes in evaluation mode over an epoch's batches.
  func forward() -> Double {
    let start = Machine.seconds
    for _ in 0..<command.batches { alone.infer() }
    return Machine.seconds - start
  }

  /// Seconds of an epoch's training, without evaluation; on labels where no teacher looks.
  func epoch(_ pass: TeacherPass?) throws -> Double {
    var recipe = Recipe.cifar
    (recipe.epochs, recipe.batchSize, recipe.warmUpEpochs, recipe.learningRate) = (1, command.batch, 0, 0.01)
    let architecture = try Architecture(command.student)
    let cell = Cell(
      architecture: architecture, plan: try architecture.plan(image: Workload.image, classes: Workload.classes),
      recipe: recipe, seed: 0, subset: .null,
      teachers: pass.map {
        TeacherConfiguration(
          cell: "", architecture: command.teacher, weight: 1, temperature: 3, squaredFactor: false, logits: $0)
      })
    let trainer = Trainer(
      cell: cell, data: data, instructionSet: instructionSet, recording: Recording(keep: [], epochs: 1))
    var seconds = Double.nan
    let mask = [UInt8](repeating: 1, count: data.train.count)
    _ = try trainer.rows(run: 0, .init(mask: mask, teacher: pass == nil ? nil : teacher), pool: pool) {
      if case .epoch(let summary) = $0 { seconds = summary.seconds }
    }
    return seconds
  }
}
