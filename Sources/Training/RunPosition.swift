import Artefacts
import ToolKit

/// Where a run is in its training, and what it has summed up on its way.
struct RunPosition: Equatable {
  /// The epoch under way, from 1; one past the last when training is over.
  var epoch = 1
  /// Batches of the epoch that are done; when all are, its evaluation is not.
  var batch = 0
  /// Steps over the whole run.
  var step = 0
  /// Over the epoch's examples so far.
  var lossSum = 0.0
  var correct = 0
  var hasDiverged = false
  /// The accuracy on its subset with which it ended, where it was to end at one and has it.
  var accuracyAtEnd: Double?
  /// (quantity, epoch), in the order of `RunSchema.history`.
  var history: [[Float]]

  init(epochs: Int) {
    history = RunSchema.history.map { _ in [Float](repeating: .nan, count: epochs) }
  }

  func isTraining(of epochs: Int) -> Bool { !hasDiverged && accuracyAtEnd == nil && epoch <= epochs }

  /// Sets a quantity of the epoch under way.
  mutating func set(_ quantity: String, _ value: Double) { set(quantity, Float(value)) }

  mutating func set(_ quantity: String, _ value: Float) {
    guard let row = RunSchema.history.firstIndex(where: { $0.name == quantity }) else { return }
    history[row][epoch - 1] = value
  }

  /// Of the epoch under way.
  func value(_ quantity: String) -> Double {
    RunSchema.history.firstIndex { $0.name == quantity }.map { Double(history[$0][epoch - 1]) } ?? .nan
  }

  mutating func beginNextEpoch() {
    epoch += 1
    (batch, lossSum, correct) = (0, 0, 0)
  }
}

/// What is saved of a run beside the final pieces of its rows.
struct SavedRun {
  var position: RunPosition
  var state: [Float]
  var momenta: [Float]
  /// What the training pass has said of examples in the epoch under way.
  var points: DynamicsPoints?

  /// - Parameters:
  ///   - epochs, stateCount: what the run has; another's is refused.
  init?(_ bytes: ArraySlice<UInt8>, epochs: Int, stateCount: Int) {
    var reader = ByteReader(bytes)
    position = RunPosition(epochs: epochs)
    guard let epoch = reader.read(Int64.self), let batch = reader.read(Int64.self), let step = reader.read(Int64.self),
      let lossSum = reader.read(Double.self), let correct = reader.read(Int64.self),
      let end = reader.read(UInt8.self)
    else { return nil }
    (position.epoch, position.batch, position.step) = (Int(epoch), Int(batch), Int(step))
    (position.lossSum, position.correct) = (lossSum, Int(correct))
    position.hasDiverged = end == 1
    if end == 2 {
      guard let accuracy = reader.read(Double.self) else { return nil }
      position.accuracyAtEnd = accuracy
    }
    for row in position.history.indices {
      guard let values = reader.readArray(Float.self), values.count == epochs else { return nil }
      position.history[row] = values
    }
    guard let state = reader.readArray(Float.self), state.count == stateCount,
      let momenta = reader.readArray(Float.self), momenta.count == stateCount,
      let hasPoints = reader.read(UInt8.self)
    else { return nil }
    (self.state, self.momenta) = (state, momenta)
    if hasPoints != 0 {
      guard let points = DynamicsPoints(&reader) else { return nil }
      self.points = points
    }
    guard reader.isAtEnd else { return nil }
  }

  /// Writes it piece by piece, as the arrays are large.
  static func write(
    _ position: RunPosition, state: () -> [Float], momenta: () -> [Float], points: DynamicsPoints?,
    to sink: inout some ByteSink
  ) throws {
    try sink.write(Int64(position.epoch))
    try sink.write(Int64(position.batch))
    try sink.write(Int64(position.step))
    try sink.write(position.lossSum)
    try sink.write(Int64(position.correct))
    try sink.write(UInt8(position.hasDiverged ? 1 : position.accuracyAtEnd == nil ? 0 : 2))
    if let accuracy = position.accuracyAtEnd { try sink.write(accuracy) }
    for row in position.history { try sink.write(row) }
    try sink.write(state())
    try sink.write(momenta())
    try sink.write(UInt8(points == nil ? 0 : 1))
    try points?.write(to: &sink)
  }
}
