import TestSupport
import Testing

@testable import HDF5

@Suite(.serialized) struct WholeChunksTests {
  let scratch: Scratch
  init() throws { scratch = try Scratch() }

  /// (run, example, class), with an edge chunk that is not full: 3 runs of 10 examples, 4 a chunk.
  func make(_ path: String, _ values: [Float], compressed: Bool = false) throws {
    let file = try File.create(path)
    let variable = try file.create("/v", Float.self, shape: [3, 10, 5], chunk: [1, 4, 5], compressed: compressed)
    try variable.write(values)
    try file.close()
  }

  func fast(_ variable: Dataset, row: Int, part: Range<Int>) throws -> [Float]? {
    guard let chunks = try WholeChunks(variable) else { return nil }
    var found = [Float](repeating: -1, count: part.count * 5)
    return found.withUnsafeMutableBytes { chunks.read(into: $0, row: row, part: part) } ? found : nil
  }

  let values = (0..<150).map { Float($0) * 1.7 - 40 }

  @Test func `Whole chunks are read as the library reads them`() throws {
    try make(scratch("a.h5"), values)
    let variable = try File.open(scratch("a.h5")).dataset("/v")
    for row in 0..<3 {
      for part in [0..<10, 0..<4, 0..<8, 4..<8, 4..<10, 8..<10] {
        let expected = Array(values[(row * 50 + part.lowerBound * 5)..<(row * 50 + part.upperBound * 5)])
        #expect(try fast(variable, row: row, part: part) == expected, "\(row) \(part)")
      }
    }
  }

  @Test func `Parts of chunks are left to the library, which reads them`() throws {
    try make(scratch("a.h5"), values)
    let variable = try File.open(scratch("a.h5")).dataset("/v")
    for part in [1..<4, 0..<3, 4..<9, 9..<10] {
      #expect(try fast(variable, row: 1, part: part) == nil)
      var found = [Float](repeating: -1, count: part.count * 5)
      try found.withUnsafeMutableBufferPointer { try variable.read(into: $0, row: 1, part: part) }
      #expect(found == Array(values[(50 + part.lowerBound * 5)..<(50 + part.upperBound * 5)]))
    }
  }

  @Test func `Other filters and types are left to the library, which reads them`() throws {
    try make(scratch("deflated.h5"), values, compressed: true)
    foreign(scratch("big.h5")) { file in
      values.withUnsafeBytes { bytes in
        plant(file, "/v", rote_h5_f32(), [3, 10, 5], chunk: [1, 4, 5], values: bytes.baseAddress)
        plant(file, "/two", rote_h5_f32(), [3, 10, 5], chunk: [3, 4, 5], values: bytes.baseAddress) {
          H5Pset_fletcher32($0)
        }
      }
    }
    for (path, name) in [("deflated.h5", "/v"), ("big.h5", "/v"), ("big.h5", "/two")] {
      let variable = try File.open(scratch(path)).dataset(name)
      #expect(try WholeChunks(variable) == nil)
      var found = [Float](repeating: -1, count: 50)
      try found.withUnsafeMutableBufferPointer { try variable.read(into: $0, row: 2, part: 0..<10) }
      #expect(found == Array(values[100...]))
    }
  }

  @Test func `A flipped bit is no chunk, and the library says so`() throws {
    try make(scratch("a.h5"), values)
    var file = try bytes(of: scratch("a.h5"))
    let pattern = withUnsafeBytes(of: values[61]) { Array($0) }
    let places = file.indices.dropLast(3).filter { Array(file[$0..<$0 + 4]) == pattern }
    #expect(places.count == 1)
    file[places[0]] ^= 1
    try write(file, to: scratch("b.h5"))
    let variable = try File.open(scratch("b.h5")).dataset("/v")
    #expect(try fast(variable, row: 1, part: 0..<4) == nil)
    #expect(try fast(variable, row: 1, part: 4..<8) != nil)
    let said = refusal {
      var found = [Float](repeating: 0, count: 50)
      try found.withUnsafeMutableBufferPointer { try variable.read(into: $0, row: 1, part: 0..<10) }
    }
    #expect(said?.contains("Fletcher32") == true, "\(said ?? "nothing")")
  }

  /// Word by word, as the sum is defined.
  func plain(_ bytes: [UInt8]) -> UInt32 {
    var (low, high): (UInt32, UInt32) = (0, 0)
    for i in stride(from: 0, to: bytes.count, by: 2) {
      low += UInt32(bytes[i]) << 8 | UInt32(bytes[i + 1])
      low = (low & 0xFFFF) + low >> 16
      high += low
      high = (high & 0xFFFF) + high >> 16
    }
    return high << 16 | low
  }

  @Test func `The sum is that of its words one by one`() {
    var state: UInt64 = 7
    func next() -> UInt8 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8(state >> 56)
    }
    for count in [0, 2, 6, 30, 32, 34, 1000, 11_518, 11_520, 11_522, 11_552, 100_002] {
      let cases = [
        (0..<count).map { _ in next() }, [UInt8](repeating: 0, count: count), [UInt8](repeating: 255, count: count),
        [UInt8](repeating: 0, count: count).enumerated().map { $0.offset == count / 2 ? 255 : 0 },
      ]
      for bytes in cases { #expect(bytes.withUnsafeBytes { fletcher32($0) } == plain(bytes), "\(count)") }
    }
  }
}
