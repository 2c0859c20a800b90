import Foundation
import Testing

@testable import ImageSets

@Suite struct NumPyTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  func archive(_ base64: String) throws -> NumPyArchive {
    let bytes = try #require(Data(base64Encoded: base64))
    return try NumPyArchive(path: scratch.write([UInt8](bytes), "a.npz"))
  }

  @Test(arguments: [NumPyFixtures.stored, NumPyFixtures.compressed])
  func `arrays of numpy's savez are read with their shapes and values`(base64: String) throws {
    let archive = try archive(base64)
    #expect(archive.names == ["labels", "scores", "table", "small", "whole", "none", "scalar"])
    func array(_ name: String) throws -> NumPyArray { try archive.array(name, limit: 1000) }
    let labels = try array("labels")
    #expect(labels.values == [3, -1, 0x1p40] && labels.shape == [3] && labels.element == .int64)
    let scores = try array("scores")
    #expect(scores.values[0] == 0.25 && scores.values[1] == -0.5 && scores.values[2].isNaN)
    #expect(scores.element == .float32 && !scores.element.isInteger && labels.element.isInteger)
    #expect(try array("table").shape == [2, 3] && array("table").values == [0, 0.25, 0.5, 0.75, 1, 1.25])
    #expect(try array("small").values == [0, 255] && array("small").element == .uint8)
    #expect(try array("whole").values == [-0x1p31, 0x1p31 - 1] && array("whole").element == .int32)
    #expect(try array("none").shape == [0, 5] && array("none").values.isEmpty)
    #expect(try array("scalar").shape == [] && array("scalar").values == [2.5])
  }

  @Test func `what is not there, not known or too large is refused by name`() throws {
    let known = try archive(NumPyFixtures.stored)
    #expect(throws: ImageSetError.self) { try known.array("infl", limit: 1000) }
    do {
      _ = try known.array("infl", limit: 1000)
    } catch let error as ImageSetError {
      #expect(error.problem.contains("has no array infl, but labels, scores"))
    }
    #expect(throws: ImageSetError.self) { try known.array("labels", limit: 100) }
    let others = try archive(NumPyFixtures.refused)
    for (name, reason) in [
      ("fortran", "Fortran"), ("big", ">f4"), ("text", "<U2"), ("records", "records"), ("half", "<f2"),
    ] {
      do {
        _ = try others.array(name, limit: 10_000)
        Issue.record("\(name) was read")
      } catch let error as ImageSetError {
        #expect(error.kind == .data && error.subject.hasSuffix("a.npz: \(name).npy"))
        #expect(error.problem.contains(reason), "\(error)")
      }
    }
  }

  /// A version 1 file of that header.
  func file(_ header: String, _ data: [UInt8], length: Int? = nil, version: UInt8 = 1) -> [UInt8] {
    let length = length ?? header.utf8.count
    return [0x93] + Array("NUMPY".utf8) + [version, 0, UInt8(length & 255), UInt8(length >> 8)] + Array(header.utf8)
      + data
  }

  func read(_ bytes: [UInt8]) throws -> NumPyArray {
    try bytes.withUnsafeBufferPointer { try NumPyArray($0, subject: "a") }
  }

  @Test func `headers that lie are refused`() throws {
    let good = "{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }"
    #expect(try read(file(good, [1, 2, 3])).values == [1, 2, 3])
    #expect(
      try read(file("{\"shape\":(3),\"descr\":\"|u1\",\"fortran_order\":False}\n", [1, 2, 3])).values == [1, 2, 3])
    // Lengths and shapes.
    let huge = "9223372036854775807"
    let bad: [[UInt8]] = [
      [], Array("not NumPy at all".utf8), file(good, [1, 2]), file(good, [1, 2, 3, 4]), file(good, [], length: 65535),
      file(good, [1, 2, 3], length: 20), file(good, [1, 2, 3], version: 0), file(good, [1, 2, 3], version: 4),
      file("{'descr': '|u1', 'fortran_order': False, 'shape': (\(huge), \(huge)), }", [1]),
      file("{'descr': '<f8', 'fortran_order': False, 'shape': (\(huge),), }", [1]),
      file("{'descr': '|u1', 'fortran_order': False, 'shape': (99999999999999999999,), }", [1]),
      file("{'descr': '|u1', 'fortran_order': False, 'shape': (-1,), }", [1]),
      file("{'descr': '|u1', 'fortran_order': False, 'shape': 3, }", [1, 2, 3]),
      file("{'descr': '|u1', 'fortran_order': False, 'shape': (\(String(repeating: "1,", count: 33))), }", [1]),
      file("{'descr': '|u1', 'fortran_order': False, }", [1, 2, 3]),
      file("{'descr': '|u1', 'descr': '|u1', 'fortran_order': False, 'shape': (3,), }", [1, 2, 3]),
      file("{'descr': '|u1', 'fortran_order': 0, 'shape': (3,), }", [1, 2, 3]),
      file("{'descr': '|u1', 'fortran_order': False, 'shape': (3,), 'more': 1}", [1, 2, 3]),
      file("{'descr': '|u1' 'fortran_order': False, 'shape': (3,), }", [1, 2, 3]),
      file(good + "}", [1, 2, 3]), file("{", [1]), file("", [1]),
      file(String(repeating: " ", count: 20_000) + good, [1, 2, 3]),
    ]
    for (number, bytes) in bad.enumerated() {
      #expect(throws: ImageSetError.self, "case \(number)") { try read(bytes) }
    }
  }

  @Test func `no cut and no change of a byte of a file crashes, or reads beyond its end`() throws {
    let whole = file("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }", [UInt8](repeating: 7, count: 16))
    #expect(try read(whole).shape == [2, 2])
    for count in 0..<whole.count { #expect(throws: ImageSetError.self) { try read(Array(whole.prefix(count))) } }
    for place in 0..<whole.count {
      for value: UInt8 in [0, 0x20, 0x28, 0x2C, 0x31, 0x39, 0xC3, 0xFF] {
        var changed = whole
        changed[place] = value
        // Some changes are valid, as of a number to another: those give as many values as there are bytes for.
        if let array = try? read(changed) { #expect(array.values.count == 16 / array.element.bytes) }
      }
    }
  }
}
