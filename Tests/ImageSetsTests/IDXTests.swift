import Foundation
import Testing

@testable import ImageSets

/// An IDX file of bytes.
func idx(_ dimensions: [Int], _ bytes: [UInt8], type: UInt8 = 8) -> [UInt8] {
  [0, 0, type, UInt8(dimensions.count)] + dimensions.flatMap { numberBytes(UInt32($0), bigEndian: true) } + bytes
}

@Suite struct IDXTests {
  let scratch: Scratch
  let items = [UInt8](0..<24)

  init() throws { scratch = try Scratch() }

  func failure(_ bytes: [UInt8], shape: [Int] = [2, 3]) throws -> String {
    let path = scratch.path + "/a.idx"
    overwrite(path, bytes)
    do {
      let file = try IDXFile(path: path, shape: shape)
      while try !file.read(1).isEmpty {}
      return "no error"
    } catch let error as ImageSetError {
      #expect(error.kind == .data)
      return error.description.replacingOccurrences(of: scratch.path + "/", with: "")
    }
  }

  @Test func `Items are those of the file, plain or gzip, whatever the pieces`() throws {
    for bytes in [idx([4, 2, 3], items), gzip(idx([4, 2, 3], items))] {
      let path = try scratch.write(bytes, "a.idx")
      for pieces in [1, 3, 4, Int.max] {
        let file = try IDXFile(path: path, shape: [2, 3])
        #expect(file.count == 4)
        #expect(file.header == idx([4, 2, 3], []))
        var found: [UInt8] = []
        while true {
          let piece = try file.read(pieces)
          if piece.isEmpty { break }
          #expect(piece.count == min(pieces, 4 - found.count / 6) * 6)
          found += piece
        }
        #expect(found == items)
      }
    }
    #expect(try failure(idx([24], items), shape: []) == "no error")
    #expect(try failure(idx([0, 2, 3], [])) == "no error")
  }

  @Test func `What is no IDX file of bytes is refused`() throws {
    #expect(try failure([1, 0, 8, 1, 0, 0, 0, 0]).hasPrefix("a.idx: is no IDX file, plain or in gzip;"))
    #expect(try failure([0, 0, 8, 0]).hasPrefix("a.idx: is no IDX file, plain or in gzip;"))
    #expect(
      try failure(idx([4], [1, 2, 3, 4], type: 13)).hasPrefix(
        "a.idx: is an IDX file of type 13, not of unsigned bytes (8);"))
  }

  @Test func `Items of another shape are refused`() throws {
    #expect(try failure(idx([4, 3, 2], items)) == "a.idx: is Nx3x2, not Nx2x3; give the published file")
    #expect(try failure(idx([24], items)) == "a.idx: is N, not Nx2x3; give the published file")
    #expect(try failure(idx([4, 2, 3], items), shape: []) == "a.idx: is Nx2x3, not N; give the published file")
    #expect(try failure(idx([1_000_000, 2, 3], [])).contains("ends in the midst of its 1000000 items;"))
    #expect(
      try failure(idx([Int(UInt32.max), 2, 3], []))
        == "a.idx: claims 4294967295 items, more than the limit of 1000000; give a smaller subset")
  }

  @Test func `A file cut off anywhere, or that goes on, is refused`() throws {
    for whole in [idx([4, 2, 3], items), gzip(idx([4, 2, 3], items))] {
      for length in 0..<whole.count {
        #expect(try failure(Array(whole[..<length])).contains("ends in the midst of"), "\(length)")
      }
      #expect(try failure(whole + [0]) != "no error")
    }
    #expect(
      try failure(idx([4, 2, 3], items + [9])) == "a.idx: goes on after its 4 items; fetch it again")
    #expect(try failure(gzip(idx([4, 2, 3], items + [9]))) == "a.idx: goes on after its 4 items; fetch it again")
    #expect(try failure(idx([0, 2, 3], [9])) == "a.idx: goes on after its 0 items; fetch it again")
  }

  @Test func `A changed bit of a gzip file gives an error or the same items`() throws {
    let whole = gzip(idx([4, 2, 3], items))
    let path = scratch.path + "/b.idx"
    var dice = Dice(state: 1)
    var refused = 0
    for _ in 0..<1000 * flipFactor {
      var changed = whole
      changed[Int.random(in: 0..<whole.count, using: &dice)] ^= 1 << UInt8.random(in: 0..<8, using: &dice)
      overwrite(path, changed)
      do {
        let file = try IDXFile(path: path, shape: [2, 3])
        #expect(try file.read(100) == items)
      } catch is ImageSetError { refused += 1 }
    }
    #expect(refused > 700 * flipFactor)
  }
}
