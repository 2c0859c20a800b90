import Artefacts
import Kernels
import Testing
import Training

/// Runs that end at an accuracy on their own subset: those without one, cut off.
@Suite struct StopAtAccuracyTests {
  private static let (epochs, examples) = (8, 60)

  private func recipe(stoppingAt accuracy: Double? = nil, _ augmentation: Augmentation = .none) -> Recipe {
    var recipe = Recipe.quick
    (recipe.epochs, recipe.batchSize, recipe.learningRate, recipe.warmUpEpochs) = (Self.epochs, 16, 0.05, 1)
    (recipe.augmentation, recipe.testEvery, recipe.stopAtAccuracy) = (augmentation, 100, accuracy)
    return recipe
  }

  private func rows(_ recipe: Recipe, keep: Set<Keep> = Set(Keep.allCases), _ pass: DynamicsPass = .evaluation) throws
    -> RunRows
  {
    let trainer = Trainer(
      cell: try cell(recipe, "mlp width=16"), data: try MadeUpData().trainingData(),
      instructionSet: try InstructionSet.selected(),
      recording: Recording(keep: keep, snapshots: [0, 1, 2, 3, 4, 5, 6, 7, 8], dynamicsPass: pass))
    return try trainer.rows(run: 2, .init(mask: thirdsLeftOut(60)), pool: ThreadPool(threads: 1))
  }

  private func floats(_ rows: RunRows, _ path: String) throws -> [Float] {
    try #require(rows.values(path, Float.self))
  }

  /// An epoch that leaves a whole run more accurate on its subset than all before it, by the run's dynamics, with that
  /// accuracy.
  private func peak(_ whole: RunRows) throws -> (epoch: Int, accuracy: Double) {
    let correct = try #require(whole.rows["/dynamics/train/correct"])
    let mask = thirdsLeftOut(60)
    let accuracies = (0..<Self.epochs).map { epoch in
      let right = mask.indices.count { mask[$0] == 1 && correct[epoch * 60 + $0] == 1 }
      return Double(right) / 40
    }
    let epoch = try #require((2..<Self.epochs).first { accuracies[$0 - 1] > (accuracies[..<($0 - 1)].max() ?? 0) })
    return (epoch, accuracies[epoch - 1])
  }

  @Test func `A run that stops is the whole run up to there and nothing after`() throws {
    let whole = try rows(recipe())
    let (end, accuracy) = try peak(whole)
    let stopped = try rows(recipe(stoppingAt: accuracy))
    #expect(stopped.values("/epochs_trained", Int32.self) == [Int32(end)])
    #expect(whole.rows["/epochs_trained"] == nil)
    #expect(stopped.rows["/status"] == [0])
    for name in ["learning_rate", "train_loss", "train_accuracy"] {
      let (found, expected) = (try floats(stopped, "/history/\(name)"), try floats(whole, "/history/\(name)"))
      #expect(found[..<end] == expected[..<end], "\(name)")
      #expect(found[end...].allSatisfy { $0.isNaN }, "\(name)")
    }
    // The test split is evaluated at the end, though it is not every 100th epoch.
    let test = try floats(stopped, "/history/test_accuracy")
    #expect(test.indices.allSatisfy { test[$0].isNaN == ($0 != end - 1) })
    for name in ["loss", "margin", "entropy"] {
      let path = "/dynamics/train/\(name)"
      let (found, expected) = (try floats(stopped, path), try floats(whole, path))
      #expect(found[..<(60 * end)] == expected[..<(60 * end)])
      #expect(found[(60 * end)...].allSatisfy { $0.isNaN })
    }
    let correct = try #require(stopped.rows["/dynamics/train/correct"])
    #expect(correct[(60 * end)...].allSatisfy { $0 == RunSchema.missingFlag })
    // What the run is in the end is what it was after that epoch.
    #expect(stopped.rows["/train/correct"] == Array(correct[(60 * (end - 1))..<(60 * end)]))
    let (states, all) = (try floats(stopped, "/checkpoint/parameter"), try floats(whole, "/checkpoint/parameter"))
    let size = states.count / 9
    #expect(states[..<((end + 1) * size)] == all[..<((end + 1) * size)])
    #expect(states[((end + 1) * size)..<(8 * size)].allSatisfy { $0.isNaN })
    #expect(states[(8 * size)...] == all[(end * size)..<((end + 1) * size)])
  }

  @Test func `What is recorded beside does not show in where a run stops`() throws {
    let (_, accuracy) = try peak(rows(recipe()))
    let evaluated = try rows(recipe(stoppingAt: accuracy))
    let others: [(keep: Set<Keep>, pass: DynamicsPass)] = [([.dynamics], .training), ([], .evaluation)]
    for (keep, pass) in others {
      let other = try rows(recipe(stoppingAt: accuracy), keep: keep, pass)
      for path in ["/epochs_trained", "/train/correct", "/test/correct", "/history/train_loss", "/history/test_loss"] {
        #expect(other.rows[path] == evaluated.rows[path], "\(path)")
      }
    }
  }

  @Test func `A run that never is as accurate is the whole run`() throws {
    // Random labels of images that move are not learned in so few epochs.
    let whole = try rows(recipe(stoppingAt: nil, .padCropFlip))
    let highest = try #require(
      (1...40).map { Double($0) / 40 }.first { target in
        let end = try? rows(recipe(stoppingAt: target, .padCropFlip), keep: []).values("/epochs_trained", Int32.self)
        return end == [Int32(Self.epochs)]
      })
    var found = try rows(recipe(stoppingAt: highest, .padCropFlip)).rows
    #expect(found.removeValue(forKey: "/epochs_trained") != nil)
    #expect(found == whole.rows)
  }
}
