import Artefacts
import Kernels
import Networks

/// One run: a network trained on one subset. Its rows are a function of cell, run number, data and teacher alone.
public struct Trainer: Sendable {
  let cell: Cell
  let data: TrainingData
  let instructionSet: InstructionSet
  let recording: Recording

  public init(cell: Cell, data: TrainingData, instructionSet: InstructionSet, recording: Recording) {
    (self.cell, self.data, self.instructionSet, self.recording) = (cell, data, instructionSet, recording)
  }

  /// What teaches a distilled run.
  public struct Teacher: Sendable {
    public let plan: Plan
    public let state: [Float]
    public let standardisation: Standardisation
    public let digest: [UInt8]
    /// On the training examples that are not in the student's subset; NaN where all are.
    public let outAccuracy: Float

    public init(
      plan: Plan, state: [Float], standardisation: Standardisation, digest: [UInt8], outAccuracy: Float = .nan
    ) {
      (self.plan, self.state, self.standardisation, self.digest) = (plan, state, standardisation, digest)
      self.outAccuracy = outAccuracy
    }
  }

  /// What one run needs beside the cell.
  public struct Input: Sendable {
    /// 1 where a training example is in the run's subset.
    public let mask: [UInt8]
    public let teacher: Teacher?

    public init(mask: [UInt8], teacher: Teacher? = nil) {
      (self.mask, self.teacher) = (mask, teacher)
    }
  }

  /// Trains one run, from where it was saved last.
  ///
  /// - Parameters:
  ///   - pool: the threads to use; results do not depend on their number.
  ///   - keeper: saves the run while it is under way.
  ///   - report: told of each batch and epoch.
  /// - Throws: `Stopped` where the run was asked to stop, and what goes wrong in saving it.
  public func rows(
    run: Int, _ input: Input, pool: ThreadPool, keeper: Keeper = Keeper(),
    report: @escaping (RunEvent) -> Void = { _ in }
  ) throws -> RunRows {
    var session = Session(self, run: run, input, pool: pool, keeper: keeper, report: report)
    try session.restore()
    while session.position.isTraining(of: cell.recipe.epochs) {
      try session.trainEpoch()
      if !session.position.hasDiverged { try session.evaluateEpoch() }
    }
    return try session.finish()
  }
}

/// What a run tells of itself.
public enum RunEvent: Sendable {
  /// It goes on from where it was saved: so many images of the training are done.
  case resumed(epoch: Int, images: Int)
  /// A batch is done; loss and accuracy are means over the epoch so far.
  case batch(epoch: Int, images: Int, loss: Double, accuracy: Double)
  case epoch(EpochSummary)
  /// It has the accuracy at which it was to end, with so many images of the training not done.
  case reached(epoch: Int, accuracy: Double, imagesLeft: Int)
  case saved(epoch: Int, step: Int)
  /// It ends with so many images of the training not done.
  case diverged(epoch: Int, imagesLeft: Int)
}

public struct EpochSummary: Sendable {
  public let epoch: Int
  public let loss: Double
  public let accuracy: Double
  /// NaN where the test split was not evaluated.
  public let testLoss: Double
  public let testAccuracy: Double
  /// Of training, in this process.
  public let images: Int
  public let seconds: Double
}

/// A run that was asked to stop has done so, and has saved what it could.
public struct Stopped: Error {}
