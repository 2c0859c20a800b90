/// The two parts that every published set of images comes in.
public enum Split: String, Hashable, Sendable, CaseIterable {
  case train, test
}

/// A further value of each example, beside its image and label.
public struct Column: Equatable, Sendable {
  public enum Values: Equatable, Sendable {
    case int32([Int32])
    case float([Float])

    public var count: Int {
      switch self {
      case .int32(let values): values.count
      case .float(let values): values.count
      }
    }
  }

  public let name: String
  /// What the values mean, codes included: the file's `long_name`.
  public let description: String
  /// `(example)`; empty where the column is only announced.
  public var values: Values

  public init(_ name: String, _ description: String, _ values: Values) {
    self.name = name
    self.description = description
    self.values = values
  }
}

/// Some examples of one split, in its published order.
public struct ImageBatch: Equatable, Sendable {
  public var split: Split
  /// `(example)`: the place in the published order of the split, before any selection.
  public var position: [Int64]
  /// `(example, y, x, channel)`.
  public var image: [UInt8]
  /// `(example)`: 0 ..< number of classes.
  public var label: [Int32]
  public var columns: [Column]

  public init(split: Split, position: [Int64], image: [UInt8], label: [Int32], columns: [Column]) {
    self.split = split
    self.position = position
    self.image = image
    self.label = label
    self.columns = columns
  }
}

/// What is known of a set of images before the first one is read.
public struct ImageSetHeader: Equatable, Sendable {
  public struct Part: Equatable, Sendable {
    /// The number of examples, after selection.
    public var count: Int
    /// The columns that every batch of the split has, in their order, without values.
    public var columns: [Column]

    public init(count: Int, columns: [Column]) {
      self.count = count
      self.columns = columns
    }
  }

  public var name: String
  public var classes: [String]
  public var height: Int
  public var width: Int
  public var channels: Int
  /// The address that the set is published at, or `generated`.
  public var source: String
  public var train: Part
  public var test: Part

  public init(
    name: String, classes: [String], height: Int, width: Int, channels: Int, source: String, train: Part,
    test: Part
  ) {
    self.name = name
    self.classes = classes
    self.height = height
    self.width = width
    self.channels = channels
    self.source = source
    self.train = train
    self.test = test
  }

  public subscript(split: Split) -> Part { split == .train ? train : test }

  /// The bytes of one image.
  public var imageBytes: Int { height * width * channels }
}

/// A set of images that can be read from its beginning to its end, any number of times.
public protocol ImageSource {
  var header: ImageSetHeader { get }

  /// Gives all selected examples to `body` in batches: train, then test, each in its published order.
  ///
  /// Checks that need all the bytes can fail after the last batch: what `body` made counts only when this
  /// returns.
  func read(_ body: (ImageBatch) throws -> Void) throws
}

/// The number of images in a mebibyte, at least one: a batch that suits chunks of that size.
func examplesPerMebibyte(imageBytes: Int) -> Int { max(1, (1 << 20) / imageBytes) }
