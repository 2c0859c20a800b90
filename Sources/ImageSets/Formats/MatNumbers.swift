/// The numbers of a variable in a MATLAB file, from first to last: the first dimension runs fastest.
///
/// When the last is given, the variable's end has been checked: nothing follows it, and compressed data have the
/// checksum that they were written with.
final class MatNumbers {
  /// The numbers in the variable.
  let count: Int
  private let storage: MatType
  /// The bytes of one number as it is stored.
  private let width: Int
  private let elements: MatElements
  /// The element of the numbers.
  private let tag: MatElements.Tag
  private var given = 0

  /// - Parameter witness: told of all bytes of the variable as they lie in the file.
  /// - Throws: a data error where the variable has no real numbers, or others than its dimensions say.
  init(_ variable: MatVariable, of mat: MatFile, witness: PartStream.Witness? = nil) throws {
    let subject = mat.subject(variable)
    func refused(_ problem: String, _ remedy: String = "fetch it again") -> ImageSetError {
      ImageSetError(.data, subject, problem, remedy)
    }
    guard let number = variable.kind.number, !variable.isComplex else {
      throw refused(
        "is an array of class \(variable.kind)\(variable.isComplex ? ", complex" : "")", "give one of real numbers")
    }
    let stream = try PartStream(pieceBytes: 1 << 17)
    stream.begin(
      variable.range, of: mat.file, coding: variable.isCompressed ? .zlib : .plain, subject: subject,
      witness: witness)
    var elements = try MatElements(
      stream, count: variable.isCompressed ? nil : variable.range.count, bigEndian: mat.isBigEndian, subject: subject)
    guard try MatVariable(&elements, isCompressed: variable.isCompressed, range: variable.range) == variable else {
      throw refused("has changed since it was opened", "leave it alone while it is read")
    }

    tag = try elements.next("its numbers")
    storage = tag.type
    guard let width = tag.type.width, tag.type.stores(number) else {
      throw refused("has numbers of class \(number) stored as \(tag.type)")
    }
    var count = 1
    for dimension in variable.dimensions {
      let (product, overflow) = count.multipliedReportingOverflow(by: dimension)
      guard !overflow else { throw refused("is \(variable.shape), more than can be counted") }
      count = product
    }
    guard tag.count % width == 0, tag.count / width == count else {
      throw refused("is \(variable.shape), and has \(tag.count) bytes of numbers stored as \(tag.type)")
    }
    if tag.inside == nil { try elements.use(tag.count + tag.padding, "its numbers") }
    guard elements.left == 0 else { throw refused("has \(elements.left) bytes left over after its numbers") }
    (self.elements, self.width, self.count) = (elements, width, count)
    if count == 0 { try finish() }
  }

  /// Fills `buffer` with the next numbers as they are stored, as many as fit or are left.
  ///
  /// - Returns: how many they are. Those of class uint8 are a byte each.
  func read(into buffer: UnsafeMutableBufferPointer<UInt8>) throws -> Int {
    let numbers = min(buffer.count / width, count - given)
    guard numbers > 0 else { return 0 }
    let bytes = UnsafeMutableBufferPointer(rebasing: buffer[..<(numbers * width)])
    if let inside = tag.inside {
      _ = bytes.update(fromContentsOf: inside[(given * width)..<((given + numbers) * width)])
    } else if try elements.stream.read(into: bytes) < bytes.count {
      throw elements.damaged("ends in the midst of its numbers")
    }
    given += numbers
    if given == count { try finish() }
    return numbers
  }

  /// The next numbers, whatever their class; fewer where fewer are left.
  ///
  /// - Throws: a data error also where a whole number of 64 bits is none of `Double`'s.
  func read(_ wanted: Int) throws -> [Double] {
    let first = given
    let numbers = min(wanted, count - given)
    let bytes = try [UInt8](unsafeUninitializedCapacity: numbers * width) { buffer, filled in
      filled = try read(into: UnsafeMutableBufferPointer(rebasing: buffer[..<(numbers * width)])) * width
    }
    func whole<Number: FixedWidthInteger>(_ type: Number.Type) throws -> [Double] {
      try (0..<numbers).map { index in
        let number = bytes.number(at: index * width, as: type, bigEndian: elements.isBigEndian)
        if let value = Double(exactly: number) { return value }
        throw elements.damaged("has \(number) as number \(first + index), which double precision does not hold")
      }
    }
    switch storage {
    case .int8: return try whole(Int8.self)
    case .uint8: return try whole(UInt8.self)
    case .int16: return try whole(Int16.self)
    case .uint16: return try whole(UInt16.self)
    case .int32: return try whole(Int32.self)
    case .uint32: return try whole(UInt32.self)
    case .int64: return try whole(Int64.self)
    case .uint64: return try whole(UInt64.self)
    case .single:
      return (0..<numbers).map {
        Double(Float(bitPattern: bytes.number(at: $0 * width, bigEndian: elements.isBigEndian)))
      }
    default:
      return (0..<numbers).map {
        Double(bitPattern: bytes.number(at: $0 * width, bigEndian: elements.isBigEndian))
      }
    }
  }

  private func finish() throws {
    _ = try elements.stream.read(tag.padding, of: "its last eight bytes")
    try elements.stream.finish()
  }
}
