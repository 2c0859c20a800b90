import Artefacts
import Foundation
import TestSupport
import Testing
import ToolKit

@Suite struct RunJournalTests {
  let scratch: Scratch
  init() throws { scratch = try Scratch() }

  private func journal(_ identity: UInt8 = 1) -> RunJournal {
    RunJournal(path: scratch("000007"), identity: [UInt8](repeating: identity, count: 32))
  }

  private func piece(_ number: Int) -> RowPiece {
    RowPiece(path: "/a/\(number)", offset: 10 * number, bytes: (0..<UInt8(5 + number)).map { $0 })
  }

  private func save(_ state: String, _ pieces: [RowPiece], to journal: inout RunJournal) throws {
    try journal.save(adding: pieces) { try $0.write(state) }
  }

  private func load(_ identity: UInt8 = 1) -> (state: String?, pieces: [RowPiece])? {
    var journal = journal(identity)
    return journal.load().map { bytes, pieces in
      var reader = ByteReader(bytes)
      return (reader.readText(), pieces)
    }
  }

  @Test func `The last state is found again, with the pieces of all before`() throws {
    #expect(load() == nil)
    var journal = journal()
    try save("one", [piece(0), piece(1)], to: &journal)
    try save("two", [], to: &journal)
    try save("three", [piece(2)], to: &journal)
    var found = try #require(load())
    #expect(found.state == "three" && found.pieces == [piece(0), piece(1), piece(2)])
    // Another process goes on.
    var next = self.journal()
    _ = next.load()
    try save("four", [piece(3)], to: &next)
    found = try #require(load())
    #expect(found.state == "four" && found.pieces == [0, 1, 2, 3].map(piece))
    #expect(fileNames(in: scratch.path) == ["000007.rows", "000007.state"])
  }

  @Test func `Pieces that no state names yet do not count, and are written over`() throws {
    var journal = journal()
    try save("one", [piece(0)], to: &journal)
    let state = try bytes(of: scratch("000007.state"))
    try save("lost", [piece(1), piece(2)], to: &journal)
    // As after a power cut between the two files.
    try write(state, to: scratch("000007.state"))
    var found = try #require(load())
    #expect(found.state == "one" && found.pieces == [piece(0)])
    var next = self.journal()
    _ = next.load()
    try save("two", [piece(3)], to: &next)
    found = try #require(load())
    #expect(found.state == "two" && found.pieces == [piece(0), piece(3)])
  }

  @Test func `No changed or missing byte of the state or the rows goes unseen`() throws {
    var journal = journal()
    try save("one", [piece(0)], to: &journal)
    try save("two", [piece(1)], to: &journal)
    for name in ["000007.state", "000007.rows"] {
      let whole = try bytes(of: scratch(name))
      for place in whole.indices {
        var damaged = whole
        damaged[place] ^= 1 << UInt8(place % 8)
        try write(damaged, to: scratch(name))
        #expect(load() == nil, "\(name), byte \(place)")
      }
      for count in whole.indices {
        try write(Array(whole.prefix(count)), to: scratch(name))
        #expect(load() == nil, "\(name), \(count) bytes")
      }
      try write(whole, to: scratch(name))
      #expect(load() != nil)
    }
    try write(try bytes(of: scratch("000007.state")) + [0], to: scratch("000007.state"))
    #expect(load() == nil)
  }

  @Test func `A state of another run is not taken`() throws {
    var journal = journal()
    try save("one", [], to: &journal)
    #expect(load(2) == nil)
    #expect(load(1) != nil)
  }

  @Test func `Bytes are read as they were written, and not past their end`() throws {
    var writer = ByteWriter()
    try writer.write(Int64(-5))
    try writer.write([Float(1.5), .nan, -0.0])
    try writer.write("Grüße")
    try writer.write(UInt8(9))
    var reader = ByteReader(writer.bytes[...])
    #expect(reader.read(Int64.self) == -5)
    #expect(reader.readArray(Float.self)?.map(\.bitPattern) == [Float(1.5), .nan, -0.0].map(\.bitPattern))
    #expect(reader.readText() == "Grüße")
    #expect(!reader.isAtEnd)
    #expect(reader.read(UInt16.self) == nil)
    #expect(reader.read(UInt8.self) == 9)
    #expect(reader.isAtEnd && reader.read(UInt8.self) == nil)
    // A number of elements that no memory holds.
    var hostile = ByteReader([UInt8](repeating: 0xFF, count: 12)[...])
    #expect(hostile.readArray(Double.self) == nil)
  }
}
