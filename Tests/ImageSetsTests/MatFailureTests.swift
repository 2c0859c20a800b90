import Foundation
import Testing

@testable import ImageSets

@Suite struct MatFailureTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  /// The error of reading the variable y of a file, without the folder in its text.
  func failure(_ bytes: [UInt8]) throws -> String {
    let path = scratch.path + "/a.mat"
    overwrite(path, bytes)
    do {
      _ = try numbers("y", in: path)
      return "no error"
    } catch let error as ImageSetError {
      #expect(error.kind == .data)
      #expect(!error.description.contains("\n"))
      return error.description.replacingOccurrences(of: scratch.path + "/", with: "")
    }
  }

  /// The errors of a file whose one variable is changed: in both byte orders, and compressed or not.
  func failures(_ change: (inout MatArray) -> Void) throws -> Set<String> {
    var texts: Set<String> = []
    for bigEndian in [false, true] {
      for isCompressed in [false, true] {
        var array = MatArray("y", [7, 1], [1, 2, 3, 4, 5, 6, 7])
        array.isCompressed = isCompressed
        change(&array)
        texts.insert(try failure(mat([array], bigEndian: bigEndian)))
      }
    }
    return texts
  }

  @Test func `A file that is as it should be has no error`() throws {
    #expect(try failures { _ in } == ["no error"])
  }

  @Test func `Files of level 4, of HDF5 and of none are told apart`() throws {
    let hdf5 = "a.mat: is HDF5, as MATLAB's -v7.3 writes it; save it with -v7"
    #expect(try failure(matHeader(version: 0x0200, text: "MATLAB 7.3 MAT-file")) == hdf5)
    #expect(try failure([0x89] + Array("HDF\r\n\u{1a}\n".utf8) + [UInt8](repeating: 0, count: 500)) == hdf5)
    // Type 0, 1 x 1, real, a name of two bytes with its NUL: y.
    let level4 = [0, 1, 1, 0, 2].flatMap { little(UInt32($0)) } + [0x79, 0] + [UInt8](repeating: 0, count: 8)
    #expect(try failure(level4) == "a.mat: is of level 4 of MATLAB's formats, or of none; save it with -v7")
    let noise = (0..<500).map { UInt8(truncatingIfNeeded: $0 * $0 + 3) | 1 }
    #expect(try failure(noise).hasPrefix("a.mat: is no MATLAB file: its header has no mark of the byte order;"))
    #expect(try failure([]).hasPrefix("a.mat: is no whole MATLAB file: it has 0 bytes;"))
  }

  @Test func `Another version or mark of the byte order is refused`() throws {
    #expect(
      try failure(matHeader(version: 0x0300)) == "a.mat: has version 3.0 of MATLAB's format, not 1.0; save it with -v7")
    var header = matHeader()
    header[126] = UInt8(ascii: "M")
    #expect(try failure(header).contains("no mark of the byte order"))
    // A mark that disagrees with the order of the version.
    header = matHeader(bigEndian: true)
    header.swapAt(126, 127)
    #expect(try failure(header).contains("has version 0.1 of MATLAB's format"))
  }

  @Test func `A variable that is missing or there twice is refused`() throws {
    let array = MatArray("z", [1, 1], [1])
    #expect(try failure(mat([])).hasPrefix("a.mat: has no variable y, but none;"))
    #expect(try failure(mat([array])).hasPrefix("a.mat: has no variable y, but z;"))
    let y = MatArray("y", [1, 1], [1])
    #expect(try failure(mat([y, array, y])).hasPrefix("a.mat: has 2 variables y;"))
  }

  @Test func `Elements that claim more than there is are refused`() throws {
    var array = MatArray("y", [7, 1], [1, 2, 3, 4, 5, 6, 7])
    let whole = mat([array])
    var claims = whole
    claims.replaceSubrange(132..<136, with: little(UInt32.max))
    let left = whole.count - 136
    #expect(
      try failure(claims)
        == "a.mat: variable at byte 128: claims 4294967295 bytes, and the file has \(left) more; fetch it again")
    #expect(
      try failures { $0.dataCount = 8000 } == [
        "a.mat: y: is 7x1, and has 8000 bytes of numbers stored as uint8; fetch it again"
      ])
    #expect(
      try failures {
        $0.dataCount = 8000
        $0.dimensions = [8000, 1]
      } == ["a.mat: y: claims 8000 bytes of its numbers, and has 8 left; fetch it again"])
    // The array claims more than the compressed stream gives.
    array.count = 8048
    array.dimensions = [8000, 1]
    array.dataCount = 8000
    #expect(try failure(mat([array])) == "a.mat: y: ends in the midst of its numbers; fetch it again")
    array.count = 1 << 31
    #expect(try failure(mat([array])).contains("bytes left over after its numbers"))
  }

  @Test func `Bytes left over in an array, after it, or after its compressed data are refused`() throws {
    #expect(
      try failures { $0.after = [UInt8](repeating: 0, count: 16) }
        == ["a.mat: y: has 16 bytes left over after its numbers; fetch it again"])
    var array = MatArray("y", [7, 1], [1, 2, 3, 4, 5, 6, 7])
    array.afterArray = [0]
    #expect(try failure(mat([array])).hasPrefix("a.mat: y: inflates to more than its 64 bytes;"))
    array.afterArray = []
    array.packed = { deflated($0, wrapping: 15) + [1, 2, 3] }
    #expect(try failure(mat([array])) == "a.mat: y: has 3 bytes left over after its data; fetch it again")
    #expect(
      try failure(mat([MatArray("y", [1, 1], [1])]) + [0, 0, 0]).contains("ends in the midst of the tag of a variable"))
  }

  @Test func `Damaged compressed data are refused`() throws {
    var array = MatArray("y", [7, 1], [1, 2, 3, 4, 5, 6, 7])
    array.packed = { deflated($0, wrapping: 15).dropLast() + [0x55] }
    #expect(
      try failure(mat([array])) == "a.mat: y: its compressed data are damaged (incorrect data check); fetch it again")
    array.packed = { _ in [1, 2, 3, 4, 5, 6, 7, 8] }
    #expect(try failure(mat([array])).contains("at byte 128: its compressed data are damaged (incorrect header check)"))
    array.packed = { deflated($0, wrapping: 15).dropLast(6) }
    #expect(try failure(mat([array])).contains("ends in the midst of its compressed data"))
  }

  @Test func `Dimensions that disagree with the numbers are refused`() throws {
    for dimensions: [Int32] in [[6, 1], [8, 1], [7, 0], [0, 0], [7, 7]] {
      let shape = dimensions.map(String.init).joined(separator: "x")
      #expect(
        try failures { $0.dimensions = dimensions }
          == ["a.mat: y: is \(shape), and has 7 bytes of numbers stored as uint8; fetch it again"])
    }
    let huge = [Int32](repeating: .max, count: 3)
    #expect(
      try failures { $0.dimensions = huge }
        == ["a.mat: y: is 2147483647x2147483647x2147483647, more than can be counted; fetch it again"])
    for dimensions: [Int32] in [[], [7], [-7, -1], [7, -1]] {
      #expect(
        try failures { $0.dimensions = dimensions }
          == ["a.mat: variable at byte 128: has no two or more dimensions; fetch it again"])
    }
    #expect(
      try failures { $0.dimensions = [7] + [Int32](repeating: 1, count: 32) }
        == ["a.mat: variable at byte 128: has 132 bytes of its dimensions, more than 128; fetch it again"])
  }

  @Test func `Names that are too long are refused`() throws {
    #expect(
      try failures { $0.name = String(repeating: "y", count: 64) }
        == ["a.mat: variable at byte 128: has 64 bytes of its name, more than 63; fetch it again"])
    #expect(
      try failures { $0.name = String(repeating: "y", count: 63) }.allSatisfy { $0.contains("has no variable y") })
  }

  @Test func `Other kinds of array, complex ones, and wrong types are refused`() throws {
    #expect(
      try failures { $0.flags = 0x800 } == ["a.mat: y: is an array of class uint8, complex; give one of real numbers"])
    for (kind, name) in [(1, "cell"), (2, "structure"), (4, "characters"), (5, "sparse"), (16, "function")] {
      #expect(
        try failures { $0.kind = UInt8(kind) } == ["a.mat: y: is an array of class \(name); give one of real numbers"])
    }
    for kind: UInt8 in [0, 18, 255] {
      #expect(
        try failures { $0.kind = kind }
          == ["a.mat: variable at byte 128: is of class \(kind), which there is not; fetch it again"])
    }
    // Wider than its class, as wide but another, real numbers for whole ones, and no numbers at all.
    for (storage, name) in [(3, "int16"), (1, "int8"), (7, "single"), (9, "double"), (16, "utf8"), (14, "matrix")] {
      #expect(
        try failures { $0.storage = UInt32(storage) }
          == ["a.mat: y: has numbers of class uint8 stored as \(name); fetch it again"])
    }
    #expect(
      try failures { $0.storage = 8 }
        == ["a.mat: y: has an element of unknown type in the place of its numbers; fetch it again"])
    #expect(
      try failures { $0.type = 15 }.allSatisfy { $0.hasPrefix("a.mat: variable at byte 128: ") })
    var array = MatArray("y", [7, 1], [1, 2, 3, 4, 5, 6, 7])
    array.type = 9
    #expect(try failure(mat([array])).contains("is compressed, and no array within"))
    array.isCompressed = false
    #expect(try failure(mat([array])).contains("is neither an array nor a compressed one"))
  }

  @Test func `Whole numbers that double precision does not hold are refused by their place`() throws {
    #expect(
      try failures {
        $0.kind = 15
        $0.storage = 13
        $0.dimensions = [2, 1]
        $0.data = [0, 0, 0, 0, 0, 0, 0, 0] + [UInt8](repeating: 0xff, count: 8)
      } == ["a.mat: y: has 18446744073709551615 as number 1, which double precision does not hold; fetch it again"])
  }

  @Test func `A file cut off anywhere is refused`() throws {
    for bigEndian in [false, true] {
      for isCompressed in [false, true] {
        var text = MatArray("text", [1, 4], [1, 0, 2, 0, 3, 0, 4, 0])
        text.kind = 4
        text.storage = 4
        var arrays = [MatArray("X", [5, 3], Array(0..<15)), text, MatArray("y", [7, 1], [1, 2, 3, 4, 5, 6, 7])]
        for index in arrays.indices { arrays[index].isCompressed = isCompressed }
        let whole = mat(arrays, bigEndian: bigEndian)
        for length in 0..<whole.count {
          #expect(try failure(Array(whole[..<length])) != "no error", "\(length)")
        }
        #expect(try failure(whole) == "no error")
      }
    }
  }

  @Test func `A changed bit of a compressed file gives an error or the same numbers`() throws {
    // Adler-32 is no strong checksum: with other images one of thousands can be the same by chance.
    for (name, seed) in [("compressed.mat", 1), ("narrow.mat", 2), ("big-compressed.mat", 3)] {
      try flip(name, count: 500, seed: UInt64(seed)) { #expect($0 == $1) }
    }
  }

  @Test func `A changed bit of a plain file gives an error or as many numbers`() throws {
    // A plain file has no checksum: a changed bit of a number is a changed number.
    for (name, seed) in [("extra-plain.mat", 4), ("big-plain.mat", 5)] {
      try flip(name, count: 500, seed: UInt64(seed)) { #expect($0.count == $1.count) }
    }
  }

  func flip(_ name: String, count: Int, seed: UInt64, check: ([UInt8], [UInt8]) -> Void) throws {
    func read(_ path: String) throws -> [UInt8] {
      let file = try MatFile(path: path)
      let images = try MatNumbers(try file.variable("X"), of: file)
      var bytes: [UInt8] = []
      while true {
        let piece = try [UInt8](unsafeUninitializedCapacity: 3072) { $1 = try images.read(into: $0) }
        if piece.isEmpty { break }
        bytes += piece
      }
      return bytes + (try numbers("y", in: path)).map { UInt8(exactly: $0) ?? 255 }
    }
    let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: MatFixtures.path(name))))
    let expected = try read(MatFixtures.path(name))
    var dice = Dice(state: seed)
    var refused = 0
    let path = scratch.path + "/b.mat"
    for _ in 0..<count * flipFactor {
      var changed = whole
      changed[Int.random(in: 0..<whole.count, using: &dice)] ^= 1 << UInt8.random(in: 0..<8, using: &dice)
      overwrite(path, changed)
      do { check(try read(path), expected) } catch is ImageSetError { refused += 1 }
    }
    #expect(refused > count / 100)
  }
}
