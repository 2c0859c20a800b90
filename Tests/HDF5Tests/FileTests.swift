import Foundation
import HDF5
import TestSupport
import Testing

@Suite(.serialized) struct FileTests {
  let scratch: Scratch
  init() throws { scratch = try Scratch() }

  /// A file with something of everything; 90 links in one group, and attributes of 60 kB.
  func make(_ path: String) throws {
    let file = try File.create(path)
    let scale = try file.create("/x", Int32.self, shape: [5], chunk: [5], compressed: true)
    try scale.write([1, 2, 3, 4, 5] as [Int32])
    try file.makeScale(scale)
    try file.createDimension("/y", length: 3)
    try file.createGroup("/many")
    for i in 0..<90 {
      let variable = try file.create(
        "/many/v\(i)", Float.self, shape: [5, 3], chunk: [3, 3], compressed: i % 2 == 0)
      try file.attach(["/x", "/y"], to: variable)
      try variable.write((0..<15).map { Float($0 * i) })
    }
    try file.createText("/words", count: 2).write(text: ["one", "two"])
    for i in 0..<20 { try file.set("a\(i)", of: "/x", to: String(repeating: "\(i % 10)", count: 60_000)) }
    for i in 0..<40 { try file.set("g\(i)", of: "/many", to: Int64(i)) }
    try file.close()
  }

  @Test func `The same calls give the same bytes`() throws {
    try make(scratch("a.h5"))
    // Object times, if there were any, count in seconds.
    Thread.sleep(forTimeInterval: 1.1)
    try make(scratch("b.h5"))
    #expect(try bytes(of: scratch("a.h5")) == bytes(of: scratch("b.h5")))
  }

  @Test func `No group or variable keeps links or attributes in a heap or an index`() throws {
    try make(scratch("a.h5"))
    let file = try bytes(of: scratch("a.h5"))
    // Signatures of fractal heaps, their blocks, and version 2 B-trees (HDF5 File Format Specification, III.A and G).
    for signature in ["FRHP", "FHDB", "FHIB", "BTHD", "BTLF", "TREE", "SNOD"] {
      #expect(Data(file).range(of: Data(signature.utf8)) == nil, "\(signature)")
    }
    let read = try File.open(scratch("a.h5"))
    #expect(try read.text("a19", of: "/x") == String(repeating: "9", count: 60_000))
    #expect(try read.integer("g39", of: "/many") == 39)
    #expect(try read.names(in: "/many").count == 90)
    #expect(try read.names(in: "/") == ["many", "words", "x", "y"])
  }

  @Test func `A file is whole, and free for others, once it is closed`() throws {
    let file = try File.create(scratch("a.h5"))
    let variable = try file.create("/v", UInt8.self, shape: [3], chunk: [3], compressed: false)
    try variable.write([1, 2, 3] as [UInt8])
    try file.close()
    // `file` and `variable` still exist here.
    let copy = scratch("b.h5")
    try FileManager.default.copyItem(atPath: scratch("a.h5"), toPath: copy)
    #expect(try File.open(copy).dataset(variable.path).read(UInt8.self) == [1, 2, 3])
    #expect(file.path == scratch("a.h5"))
  }

  @Test func `Dimensions bear the names of their scales`() throws {
    try make(scratch("a.h5"))
    let file = H5Fopen(scratch("a.h5"), 0, 0)
    defer { H5Fclose(file) }
    func name(_ path: String) -> String {
      let id = H5Dopen2(file, path, 0)
      defer { H5Dclose(id) }
      var buffer = [CChar](repeating: 0, count: 200)
      H5DSget_scale_name(id, &buffer, buffer.count)
      return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
    let (x, y) = (H5Dopen2(file, "/x", 0), H5Dopen2(file, "/y", 0))
    let variable = H5Dopen2(file, "/many/v7", 0)
    defer { for id in [x, y, variable] { H5Dclose(id) } }
    #expect(H5DSis_scale(x) == 1 && H5DSis_scale(y) == 1 && H5DSis_scale(variable) == 0)
    #expect(H5DSis_attached(variable, x, 0) == 1 && H5DSis_attached(variable, y, 1) == 1)
    #expect(H5DSis_attached(variable, y, 0) == 0)
    #expect(name("/x") == "x")
    // netCDF-4's mark of a dimension without coordinates ends in the length, right-aligned in ten places.
    #expect(name("/y") == "This is a netCDF dimension but not a netCDF variable.         3")
  }

  @Test func `Two files can be open at once, and one file twice`() throws {
    for name in ["a.h5", "b.h5"] { try make(scratch(name)) }
    let (a, b, again) = try (
      File.open(scratch("a.h5")), File.open(scratch("b.h5")), File.open(scratch("a.h5"))
    )
    let variables = try [a, b, again].map { try $0.dataset("/many/v3") }
    for variable in variables { #expect(try variable.read(Float.self)[14] == 42) }
  }

  @Test func `Attributes of each kind come back`() throws {
    let file = try File.create(scratch("a.h5"))
    for (name, text) in [("empty", ""), ("script", "猫 é"), ("long", String(repeating: "x", count: 64_999))] {
      try file.set(name, to: text)
    }
    try file.set("least", to: Int64.min)
    try file.set("small", to: Int32(-7))
    try file.set("byte", to: UInt8(200))
    #expect(
      refusal { try file.set("longer", to: String(repeating: "x", count: 65_000)) }?.contains("too long")
        == true)
    #expect(refusal { try file.set("a", of: "/nowhere", to: "b") } != nil)
    try file.close()
    let read = try File.open(scratch("a.h5"))
    #expect(try read.text("empty") == "")
    #expect(try read.text("script") == "猫 é")
    #expect(try read.text("long")?.count == 64_999)
    #expect(try read.integer("least") == .min)
    #expect(try read.integer("small") == -7)
    #expect(try read.integer("byte") == 200)
    #expect(try read.text("none") == nil)
    #expect(try read.integer("none") == nil)
    #expect(refusal { try read.text("small") }?.contains("not text") == true)
    #expect(refusal { try read.integer("script") }?.contains("not a whole number") == true)
  }

  @Test func `Attributes of others are read: variable in length, of one value; lists are refused`() throws {
    foreign(scratch("a.h5")) { file in
      let type = textType(rote_h5_variable_length())
      func set(_ name: String, _ type: hid_t, _ space: hid_t, _ values: UnsafeRawPointer?) {
        let attribute = H5Acreate2(file, name, type, space, 0, 0)
        H5Awrite(attribute, type, values)
        H5Aclose(attribute)
      }
      "words of any length".withCString { pointer in
        withUnsafeBytes(of: Optional(pointer)) { set("text", type, H5Screate(H5S_SCALAR), $0.baseAddress) }
      }
      set("one", rote_h5_i32(), H5Screate_simple(1, [1], nil), [5] as [Int32])
      set("two", rote_h5_i32(), H5Screate_simple(1, [2], nil), [5, 6] as [Int32])
      set("latin", textType(2), H5Screate(H5S_SCALAR), [0xE9, 0] as [UInt8])
    }
    let read = try File.open(scratch("a.h5"))
    #expect(try read.text("text") == "words of any length")
    #expect(try read.integer("one") == 5)
    #expect(refusal { try read.integer("two") }?.contains("not one value") == true)
    #expect(refusal { try read.text("latin") }?.contains("UTF-8") == true)
  }

  @Test func `What is no HDF5 file, or missing, is refused`() throws {
    try write(Array("not a file of this kind".utf8), to: scratch("text.h5"))
    try write([], to: scratch("empty.h5"))
    for name in ["text.h5", "empty.h5", "missing.h5"] {
      #expect(refusal { try File.open(scratch(name)) } != nil)
    }
    #expect(refusal { try File.create(scratch("no/such/folder.h5")) } != nil)
  }
}
