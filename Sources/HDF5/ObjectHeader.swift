/// The header of an object, read past libhdf5: where an attribute's reference to text of variable length lies, which libhdf5
/// gives to nobody.
///
/// - Source: HDF5 File Format Specification, IV.A (object headers of version 1 and 2, messages of type 0x0C, attribute,
///   and 0x10, continuation).
struct ObjectHeader {
  private let file: RawFile

  init(_ file: RawFile) { self.file = file }

  /// The 16 bytes of an attribute's value, where its message holds as many; nil where attributes do not lie in the header.
  ///
  /// - Parameter address: of the object.
  func reference(of name: String, at address: UInt64) throws -> ArraySlice<UInt8>? {
    let head = try file.bytes(at: address, 16)
    var blocks: [(messages: ArraySlice<UInt8>, message: MessageHead)] = []
    if head.starts(with: Array("OHDR".utf8)) {
      let flags = head[5]
      // Times, and limits of attributes, where there are any; then the size of the first block.
      let start = address + 6 + (flags & 0x20 > 0 ? 16 : 0) + (flags & 0x10 > 0 ? 4 : 0)
      let width = UInt64(1) << (flags & 3)
      let size = integer(try file.bytes(at: start, width)[...])
      blocks.append((try file.bytes(at: start + width, size)[...], .version2(hasOrder: flags & 4 > 0)))
    } else {
      blocks.append((try file.bytes(at: address + 16, integer(head[8..<12]))[...], .version1))
    }
    // As many as a header can have in a file of this size.
    var left = file.size / 16
    while let (block, message) = blocks.popLast() {
      var rest = block
      while rest.count >= message.size, left > 0 {
        left -= 1
        let (type, size) = message.typeAndSize(rest)
        rest = rest.dropFirst(message.size)
        guard size <= rest.count else { break }
        let body = ArraySlice(Array(rest.prefix(size)))
        rest = rest.dropFirst(size)
        if type == 0x10, body.count >= 16 {
          let (address, length) = (integer(body[0..<8]), integer(body[8..<16]))
          let bytes = try file.bytes(at: address, length)
          // A continuation of version 2 has a signature before its messages and a checksum behind them.
          let messages = message.isSigned ? bytes.dropFirst(4).dropLast(4) : bytes[...]
          blocks.append((messages, message))
        } else if type == 0x0C, let value = attribute(body, named: name) {
          return value
        }
      }
    }
    return nil
  }

  private enum MessageHead {
    case version1
    case version2(hasOrder: Bool)

    var size: Int {
      switch self {
      case .version1: 8
      case .version2(let hasOrder): hasOrder ? 6 : 4
      }
    }

    var isSigned: Bool { if case .version2 = self { true } else { false } }

    func typeAndSize(_ bytes: ArraySlice<UInt8>) -> (type: Int, size: Int) {
      let bytes = Array(bytes.prefix(8))
      func pair(_ i: Int) -> Int { Int(bytes[i]) | Int(bytes[i + 1]) << 8 }
      return isSigned ? (Int(bytes[0]), pair(1)) : (pair(0), pair(2))
    }
  }

  /// The value of an attribute message, where it is of this name and 16 bytes long.
  private func attribute(_ body: ArraySlice<UInt8>, named name: String) -> ArraySlice<UInt8>? {
    guard body.count >= 8, (1...3).contains(body[0]) else { return nil }
    let version = body[0]
    let sizes = [2, 4, 6].map { Int(body[$0]) | Int(body[$0 + 1]) << 8 }
    // Version 1 fills up to eights; version 3 names the encoding first.
    let places = sizes.map { version == 1 ? ($0 + 7) / 8 * 8 : $0 }
    let start = version == 3 ? 9 : 8
    let value = start + places.reduce(0, +)
    guard body.count >= value + 16, body[start..<start + sizes[0]].prefix(while: { $0 != 0 }).elementsEqual(name.utf8)
    else { return nil }
    return body[value..<value + 16]
  }
}

/// A whole number of some bytes, the least first.
func integer(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) } }
