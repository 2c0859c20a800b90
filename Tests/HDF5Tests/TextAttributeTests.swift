import HDF5
import TestSupport
import Testing

/// Text attributes of variable length, as h5py writes them: their text lies in a heap without a checksum.
@Suite(.serialized) struct TextAttributeTests {
  let scratch: Scratch
  init() throws { scratch = try Scratch() }

  /// A file with such attributes on its root, in headers of either version; many, so that headers are continued.
  private func make(_ path: String, count: Int, newest: Bool) {
    H5Eset_auto2(0, nil, nil)
    let access = H5Pcreate(rote_h5_file_access())
    if newest { H5Pset_libver_bounds(access, H5F_LIBVER_V110, H5F_LIBVER_V110) }
    let file = H5Fcreate(path, 2, 0, access)
    let (type, space) = (textType(rote_h5_variable_length()), H5Screate(H5S_SCALAR))
    for i in 0..<count {
      let attribute = H5Acreate2(file, "a\(i)", type, space, 0, 0)
      "text \(i) 猫".withCString { text in
        var pointer: UnsafePointer<CChar>? = text
        _ = H5Awrite(attribute, type, &pointer)
      }
      H5Aclose(attribute)
    }
    H5Fclose(file)
    H5Pclose(access)
  }

  // With 8 and more, format 1.8 and later keep them in an index of their own.
  @Test(arguments: [(1, false), (7, false), (60, false), (1, true), (7, true), (60, true)])
  func `They are read, wherever the format puts them`(count: Int, newest: Bool) throws {
    make(scratch("a.h5"), count: count, newest: newest)
    let file = try File.open(scratch("a.h5"))
    for i in 0..<count { #expect(try file.text("a\(i)", of: "/") == "text \(i) 猫") }
    #expect(try file.text("b", of: "/") == nil)
  }

  @Test(arguments: [false, true])
  func `No flipped bit of their heap brings the library down, or changes a text to another of other length`(
    newest: Bool
  ) throws {
    make(scratch("a.h5"), count: 3, newest: newest)
    let whole = try bytes(of: scratch("a.h5"))
    let heap = try #require(whole.indices.first { whole[$0...].starts(with: Array("GCOL".utf8)) })
    var refused = 0
    for bit in 0..<(8 * 112) {
      var bytes = whole
      bytes[heap + bit / 8] ^= 1 << UInt8(bit % 8)
      try write(bytes, to: scratch("flip.h5"))
      let reason = refusal {
        let text = try File.open(scratch("flip.h5")).text("a0", of: "/")
        #expect(text?.utf8.count == "text 0 猫".utf8.count || text == nil || bytes[heap + bit / 8] == 0)
      }
      if reason != nil { refused += 1 }
    }
    // All flips of the signature and of lengths.
    #expect(refused > 32 + 2 * 64)
  }
}
