import Kernels

/// Vectors one after another, each on a 64-byte boundary and zero up to the next; tasks of a pool may share them.
struct Rows: Sendable {
  let count: Int
  let length: Int
  /// Floats from one vector to the next.
  let stride: Int
  private let memory: Memory

  static func stride(length: Int) -> Int { (length + 15) / 16 * 16 }

  /// Bytes of a vector.
  static func bytes(length: Int) -> Int { stride(length: length) * MemoryLayout<Float>.stride }

  init(count: Int, length: Int) {
    (self.count, self.length) = (count, length)
    stride = Rows.stride(length: length)
    memory = Memory(count: count * stride)
  }

  subscript(row: Int) -> UnsafeMutablePointer<Float> { memory.floats + row * stride }
}

/// An array that tasks of a pool write to, each to places of its own.
final class SharedArray<Element: BitwiseCopyable & Sendable>: @unchecked Sendable {
  private let elements: UnsafeMutableBufferPointer<Element>

  init(repeating element: Element, count: Int) {
    elements = .allocate(capacity: count)
    elements.initialize(repeating: element)
  }

  deinit { elements.deallocate() }

  subscript(place: Int) -> Element {
    get { elements[place] }
    set { elements[place] = newValue }
  }

  var array: [Element] { Array(elements) }
}
