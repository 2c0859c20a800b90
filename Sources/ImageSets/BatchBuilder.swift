/// Gathers the examples of one split into batches of a fixed size, reusing their memory.
struct BatchBuilder {
  private var batch: ImageBatch
  private let empty: [Column]
  private let capacity: Int
  private let imageBytes: Int

  init(_ split: Split, of header: ImageSetHeader, capacity: Int) {
    precondition(capacity > 0)
    self.capacity = capacity
    imageBytes = header.imageBytes
    empty = header[split].columns
    batch = ImageBatch(
      split: split, position: [], image: [UInt8](repeating: 0, count: capacity * imageBytes), label: [],
      columns: empty)
  }

  /// Adds an example and hands the batch over once it is full.
  ///
  /// - Parameter draw: writes the image as `(y, x, channel)` and returns the value of each column.
  mutating func add(
    position: Int, label: Int32, to body: (ImageBatch) throws -> Void,
    draw: (UnsafeMutableBufferPointer<UInt8>) -> [Column.Values]
  ) throws {
    let start = batch.label.count * imageBytes
    let columns = batch.image.withUnsafeMutableBufferPointer {
      draw(UnsafeMutableBufferPointer(rebasing: $0[start..<start + imageBytes]))
    }
    batch.position.append(Int64(position))
    batch.label.append(label)
    for (index, value) in columns.enumerated() { batch.columns[index].values.append(value) }
    if batch.label.count == capacity { try flush(to: body) }
  }

  /// Hands over what is there, if anything is.
  mutating func flush(to body: (ImageBatch) throws -> Void) throws {
    let count = batch.label.count
    guard count > 0 else { return }
    if count == capacity {
      try body(batch)
    } else {
      var last = batch
      last.image.removeLast((capacity - count) * imageBytes)
      try body(last)
    }
    batch.position.removeAll(keepingCapacity: true)
    batch.label.removeAll(keepingCapacity: true)
    batch.columns = empty
  }
}

extension Column.Values {
  /// Adds values of the same type.
  fileprivate mutating func append(_ more: Column.Values) {
    // Emptied in between, so that the array has one owner and grows in place.
    switch (self, more) {
    case (.int32(var values), .int32(let more)):
      self = .int32([])
      values += more
      self = .int32(values)
    case (.float(var values), .float(let more)):
      self = .float([])
      values += more
      self = .float(values)
    default:
      preconditionFailure("a column keeps its type")
    }
  }
}
