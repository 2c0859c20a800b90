import Artefacts
import Foundation
import Kernels
import Networks
import Synchronization
import Testing
import ToolKit
import Training

/// Runs that are cut off and go on: the same rows as if nothing had happened.
@Suite struct ResumeTests {
  /// 40 examples of 60 in batches of 16, 16 and 8; crops, momentum, weight decay, a warm-up and a decay.
  private static var recipe: Recipe {
    var recipe = Recipe.quick
    (recipe.epochs, recipe.batchSize, recipe.learningRate, recipe.warmUpEpochs) = (3, 16, 0.05, 1)
    (recipe.weightDecay, recipe.augmentation, recipe.testEvery) = (1e-3, .padCropFlip, 2)
    return recipe
  }

  private final class Folder {
    let path = NSTemporaryDirectory() + "rote-test-\(UUID().uuidString)"
    init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
    deinit { try? FileManager.default.removeItem(atPath: path) }

    func journal(_ identity: UInt8 = 1) -> RunJournal {
      RunJournal(path: "\(path)/000002", identity: [UInt8](repeating: identity, count: 32))
    }
  }

  private struct Setting {
    let trainer: Trainer
    let input: Trainer.Input
    let pool = ThreadPool(threads: 1)

    func rows(_ keeper: Keeper = Keeper(), _ report: @escaping (RunEvent) -> Void = { _ in }) throws -> RunRows {
      try trainer.rows(run: 2, input, pool: pool, keeper: keeper, report: report)
    }

    /// Trains until it has been asked for the `count`-th time whether to stop; nil where it stopped then.
    func rows(_ folder: Folder, stoppingAt count: Int, interval: Double = 1000) throws -> RunRows? {
      let counter = Counter()
      do {
        return try rows(Keeper(journal: folder.journal(), interval: interval) { counter.next() == count })
      } catch is Stopped {
        return nil
      }
    }
  }

  private final class Counter: Sendable {
    private let value = Atomic(0)
    func next() -> Int { value.add(1, ordering: .relaxed).newValue }
  }

  private static func setting(
    _ architecture: String, _ pass: DynamicsPass, teacher teacherPass: TeacherPass? = nil, stopAtAccuracy: Double? = nil
  ) throws -> Setting {
    var recipe = recipe
    recipe.stopAtAccuracy = stopAtAccuracy
    let data = try MadeUpData().trainingData()
    let mask = thirdsLeftOut(60)
    var configuration: TeacherConfiguration?
    var teacher: Trainer.Teacher?
    if let teacherPass {
      configuration = TeacherConfiguration(
        cell: "", architecture: "mlp", weight: 0.6, temperature: 2, squaredFactor: false, logits: teacherPass)
      let plan = try cell(recipe, "mlp width=5").plan
      teacher = Trainer.Teacher(
        plan: plan, state: (0..<plan.stateCount).map { Float($0 % 7) / 50 - 0.05 }, standardisation: .perImage,
        digest: [UInt8](repeating: 7, count: 32))
    }
    let cell = try cell(recipe, architecture, teachers: configuration)
    let trainer = Trainer(
      cell: cell, data: data, instructionSet: try InstructionSet.selected(),
      recording: Recording(keep: Set(Keep.allCases), snapshots: [0, 2, 3], dynamicsPass: pass))
    return Setting(trainer: trainer, input: .init(mask: mask, teacher: teacher))
  }

  @Test(
    arguments: [
      ("mlp width=8", DynamicsPass.training, nil), ("resnet-8 width=0.25", .evaluation, nil),
      ("resnet-8 width=0.25", .training, .batch), ("mlp width=8", .training, .stored),
    ] as [(String, DynamicsPass, TeacherPass?)])
  func `A run that stops anywhere goes on to the rows of an undisturbed one`(
    architecture: String, pass: DynamicsPass, teacher: TeacherPass?
  ) throws {
    let setting = try Self.setting(architecture, pass, teacher: teacher)
    let undisturbed = try setting.rows().rows
    var stops = 0
    for count in 1... {
      let folder = try Folder()
      guard try setting.rows(folder, stoppingAt: count) == nil else { break }
      stops += 1
      var resumed = false
      let rows = try setting.rows(Keeper(journal: folder.journal())) { if case .resumed = $0 { resumed = true } }
      #expect(rows.rows == undisturbed, "stopped at \(count)")
      // Before the first batch there is nothing to save, and before that a teacher may look at the images.
      if teacher != .stored { #expect(resumed == (count > 1)) }
    }
    // At least before each of the 9 batches.
    #expect(stops >= 9)
  }

  @Test(arguments: [DynamicsPass.training, .evaluation])
  func `A run that ends at an accuracy ends there wherever it was cut off`(pass: DynamicsPass) throws {
    // A quarter of random labels is right by chance.
    let setting = try Self.setting("mlp width=8", pass, stopAtAccuracy: 0.25)
    let undisturbed = try setting.rows()
    let end = try #require(undisturbed.values("/epochs_trained", Int32.self)?.first)
    #expect(end < 3)
    for count in 1... {
      let folder = try Folder()
      guard try setting.rows(folder, stoppingAt: count) == nil else { break }
      #expect(try setting.rows(Keeper(journal: folder.journal())).rows == undisturbed.rows, "stopped at \(count)")
    }
    let (folder, copies) = (try Folder(), try Folder())
    var (count, ends) = (0, 0)
    _ = try setting.rows(Keeper(journal: folder.journal(), interval: 0)) { event in
      if case .reached(let epoch, let accuracy, let left) = event {
        #expect(epoch == Int(end) && accuracy >= 0.25 && left == 40 * (3 - epoch))
        ends += 1
      }
      guard case .saved = event else { return }
      try? FileManager.default.copyItem(atPath: folder.path, toPath: "\(copies.path)/\(count)")
      count += 1
    }
    #expect(ends == 1 && count >= 3 * Int(end))
    for copy in 0..<count {
      let journal = RunJournal(path: "\(copies.path)/\(copy)/000002", identity: [UInt8](repeating: 1, count: 32))
      #expect(try setting.rows(Keeper(journal: journal)).rows == undisturbed.rows, "state \(copy)")
    }
  }

  @Test func `A run that stops again and again gets to the same rows`() throws {
    let setting = try Self.setting("resnet-8 width=0.25", .training)
    let folder = try Folder()
    var rows: RunRows?
    var starts = 0
    while rows == nil {
      rows = try setting.rows(folder, stoppingAt: 4)
      starts += 1
      try #require(starts < 100)
    }
    #expect(starts > 3)
    #expect(rows?.rows == (try setting.rows().rows))
  }

  @Test func `A run that is saved after every batch goes on from any of its saved states`() throws {
    let setting = try Self.setting("mlp width=8", .evaluation)
    let (folder, copies) = (try Folder(), try Folder())
    var count = 0
    let undisturbed = try setting.rows(Keeper(journal: folder.journal(), interval: 0)) { event in
      guard case .saved = event else { return }
      // As a crash would leave it at this moment.
      try? FileManager.default.copyItem(atPath: folder.path, toPath: "\(copies.path)/\(count)")
      count += 1
    }
    // Each batch of three epochs.
    #expect(count >= 9)
    for copy in 0..<count {
      let journal = RunJournal(path: "\(copies.path)/\(copy)/000002", identity: [UInt8](repeating: 1, count: 32))
      #expect(try setting.rows(Keeper(journal: journal)).rows == undisturbed.rows, "state \(copy)")
    }
  }

  @Test func `A state that is damaged or another run's counts as not there`() throws {
    let setting = try Self.setting("mlp width=8", .training)
    let folder = try Folder()
    #expect(try setting.rows(folder, stoppingAt: 8) == nil)
    let path = "\(folder.path)/000002.state"
    let whole = try Data(contentsOf: URL(fileURLWithPath: path))
    func resumes(_ identity: UInt8 = 1) throws -> Bool {
      var resumed = false
      let rows = try setting.rows(Keeper(journal: folder.journal(identity))) {
        if case .resumed = $0 { resumed = true }
      }
      #expect(rows.rows == (try setting.rows().rows))
      return resumed
    }
    #expect(try resumes())
    #expect(try !resumes(2))
    var damaged = whole
    damaged[whole.count / 2] ^= 1
    for bytes in [damaged, whole.dropLast(), whole.prefix(20), Data()] {
      try bytes.write(to: URL(fileURLWithPath: path))
      #expect(try !resumes())
    }
    try whole.write(to: URL(fileURLWithPath: path))
    #expect(try resumes())
    let rows = "\(folder.path)/000002.rows"
    var pieces = try Data(contentsOf: URL(fileURLWithPath: rows))
    pieces[pieces.count / 2] ^= 1
    try pieces.write(to: URL(fileURLWithPath: rows))
    #expect(try !resumes())
  }

  @Test func `A run that diverges after it was resumed has the rows of one that was not`() throws {
    let data = try MadeUpData().trainingData()
    var recipe = Recipe.quick
    // As in TrainerTests: past what a float holds in the fourth epoch.
    (recipe.epochs, recipe.batchSize, recipe.learningRate, recipe.warmUpEpochs) = (8, 16, 1, 0)
    (recipe.momentum, recipe.nesterov, recipe.weightDecay, recipe.decay) = (0, false, 100, .constant)
    let trainer = Trainer(
      cell: try cell(recipe), data: data, instructionSet: try InstructionSet.selected(),
      recording: Recording(keep: Set(Keep.allCases), snapshots: [0, 1, 2, 8], dynamicsPass: .training))
    let setting = Setting(trainer: trainer, input: .init(mask: thirdsLeftOut(60)))
    let undisturbed = try setting.rows()
    #expect(undisturbed.rows["/status"] == [1])
    let snapshots = try #require(undisturbed.values("/checkpoint/parameter", Float.self))
    let size = snapshots.count / 4
    #expect(snapshots[..<(3 * size)].allSatisfy { $0.isFinite })
    #expect(snapshots[(3 * size)...].allSatisfy { $0.isNaN })
    for count in [5, 9, 12, 13, 14] {
      let folder = try Folder()
      _ = try setting.rows(folder, stoppingAt: count)
      #expect(try setting.rows(Keeper(journal: folder.journal())).rows == undisturbed.rows, "stopped at \(count)")
    }
  }
}
