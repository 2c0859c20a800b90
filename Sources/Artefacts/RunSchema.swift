import HDF5
import ToolKit

/// What may be kept of a run beside its masks, correctness and history.
public enum Keep: String, CaseIterable, Sendable {
  case checkpoint, logit, dynamics
}

/// The passes over the training examples that learning dynamics may be taken from.
public enum DynamicsPass: String, CaseIterable, Sendable {
  /// One of its own after each epoch.
  case evaluation
  /// The epoch's own: for examples of the subset only, augmented, each before the step that it takes part in.
  case training
}

/// The rows of one run, by the path of their variable; bytes in C order, little-endian.
public struct RunRows: Sendable {
  public let run: Int
  public var rows: [String: [UInt8]] = [:]

  public init(run: Int) { self.run = run }

  public mutating func set<T: Element>(_ path: String, _ values: [T]) {
    rows[path] = values.withUnsafeBytes { Array($0) }
  }

  public func values<T: Element>(_ path: String, _ type: T.Type) -> [T]? {
    rows[path].map { bytes in
      [T](unsafeUninitializedCapacity: bytes.count / MemoryLayout<T>.stride) { buffer, count in
        bytes.withUnsafeBytes { UnsafeMutableRawBufferPointer(buffer).copyMemory(from: $0) }
        count = bytes.count / MemoryLayout<T>.stride
      }
    }
  }
}

/// A variable with one row a run.
public struct RunVariable: Sendable {
  public enum ElementType: String, Sendable { case u8, i32, f32 }

  public let path: String
  public let type: ElementType
  /// The paths of the scales of a row's dimensions, and their lengths.
  public let dimensions: [(scale: String, length: Int)]
  public let meaning: ArtefactWriter.Meaning
  /// Further attributes.
  public let attributes: [(name: String, text: String)]
  /// What stands where there is no value, in bytes.
  public let fill: UInt8?
  /// Part of a run's digest; what `--keep` adds is not, so that a run without it is still the same run.
  public let isMandatory: Bool

  public var rowShape: [Int] { dimensions.map(\.length) }
  public var rowBytes: Int { rowShape.reduce(type == .u8 ? 1 : 4, *) }
}

/// What the runs of one file have in common: the configuration, the examples, and which variables there are.
public struct RunSchema: Sendable {
  /// The configuration; its canonical JSON is the file's `config` and its SHA-256 the `cell`.
  public let config: JSON
  public let architecture: String
  public let parameterCount: Int
  public let data: InputRecord
  public let classes: [String]
  public let trainExample: [Int64]
  public let trainLabel: [Int32]
  public let testExample: [Int64]
  public let testLabel: [Int32]
  public let epochs: Int
  /// The epochs after which checkpoints are kept.
  public let snapshots: [Int32]
  /// The state's tensors: names and shapes of `state_dict`.
  public let tensors: [(name: String, shape: [Int])]
  public let keep: Set<Keep>
  public let dynamicsPass: DynamicsPass
  public let hasTeacher: Bool
  /// Whether a run may end before all epochs, so that how many it had is a row of its own.
  public let mayStopEarly: Bool
  /// 1 where a training example is in no run's subset, where some are kept out of all of them.
  public let excluded: [UInt8]?

  public init(
    config: JSON, architecture: String, parameterCount: Int, data: ImageDataset, epochs: Int,
    snapshots: [Int32],
    tensors: [(name: String, shape: [Int])], keep: Set<Keep>, dynamicsPass: DynamicsPass = .evaluation,
    hasTeacher: Bool, mayStopEarly: Bool = false, excluded: [UInt8]? = nil
  ) {
    self.config = config
    self.architecture = architecture
    self.parameterCount = parameterCount
    self.data = data.record
    classes = data.classes
    trainExample = data.train.example
    trainLabel = data.train.label
    testExample = data.test?.example ?? []
    testLabel = data.test?.label ?? []
    self.epochs = epochs
    self.snapshots = snapshots
    self.tensors = tensors
    self.keep = keep
    self.dynamicsPass = dynamicsPass
    self.hasTeacher = hasTeacher
    self.mayStopEarly = mayStopEarly
    self.excluded = excluded
  }

  public var cell: String { Digest.sha256(config.canonical) }
  public var stateCount: Int { tensors.reduce(0) { $0 + $1.shape.reduce(1, *) } }
  public var hasTest: Bool { !testExample.isEmpty }

  /// What `keep` alone does not say of the kept rows.
  var details: String {
    let epochs = keep.contains(.checkpoint) ? snapshots.map(String.init).joined(separator: ",") : ""
    return "\(epochs) \(keep.contains(.dynamics) ? dynamicsPass.rawValue : "")"
  }

  /// The quantities of `--dynamics`: per example and epoch.
  public static let dynamics: [(name: String, definition: String)] = [
    ("label_probability", "softmax probability of the label"),
    ("max_probability", "largest softmax probability"),
    ("entropy", "entropy of the softmax, in nats"),
    ("correct", "1 where the largest logit is the label's"),
    ("loss", "cross-entropy of the label, in nats"),
    ("margin", "logit of the label minus the largest other logit"),
  ]

  /// What stands in `correct` of the dynamics where nothing is known.
  public static let missingFlag: UInt8 = 255

  public static let history: [(name: String, definition: String)] = [
    ("learning_rate", "learning rate of the epoch's last step"),
    ("train_loss", "mean training loss over the epoch's batches, in training mode"),
    ("train_accuracy", "accuracy over the epoch's batches, in training mode"),
    ("test_loss", "mean loss of the label on the test split after the epoch"),
    ("test_accuracy", "accuracy on the test split after the epoch"),
  ]

  /// All variables with a row a run, in the order in which they are created.
  public var variables: [RunVariable] {
    let train = ("/train/example", trainExample.count)
    let test = ("/test/example", testExample.count)
    let labels = ("/class", classes.count)
    let epoch = ("/epoch", epochs)
    func make(
      _ path: String, _ type: RunVariable.ElementType, _ dimensions: [(String, Int)], _ name: String,
      _ definition: String? = nil, attributes: [(String, String)] = [], fill: UInt8? = nil, mandatory: Bool = true
    ) -> RunVariable {
      RunVariable(
        path: path, type: type, dimensions: dimensions.map { ($0.0, $0.1) },
        meaning: .init(name, definition: definition), attributes: attributes.map { ($0.0, $0.1) }, fill: fill,
        isMandatory: mandatory)
    }
    let correct = "1 where the final model's largest logit is the label's; evaluation mode, no augmentation"
    var list = [
      make("/status", .u8, [], "status of the run", "0 complete, 1 diverged (loss no longer finite)"),
      make(
        "/train/in_mask", .u8, [train], "subset mask", "1 where the example was in the run's training subset"),
      make("/train/correct", .u8, [train], "correctness on training examples", correct),
    ]
    if hasTest { list.append(make("/test/correct", .u8, [test], "correctness on test examples", correct)) }
    list += RunSchema.history.map { make("/history/\($0.name)", .f32, [epoch], $0.definition) }
    if mayStopEarly {
      list.append(
        make(
          "/epochs_trained", .i32, [], "epochs that the run was trained for",
          "whole ones; the run ended when it had the accuracy that its configuration names"))
    }
    if hasTeacher {
      list.append(make("/teacher_digest", .u8, [("/byte", 32)], "digest of the run that taught this one"))
      // Said of the teacher, and no part of what the run is: runs from before it was recorded keep their digests.
      list.append(
        make(
          "/teacher_out_accuracy", .f32, [], "out-of-sample accuracy of the teacher",
          "its share of right answers on the training examples outside of this run's subset; evaluation mode, no "
            + "augmentation; NaN where there are none", mandatory: false))
    }
    if keep.contains(.logit) {
      let text = "logits of the final model; evaluation mode, no augmentation"
      list.append(make("/train/logit", .f32, [train, labels], text, mandatory: false))
      if hasTest { list.append(make("/test/logit", .f32, [test, labels], text, mandatory: false)) }
    }
    if keep.contains(.dynamics) {
      let text =
        switch dynamicsPass {
        case .evaluation: "from an evaluation pass after the epoch"
        case .training: "from the epoch's training pass: augmented, in training mode, examples of the subset only"
        }
      list += RunSchema.dynamics.map {
        let isFlag = $0.name == "correct"
        return make(
          "/dynamics/train/\($0.name)", isFlag ? .u8 : .f32,
          [epoch, ("/dynamics/train/example", trainExample.count)], $0.definition, text,
          attributes: [("pass", dynamicsPass.rawValue)], fill: isFlag ? RunSchema.missingFlag : nil, mandatory: false)
      }
    }
    if keep.contains(.checkpoint) {
      list.append(
        make(
          "/checkpoint/parameter", .f32, [("/snapshot", snapshots.count), ("/parameter", stateCount)],
          "all tensors of state_dict, one after another",
          "tensor t is [offset[t] ..< offset[t] + product(shape[t])]",
          mandatory: false))
    }
    return list
  }

  /// The digest of a run: over its mandatory rows, in byte order of their paths.
  public func digest(of rows: RunRows) -> [UInt8] { digest(of: rows, mandatory: true) }

  func digest(of rows: RunRows, mandatory: Bool) -> [UInt8] {
    let digest = Digest()
    let chosen = variables.filter { $0.isMandatory == mandatory }
    for variable in chosen.sorted(by: { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }) {
      let shape = variable.rowShape.map(String.init).joined(separator: ",")
      digest.update("\(variable.path)\0\(variable.type.rawValue)\0\(shape)\0")
      digest.update(rows.rows[variable.path, default: []])
    }
    return digest.finish()
  }
}

/// The digest of a set of runs: the same for any split of them into files.
///
/// - Parameters:
///   - shared: the digest of the variables that the runs have in common.
///   - runs: run numbers with the digests of the runs.
public func runsContent(cell: String, shared: String, runs: [(run: Int, digest: [UInt8])]) -> String {
  let digest = Digest()
  digest.update("\(cell)\0\(shared)\0")
  for (run, bytes) in runs.sorted(by: { $0.run < $1.run }) {
    digest.update([Int64(run)])
    digest.update(bytes)
  }
  return digest.finishHex()
}
