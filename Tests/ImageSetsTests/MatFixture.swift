import Foundation

@testable import ImageSets

/// A variable of a MATLAB file made for a test; what is nil is as it should be.
struct MatArray {
  var name: String
  var dimensions: [Int32]
  var data: [UInt8]
  /// uint8, stored as such.
  var kind: UInt8 = 9
  var storage: UInt32 = 2
  var flags: UInt32 = 0
  var isCompressed = true
  /// The bytes that the numbers claim to have, and the array.
  var dataCount: UInt32?
  var count: UInt32?
  var type: UInt32 = 14
  /// Bytes after the numbers, in the array, and after it, in what is compressed.
  var after: [UInt8] = []
  var afterArray: [UInt8] = []
  /// In place of what zlib makes of the array.
  var packed: (([UInt8]) -> [UInt8])?
  /// In place of name and dimensions.
  var head: ((_ bigEndian: Bool) -> [UInt8])?

  init(_ name: String, _ dimensions: [Int32], _ data: [UInt8]) {
    (self.name, self.dimensions, self.data) = (name, dimensions, data)
  }

  func element(bigEndian: Bool) -> [UInt8] {
    let order = { (number: UInt32) in numberBytes(number, bigEndian: bigEndian) }
    var body = matElement(6, order(UInt32(kind) | flags) + order(0), bigEndian)
    body +=
      head?(bigEndian)
      ?? matElement(5, dimensions.flatMap { numberBytes($0, bigEndian: bigEndian) }, bigEndian)
      + matElement(1, Array(name.utf8), bigEndian)
    var numbers = matElement(storage, data, bigEndian)
    if let dataCount { numbers.replaceSubrange(4..<8, with: order(dataCount)) }
    body += numbers + after
    let array = order(type) + order(count ?? UInt32(body.count)) + body + afterArray
    guard isCompressed else { return array }
    let zlib = packed?(array) ?? deflated(array, wrapping: 15)
    return order(15) + order(UInt32(zlib.count)) + zlib
  }
}

func numberBytes<Number: FixedWidthInteger>(_ number: Number, bigEndian: Bool) -> [UInt8] {
  let bytes = little(number)
  return bigEndian ? bytes.reversed() : bytes
}

func matElement(_ type: UInt32, _ data: [UInt8], _ bigEndian: Bool) -> [UInt8] {
  if (1...4).contains(data.count) {
    let padding = [UInt8](repeating: 0, count: 4 - data.count)
    return numberBytes(UInt32(data.count) << 16 | type, bigEndian: bigEndian) + data + padding
  }
  return numberBytes(type, bigEndian: bigEndian) + numberBytes(UInt32(data.count), bigEndian: bigEndian) + data
    + [UInt8](repeating: 0, count: (8 - data.count % 8) % 8)
}

func matHeader(bigEndian: Bool = false, version: UInt16 = 0x0100, text: String = "MATLAB 5.0 MAT-file") -> [UInt8] {
  let text = Array(text.utf8)
  return text + [UInt8](repeating: 32, count: 124 - text.count) + numberBytes(version, bigEndian: bigEndian)
    + Array((bigEndian ? "MI" : "IM").utf8)
}

func mat(_ arrays: [MatArray], bigEndian: Bool = false) -> [UInt8] {
  matHeader(bigEndian: bigEndian) + arrays.flatMap { $0.element(bigEndian: bigEndian) }
}

/// All numbers of a variable, in pieces of a few.
func numbers(_ name: String, in path: String, pieces: Int = 1000) throws -> [Double] {
  let file = try MatFile(path: path)
  let reader = try MatNumbers(try file.variable(name), of: file)
  var all: [Double] = []
  while all.count < reader.count { all += try reader.read(pieces) }
  return all
}

/// The files of Fixtures/mat, which Tests/python/mat_fixtures.py wrote, and what SciPy and libmatio find in them.
struct MatFixtures {
  struct Variable {
    let file: String
    let name: String
    let kind: String
    let dimensions: [Int]
    let values: [Double]
  }

  let variables: [Variable]
  /// `(image, y, x, channel)`: the first of them are in every file that has an X.
  let images: [UInt8]

  init() throws {
    variables = try String(contentsOfFile: Self.path("expected.txt"), encoding: .utf8).split(separator: "\n").map {
      let words = $0.split(separator: " ").map(String.init)
      return Variable(
        file: words[0], name: words[1], kind: words[2],
        dimensions: words[3].split(separator: "x").compactMap { Int($0) },
        values: words.dropFirst(4).compactMap { Double($0) })
    }
    images = Array(try Data(contentsOf: URL(fileURLWithPath: Self.path("images.bin"))))
  }

  static func path(_ name: String) -> String {
    Bundle.module.bundleURL.appendingPathComponent("Fixtures/mat/\(name)").path
  }

  /// The files that have images and labels, in both byte orders, compressed and not, by three writers.
  static let sets = [
    "compressed", "plain", "narrow", "big-compressed", "big-plain", "extra-compressed", "extra-plain", "matio",
  ].map { $0 + ".mat" }
}
