import CFileDriver
import HDF5
import TestSupport
import Testing

@Suite(.serialized) struct DriverTests {
  let scratch: Scratch
  init() throws { scratch = try Scratch() }

  @Test func `What a full disk refuses is an error of the system when the file is closed, at the latest`() throws {
    func write() throws {
      let file = try File.create("/dev/full")
      let variable = try file.create("/v", Int32.self, shape: [1000], chunk: [100], compressed: true)
      try variable.write((0..<1000).map { Int32($0) })
      try file.close()
    }
    let error = #expect(throws: HDF5Error.self) { try write() }
    #expect(error?.isOfSystem == true)
    #expect(error?.reason == "No space left on device")
  }

  @Test func `A file that is not there is an error of the system, and one that is no HDF5 file is not`() throws {
    let missing = #expect(throws: HDF5Error.self) { try File.open(scratch("none.h5")) }
    #expect(missing?.isOfSystem == true)
    #expect(missing?.reason == "No such file or directory")
    try write([UInt8](repeating: 7, count: 600), to: scratch("a.h5"))
    let other = #expect(throws: HDF5Error.self) { try File.open(scratch("a.h5")) }
    #expect(other?.isOfSystem == false)
  }

  /// A heap of 64 bytes with an object of 11 bytes, and what is left as object 0.
  private static func heap(size: UInt64 = 64, object: UInt64 = 11) -> [UInt8] {
    func bytes(_ number: UInt64) -> [UInt8] {
      withUnsafeBytes(of: number.littleEndian) { Array($0) }
    }
    let head = Array("GCOL".utf8) + [1, 0, 0, 0] + bytes(size)
    // The index, the number of references and four bytes of nothing; then the length.
    let first = [1, 0, 1, 0, 0, 0, 0, 0] + bytes(object) + [UInt8](repeating: 65, count: 16)
    return head + first + [UInt8](repeating: 0, count: 8) + bytes(16)
  }

  @Test func `A heap is sound where its objects lie in it and fill it`() {
    func isSound(_ bytes: [UInt8]) -> Bool { rote_is_sound_heap(bytes, bytes.count) != 0 }
    #expect(isSound(Self.heap()))
    let bad: [(String, [UInt8])] = [
      ("longer than it is", Self.heap(size: 72)), ("shorter", Self.heap(size: 56)),
      ("of no length", Self.heap(size: 0)),
      ("an object beyond its end", Self.heap(object: 64)), ("an object of 2^63 bytes", Self.heap(object: 1 << 63)),
      ("an object of 2^64 - 1 bytes", Self.heap(object: .max)), ("cut short", Array(Self.heap().dropLast(8))),
    ]
    for (what, bytes) in bad { #expect(!isSound(bytes), "\(what)") }
  }

  @Test func `Values that begin like a heap are values`() throws {
    let start = Array("GCOL".utf8) + [1, 0, 0, 0] + [UInt8](repeating: 0x80, count: 40)
    let bytes = start + [UInt8](repeating: 7, count: 400 - start.count)
    let floats = bytes.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
    let file = try File.create(scratch("a.h5"))
    try file.create("/bytes", UInt8.self, shape: [400], chunk: [400], compressed: false).write(bytes)
    try file.create("/floats", Float.self, shape: [1, 100], chunk: [1, 100], compressed: false).write(floats)
    try file.close()
    let read = try File.open(scratch("a.h5"))
    #expect(try read.dataset("/bytes").read(UInt8.self) == bytes)
    var pieces: [UInt8] = []
    try read.dataset("/bytes").forEachPiece(UInt8.self) { pieces += $0 }
    #expect(pieces == bytes)
    var part = [Float](repeating: 0, count: 100)
    try part.withUnsafeMutableBufferPointer { try read.dataset("/floats").read(into: $0, row: 0, part: 0..<100) }
    #expect(part.map(\.bitPattern) == floats.map(\.bitPattern))
  }
}
