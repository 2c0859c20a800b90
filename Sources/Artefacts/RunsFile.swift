import HDF5
import ToolKit

/// A runs file open for reading, one run at a time.
public final class RunsFile {
  public let reader: ArtefactReader
  public let cell: String
  public let config: JSON
  public let architecture: String
  public let parameterCount: Int
  /// The content of the data set that the runs were trained on.
  public let data: String
  public let classes: [String]
  public let runs: [Int]
  public let trainExample: [Int64]
  public let trainLabel: [Int32]
  public let testExample: [Int64]
  public let testLabel: [Int32]
  /// The digest of what the runs share.
  public let shared: String
  private var open: [String: HDF5.Dataset] = [:]

  public var name: String { reader.name }
  public var hasTest: Bool { !testExample.isEmpty }

  public init(_ reader: ArtefactReader) throws {
    try reader.require(.runs)
    self.reader = reader
    let configText = try reader.requireText("config")
    config = try JSON(parsing: configText, subject: "\(reader.name): config")
    cell = try reader.text("cell") ?? Digest.sha256(configText)
    architecture = try reader.requireText("architecture")
    guard let parameters = try reader.integer("parameter_count"), parameters >= 0 else {
      throw Failure(
        .badData, reader.name, "lacks the attribute parameter_count", remedy: "it orders the sizes: set it")
    }
    parameterCount = Int(parameters)
    data = try reader.requireText("data")
    classes = try reader.readText("/class")
    runs = try reader.read("/run", Int64.self).values.map(Int.init)
    guard zip(runs, runs.dropFirst()).allSatisfy({ $0 < $1 }), !runs.isEmpty, runs[0] >= 0 else {
      throw Failure(.badData, "\(reader.name): /run", "run numbers must ascend, and there must be one")
    }
    trainExample = try reader.read("/train/example", Int64.self).values
    trainLabel = try reader.read("/train/label", Int32.self).values
    let hasTest = try reader.has("/test/example")
    testExample = hasTest ? try reader.read("/test/example", Int64.self).values : []
    testLabel = hasTest ? try reader.read("/test/label", Int32.self).values : []
    guard trainLabel.count == trainExample.count, testLabel.count == testExample.count, !trainLabel.isEmpty
    else {
      throw Failure(.badData, reader.name, "its labels and examples differ in number")
    }
    let range = 0..<Int32(classes.count)
    if let bad = (trainLabel + testLabel).first(where: { !range.contains($0) }) {
      throw Failure(.badData, reader.name, "label \(bad) is outside of the \(classes.count) classes")
    }
    if let shared = try reader.text("shared") {
      self.shared = shared
    } else {
      let digest = Digest()
      digest.update(trainExample)
      digest.update(trainLabel)
      shared = digest.finishHex()
    }
  }

  public func has(_ path: String) throws -> Bool { try reader.has(path) }

  /// The row of the `index`-th run of this file; `shape` is what a row must have.
  public func row<T: Element>(_ path: String, _ type: T.Type, index: Int, shape: [Int]) throws -> [T] {
    let variable = try variable(path, type, shape: shape)
    return try reading(name) { try variable.read(type, rows: index..<(index + 1)) }
  }

  /// Like `row`, into memory of the caller's.
  public func read<T: Element>(
    _ path: String, index: Int, shape: [Int], into buffer: UnsafeMutableBufferPointer<T>
  ) throws {
    let variable = try variable(path, T.self, shape: shape)
    try reading(name) { try variable.read(into: buffer, at: index) }
  }

  private func variable<T: Element>(_ path: String, _ type: T.Type, shape: [Int]) throws -> HDF5.Dataset {
    let key = "\(path) \(T.name)"
    let dataset = try open[key] ?? reader.variable(path, type, rank: shape.count + 1)
    guard dataset.shape == [runs.count] + shape else {
      throw Failure(
        .badData, "\(name): \(path)", "has shape \(dataset.shape) instead of \([runs.count] + shape)")
    }
    open[key] = dataset
    return dataset
  }

  /// 0 and 1 flags of one run: a mask or correctness.
  public func flags(_ path: String, index: Int, count: Int) throws -> [UInt8] {
    let values = try row(path, UInt8.self, index: index, shape: [count])
    // A loop that the compiler makes vectors of.
    var bits: UInt8 = 0
    for value in values { bits |= value }
    guard bits <= 1 else {
      throw Failure(.badData, "\(name): \(path)", "run \(runs[index]) has values other than 0 and 1")
    }
    return values
  }

  /// 1 where an example was taken out of all subsets; nil where none was.
  public func excluded() throws -> [UInt8]? {
    let path = "/train/excluded"
    guard try has(path) else { return nil }
    let values = try reader.read(path, UInt8.self).values
    guard values.count == trainExample.count, values.allSatisfy({ $0 <= 1 }) else {
      throw Failure(.badData, "\(name): \(path)", "is not a 0 or 1 for each training example")
    }
    return values
  }

  /// Whether the run diverged.
  public func isDiverged(index: Int) throws -> Bool {
    guard try has("/status") else { return false }
    return try row("/status", UInt8.self, index: index, shape: [])[0] != 0
  }

  /// The digest of the run's rows; of its mask and correctness where another program wrote none.
  public func digest(index: Int) throws -> [UInt8] {
    if try has("/digest") { return try row("/digest", UInt8.self, index: index, shape: [32]) }
    let digest = Digest()
    digest.update(try flags("/train/in_mask", index: index, count: trainExample.count))
    digest.update(try flags("/train/correct", index: index, count: trainExample.count))
    return digest.finish()
  }

  /// The epochs of the checkpoints, or none where checkpoints were not kept.
  public func snapshots() throws -> [Int32] {
    try has("/checkpoint/parameter") ? reader.read("/snapshot", Int32.self).values : []
  }

  /// How many epochs a run was trained for, where runs may end before all of them; nil where none does.
  public func epochsTrained(index: Int) throws -> Int? {
    guard try has("/epochs_trained") else { return nil }
    let epochs = try row("/epochs_trained", Int32.self, index: index, shape: [])[0]
    guard epochs >= 0 else {
      throw Failure(.badData, "\(name): /epochs_trained", "run \(runs[index]) has \(epochs) epochs")
    }
    return Int(epochs)
  }

  /// The places among the snapshots of the networks that a run has been: all, but of a run that ended early those up to
  /// its end, and that one once.
  public func snapshotsReached(index: Int) throws -> [Int] {
    let snapshots = try snapshots()
    guard let end = try epochsTrained(index: index) else { return Array(snapshots.indices) }
    let reached = snapshots.indices.filter { snapshots[$0] <= end }
    // The last one is that of the end, whichever epoch that was.
    return snapshots.contains(Int32(end)) || snapshots.isEmpty ? reached : reached + [snapshots.count - 1]
  }

  /// The state of one run after a snapshot, flat, in the order of state_dict.
  ///
  /// - Parameter names: the tensors that the caller's network has; others are refused.
  public func state(index: Int, snapshot: Int, names: [String], count: Int) throws -> [Float] {
    let snapshots = try snapshots()
    guard !snapshots.isEmpty else {
      throw Failure(.badData, name, "has no checkpoints", remedy: "train again with --keep checkpoint")
    }
    guard try reader.readText("/tensor") == names else {
      throw Failure(.badData, name, "its tensors are not those of \(architecture)")
    }
    let variable = try variable("/checkpoint/parameter", Float.self, shape: [snapshots.count, count])
    return try reading(name) { try variable.read(Float.self, row: index, at: snapshot) }
  }

  /// All rows of one run that `schema` has.
  public func rows(index: Int, schema: RunSchema) throws -> RunRows {
    var rows = RunRows(run: runs[index])
    for variable in schema.variables {
      switch variable.type {
      case .u8:
        rows.set(variable.path, try row(variable.path, UInt8.self, index: index, shape: variable.rowShape))
      case .i32:
        rows.set(variable.path, try row(variable.path, Int32.self, index: index, shape: variable.rowShape))
      case .f32:
        rows.rows[variable.path] = try [UInt8](unsafeUninitializedCapacity: variable.rowBytes) { buffer, count in
          let row = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[..<variable.rowBytes])
          try read(
            variable.path, index: index, shape: variable.rowShape, into: row.bindMemory(to: Float.self))
          count = variable.rowBytes
        }
      }
    }
    return rows
  }
}

extension RunsFile {
  /// Whether logits of the split were kept.
  public func hasLogits(of split: ScoresFile.Split) throws -> Bool { try has("/\(split)/logit") }

  /// How many examples' logits to read at a time: whole chunks, some MiB of them.
  public func logitBatch(of split: ScoresFile.Split) throws -> Int {
    let chunk = try reading(name) { try logits(of: split).chunkShape() }
    let budget = 4 << 20
    let step = min(chunk[1], examples(of: split))
    return max(step, budget / (4 * classes.count) / step * step)
  }

  /// Logits `(example, class)` of a range of examples of one run.
  public func readLogits(
    of split: ScoresFile.Split, index: Int, examples: Range<Int>, into buffer: UnsafeMutableBufferPointer<Float>
  ) throws {
    let variable = try logits(of: split)
    try reading(name) { try variable.read(into: buffer, row: index, part: examples) }
  }

  private func examples(of split: ScoresFile.Split) -> Int {
    split == .train ? trainExample.count : testExample.count
  }

  private func logits(of split: ScoresFile.Split) throws -> HDF5.Dataset {
    let path = "/\(split)/logit"
    guard try has(path) else {
      throw Failure(
        .badData, name, "has no logits of the \(split) split", remedy: "train again with --keep logit")
    }
    return try variable(path, Float.self, shape: [examples(of: split), classes.count])
  }
}

extension RunsFile {
  /// Calls `body` with a quantity of the dynamics of one run, `(example)`, epoch by epoch; NaN where an example was not
  /// met. Flags come as 0 and 1. The buffer is the body's to change.
  public func forEachEpoch(
    of quantity: String, index: Int, _ body: (UnsafeMutableBufferPointer<Float>) -> Void
  ) throws {
    let path = "/dynamics/train/\(quantity)"
    let epochs = try reader.read("/epoch", Int32.self).values.count
    let shape = [epochs, trainExample.count]
    var values = [Float](repeating: 0, count: trainExample.count)
    if quantity == "correct" {
      let variable = try variable(path, UInt8.self, shape: shape)
      var flags = [UInt8](repeating: 0, count: trainExample.count)
      for epoch in 0..<epochs {
        try reading(name) {
          try flags.withUnsafeMutableBufferPointer { try variable.read(into: $0, row: index, part: epoch..<epoch + 1) }
        }
        for (i, flag) in flags.enumerated() { values[i] = flag == RunSchema.missingFlag ? .nan : Float(flag) }
        values.withUnsafeMutableBufferPointer { body($0) }
      }
    } else {
      let variable = try variable(path, Float.self, shape: shape)
      for epoch in 0..<epochs {
        try reading(name) {
          try values.withUnsafeMutableBufferPointer { try variable.read(into: $0, row: index, part: epoch..<epoch + 1) }
        }
        values.withUnsafeMutableBufferPointer { body($0) }
      }
    }
  }
}
