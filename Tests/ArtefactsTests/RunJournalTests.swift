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

  /// Rows of 100 bytes in two variables.
  private func rows(_ value: UInt8) -> RunRows {
    var rows = RunRows(run: 7)
    for path in ["/a/even", "/a/odd"] { rows.set(path, [UInt8](repeating: value, count: 100)) }
    return rows
  }

  private func piece(_ number: Int) -> RowPiece {
    RowPiece(path: number.isMultiple(of: 2) ? "/a/even" : "/a/odd", range: 10 * number..<10 * number + 5 + number)
  }

  private func save(_ state: String, _ pieces: [RowPiece], to journal: inout RunJournal) throws {
    try journal.save(adding: pieces, of: rows(9)) { try $0.write(state) }
  }

  /// The state, and the rows that are 0 where nothing was saved.
  private func load(_ identity: UInt8 = 1) throws -> (state: String?, rows: [String: [UInt8]])? {
    var journal = journal(identity)
    var rows = rows(0)
    return try journal.load(into: &rows).map { bytes in
      var reader = ByteReader(bytes)
      return (reader.readText(), rows.rows)
    }
  }

  /// The rows where some pieces were saved.
  private func expected(_ pieces: [RowPiece]) -> [String: [UInt8]] {
    var rows = rows(0)
    for piece in pieces { for i in piece.range { rows.rows[piece.path]?[i] = 9 } }
    return rows.rows
  }

  /// A journal that goes on.
  private func resumed() throws -> RunJournal {
    var (journal, rows) = (journal(), rows(0))
    _ = try journal.load(into: &rows)
    return journal
  }

  @Test func `The last state is found again, with the pieces of all before`() throws {
    #expect(try load() == nil)
    var journal = journal()
    try save("one", [piece(0), piece(1)], to: &journal)
    try save("two", [], to: &journal)
    try save("three", [piece(2)], to: &journal)
    var found = try #require(try load())
    #expect(found.state == "three" && found.rows == expected([0, 1, 2].map(piece)))
    // Another process goes on.
    var next = try resumed()
    try save("four", [piece(3)], to: &next)
    found = try #require(try load())
    #expect(found.state == "four" && found.rows == expected([0, 1, 2, 3].map(piece)))
    #expect(try fileNames(in: scratch.path) == ["000007.rows", "000007.state"])
  }

  @Test func `Pieces that no state names yet do not count, and are written over`() throws {
    var journal = journal()
    try save("one", [piece(0)], to: &journal)
    let state = try bytes(of: scratch("000007.state"))
    try save("lost", [piece(1), piece(2)], to: &journal)
    // As after a power cut between the two files.
    try write(state, to: scratch("000007.state"))
    var found = try #require(try load())
    #expect(found.state == "one" && found.rows == expected([piece(0)]))
    var next = try resumed()
    try save("two", [piece(3)], to: &next)
    found = try #require(try load())
    #expect(found.state == "two" && found.rows == expected([0, 3].map(piece)))
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
        #expect(try load() == nil, "\(name), byte \(place)")
      }
      for count in whole.indices {
        try write(Array(whole.prefix(count)), to: scratch(name))
        #expect(try load() == nil, "\(name), \(count) bytes")
      }
      try write(whole, to: scratch(name))
      #expect(try load() != nil)
    }
    try write(try bytes(of: scratch("000007.state")) + [0], to: scratch("000007.state"))
    #expect(try load() == nil)
  }

  @Test func `A state of another run is not taken`() throws {
    var journal = journal()
    try save("one", [], to: &journal)
    #expect(try load(2) == nil)
    #expect(try load(1) != nil)
  }

  @Test func `Pieces that do not fit the rows are not taken`() throws {
    var journal = journal()
    try save("one", [piece(3)], to: &journal)
    var short = RunRows(run: 7)
    short.set("/a/odd", [UInt8](repeating: 0, count: 37))
    #expect(try journal.load(into: &short) == nil)
    var other = RunRows(run: 7)
    #expect(try journal.load(into: &other) == nil)
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

  @Test func `What the system does not let be read is an error, and not a state that is not there`() throws {
    try write([1], to: scratch("file"))
    var rows = rows(0)
    var below = RunJournal(path: scratch("file/000007"), identity: [UInt8](repeating: 1, count: 32))
    #expect(failure { try below.load(into: &rows) }?.status == .inputOutput)
    var journal = journal()
    try save("one", [piece(0)], to: &journal)
    // The rows are whole, and cannot be opened as what they are.
    try FileManager.default.moveItem(atPath: scratch("000007.rows"), toPath: scratch("elsewhere"))
    try FileManager.default.createSymbolicLink(atPath: scratch("000007.rows"), withDestinationPath: "elsewhere")
    var resumed = self.journal()
    #expect(failure { try resumed.load(into: &rows) }?.description.contains("is a link") == true)
    #expect(failure { try save("two", [piece(1)], to: &journal) }?.description.contains("is a link") == true)
  }
}
