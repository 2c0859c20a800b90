import Foundation
import TestSupport
import Testing
import ToolKit

@Suite struct OutputTests {
  let scratch: Scratch
  init() throws { scratch = try Scratch() }

  func mode(_ path: String) -> mode_t {
    var info = stat()
    return lstat(path, &info) == 0 ? info.st_mode & 0o7777 : 0
  }

  var names: [String] { (try? fileNames(in: scratch.path)) ?? [] }

  @Test func `An output appears whole by its commit, and not before`() throws {
    let output = try Output(scratch("a.txt"))
    try output.write(Array("one ".utf8))
    try output.write(Array("two".utf8))
    #expect(!names.contains("a.txt"))
    #expect(output.regularPath == scratch("a.txt"))
    try output.commit()
    #expect(names == ["a.txt"])
    #expect(try bytes(of: scratch("a.txt")) == Array("one two".utf8))
  }

  @Test func `An output that is not committed leaves nothing, and what was there before`() throws {
    try write([1, 2, 3], to: scratch("old"))
    for name in ["old", "new"] {
      let output = try Output(scratch(name))
      try output.write([9])
    }
    #expect(names == ["old"])
    #expect(try bytes(of: scratch("old")) == [1, 2, 3])
  }

  @Test func `A second commit does nothing`() throws {
    let output = try Output(scratch("a"))
    try output.write([1])
    try output.commit()
    try write([2, 2], to: scratch("a"))
    try output.commit()
    #expect(try bytes(of: scratch("a")) == [2, 2])
  }

  @Test func `A failed commit says so and leaves nothing`() throws {
    do {
      let output = try Output(scratch("a"))
      unlink(output.path)
      let failure = failure { try output.commit() }
      #expect(failure?.status == .inputOutput)
      #expect(failure?.subject == scratch("a"))
    }
    #expect(names.isEmpty)
  }

  @Test func `A new file has the mode that open would give it; a replaced one keeps its own`() throws {
    let plain = open(scratch("plain"), O_CREAT | O_WRONLY, 0o666)
    close(plain)
    try Output(scratch("new")).commit()
    #expect(mode(scratch("new")) == mode(scratch("plain")))
    for bits: mode_t in [0o600, 0o640, 0o755] {
      chmod(scratch("new"), bits)
      try Output(scratch("new")).commit()
      #expect(mode(scratch("new")) == bits)
    }
  }

  @Test func `A symbolic link stays one, and its target is replaced`() throws {
    try FileManager.default.createDirectory(atPath: scratch("folder"), withIntermediateDirectories: false)
    try write([1], to: scratch("folder/real"))
    symlink("folder/real", scratch("link"))
    let output = try Output(scratch("link"))
    try output.write([2])
    try output.commit()
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: scratch("link")) == "folder/real")
    #expect(try bytes(of: scratch("folder/real")) == [2])
    #expect(try fileNames(in: scratch("folder")) == ["real"])
  }

  @Test func `A folder, a missing folder and an empty name are refused by name`() throws {
    let folder = failure { try Output(scratch.path) }
    #expect(folder?.status == .inputOutput && folder?.description.contains("is a folder") == true)
    let missing = failure { try Output(scratch("no/file")) }
    #expect(missing?.status == .inputOutput && missing?.subject == scratch("no/file"))
    #expect(failure { try Output("") }?.status == .usage)
  }

  @Test func `Temporary files of killed processes go, and those in use or of other targets stay`() throws {
    let stale = [".a.h5.ABCDEF.rote", ".a.h5.012345.rote"]
    let others = [
      ".a.h5.ABCDEFG.rote", ".b.h5.ABCDEF.rote", ".a.h5.used00.rote", "a.h5.ABCDEF.rote", ".a.h5.ABCDEF.txt",
    ]
    for name in stale + others { try write([1], to: scratch(name)) }
    let used = open(scratch(".a.h5.used00.rote"), O_RDWR)
    flock(used, LOCK_EX)
    defer { close(used) }
    try Output(scratch("a.h5")).commit()
    #expect(Set(names) == Set(others + ["a.h5"]))
  }

  @Test func `Two outputs of one name do not disturb each other; the last commit stays`() throws {
    let (first, second) = (try Output(scratch("a")), try Output(scratch("a")))
    try first.write([1])
    try second.write([2])
    try second.commit()
    try first.commit()
    #expect(try bytes(of: scratch("a")) == [1])
  }

  @Test func `A full disk is an input/output error, and the device stays`() throws {
    let output = try Output("/dev/full")
    #expect(output.regularPath == nil)
    try output.write([1, 2, 3])
    let failure = failure { try output.commit() }
    #expect(failure?.status == .inputOutput)
    #expect(failure?.description == "/dev/full: cannot write: No space left on device")
    var info = stat()
    #expect(stat("/dev/full", &info) == 0 && info.st_mode & S_IFMT == S_IFCHR)
  }

  @Test func `A FIFO is written through, at the commit`() throws {
    mkfifo(scratch("fifo"), 0o600)
    let reader = open(scratch("fifo"), O_RDWR | O_NONBLOCK)
    defer { close(reader) }
    let output = try Output(scratch("fifo"))
    try output.write(Array("through".utf8))
    var buffer = [UInt8](repeating: 0, count: 100)
    #expect(read(reader, &buffer, 100) == -1)
    try output.commit()
    #expect(read(reader, &buffer, 100) == 7)
    #expect(buffer.starts(with: Array("through".utf8)))
    #expect(names == ["fifo"])
  }

  @Test(arguments: [false, true])
  func `What has come since the first look stays`(isThere: Bool) throws {
    if isThere { try write([7], to: scratch("a")) }
    let seen = try FileStatus.of(scratch("a"))
    let output = try Output(scratch("a"), replacing: .only(seen))
    try output.write([1, 2, 3])
    // Put there by a rename, and with as many bytes as there were.
    try write([9], to: scratch("b"))
    rename(scratch("b"), scratch("a"))
    let failure = failure { try output.commit() }
    #expect(failure?.status == .inputOutput && failure?.problem.hasPrefix("has changed") == true)
    #expect(try bytes(of: scratch("a")) == [9])
  }

  @Test func `What was there at the first look is replaced, and the very same bytes are no change`() throws {
    try write([7], to: scratch("a"))
    let (first, second) = (
      try Output(scratch("a"), replacing: .only(FileStatus.of(scratch("a")))),
      try Output(scratch("a"), replacing: .only(FileStatus.of(scratch("a"))))
    )
    for output in [first, second] {
      try output.write([1, 2, 3])
      try output.commit()
    }
    #expect(try bytes(of: scratch("a")) == [1, 2, 3])
    #expect(names == ["a"])
  }

  @Test func `A file of our own takes the place of a link, and not of what it leads to`() throws {
    try write([7], to: scratch("victim"))
    symlink(scratch("victim"), scratch("own"))
    let output = try Output(ownFile: scratch("own"))
    try output.write([1])
    try output.commit()
    #expect(try bytes(of: scratch("victim")) == [7])
    #expect(try bytes(of: scratch("own")) == [1])
  }

  @Test func `A folder that cannot be read is an error, and not an empty one`() throws {
    try write([1], to: scratch("file"))
    for path in [scratch("none"), scratch("file")] {
      #expect(failure { try fileNames(in: path) }?.status == .inputOutput)
    }
  }
}
