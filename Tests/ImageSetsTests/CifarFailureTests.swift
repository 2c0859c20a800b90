import Foundation
import ImageSets
import Testing

@Suite struct CifarFailureTests {
  let tiny = TinyCifar.ten
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  /// The error of reading a file of these bytes, with the scratch folder's path taken out of its text.
  func failure(
    _ bytes: [UInt8], verify: Bool = false
  ) throws -> (kind: ImageSetError.Kind?, text: String) {
    let path = try scratch.write(bytes, "a.tar.gz")
    return failure([path], verify: verify)
  }

  func failure(
    _ paths: [String], verify: Bool = false
  ) -> (kind: ImageSetError.Kind?, text: String) {
    do {
      try Cifar(.cifar10, from: paths, verify: verify).read { _ in }
      return (nil, "no error")
    } catch let error as ImageSetError {
      return (error.kind, error.description.replacingOccurrences(of: scratch.path + "/", with: ""))
    } catch {
      return (nil, "\(error)")
    }
  }

  @Test func `A member that is no whole number of records is named with the bytes left over`() throws {
    var entries = tiny.entries
    entries[2].bytes.removeLast(73)
    let (kind, text) = try failure(tar(entries))
    #expect(kind == .data)
    #expect(
      text.hasPrefix("a.tar.gz: data_batch_3.bin: has 3000 bytes left over after 3 records of 3073 bytes;"))
  }

  @Test func `A label out of range is named with its record`() throws {
    var entries = tiny.entries
    entries[4].bytes[2 * 3073] = 10
    let (kind, text) = try failure(tar(entries))
    #expect(kind == .data)
    #expect(text.hasPrefix("a.tar.gz: data_batch_5.bin: record 2 has label 10, and there are 10 classes;"))
  }

  @Test func `A missing member is named`() throws {
    var entries = tiny.entries
    entries.remove(at: 3)
    let (kind, text) = try failure(gzip(tar(entries)))
    #expect(kind == .data)
    #expect(text.hasPrefix("a.tar.gz: has no data_batch_4.bin;"))
    let file = try scratch.write(tiny.member(0), "set/data_batch_1.bin")
    #expect(failure([file]).text.contains("has no data_batch_2.bin, data_batch_3.bin"))
    #expect(failure([scratch.path + "/set"]).text.hasPrefix("set: has no data_batch_2.bin, "))
  }

  @Test func `An archive cut off anywhere is refused`() throws {
    // One record a member, all zeros, so that every length can be tried.
    let entries = TinyCifar.ten.entries.map {
      Entry(path: $0.path, bytes: [UInt8](repeating: 0, count: 3073))
    }
    let bytes = gzip(tar(entries))
    #expect(bytes.count < 2000)
    #expect(try failure(bytes).text == "no error")
    for length in 0..<bytes.count {
      let (kind, text) = try failure(Array(bytes[..<length]))
      #expect(kind == .data, "\(length): \(text)")
    }
    #expect(
      try failure(Array(bytes.dropLast(3))).text.hasPrefix("a.tar.gz: ends in the midst of its gzip data;"))
    let plain = tar(entries)
    #expect(
      try failure(Array(plain.dropLast(1024))).text.hasPrefix(
        "a.tar.gz: ends in the midst of its tar archive;"))
  }

  @Test func `A changed byte of an archive gives an error or the same images`() throws {
    let bytes = gzip(tar(tiny.entries))
    func read(_ bytes: [UInt8]) throws -> ImageBatch {
      let path = try scratch.write(bytes, "b.tar.gz")
      return try whole(Cifar(.cifar10, from: [path], verify: false), .train)
    }
    let expected = try read(bytes)
    var refused = 0
    for place in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 200)) {
      var changed = bytes
      changed[place] ^= 1 << UInt8(place % 8)
      do {
        #expect(try read(changed) == expected, "byte \(place)")
      } catch is ImageSetError {
        refused += 1
      }
    }
    #expect(refused > 190)
  }

  @Test func `A wrong checksum of the compressed data is refused`() throws {
    var bytes = gzip(tar(tiny.entries))
    bytes[bytes.count - 5] ^= 1
    #expect(try failure(bytes).text.contains("do not have the CRC-32 that they were written with"))
    bytes[bytes.count - 5] ^= 1
    bytes[bytes.count - 1] ^= 1
    #expect(try failure(bytes).text.contains("do not have the length that they were written with"))
  }

  @Test func `What follows after the end is refused`() throws {
    let archive = tar(tiny.entries)
    let (kind, text) = try failure(gzip(archive) + [7, 7, 7])
    #expect(kind == .data)
    #expect(text.hasPrefix("a.tar.gz: 3 bytes follow after the end of its gzip data;"))
    #expect(try failure(gzip(archive + archive)).text.contains("after the end of its tar archive"))
    #expect(try failure(archive + [7]).text.contains("after the end of its tar archive"))
    #expect(try failure(gzip(archive) + gzip(archive)).text.contains("after the end of its tar archive"))
  }

  @Test func `Two members or files of one name are refused`() throws {
    var entries = tiny.entries
    entries.append(Entry(path: "other/data_batch_2.bin", bytes: tiny.member(1)))
    let (kind, text) = try failure(tar(entries))
    #expect(kind == .data)
    #expect(text.hasPrefix("a.tar.gz: other/data_batch_2.bin: is the second member of that name;"))
    let files = try tiny.entries.map { try scratch.write($0.bytes, $0.path) }
    let again = failure(files + [files[0]])
    #expect(again.kind == .usage)
    #expect(again.text.contains("is data_batch_1.bin, as "))
  }

  @Test(arguments: ["../data_batch_1.bin", "/etc/data_batch_1.bin", "a/../../x", "..", "a\n/../b"])
  func `Paths out of the archive are refused`(_ path: String) throws {
    let (kind, text) = try failure(tar([Entry(path: path, bytes: [1])] + tiny.entries))
    #expect(kind == .data)
    #expect(text.contains("is a path out of the archive;") && !text.contains("\n"), "\(text)")
  }

  @Test(arguments: ["1", "2", "3", "6", "5"])
  func `Links, devices and folders in a member's place are refused`(_ type: Character) throws {
    var entries = tiny.entries
    entries[0].type = type
    entries[0].bytes = []
    #expect(try failure(tar(entries)).text.contains("data_batch_1.bin: is no regular file;"))
  }

  @Test func `What is no archive is refused`() throws {
    let noise = (0..<5000).map { UInt8(truncatingIfNeeded: $0 * $0 + 3) }
    #expect(try failure(noise).text.hasPrefix("a.tar.gz: is no tar archive, plain or in gzip;"))
    #expect(try failure(gzip(noise)).text.hasPrefix("a.tar.gz: is no tar archive, plain or in gzip;"))
    #expect(try failure([UInt8]()).kind == .data)
    var damaged = tar(tiny.entries)
    damaged[tiny.entries[0].blocks.count + 20] ^= 1
    #expect(try failure(damaged).text.contains("has no tar header at byte 10240;"))
  }

  @Test func `A file that cannot be read is an input error`() throws {
    let (kind, text) = failure([scratch.path + "/none.tar.gz"])
    #expect(kind == .input)
    #expect(text.hasPrefix("none.tar.gz: cannot be read: No such file or directory;"))
    #expect(failure(["/dev/null"]).text.hasPrefix("/dev/null: is no regular file;"))
    #expect(failure(["a.tar", "b.tar"]).kind == .usage)
  }

  @Test func `Verification refuses other sizes, other bytes and other class names`() throws {
    let sizes = try failure(tar(tiny.entries), verify: true)
    #expect(sizes.text.hasPrefix("a.tar.gz: data_batch_1.bin: has 3 records, not 10000;"))

    let names = Entry(path: "batches.meta.txt", bytes: Array("cat\ndog\n".utf8))
    let classes = try failure(tar([names] + tiny.entries), verify: true)
    #expect(classes.text.hasPrefix("a.tar.gz: batches.meta.txt: does not have the published names"))

    // Of the published size, but all zeros; its MD5 by md5sum.
    let zeros = Entry(path: "data_batch_1.bin", bytes: [UInt8](repeating: 0, count: 30_730_000))
    let other = try failure(gzip(zeros.blocks), verify: true)
    #expect(other.kind == .data)
    #expect(
      other.text.hasPrefix(
        "a.tar.gz: data_batch_1.bin: has MD5 229a4f9bbbc879e7371f2391ac1f4775, and "
          + "5dd7e06a14cb22eb9f671a540d1b7c25 was published;"))
  }
}
