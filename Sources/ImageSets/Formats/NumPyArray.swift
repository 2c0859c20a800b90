/// An array of numbers in NumPy's `.npy` format, little-endian and in C order: what `numpy.save` writes of such types.
///
/// - Source: NumPy Enhancement Proposal 1, "A simple file format for NumPy arrays", versions 1.0 to 3.0.
public struct NumPyArray: Sendable, Equatable {
  public enum Element: String, Sendable, CaseIterable {
    case float32 = "<f4"
    case float64 = "<f8"
    case int32 = "<i4"
    case int64 = "<i8"
    case uint8 = "|u1"

    var bytes: Int {
      switch self {
      case .float32, .int32: 4
      case .float64, .int64: 8
      case .uint8: 1
      }
    }

    public var isInteger: Bool { self != .float32 && self != .float64 }
  }

  public let element: Element
  public let shape: [Int]
  /// In C order; whole numbers beyond 2^53 are rounded.
  public let values: [Double]

  /// - Parameter subject: the file, for messages.
  /// - Throws: `ImageSetError` where the bytes are no such array, whole and without anything behind it.
  public init(_ bytes: UnsafeBufferPointer<UInt8>, subject: String) throws {
    func refused(_ problem: String, _ remedy: String = "fetch it again") -> ImageSetError {
      ImageSetError(.data, subject, problem, remedy)
    }
    guard bytes.count >= 10, bytes.starts(with: [0x93] + Array("NUMPY".utf8)) else {
      throw refused("is no NumPy array", "write it with numpy.savez")
    }
    guard (1...3).contains(bytes[6]) else {
      throw refused("is of version \(bytes[6]) of NumPy's format, of which 3 are known")
    }
    let start = bytes[6] == 1 ? 10 : 12
    guard bytes.count >= start else { throw refused("ends in the midst of its header") }
    let length = (8..<start).reversed().reduce(0) { $0 << 8 | Int(bytes[$1]) }
    guard length <= bytes.count - start else { throw refused("ends in the midst of its header") }
    let header = try NumPyHeader(bytes[start..<(start + length)], subject: subject)
    (element, shape) = (header.element, header.shape)

    var count = 1
    for side in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: side)
      guard !overflow else { throw refused("claims a shape of more elements than there are numbers") }
      count = product
    }
    let data = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(bytes)[(start + length)...])
    guard data.count % element.bytes == 0, data.count / element.bytes == count else {
      throw refused("claims \(count) elements of \(element.bytes) bytes, and has \(data.count) bytes")
    }
    let element = element
    values = (0..<count).map { i in
      let place = i * element.bytes
      func load<T>(_ type: T.Type) -> T { data.loadUnaligned(fromByteOffset: place, as: type) }
      // The hosts that we build for are little-endian.
      return switch element {
      case .float32: Double(load(Float.self))
      case .float64: load(Double.self)
      case .int32: Double(load(Int32.self))
      case .int64: Double(load(Int64.self))
      case .uint8: Double(load(UInt8.self))
      }
    }
  }
}

/// The header of a `.npy` file: a Python dictionary of `descr`, `fortran_order` and `shape`.
private struct NumPyHeader {
  private(set) var element = NumPyArray.Element.uint8
  private(set) var shape: [Int] = []

  init(_ bytes: Slice<UnsafeBufferPointer<UInt8>>, subject: String) throws {
    func refused(_ problem: String, _ remedy: String = "write it with numpy.savez") -> ImageSetError {
      ImageSetError(.data, subject, problem, remedy)
    }
    guard bytes.count <= 10_000 else { throw refused("has a header of \(bytes.count) bytes") }
    var text = Scanner(String(decoding: bytes, as: UTF8.self))
    var seen: Set<String> = []
    guard text.take("{") else { throw refused("has no dictionary in its header") }
    while !text.take("}") {
      guard let key = text.quoted(), text.take(":"), seen.insert(key).inserted else {
        throw refused("has a damaged header")
      }
      switch key {
      case "descr":
        guard let name = text.quoted() else { throw refused("is an array of records", "save the columns one by one") }
        guard let known = NumPyArray.Element(rawValue: name) else {
          let names = NumPyArray.Element.allCases.map(\.rawValue).joined(separator: ", ")
          throw refused("is of type \(name); \(names) are read", "convert it with astype")
        }
        element = known
      case "fortran_order":
        if text.take("True") { throw refused("is in Fortran's order", "save it with numpy.ascontiguousarray") }
        guard text.take("False") else { throw refused("has a damaged header") }
      case "shape":
        guard let sides = text.tuple() else { throw refused("has a shape that is none") }
        shape = sides
      default: throw refused("has \(key) in its header, which no version has")
      }
      guard text.take(",") || text.isAt("}") else { throw refused("has a damaged header") }
    }
    guard text.isAtEnd, seen.count == 3 else { throw refused("has a damaged header") }
  }

  /// Takes words from a text, and the space before them.
  private struct Scanner {
    private var rest: Substring

    init(_ text: String) { rest = text[...] }

    private mutating func skipSpace() { rest = rest.drop { $0.isWhitespace } }

    mutating func take(_ word: String) -> Bool {
      guard isAt(word) else { return false }
      rest = rest.dropFirst(word.count)
      return true
    }

    mutating func isAt(_ word: String) -> Bool {
      skipSpace()
      return rest.hasPrefix(word)
    }

    var isAtEnd: Bool { rest.allSatisfy { $0.isWhitespace } }

    /// A word in single or double quotes.
    mutating func quoted() -> String? {
      skipSpace()
      guard let quote = rest.first, quote == "'" || quote == "\"", let end = rest.dropFirst().firstIndex(of: quote)
      else { return nil }
      let word = String(rest.dropFirst()[..<end])
      rest = rest[end...].dropFirst()
      return word
    }

    /// Numbers of 0 and more in brackets: `()`, `(3,)`, `(3, 4)`.
    mutating func tuple() -> [Int]? {
      guard take("(") else { return nil }
      var numbers: [Int] = []
      while !take(")") {
        skipSpace()
        let digits = rest.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int(digits), numbers.count < 32 else { return nil }
        rest = rest.dropFirst(digits.count)
        numbers.append(number)
        guard take(",") || isAt(")") else { return nil }
      }
      return numbers
    }
  }
}
