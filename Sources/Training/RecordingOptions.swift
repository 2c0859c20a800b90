import ArgumentParser
import Artefacts
import ToolKit

extension DynamicsPass: ExpressibleByArgument {}

/// What `train` and `distill` keep of runs.
public struct RecordingOptions: ParsableArguments {
  @Option(help: ArgumentHelp("What to keep of a run: checkpoint, logit, or none.", valueName: "list"))
  var keep = "checkpoint,logit"

  @Option(
    help: ArgumentHelp(
      """
      Epochs after which checkpoints are kept, as 0,1,5 or every:10; 0 is the initialisation. The last epoch's always \
      is.
      """, valueName: "list"))
  var snapshots: String?

  @Option(
    help: ArgumentHelp(
      """
      Keep each example's probability, entropy, correctness, loss and margin in every epoch: evaluation takes them \
      from a pass of its own after the epoch, training from the epoch's, for examples of the subset.
      """, valueName: "pass"))
  var dynamics: DynamicsPass?

  public init() {}

  /// - Parameter epochs: of a run.
  public func resolved(epochs: Int) throws -> Recording {
    var kept = try resolvedKeep()
    guard snapshots == nil || kept.contains(.checkpoint) else {
      throw Failure(.usage, nil, "--snapshots needs checkpoints", remedy: "have checkpoint in --keep")
    }
    if dynamics != nil { kept.insert(.dynamics) }
    return Recording(
      keep: kept, snapshots: try RecordingOptions.epochs(snapshots ?? "", of: epochs),
      dynamicsPass: dynamics ?? .evaluation)
  }

  private func resolvedKeep() throws -> Set<Keep> {
    if keep == "none" { return [] }
    return Set(
      try keep.split(separator: ",", omittingEmptySubsequences: false).map { name in
        guard let value = Keep(rawValue: String(name)), value != .dynamics else {
          throw Failure(
            .usage, nil, "--keep does not know '\(name)'",
            remedy: name == "dynamics" ? "give --dynamics evaluation" : "it takes checkpoint,logit, or none")
        }
        return value
      })
  }

  /// The epochs of a list such as "0,1,5" or "0,every:10", and the last one, ascending.
  static func epochs(_ list: String, of last: Int) throws -> [Int32] {
    var epochs: Set<Int> = [last]
    for item in list.split(separator: ",", omittingEmptySubsequences: false) where !list.isEmpty {
      if item.hasPrefix("every:"), let step = Int(item.dropFirst(6)), step > 0 {
        epochs.formUnion(stride(from: 0, through: last, by: step))
      } else if let epoch = Int(item), (0...last).contains(epoch) {
        epochs.insert(epoch)
      } else {
        throw Failure(
          .usage, nil, "--snapshots does not take '\(item)'",
          remedy: "it takes epochs from 0 to \(last), and every:N, with commas between them")
      }
    }
    return epochs.sorted().map(Int32.init)
  }
}
