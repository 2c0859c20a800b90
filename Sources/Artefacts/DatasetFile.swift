import HDF5
import ToolKit

/// Data set files: images with labels, in a training and a test split.
public enum DatasetFile {
  /// A column of numbers beside the labels: one value an example.
  public enum Values: Sendable, Equatable {
    case integers([Int32])
    case numbers([Float])

    var count: Int {
      switch self {
      case .integers(let values): values.count
      case .numbers(let values): values.count
      }
    }

    mutating func append(_ other: Values) {
      // Emptied in between, so that the array has one owner and grows in place.
      switch (self, other) {
      case (.integers(var values), .integers(let more)):
        self = .integers([])
        values += more
        self = .integers(values)
      case (.numbers(var values), .numbers(let more)):
        self = .numbers([])
        values += more
        self = .numbers(values)
      default: preconditionFailure("a column changed its type")
      }
    }
  }

  public struct Column: Sendable {
    public let name: String
    public let description: String
    public var values: Values

    public init(name: String, description: String, values: Values) {
      self.name = name
      self.description = description
      self.values = values
    }
  }

  /// Examples that follow one another in the published order of their split.
  public struct Batch: Sendable {
    public var position: [Int64]
    /// (example, y, x, channel)
    public var image: [UInt8]
    public var label: [Int32]
    public var columns: [Column]

    public init(position: [Int64], image: [UInt8], label: [Int32], columns: [Column]) {
      self.position = position
      self.image = image
      self.label = label
      self.columns = columns
    }
  }

  /// What is known before the first example.
  public struct Layout: Sendable {
    public let name: String
    public let source: String
    public let classes: [String]
    /// The publisher's codes of the classes, where they have names beside.
    public let classCodes: [String]?
    public let height: Int
    public let width: Int
    public let channels: Int
    /// Examples a split; 0 leaves it out.
    public let train: Int
    public let test: Int
    public let options: JSON

    public init(
      name: String, source: String, classes: [String], classCodes: [String]? = nil, height: Int, width: Int,
      channels: Int, train: Int, test: Int, options: JSON
    ) {
      (self.name, self.source, self.classes, self.classCodes) = (name, source, classes, classCodes)
      (self.height, self.width, self.channels) = (height, width, channels)
      (self.train, self.test, self.options) = (train, test, options)
    }
  }

  /// Writes a data set file. Images go to the file as they come; the short columns are kept until the end.
  ///
  /// The training split comes first and whole, since the order of writes decides where bytes lie.
  public final class Writer {
    private final class SplitState {
      let count: Int
      let image: VariableWriter<UInt8>
      var position: [Int64] = []
      var label: [Int32] = []
      var columns: [Column] = []

      init(count: Int, image: VariableWriter<UInt8>) {
        self.count = count
        self.image = image
      }
    }

    private let layout: Layout
    private let writer: ArtefactWriter
    private var splits: [String: SplitState] = [:]
    private var positions: [String: VariableWriter<Int64>] = [:]

    public init(_ output: Output, layout: Layout) throws {
      self.layout = layout
      writer = try ArtefactWriter(output)
      try writer.textScale("/class", layout.classes, .init("names of the classes"))
      if let codes = layout.classCodes {
        try writer.text("/class_code", codes, dimensions: ["/class"], .init("codes of the classes, as published"))
      }
      try writer.dimension("/y", length: layout.height)
      try writer.dimension("/x", length: layout.width)
      try writer.dimension("/channel", length: layout.channels)
      for (split, count) in [("train", layout.train), ("test", layout.test)] where count > 0 {
        // The scale comes first, and is filled at the end.
        positions[split] = try writer.create(
          "/\(split)/example", Int64.self, [count], dimensions: nil,
          .init("position in the published order of the split"))
        let image = try writer.create(
          "/\(split)/image", UInt8.self, [count, layout.height, layout.width, layout.channels],
          dimensions: ["/\(split)/example", "/y", "/x", "/channel"],
          .init("image", definition: "RGB, 0 to 255; rows from the top, columns from the left"),
          compressed: false)
        splits[split] = SplitState(count: count, image: image)
      }
    }

    public func append(_ batch: Batch, to split: String) throws {
      if split == "test", let train = splits["train"] {
        precondition(train.position.count == train.count, "the training split comes first")
      }
      guard let state = splits[split], state.position.count + batch.position.count <= state.count else {
        throw Failure(.badData, layout.name, "more \(split) examples than were announced")
      }
      try state.image.append(batch.image)
      state.position += batch.position
      state.label += batch.label
      if state.columns.isEmpty {
        state.columns = batch.columns
      } else {
        for i in state.columns.indices { state.columns[i].values.append(batch.columns[i].values) }
      }
    }

    public func finish() throws {
      for split in ["train", "test"] {
        guard let state = splits[split], let position = positions[split] else { continue }
        guard state.position.count == state.count else {
          throw Failure(
            .badData, layout.name, "\(state.position.count) \(split) examples instead of \(state.count)")
        }
        try position.append(state.position)
        try writer.finish(position)
        try writer.finish(state.image)
        let scale = "/\(split)/example"
        try writer.variable(
          "/\(split)/label", state.label, [state.count], dimensions: [scale],
          .init("label", definition: "index into /class"))
        for column in state.columns {
          let meaning = ArtefactWriter.Meaning(column.description)
          switch column.values {
          case .integers(let values):
            try writer.variable(
              "/\(split)/\(column.name)", values, [state.count], dimensions: [scale], meaning)
          case .numbers(let values):
            try writer.variable(
              "/\(split)/\(column.name)", values, [state.count], dimensions: [scale], meaning)
          }
        }
      }
      try writer.set("name", to: layout.name)
      try writer.set("source", to: layout.source)
      try writer.finish(Provenance(kind: .data, options: layout.options, inputs: []))
    }
  }
}
