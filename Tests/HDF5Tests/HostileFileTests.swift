import HDF5
import TestSupport
import Testing

@Suite(.serialized) struct HostileFileTests {
  let scratch: Scratch
  init() throws { scratch = try Scratch() }

  /// Why the variable `v` of a file is refused.
  func refused(_ make: (hid_t) -> Void) throws -> String? {
    let path = scratch("hostile.h5")
    foreign(path, make)
    let file = try File.open(path)
    return refusal { try file.dataset("/v") }
  }

  @Test func `Links that lead elsewhere are not followed`() throws {
    foreign(scratch("other.h5")) { plant($0, "v", rote_h5_u8(), [1], values: [7] as [UInt8]) }
    let soft = try refused { file in
      plant(file, "real", rote_h5_u8(), [1], values: [7] as [UInt8])
      H5Lcreate_soft("/real", file, "v", 0, 0)
    }
    let other = scratch("other.h5")
    let external = try refused { H5Lcreate_external(other, "v", $0, "v", 0, 0) }
    for reason in [soft, external] { #expect(reason?.contains("a link that leads elsewhere") == true) }
    foreign(scratch("group.h5")) { H5Lcreate_external(other, "/", $0, "g", 0, 0) }
    let file = try File.open(scratch("group.h5"))
    #expect(refusal { try file.dataset("/g/v") }?.contains("a link that leads elsewhere") == true)
  }

  @Test func `Values that lie outside of the file are refused`() throws {
    let raw = scratch("raw.bin")
    try write([1, 2, 3], to: raw)
    #expect(
      try refused { plant($0, "v", rote_h5_u8(), [3]) { H5Pset_external($0, raw, 0, 3) } }?.contains(
        "outside") == true)
    foreign(scratch("source.h5")) { plant($0, "s", rote_h5_u8(), [3], values: [1, 2, 3] as [UInt8]) }
    let source = scratch("source.h5")
    let virtual = try refused { file in
      let space = H5Screate_simple(1, [3], nil)
      plant(file, "v", rote_h5_u8(), [3]) { H5Pset_virtual($0, space, source, "s", space) }
    }
    #expect(virtual?.contains("virtual") == true)
  }

  @Test func `Dimensions above 2^31, and more values than the file can hold, are refused`() throws {
    let long: UInt64 = 1 << 31
    #expect(try refused { plant($0, "v", rote_h5_u8(), [long + 1], chunk: [1]) }?.contains("2^31") == true)
    let claims: [[UInt64]] = [
      [5000], [long], [long, long], [long, long, long], [0, long, long, long], [long, long, long, 0],
    ]
    for shape in claims {
      let reason = try refused { plant($0, "v", rote_h5_u8(), shape, chunk: shape.map { _ in 1 }) }
      #expect(reason?.contains("claims more") == true, "\(shape)")
    }
  }

  @Test func `An empty dimension beside a long one is a shape like another`() throws {
    foreign(scratch("a.h5")) { plant($0, "v", rote_h5_u8(), [0, 1 << 31], chunk: [1, 1]) }
    let variable = try File.open(scratch("a.h5")).dataset("/v")
    #expect(variable.rowCount == 1 << 31)
    #expect(try variable.read(UInt8.self).isEmpty)
  }

  @Test func `Highly compressed values are no reason for refusal`() throws {
    let file = try File.create(scratch("zeros.h5"))
    let zeros = [UInt8](repeating: 0, count: 1 << 22)
    try file.create("/v", UInt8.self, shape: [1 << 22], chunk: [1 << 20], compressed: true).write(zeros)
    try file.close()
    #expect(try bytes(of: scratch("zeros.h5")).count < 1 << 14)
    #expect(try File.open(scratch("zeros.h5")).dataset("/v").read(UInt8.self) == zeros)
  }

  @Test func `One long string behind many elements is refused before it is copied for each`() throws {
    foreign(scratch("bomb.h5")) { file in
      let type = textType(rote_h5_variable_length())
      plant(file, "v", type, [1000])
      let id = H5Dopen2(file, "v", 0)
      let words = String(repeating: "x", count: 100_000)
      words.withCString { pointer in
        let pointers = [pointer] + [UnsafePointer<CChar>?](repeating: nil, count: 999)
        _ = pointers.withUnsafeBytes { H5Dwrite(id, type, 0, 0, 0, $0.baseAddress) }
      }
      H5Dclose(id)
    }
    // Each element is 16 bytes: length, address of the heap, index in it. All are made like the first.
    var bytes = try bytes(of: scratch("bomb.h5"))
    let length = [0xA0, 0x86, 1, 0] as [UInt8]  // 100,000
    let start = bytes.indices.dropLast(16_000).first { i in
      Array(bytes[i..<(i + 4)]) == length && bytes[(i + 16)..<(i + 32)].allSatisfy { $0 == 0 }
    }
    let first = try #require(start)
    for i in 1..<1000 {
      bytes.replaceSubrange((first + 16 * i)..<(first + 16 * i + 16), with: bytes[first..<(first + 16)])
    }
    try write(bytes, to: scratch("bomb.h5"))
    let variable = try File.open(scratch("bomb.h5")).dataset("/v")
    #expect(refusal { try variable.readText() }?.contains("claims more") == true)
  }

  @Test func `No flipped bit of text brings the library down`() throws {
    let path = scratch("text.h5")
    let file = try File.create(path)
    let text = ["cat", "dog", "猫", String(repeating: "long ", count: 20)]
    try file.createText("/t", count: 4).write(text: text)
    try file.close()
    let whole = try bytes(of: path)
    // The heap has no checksum: its header and its first objects, bit by bit.
    let heap = try #require(whole.indices.first { whole[$0...].starts(with: Array("GCOL".utf8)) })
    var refused = 0
    for bit in 0..<(8 * 160) {
      var bytes = whole
      bytes[heap + bit / 8] ^= 1 << UInt8(bit % 8)
      try write(bytes, to: scratch("flip.h5"))
      if refusal({ try File.open(scratch("flip.h5")).dataset("/t").readText() }) != nil { refused += 1 }
    }
    // All flips of the signature, of lengths and of indices in use; some of the text make it other than UTF-8.
    #expect(refused > 32 + 4 * 64)
  }

  @Test func `Scalars, groups and what is missing are no variables, and variables no groups`() throws {
    foreign(scratch("a.h5")) { file in
      plant(file, "scalar", rote_h5_u8(), [], values: [1] as [UInt8])
      plant(file, "v", rote_h5_u8(), [1], values: [1] as [UInt8])
      H5Gclose(H5Gcreate2(file, "group", 0, 0, 0))
      // A group that holds itself.
      H5Lcreate_hard(file, "group", file, "group/self", 0, 0)
    }
    let file = try File.open(scratch("a.h5"))
    #expect(refusal { try file.dataset("/scalar") }?.contains("no dimensions") == true)
    #expect(refusal { try file.dataset("/group") }?.contains("a group") == true)
    #expect(refusal { try file.dataset("/group/self/self") }?.contains("a group") == true)
    #expect(refusal { try file.dataset("/group/self/nothing") }?.contains("no such variable") == true)
    #expect(refusal { try file.dataset("/none") }?.contains("no such variable") == true)
    #expect(refusal { try file.dataset("/v/w") } != nil)
    #expect(refusal { try file.names(in: "/v") } != nil)
    #expect(try file.isGroup("/group") && !file.isGroup("/v"))
  }

  @Test func `Types that no file of rote's has are known to be unknown`() throws {
    foreign(scratch("a.h5")) { file in
      plant(file, "f64", H5Tarray_create2(rote_h5_f32(), 1, [2]), [1])
      let wide = H5Tcopy(rote_h5_i32_file())
      H5Tset_size(wide, 2)
      plant(file, "i16", wide, [1])
    }
    let file = try File.open(scratch("a.h5"))
    for path in ["/f64", "/i16"] { #expect(try file.typeName(file.dataset(path)) == nil, "\(path)") }
  }

  @Test func `No truncation of a file brings the library down`() throws {
    let path = scratch("whole.h5")
    let file = try File.create(path)
    try file.create("/v", Int32.self, shape: [300], chunk: [100], compressed: true).write(
      (0..<300).map { Int32($0) })
    try file.set("a", to: "b")
    try file.close()
    let whole = try bytes(of: path)
    for length in stride(from: 0, to: whole.count, by: 37) {
      try write(Array(whole.prefix(length)), to: scratch("cut.h5"))
      #expect(refusal { try File.open(scratch("cut.h5")).dataset("/v").read(Int32.self) } != nil, "\(length)")
    }
  }
}
