/// Numbers and arrays as bytes, one after another; little-endian, as all hosts that we build for are.
public protocol ByteSink {
  mutating func write(_ bytes: UnsafeRawBufferPointer) throws
}

extension ByteSink {
  public mutating func write<T: BitwiseCopyable>(_ value: T) throws {
    try withUnsafeBytes(of: value) { try write($0) }
  }

  /// The number of elements, and the elements.
  public mutating func write<T: BitwiseCopyable>(_ elements: [T]) throws {
    try write(UInt64(elements.count))
    try elements.withUnsafeBytes { try write($0) }
  }

  public mutating func write(_ text: String) throws { try write(Array(text.utf8)) }
}

/// Bytes in memory.
public struct ByteWriter: ByteSink {
  public private(set) var bytes: [UInt8] = []

  public init() {}

  public mutating func write(_ bytes: UnsafeRawBufferPointer) { self.bytes.append(contentsOf: bytes) }
}

/// Reads what a `ByteSink` has been given; nil where there are too few bytes.
public struct ByteReader {
  private let bytes: ArraySlice<UInt8>
  private var place: Int

  public init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    place = bytes.startIndex
  }

  public var isAtEnd: Bool { place == bytes.endIndex }

  /// What has not been read yet.
  public var rest: ArraySlice<UInt8> { bytes[place...] }

  /// The next `count` bytes.
  public mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
    guard count >= 0, count <= bytes.endIndex - place else { return nil }
    defer { place += count }
    return bytes[place..<place + count]
  }

  public mutating func read<T: BitwiseCopyable>(_ type: T.Type = T.self) -> T? {
    take(MemoryLayout<T>.size)?.withUnsafeBytes { $0.loadUnaligned(as: T.self) }
  }

  public mutating func readArray<T: BitwiseCopyable>(_ type: T.Type = T.self) -> [T]? {
    let size = MemoryLayout<T>.stride
    guard let count = read(UInt64.self), count <= UInt64(bytes.count / size), let part = take(Int(count) * size) else {
      return nil
    }
    return [T](unsafeUninitializedCapacity: Int(count)) { buffer, filled in
      part.withUnsafeBytes { UnsafeMutableRawBufferPointer(buffer).copyMemory(from: $0) }
      filled = Int(count)
    }
  }

  public mutating func readText() -> String? { readArray(UInt8.self).map { String(decoding: $0, as: UTF8.self) } }
}
