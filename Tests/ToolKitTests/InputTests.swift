import Foundation
import TestSupport
import Testing
import ToolKit

@Suite struct InputTests {
  let scratch: Scratch
  init() throws { scratch = try Scratch() }

  @Test func `A file is read from its start, as far as it goes`() throws {
    try write([1, 2, 3], to: scratch("a"))
    let input = try Input(scratch("a"))
    #expect(input.name == scratch("a"))
    #expect(try input.head(2) == [1, 2])
    #expect(try input.head(100) == [1, 2, 3])
    #expect(try input.size() == 3)
  }

  @Test func `What cannot be read is refused by name, with the status that fits`() throws {
    try write([], to: scratch("empty"))
    mkfifo(scratch("fifo"), 0o600)
    // (name, status, words): opening a FIFO that nobody writes to must not wait.
    let cases: [(String, ToolKit.ExitStatus, String)] = [
      (scratch("missing"), .inputOutput, "No such file"), (scratch.path, .inputOutput, "is a folder"),
      (scratch("empty"), .badData, "is empty"), (scratch("fifo"), .inputOutput, "no regular file"),
      ("/dev/null", .inputOutput, "no regular file"),
    ]
    for (name, status, words) in cases {
      let failure = failure { try Input(name) }
      #expect(failure?.status == status, "\(name)")
      #expect(failure?.subject == name)
      #expect(failure?.description.contains(words) == true, "\(name): \(String(describing: failure))")
    }
  }

  @Test func `Standard input is named once at most`() throws {
    let failure = failure { try Input.open(["-", "a", "-"]) }
    #expect(failure?.status == .usage)
  }

  @Test func `Names are cut at NUL bytes alone`() throws {
    try write(Array("a b\0c\nd\0\0é".utf8), to: scratch("names"))
    #expect(try namesSeparatedByNUL(in: scratch("names")) == ["a b", "c\nd", "é"])
    try write([], to: scratch("none"))
    #expect(try namesSeparatedByNUL(in: scratch("none")) == [])
    let many = (0..<20_000).map { "runs/\($0).h5" }
    try write(Array(many.joined(separator: "\0").utf8) + [0], to: scratch("many"))
    #expect(try namesSeparatedByNUL(in: scratch("many")) == many)
    for name in [scratch("missing"), scratch.path] {
      #expect(failure { try namesSeparatedByNUL(in: name) }?.subject == name)
    }
  }

  @Test func `A spool gives back what was written, from anywhere, and has no name`() throws {
    let spool = try Spool()
    let values = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
    try spool.write(values)
    try spool.write([1, 2])
    #expect(spool.count == 100_002)
    #expect(try spool.read(100_000, at: 0) == values)
    #expect(try spool.read(3, at: 99_999) == [values[99_999], 1, 2])
    #expect(try spool.read(0, at: 5) == [])
    #expect(failure { try spool.read(3, at: 100_000) }?.description.contains("shorter") == true)
  }
}
