import Artefacts

/// What is kept of runs beside what every run has. It changes no run, only what is known of it.
public struct Recording: Sendable, Equatable {
  public var keep: Set<Keep>
  /// The epochs after which checkpoints are kept, ascending, the last one among them; 0 is the initialisation.
  public var snapshots: [Int32]
  public var dynamicsPass: DynamicsPass

  public init(keep: Set<Keep>, snapshots: [Int32], dynamicsPass: DynamicsPass = .evaluation) {
    (self.keep, self.snapshots, self.dynamicsPass) = (keep, snapshots, dynamicsPass)
  }

  /// With the checkpoint of the last epoch alone.
  public init(keep: Set<Keep>, epochs: Int) { self.init(keep: keep, snapshots: [Int32(epochs)]) }

  /// Where an epoch's checkpoint stands among the snapshots; nil where it is not kept.
  func snapshot(after epoch: Int) -> Int? {
    keep.contains(.checkpoint) ? snapshots.firstIndex(of: Int32(epoch)) : nil
  }

  func has(_ pass: DynamicsPass) -> Bool { keep.contains(.dynamics) && dynamicsPass == pass }
}
