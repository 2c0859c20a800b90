import HDF5
import TestSupport
import Testing

@Suite(.serialized) struct VariableTests {
  let scratch: Scratch
  init() throws { scratch = try Scratch() }

  func roundTrip<T: Element & Equatable>(_ values: [T]) throws {
    let path = scratch("\(T.name).h5")
    let file = try File.create(path)
    // 7 rows of 3 in chunks of 2: the last chunk is not full.
    let variable = try file.create("/v", T.self, shape: [7, 3], chunk: [2, 3], compressed: true)
    try variable.write(Array(values[0..<6]), at: 0)
    try variable.write(Array(values[6..<21]), at: 2)
    try file.close()
    let read = try File.open(path)
    let found = try read.dataset("/v")
    #expect(found.shape == [7, 3])
    #expect(try read.typeName(found) == T.name)
    #expect(try found.read(T.self) == values)
    for rows in [0..<1, 1..<4, 6..<7, 3..<3] {
      #expect(
        try found.read(T.self, rows: rows) == Array(values[(rows.lowerBound * 3)..<(rows.upperBound * 3)]))
    }
  }

  @Test func `Rows of each type come back, whichever slabs they are written and read in`() throws {
    try roundTrip((0..<21).map { UInt8(truncatingIfNeeded: $0 * 12 + 15) })
    try roundTrip([Int8.min, .max] + (0..<19).map { Int8($0 - 9) })
    try roundTrip([Int32.min, .max] + (0..<19).map { Int32($0) * -70_000 })
    try roundTrip([Int64.min, .max] + (0..<19).map { Int64($0) << 40 })
    try roundTrip([-0.0, .infinity, .leastNonzeroMagnitude] + (0..<18).map { Float($0) / 3 })
  }

  @Test func `Not a number keeps its place and its bits`() throws {
    let file = try File.create(scratch("nan.h5"))
    let values: [Float] = [1, .nan, -.nan, Float(bitPattern: 0x7FC0_1234)]
    try file.create("/v", Float.self, shape: [4], chunk: [4], compressed: false, fill: .nan).write(values)
    try file.close()
    let read = try File.open(scratch("nan.h5")).dataset("/v").read(Float.self)
    #expect(read.map(\.bitPattern) == values.map(\.bitPattern))
  }

  @Test func `Numbers of another byte order are converted`() throws {
    let values: [Int32] = [1, -2, 1 << 20]
    foreign(scratch("big.h5")) { file in
      let swapped = values.map(\.byteSwapped)
      let type = H5Tcopy(rote_h5_i32_file())
      H5Tset_order(type, H5T_ORDER_BE)
      swapped.withUnsafeBytes { plant(file, "v", type, [3], values: $0.baseAddress) }
    }
    let file = try File.open(scratch("big.h5"))
    #expect(try file.typeName(file.dataset("/v")) == "i32")
    #expect(try file.dataset("/v").read(Int32.self) == values)
  }

  @Test func `A dimension may be 0`() throws {
    let file = try File.create(scratch("none.h5"))
    _ = try file.create("/rows", Int32.self, shape: [0, 3], chunk: [1, 3], compressed: true)
    _ = try file.create("/columns", Int32.self, shape: [3, 0], chunk: [3, 1], compressed: true)
    _ = try file.createText("/text", count: 0)
    try file.close()
    let read = try File.open(scratch("none.h5"))
    #expect(try read.dataset("/rows").read(Int32.self).isEmpty)
    #expect(try read.dataset("/columns").read(Int32.self).isEmpty)
    #expect(try read.dataset("/text").readText().isEmpty)
  }

  @Test func `Text comes back, empty, in any script, and 10,000 characters long`() throws {
    let text = ["", "cat", "Überraschung 猫 🐈 e\u{301}", "a.b/c", String(repeating: "é", count: 10_000), ""]
    let file = try File.create(scratch("text.h5"))
    try file.createText("/t", count: text.count).write(text: text)
    try file.close()
    let read = try File.open(scratch("text.h5"))
    #expect(try read.typeName(read.dataset("/t")) == "text")
    // Compared by code points: equality of strings is looser.
    #expect(try read.dataset("/t").readText().map { Array($0.utf8) } == text.map { Array($0.utf8) })
  }

  @Test func `Text of fixed length, as others write it, is read up to its padding`() throws {
    foreign(scratch("fixed.h5")) { file in
      plant(file, "t", textType(4), [3], values: Array("catsox\0\0\0\0\0\0".utf8))
    }
    #expect(try File.open(scratch("fixed.h5")).dataset("/t").readText() == ["cats", "ox", ""])
  }

  @Test func `Text that is not UTF-8 is refused, and so is NUL in text to be written`() throws {
    foreign(scratch("latin.h5")) { file in
      plant(file, "t", textType(4), [1], values: [0x63, 0xE9, 0, 0] as [UInt8])
    }
    #expect(
      refusal { try File.open(scratch("latin.h5")).dataset("/t").readText() }?.contains("UTF-8") == true)
    let file = try File.create(scratch("nul.h5"))
    let variable = try file.createText("/t", count: 1)
    #expect(refusal { try variable.write(text: ["a\0b"]) }?.contains("NUL") == true)
    #expect(refusal { try file.set("a", to: "a\0b") }?.contains("NUL") == true)
  }

  @Test func `Numbers are not read as text, nor text as numbers`() throws {
    let file = try File.create(scratch("mixed.h5"))
    try file.create("/n", Int32.self, shape: [2], chunk: [2], compressed: false).write([1, 2] as [Int32])
    try file.createText("/t", count: 1).write(text: ["1"])
    try file.close()
    let read = try File.open(scratch("mixed.h5"))
    #expect(refusal { try read.dataset("/n").readText() }?.contains("not text") == true)
    #expect(refusal { try read.dataset("/t").read(Int32.self) } != nil)
  }

  @Test func `A flipped byte of a value is found by its checksum`() throws {
    for compressed in [false, true] {
      let path = scratch("flip\(compressed).h5")
      let file = try File.create(path)
      let values = (0..<512).map { Int32($0 * $0 * 7919) }
      try file.create("/v", Int32.self, shape: [512], chunk: [512], compressed: compressed).write(values)
      try file.close()
      var bytes = try bytes(of: path)
      let size = bytes.count
      // The chunk is the largest part of the file and lies at its end.
      bytes[size - 300] ^= 0x10
      try write(bytes, to: path)
      #expect(
        refusal { try File.open(path).dataset("/v").read(Int32.self) } != nil, "compressed: \(compressed)")
    }
  }

  @Test func `Every numeric variable has the Fletcher-32 filter, and compressed ones deflate before it`()
    throws
  {
    let path = scratch("filters.h5")
    let file = try File.create(path)
    _ = try file.create("/plain", UInt8.self, shape: [9], chunk: [4], compressed: false)
    _ = try file.create("/small", Float.self, shape: [9], chunk: [4], compressed: true)
    try file.createDimension("/dimension", length: 3)
    try file.close()
    let id = H5Fopen(path, 0, 0)
    defer { H5Fclose(id) }
    func filters(_ name: String) -> [Int32] {
      let variable = H5Dopen2(id, name, 0)
      let list = H5Dget_create_plist(variable)
      defer {
        H5Pclose(list)
        H5Dclose(variable)
      }
      return (0..<max(0, H5Pget_nfilters(list))).map {
        var flags: UInt32 = 0
        var count = 0
        return H5Pget_filter2(list, UInt32($0), &flags, &count, nil, 0, nil, nil)
      }
    }
    let (deflate, shuffle, fletcher): (Int32, Int32, Int32) = (1, 2, 3)
    #expect(filters("plain") == [fletcher])
    #expect(filters("small") == [shuffle, deflate, fletcher])
    #expect(filters("dimension") == [fletcher])
  }
}
