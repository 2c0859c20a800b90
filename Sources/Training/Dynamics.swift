import Artefacts
import Networks
import Randomness
import ToolKit

/// The quantities of `--dynamics` of one example.
struct DynamicsPoint {
  var labelProbability: Float
  var maxProbability: Float
  var entropy: Float
  var correct: UInt8
  var loss: Float
  var margin: Float

  /// - Parameter row: the example's logits.
  init(row: ArraySlice<Float>, label: Int) {
    let logits = row.map(Double.init)
    let logProbabilities = logSoftmax(logits)
    let probabilities = logProbabilities.map(Elementary.exp)
    var other = -Double.infinity
    for (k, value) in logits.enumerated() where k != label { other = max(other, value) }
    labelProbability = Float(probabilities[label])
    maxProbability = Float(probabilities.max() ?? .nan)
    entropy = Float(-zip(probabilities, logProbabilities).reduce(0) { $1.0 > 0 ? $0 + $1.0 * $1.1 : $0 })
    correct = argmax(row) == Int32(label) ? 1 : 0
    loss = Float(-logProbabilities[label])
    margin = Float(logits[label] - other)
  }
}

/// The same of all examples in one epoch; NaN, and `RunSchema.missingFlag`, where an example was not met.
struct DynamicsPoints: Equatable {
  private(set) var floats: [[Float]]
  private(set) var correct: [UInt8]

  private static let floatNames = ["label_probability", "max_probability", "entropy", "loss", "margin"]

  init(examples: Int) {
    floats = DynamicsPoints.floatNames.map { _ in [Float](repeating: .nan, count: examples) }
    correct = [UInt8](repeating: RunSchema.missingFlag, count: examples)
  }

  mutating func set(_ example: Int, _ point: DynamicsPoint) {
    floats[0][example] = point.labelProbability
    floats[1][example] = point.maxProbability
    floats[2][example] = point.entropy
    floats[3][example] = point.loss
    floats[4][example] = point.margin
    correct[example] = point.correct
  }

  /// Makes them an epoch's in the rows.
  func write(to rows: inout LongRows, epoch: Int) {
    let start = (epoch - 1) * correct.count
    for (name, values) in zip(DynamicsPoints.floatNames, floats) {
      rows.set("/dynamics/train/\(name)", at: start, values)
    }
    rows.set("/dynamics/train/correct", at: start, correct)
  }

  // MARK: Saving

  init?(_ reader: inout ByteReader) {
    floats = []
    for _ in DynamicsPoints.floatNames {
      guard let values = reader.readArray(Float.self) else { return nil }
      floats.append(values)
    }
    guard let flags = reader.readArray(UInt8.self), floats.allSatisfy({ $0.count == flags.count }) else { return nil }
    correct = flags
  }

  func write(to sink: inout some ByteSink) throws {
    for values in floats { try sink.write(values) }
    try sink.write(correct)
  }
}

/// The rows of a run that are filled piece by piece while it is under way: dynamics and checkpoints.
struct LongRows {
  private(set) var rows: RunRows
  /// What was set since the last save.
  private(set) var unsaved: [RowPiece] = []
  /// Whether nothing was set, nor tried to be restored.
  private(set) var isEmpty = true

  /// Rows without a value yet.
  init(run: Int, _ recording: Recording, epochs: Int, examples: Int, stateCount: Int) {
    rows = RunRows(run: run)
    if recording.keep.contains(.dynamics) {
      for (name, _) in RunSchema.dynamics where name != "correct" {
        rows.rows["/dynamics/train/\(name)"] = LongRows.missing(epochs * examples)
      }
      rows.set("/dynamics/train/correct", [UInt8](repeating: RunSchema.missingFlag, count: epochs * examples))
    }
    if recording.keep.contains(.checkpoint) {
      rows.rows["/checkpoint/parameter"] = LongRows.missing(recording.snapshots.count * stateCount)
    }
  }

  /// Bytes of floats that are NaN.
  private static func missing(_ count: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count * MemoryLayout<Float>.stride) { buffer, filled in
      UnsafeMutableRawBufferPointer(buffer).bindMemory(to: Float.self)[..<count].initialize(repeating: .nan)
      filled = count * MemoryLayout<Float>.stride
    }
  }

  /// Sets elements from `start` on.
  mutating func set<T: BitwiseCopyable>(_ path: String, at start: Int, _ values: [T]) {
    let offset = start * MemoryLayout<T>.stride
    let range = offset..<offset + values.count * MemoryLayout<T>.stride
    values.withUnsafeBytes { rows.rows[path]?.replaceSubrange(range, with: $0) }
    unsaved.append(RowPiece(path: path, range: range))
    isEmpty = false
  }

  /// Saves what was set since the last time, and a state with it.
  mutating func save(with keeper: inout Keeper, _ body: (inout StateWriter) throws -> Void) throws {
    try keeper.save(adding: unsaved, of: rows, body)
    unsaved = []
  }

  /// Sets what was saved, and returns the state that was saved with it. Where that is nil the rows are of no use.
  mutating func restore(from keeper: inout Keeper) throws -> ArraySlice<UInt8>? {
    guard try keeper.journal?.isThere == true else { return nil }
    isEmpty = false
    return try keeper.journal?.load(into: &rows)
  }
}
