/// The two parts that every published set of images comes in.
public enum Split: String, Hashable, Sendable, CaseIterable {
  case train, test
}

/// One value for the training split, one for the test split.
public struct BySplit<Value> {
  public var train: Value
  public var test: Value

  public init(train: Value, test: Value) {
    self.train = train
    self.test = test
  }

  public init(_ value: (Split) throws -> Value) rethrows {
    self.init(train: try value(.train), test: try value(.test))
  }

  public subscript(split: Split) -> Value {
    get { split == .train ? train : test }
    set { if split == .train { train = newValue } else { test = newValue } }
  }
}

extension BySplit: Sendable where Value: Sendable {}
extension BySplit: Equatable where Value: Equatable {}

/// Some of the places in the published order of a split.
public struct Positions: Equatable, Sendable {
  private let range: Range<Int>
  /// Which of the range are meant; nil for all.
  private let chosen: [Bool]?
  public let count: Int

  public init(_ range: Range<Int>) {
    self.range = range
    chosen = nil
    count = range.count
  }

  /// - Parameter positions: in ascending order, each once.
  public init(_ positions: [Int]) {
    range = positions.first.map { $0..<(positions.last ?? $0) + 1 } ?? 0..<0
    count = positions.count
    var chosen = [Bool](repeating: false, count: range.count)
    for position in positions { chosen[position - range.lowerBound] = true }
    self.chosen = count == range.count ? nil : chosen
  }

  public static let none = Positions(0..<0)

  public func contains(_ position: Int) -> Bool {
    range.contains(position) && chosen?[position - range.lowerBound] != false
  }

  /// All of them, ascending.
  public var all: [Int] { range.filter(contains) }
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

/// Some examples of one split.
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

  public var count: Int { position.count }
}

/// What is known of a set of images before the first one is read.
public struct ImageSetHeader: Equatable, Sendable {
  public struct Part: Equatable, Sendable {
    /// The number of examples.
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
  /// The publisher's codes of the classes, where they have names beside.
  public var classCodes: [String]?
  public var height: Int
  public var width: Int
  public var channels: Int
  /// The address that the set is published at, or `generated`.
  public var source: String
  public var train: Part
  public var test: Part

  public init(
    name: String, classes: [String], classCodes: [String]? = nil, height: Int, width: Int, channels: Int,
    source: String, train: Part, test: Part
  ) {
    self.name = name
    self.classes = classes
    self.classCodes = classCodes
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

/// A published set of images, whole: it can be read from its beginning to its end, any number of times.
public protocol ImageSource: Sendable {
  /// Of all of its examples.
  var header: ImageSetHeader { get }

  /// `(example)`: the label of every example of each split, in its published order.
  func labels() throws -> BySplit<[Int32]>

  /// Gives the wanted examples to `body` in batches: train, then test, each in its published order.
  ///
  /// Checks that need all the bytes can fail after the last batch: what `body` made counts only when this
  /// returns.
  func read(_ wanted: BySplit<Positions>, _ body: (ImageBatch) throws -> Void) throws
}

extension ImageSource {
  /// Reads the set for its labels: for those whose labels lie between their pixels.
  public func labels() throws -> BySplit<[Int32]> {
    var labels = BySplit<[Int32]>(train: [], test: [])
    try read { labels[$0.split] += $0.label }
    return labels
  }

  /// Gives all examples to `body`.
  public func read(_ body: (ImageBatch) throws -> Void) throws {
    try read(BySplit { Positions(0..<header[$0].count) }, body)
  }
}

/// The number of images in a mebibyte, at least one: a batch that suits chunks of that size.
func examplesPerMebibyte(imageBytes: Int) -> Int { max(1, (1 << 20) / imageBytes) }

/// What a file says of where its images come from.
func sourceText(_ address: String, verified: Bool) -> String {
  verified ? address : "not verified, in the layout of \(address)"
}
