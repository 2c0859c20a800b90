import CZlib
import Foundation
import Testing

@testable import ImageSets

@Suite struct ZipTests {
  let scratch: Scratch
  let text = Array("the quick brown fox jumps over the quick brown dog ".utf8)

  init() throws { scratch = try Scratch() }

  func members() -> [ZipMember] {
    var follows = ZipMember("set/c/3.bin", (0..<700).map { UInt8(truncatingIfNeeded: $0 * $0) })
    follows.flags = 8 | 2
    var large = ZipMember("set/ä.txt", text + text)
    large.isLarge = true
    large.flags = 1 << 11
    return [
      ZipMember("set/", [], deflated: false), ZipMember("set/a.txt", text), ZipMember("set/b", text, deflated: false),
      follows, large, ZipMember("empty", []), ZipMember("also empty", [], deflated: false),
    ]
  }

  func contents(_ members: [ZipMember]) -> [String: [UInt8]] {
    Dictionary(uniqueKeysWithValues: members.map { (String(decoding: $0.path, as: UTF8.self), $0.bytes) })
  }

  @Test func `Stored and deflated members, zip64 fields, and sizes behind the data are read`() throws {
    let path = try scratch.write(zip(members(), comment: Array("PK\u{5}\u{6} is not its end".utf8)), "a.zip")
    #expect(try unzip(path) == contents(members()))
    let archive = try ZipArchive(path: path)
    #expect(archive.entries.map(\.path) == members().map { String(decoding: $0.path, as: UTF8.self) })
    #expect(archive.entries.map(\.isFolder) == [true, false, false, false, false, false, false])
    #expect(archive.entries[1].size == text.count && archive.entries[1].compressedSize < text.count)
    #expect(archive.entries[1].crc32 == UInt32(crc32_z(0, text, text.count)))
  }

  @Test func `An archive with zip64 end records, none, or a full comment is read`() throws {
    let comment = [UInt8](repeating: 7, count: Int(UInt16.max))
    for (zip64, comment) in [(true, []), (false, comment), (true, comment)] {
      let path = try scratch.write(zip(members(), zip64: zip64, comment: comment), "a.zip")
      #expect(try unzip(path) == contents(members()))
    }
    #expect(try unzip(try scratch.write(zip([]), "empty.zip")).isEmpty)
    #expect(try unzip(try scratch.write(zip([], zip64: true), "empty.zip")).isEmpty)
  }

  @Test func `The order in the directory may be another than that in the file`() throws {
    let (first, second) = (ZipMember("first", text), ZipMember("second", text + text))
    let directory = second.directoryRecord(at: first.own.count) + first.directoryRecord(at: 0)
    let offset = first.own.count + second.own.count
    let end = ZipEnd(entries: 2, bytes: directory.count, offset: offset, comment: [])
    let path = try scratch.write(
      first.own + second.own + directory + end.records(at: offset + directory.count), "a.zip")
    #expect(try ZipArchive(path: path).entries.map(\.path) == ["second", "first"])
    #expect(try unzip(path) == contents([first, second]))
  }

  @Test func `Threads read one archive at once, each member as it is`() throws {
    let many = (0..<300).map { index in
      ZipMember(
        "\(index)", (0..<index * 37).map { UInt8(truncatingIfNeeded: $0 * (index + 1)) }, deflated: index % 3 > 0)
    }
    let archive = try ZipArchive(path: try scratch.write(zip(many), "a.zip"))
    let wrong = (0..<4).map { _ in Flag() }
    DispatchQueue.concurrentPerform(iterations: 4) { thread in
      do {
        let reader = try ZipReader(archive)
        for round in 0..<3 {
          for index in archive.entries.indices {
            let entry = archive.entries[(index * 7 + thread * 50 + round) % 300]
            let same = try reader.read(entry, limit: 1 << 20) {
              $0.elementsEqual(many[Int(entry.path) ?? 0].bytes)
            }
            if !same { wrong[thread].set() }
          }
        }
      } catch { wrong[thread].set() }
    }
    #expect(wrong.allSatisfy { !$0.isSet })
  }

  @Test func `An archive of an other program is read`() throws {
    let program = "/usr/bin/zip"
    try #require(FileManager.default.isExecutableFile(atPath: program))
    _ = try scratch.write(text, "in/one.txt")
    _ = try scratch.write(text + text, "in/deeper/two words.txt")
    let zipping = Process()
    zipping.executableURL = URL(fileURLWithPath: program)
    zipping.arguments = ["-q", "-r", "../out.zip", "."]
    zipping.currentDirectoryURL = URL(fileURLWithPath: scratch.path + "/in")
    try zipping.run()
    zipping.waitUntilExit()
    #expect(
      try unzip(scratch.path + "/out.zip")
        == ["deeper/": [], "deeper/two words.txt": text + text, "one.txt": text])
  }
}

private final class Flag: @unchecked Sendable {
  private(set) var isSet = false
  func set() { isSet = true }
}
