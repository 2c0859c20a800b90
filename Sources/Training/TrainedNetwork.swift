import Artefacts
import Networks
import ToolKit

/// The network of a cell of trained runs, as its configuration describes it.
public struct TrainedNetwork: Sendable {
  public let plan: Plan
  public let standardisation: Standardisation
  public let exactConvolution: Bool
  /// Of labels: the one that was trained with; cross-entropy of students.
  public let loss: LabelLoss

  public init(
    plan: Plan, standardisation: Standardisation, exactConvolution: Bool = false, loss: LabelLoss = .crossEntropy()
  ) {
    (self.plan, self.standardisation, self.exactConvolution) = (plan, standardisation, exactConvolution)
    self.loss = loss
  }

  /// - Throws: where the runs are of a network that this build does not know, or of another shape.
  public init(_ member: RunsSet.Member, dataset: ImageDataset) throws {
    do {
      plan = try Architecture(member.architecture).plan(image: dataset.shape, classes: dataset.classes.count)
    } catch let error as ArchitectureError {
      throw Failure(.badData, "runs of \(member.architecture)", "\(error)")
    }
    guard let text = member.config["standardisation"]?.string, let value = Standardisation(rawValue: text) else {
      throw Failure(.badData, "runs of \(member.architecture)", "their configuration names no standardisation")
    }
    standardisation = value
    exactConvolution = member.config["convolution"]?.string == "exact"
    // Runs of other programs may name none.
    loss =
      try member.config["loss"].flatMap { $0 == .null ? nil : $0 }.map {
        try LabelLoss(JSONMembers($0, subject: "runs of \(member.architecture)", path: "loss."))
      } ?? .crossEntropy()
  }

  /// The final state of a run.
  public func state(_ file: RunsFile, index: Int, snapshot: Int? = nil) throws -> [Float] {
    let last = try file.snapshots().count - 1
    return try file.state(
      index: index, snapshot: snapshot ?? max(0, last), names: plan.tensors.map(\.name), count: plan.stateCount)
  }

  /// A run's network as a teacher, and the subset of the student.
  ///
  /// - Parameter mask: the student's subset; the teacher's own where it is nil.
  public func input(
    run: Int, from runs: RunsSet, _ member: RunsSet.Member, mask: [UInt8]? = nil
  ) throws -> TrainingJob.RunInput {
    let remedy = mask == nil ? "leave it out of --runs" : "name another by --shared-teacher"
    guard let position = member.runs.firstIndex(where: { $0.run == run }) else {
      throw Failure(.usage, nil, "there is no teacher for run \(run)")
    }
    let entry = member.runs[position]
    let file = try runs.file(of: entry)
    guard try !file.isDiverged(index: entry.index) else {
      throw Failure(.badData, file.name, "run \(run) diverged and cannot teach", remedy: remedy)
    }
    let state = try state(file, index: entry.index)
    guard state.allSatisfy(\.isFinite) else {
      throw Failure(
        .badData, file.name, "the last checkpoint of run \(run) is not finite and cannot teach",
        remedy: remedy)
    }
    func flags(_ path: String) throws -> [UInt8] {
      try file.flags(path, index: entry.index, count: runs.trainExample.count)
    }
    let mask = try mask ?? flags("/train/in_mask")
    return TrainingJob.RunInput(
      mask: mask,
      teacher: Trainer.Teacher(
        plan: plan, state: state, standardisation: standardisation,
        digest: member.digests[position],
        outAccuracy: outAccuracy(try flags("/train/correct"), mask)))
  }

  /// The share of the examples outside of a subset that a network gets right; NaN where there are none.
  private func outAccuracy(_ correct: [UInt8], _ mask: [UInt8]) -> Float {
    var (right, count) = (0, 0)
    for (correct, isInside) in zip(correct, mask) where isInside == 0 {
      right += Int(correct)
      count += 1
    }
    return Float(Double(right) / Double(count))
  }
}

extension Architecture {
  /// The network for the images of a data set.
  ///
  /// - Throws: `Failure` where they are too small for it.
  public func plan(for dataset: ImageDataset) throws -> Plan {
    do {
      return try plan(image: dataset.shape, classes: dataset.classes.count)
    } catch let error as ArchitectureError {
      throw Failure(.badData, "the data set", "\(error)", remedy: "choose another architecture, or stem=small")
    }
  }
}
