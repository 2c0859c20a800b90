import CZlib
import Foundation
import Testing

@testable import ImageSets

@Suite struct ZipFailureTests {
  let scratch: Scratch
  let text = Array("the quick brown fox jumps over the quick brown dog ".utf8)

  init() throws { scratch = try Scratch() }

  /// The error of reading all of an archive, without the folder in its text.
  func failure(_ archive: [UInt8], limit: Int = 1 << 20) throws -> String {
    let path = scratch.path + "/a.zip"
    overwrite(path, archive)
    do {
      _ = try unzip(path, limit: limit)
      return "no error"
    } catch let error as ImageSetError {
      #expect(error.kind == .data)
      #expect(!error.description.contains("\n"))
      return error.description.replacingOccurrences(of: scratch.path + "/", with: "")
    }
  }

  /// The error of an archive whose second member is changed.
  func failure(_ change: (inout ZipMember) -> Void) throws -> String {
    var members = ["one", "two", "three"].map { ZipMember($0, text) }
    change(&members[1])
    return try failure(zip(members))
  }

  @Test func `An archive that is as it should be has no error`() throws {
    #expect(try failure { _ in } == "no error")
  }

  @Test(arguments: [0, 6, 13])
  func `Encrypted members are refused`(_ bit: UInt16) throws {
    #expect(
      try failure { $0.flags = 1 << bit } == "a.zip: two: is encrypted; decrypt the archive first")
  }

  @Test(arguments: [1, 9, 12, 14, 93, 99])
  func `Methods other than stored and deflated are refused by their number`(_ method: UInt16) throws {
    let text = try failure { $0.method = method }
    #expect(text.hasPrefix("a.zip: two: is compressed by method \(method); pack it anew by deflate"))
  }

  @Test(arguments: ["/two", "../two", "a/../two", "a/..", "..", "/"])
  func `Paths out of the archive are refused`(_ path: String) throws {
    let text = try failure { $0.path = Array(path.utf8) }
    #expect(text == "a.zip: \(path): is a path out of the archive; give the published archive")
  }

  @Test(arguments: ["...", "a/..b", "..a/b", "a/b..", "./two", "a/.../b"])
  func `Names with dots that climb nowhere are taken`(_ path: String) throws {
    #expect(try failure { $0.path = Array(path.utf8) } == "no error")
  }

  @Test func `Names that are empty, no UTF-8, or hold a backslash or NUL are refused`() throws {
    #expect(try failure { $0.path = [] }.hasPrefix("a.zip: has a member without a name;"))
    let bad = "has a name with a backslash or NUL in it"
    #expect(try failure { $0.path = Array("a\\two".utf8) }.hasPrefix("a.zip: a\\two: \(bad);"))
    #expect(try failure { $0.path = Array("two\0.png".utf8) }.hasPrefix("a.zip: two?.png: \(bad);"))
    for bytes: [UInt8] in [[0xff, 0x41], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0x41, 0xc3]] {
      #expect(try failure { $0.path = bytes }.contains("has a name that is not UTF-8;"))
    }
  }

  @Test func `A name met twice is refused`() throws {
    #expect(try failure { $0.path = Array("one".utf8) }.hasPrefix("a.zip: one: is the second member of that name;"))
  }

  @Test func `Links and devices are refused`() throws {
    #expect(try failure { $0.attributes = 0o120777 << 16 }.hasPrefix("a.zip: two: is a symbolic link;"))
    #expect(try failure { $0.attributes = 0o020666 << 16 }.hasPrefix("a.zip: two: is no regular file;"))
    #expect(try failure { $0.attributes = 0x20 } == "no error")
  }

  @Test func `Members that share bytes are refused`() throws {
    let same = try failure { $0.offset = 0 }
    #expect(same.contains("bytes from byte 0 on, and ") && same.contains(" begins at byte 0;"))
    // One byte into the first member's data, where a header is made to look like one.
    let within = try failure { $0.offset = 33 + deflated(text).count - 1 }
    #expect(within.hasPrefix("a.zip: one: claims \(deflated(text).count) bytes from byte 0 on, and two begins"))
    let next = ZipMember("one", text).own.count
    #expect(try failure { $0.compressedSize = $0.packed.count + 1 }.contains("and three begins at byte \(2 * next);"))
    var last = ZipMember("last", text)
    last.compressedSize = last.packed.count + 1
    #expect(try failure(zip([last])).contains("and the directory begins at byte \(last.own.count);"))
  }

  @Test func `A member whose own extra field takes its data into the next member is refused`() throws {
    // The header's length of extra fields, which the directory does not know of, is raised by one.
    let members = ["one", "two"].map { ZipMember($0, text, deflated: false) }
    var archive = zip(members)
    archive[28] = 1
    #expect(try failure(archive).hasPrefix("a.zip: one: reaches into what follows it at byte \(members[0].own.count);"))
  }

  @Test func `Sizes beyond the file are refused before memory is taken`() throws {
    for size in [1 << 31, 1 << 40, Int.max] {
      let text = try failure {
        $0.isLarge = true
        $0.compressedSize = size
      }
      #expect(text.hasPrefix("a.zip: two: claims \(size) bytes from byte"))
      #expect(
        try failure {
          $0.isLarge = true
          $0.size = size
        } == "a.zip: two: has \(size) bytes, more than the limit of 1048576; give a smaller one")
      #expect(
        try failure {
          $0.isLarge = true
          $0.offset = size
        }.contains("claims"))
    }
    #expect(
      try failure {
        $0.isLarge = true
        $0.size = -1
      } == "a.zip: two: claims 18446744073709551615 bytes; fetch it again")
  }

  @Test func `A member over the limit is refused by the limit`() throws {
    let archive = zip([ZipMember("bomb", [UInt8](repeating: 0, count: 100_000))])
    #expect(archive.count < 400)
    #expect(try failure(archive, limit: 100_000) == "no error")
    #expect(
      try failure(archive, limit: 99_999)
        == "a.zip: bomb: has 100000 bytes, more than the limit of 99999; give a smaller one")
  }

  @Test func `A deflate stream that gives more or less than declared is refused`() throws {
    let n = text.count
    #expect(
      try failure { $0.size = n - 1 } == "a.zip: two: inflates to more than its \(n - 1) bytes; fetch it again")
    #expect(
      try failure { $0.size = n + 1 }
        == "a.zip: two: inflates to \(n) bytes, and the directory says \(n + 1); fetch it again")
    #expect(try failure { $0.size = 0 }.contains("inflates to more than its 0 bytes;"))
    #expect(
      try failure {
        $0.isDeflated = false
        $0.size = n - 1
      } == "a.zip: two: is stored as it is, with \(n - 1) bytes in \(n); fetch it again")
  }

  @Test func `Bytes after a deflate stream, or too few of it, are refused`() throws {
    #expect(
      try failure { $0.data = deflated($0.bytes) + [0, 0] }
        == "a.zip: two: has 2 bytes left over after its data; fetch it again")
    #expect(
      try failure { $0.data = deflated($0.bytes).dropLast() }
        == "a.zip: two: ends in the midst of its compressed data; fetch it again")
    #expect(
      try failure { $0.data = [0xff, 0xff] }.hasPrefix(
        "a.zip: two: its compressed data are damaged (invalid block type"))
  }

  @Test func `A wrong CRC-32 is refused`() throws {
    let wrong = "a.zip: two: does not have the CRC-32 that it was written with; fetch it again"
    #expect(try failure { $0.crc = 1 } == wrong)
    #expect(
      try failure {
        $0.isDeflated = false
        $0.data = text.reversed()
      } == wrong)
  }

  @Test func `A member's own header must agree with the directory`() throws {
    let disagrees = "a.zip: two: has a header that disagrees with the directory; fetch it again"
    #expect(try failure { $0.ownPath = Array("tow".utf8) } == disagrees)
    #expect(
      try failure {
        $0.ownPath = Array("tw".utf8)
        $0.ownExtra = [0]
      } == disagrees)
    #expect(try failure { $0.ownMethod = 0 } == disagrees)
    #expect(try failure { $0.ownFlags = 1 } == disagrees)
    #expect(try failure { $0.ownFlags = 8 } == disagrees)
    #expect(try failure { $0.ownSize = 3 } == disagrees)
    #expect(try failure { $0.ownSignature = 0x0403_4b51 }.contains("two: has no header at byte"))
  }

  @Test func `What follows after the end or stands before the beginning is refused`() throws {
    let archive = zip([ZipMember("one", text)])
    #expect(try failure(archive + [1, 2, 3]) == "a.zip: 3 bytes follow after its end record; fetch it again")
    let size = archive.count - 22 - 46 - 3
    // All offsets are wrong by 5.
    #expect(
      try failure([1, 2, 3, 4, 5] + archive).hasPrefix("a.zip: its directory of 49 bytes at byte \(size) does not"))
    // All offsets are right.
    var member = ZipMember("one", text)
    member.offset = 5
    let prefixed = [1, 2, 3, 4, 5] + zip([member]) { $0.offset += 5 }
    #expect(try failure(prefixed) == "a.zip: has 5 bytes before its first member; fetch it again")
    #expect(try failure([0] + zip([]) { $0.offset = 1 }).contains("has 1 bytes before its first member"))
  }

  @Test func `An archive in parts is refused`() throws {
    let parts = "a.zip: is one part of an archive in several; join them into one first"
    #expect(try failure(zip([ZipMember("one", text)]) { $0.disk = 1 }) == parts)
    #expect(try failure(zip([ZipMember("one", text)], zip64: true) { $0.disks = 2 }) == parts)
    #expect(try failure { $0.disk = 1 }.hasPrefix("a.zip: two: lies in another part of the archive;"))
  }

  @Test func `A directory that claims more or fewer members than it holds is refused`() throws {
    let members = (0..<3).map { ZipMember("\($0)", text) }
    #expect(
      try failure(zip(members) { $0.entries = 60_000 })
        == "a.zip: claims 60000 members in a directory of 141 bytes; fetch it again")
    #expect(
      try failure(zip(members, zip64: true) { $0.entries = 1 << 60 }).contains("claims 1152921504606846976 members"))
    #expect(
      try failure(zip(members) { $0.entries = 2 })
        == "a.zip: has 47 bytes left over in its directory after 2 members; fetch it again")
    var longName = members
    longName[2].comment = [UInt8](repeating: 32, count: 200)
    let short = "a.zip: has a member that its directory ends in the midst of, at byte "
    #expect(try failure(zip(longName) { $0.entries = 4 }).hasPrefix(short))
    var damaged = zip(members)
    damaged[members.map(\.own.count).reduce(0, +)] = 0
    #expect(try failure(damaged).hasPrefix("a.zip: has no member in its directory at byte"))
    // A name longer than the directory.
    damaged = zip(members)
    damaged[damaged.count - 22 - 1 - 46 + 28] = 200
    #expect(try failure(damaged).hasPrefix(short))
  }

  @Test func `End records that disagree or name wrong places are refused`() throws {
    let members = [ZipMember("one", text)]
    #expect(try failure(zip(members, zip64: true) { $0.plainEntries = 2 }).contains("two end records that disagree"))
    #expect(try failure(zip(members, zip64: true) { $0.locatorError = 1 }).contains("names a place behind itself"))
    #expect(try failure(zip(members, zip64: true) { $0.locatorError = -1 }).contains("has no zip64 end record where"))
    #expect(try failure(zip(members) { $0.bytes += 1 }).contains("does not end where its end records begin"))
    #expect(try failure(zip(members) { $0.offset = 1 << 31 }).contains("does not end where its end records begin"))
  }

  @Test func `Damaged extra fields are refused`() throws {
    #expect(try failure { $0.extra = [1, 2, 3] } == "a.zip: two: has a damaged extra field; fetch it again")
    #expect(try failure { $0.extra = [9, 9, 5, 0, 1, 2, 3, 4] }.contains("has a damaged extra field"))
    #expect(try failure { $0.extra = [9, 9, 4, 0, 1, 2, 3, 4] } == "no error")
    #expect(
      try failure {
        $0.extra = [1, 0, 4, 0, 1, 2, 3, 4]
        $0.size = Int(UInt32.max)
      } == "a.zip: two: has too short a zip64 extra field; fetch it again")
  }

  @Test func `A folder with bytes is refused`() throws {
    #expect(try failure { $0.path = Array("two/".utf8) }.contains("two/: is a folder, with \(text.count) bytes;"))
  }

  @Test func `What is no zip archive is refused`() throws {
    for bytes in [[], [1], [UInt8](repeating: 80, count: 100_000)] {
      #expect(try failure(bytes).hasPrefix("a.zip: is no whole zip archive: it has no end record;"))
    }
    #expect(throws: ImageSetError.self) { try ZipArchive(path: "/dev/null") }
    do {
      _ = try ZipArchive(path: scratch.path + "/none.zip")
    } catch let error as ImageSetError {
      #expect(error.kind == .input && error.problem == "cannot be read: No such file or directory")
    }
  }

  @Test func `An archive cut off anywhere is refused`() throws {
    for zip64 in [false, true] {
      let whole = zip(try ZipTests().members(), zip64: zip64, comment: [1, 2, 3])
      for length in 0..<whole.count {
        #expect(try failure(Array(whole[..<length])) != "no error", "\(length)")
      }
    }
  }

  @Test func `A changed bit gives an error or the same members`() throws {
    let members = try ZipTests().members()
    var dice = Dice(state: 1)
    var refused = 0
    let path = scratch.path + "/a.zip"
    for zip64 in [false, true] {
      let whole = zip(members, zip64: zip64, comment: [1, 2, 3])
      overwrite(path, whole)
      let expected = try unzip(path)
      for _ in 0..<500 * flipFactor {
        var changed = whole
        changed[Int.random(in: 0..<whole.count, using: &dice)] ^= 1 << UInt8.random(in: 0..<8, using: &dice)
        overwrite(path, changed)
        do {
          let found = try unzip(path)
          #expect(found == expected)
        } catch is ImageSetError {
          refused += 1
        }
      }
    }
    #expect(refused > 600 * flipFactor)
  }
}
