/// The head of a variable in a MATLAB file.
struct MatVariable: Equatable, Sendable {
  /// MATLAB's class of an array; the raw values are those of the format.
  enum Kind: UInt8, Sendable {
    case cell = 1
    case structure, object, characters, sparse, double, single, int8, uint8, int16, uint16, int32, uint32, int64, uint64
    case function, opaque

    /// The type that its numbers have in full; nil where it has none.
    var number: MatType? {
      switch self {
      case .double: .double
      case .single: .single
      case .int8: .int8
      case .uint8: .uint8
      case .int16: .int16
      case .uint16: .uint16
      case .int32: .int32
      case .uint32: .uint32
      case .int64: .int64
      case .uint64: .uint64
      default: nil
      }
    }
  }

  let name: String
  let kind: Kind
  /// Values lie with the first of them fastest; empty for opaque objects, which have none.
  let dimensions: [Int]
  let isComplex: Bool
  let isCompressed: Bool
  /// Where its bytes lie in the file.
  let range: Range<Int>

  /// As in 32x32x3x5.
  var shape: String { dimensions.map(String.init).joined(separator: "x") }

  private static let mostDimensions = 32
  /// MATLAB's own `namelengthmax`.
  private static let longestName = 63

  /// Takes flags, dimensions and name from the beginning of an array.
  init(_ elements: inout MatElements, isCompressed: Bool, range: Range<Int>) throws {
    let flags = try elements.take("its flags", [.uint32], most: 8)
    guard flags.count == 8 else { throw elements.damaged("has \(flags.count) bytes of flags, not 8") }
    let word = flags.number(at: 0, as: UInt32.self, bigEndian: elements.isBigEndian)
    guard let kind = Kind(rawValue: UInt8(word & 0xff)) else {
      throw elements.damaged("is of class \(word & 0xff), which there is not")
    }
    self.kind = kind
    isComplex = word & 0x800 != 0
    if kind == .opaque {
      dimensions = []
    } else {
      let bytes = try elements.take("its dimensions", [.int32, .uint32], most: 4 * Self.mostDimensions)
      dimensions = stride(from: 0, to: bytes.count - 3, by: 4).map {
        Int(bytes.number(at: $0, as: Int32.self, bigEndian: elements.isBigEndian))
      }
      guard bytes.count % 4 == 0, dimensions.count >= 2, dimensions.allSatisfy({ $0 >= 0 }) else {
        throw elements.damaged("has no two or more dimensions")
      }
    }
    let name = try elements.take("its name", [.int8, .utf8], most: Self.longestName)
    self.name = String(decoding: name, as: UTF8.self)
    self.isCompressed = isCompressed
    self.range = range
  }
}

/// What the bytes of an element are; the raw values are those of the format.
enum MatType: UInt32, Sendable {
  case int8 = 1
  case uint8, int16, uint16, int32, uint32, single
  case double = 9
  case int64 = 12
  case uint64, matrix, compressed, utf8, utf16, utf32

  /// The bytes of one number; nil where it is no type of numbers.
  var width: Int? {
    switch self {
    case .int8, .uint8: 1
    case .int16, .uint16: 2
    case .int32, .uint32, .single: 4
    case .double, .int64, .uint64: 8
    default: nil
    }
  }

  /// Whether values of the other type may be stored as this one: in full, or as narrower whole numbers.
  func stores(_ other: MatType) -> Bool {
    guard self != other else { return true }
    guard let width, let otherWidth = other.width else { return false }
    return self != .single && width < otherWidth
  }
}

/// The elements of one array, taken one after the other from a stream.
struct MatElements {
  let stream: PartStream
  let isBigEndian: Bool
  /// What messages call the array.
  let subject: String
  /// The bytes of the array that have not been taken.
  private(set) var left: Int

  /// The tag of an element.
  struct Tag {
    let type: MatType
    let count: Int
    /// The bytes of a small element, which stand in the tag itself.
    let inside: [UInt8]?

    /// What fills up the last eight bytes.
    var padding: Int { inside == nil ? (8 - count % 8) % 8 : 0 }
  }

  /// - Parameter count: the bytes of the array; nil where the stream begins with a tag that says it.
  init(_ stream: PartStream, count: Int?, bigEndian: Bool, subject: String) throws {
    self.stream = stream
    self.subject = subject
    isBigEndian = bigEndian
    left = count ?? 8
    if count == nil {
      let tag = try next("its tag")
      guard tag.type == .matrix, tag.inside == nil else { throw damaged("is compressed, and no array within") }
      left = tag.count
    }
  }

  /// The tag of the next element, whose bytes are all in the array.
  mutating func next(_ what: String) throws -> Tag {
    guard left >= 8 else { throw damaged("has \(left) bytes left for \(what)") }
    let bytes = try stream.read(8, of: what)
    left -= 8
    let word = bytes.number(at: 0, as: UInt32.self, bigEndian: isBigEndian)
    // A small element has its count in the upper half.
    let small = word >> 16
    guard let type = MatType(rawValue: word & (small == 0 ? .max : 0xffff)), small <= 4 else {
      throw damaged("has an element of unknown type in the place of \(what)")
    }
    if small > 0 { return Tag(type: type, count: Int(small), inside: Array(bytes[4..<4 + Int(small)])) }
    return Tag(type: type, count: Int(bytes.number(at: 4, as: UInt32.self, bigEndian: isBigEndian)), inside: nil)
  }

  /// The bytes of the next element, which is one of a few types and has at most so many.
  mutating func take(_ what: String, _ types: [MatType], most: Int) throws -> [UInt8] {
    let tag = try next(what)
    guard types.contains(tag.type) else { throw damaged("has an element of type \(tag.type) in the place of \(what)") }
    guard tag.count <= most else { throw damaged("has \(tag.count) bytes of \(what), more than \(most)") }
    if let inside = tag.inside { return inside }
    try use(tag.count + tag.padding, what)
    return Array(try stream.read(tag.count + tag.padding, of: what).prefix(tag.count))
  }

  /// Counts bytes that are read from the stream itself.
  mutating func use(_ count: Int, _ what: String) throws {
    guard count <= left else { throw damaged("claims \(count) bytes of \(what), and has \(left) left") }
    left -= count
  }

  func damaged(_ problem: String) -> ImageSetError { ImageSetError(.data, subject, problem, "fetch it again") }
}
