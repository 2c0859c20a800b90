import Foundation
import ImageSets
import Testing

/// Archives that claim, or inflate to, more than any set of images has.
@Suite struct TarBombTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  func failure(_ bytes: [UInt8], _ name: String = "a.tar.gz") throws -> String {
    let path = try scratch.write(bytes, name)
    let error = #expect(throws: ImageSetError.self) { try Cifar(.cifar10, from: [path], verify: false) }
    #expect(error?.kind == .data)
    return error?.description.replacing(scratch.path + "/", with: "") ?? "no error"
  }

  /// A header that claims `size` bytes, with none after it.
  func header(_ path: String, size: Int) -> [UInt8] {
    var header = Array(Entry(path: path, bytes: []).blocks[..<512])
    func put(_ text: String, at offset: Int) {
      header.replaceSubrange(offset..<offset + text.utf8.count, with: text.utf8)
    }
    put(String(format: "%011lo", size), at: 124)
    put("        ", at: 148)
    put(String(format: "%06o", header.reduce(0) { $0 + Int($1) }) + "\0 ", at: 148)
    return header
  }

  @Test func `A member of absurd size is refused by its header`() throws {
    // The largest number of 11 octal digits: 8 GiB - 1.
    let text = try failure(header("x/data_batch_1.bin", size: 0o77_777_777_777))
    #expect(
      text == "a.tar.gz: x/data_batch_1.bin: has 8589934591 bytes, more than the limit of 3073000000; "
        + "give a smaller subset")
  }

  @Test func `Other files are passed over up to a limit`() throws {
    let text = try failure(gzip(header("x/other.bin", size: 1 << 29)))
    #expect(text.hasPrefix("a.tar.gz: x/other.bin: is none of the set's files, and with it there are 536870912 bytes"))
    let small = [Entry(path: "x/readme.html", bytes: [UInt8](repeating: 7, count: 3000))] + TinyCifar.ten.entries
    let path = try scratch.write(gzip(tar(small)), "b.tar.gz")
    #expect(try Cifar(.cifar10, from: [path], verify: false).header.train.count == TinyCifar.ten.trainCount)
  }

  @Test func `Zeros without end after the archive are refused, those of a tape are not`() throws {
    let archive = gzip(tar(TinyCifar.ten.entries) + [UInt8](repeating: 0, count: 5 << 20))
    #expect(archive.count < 1 << 17)
    #expect(
      try failure(archive) == "a.tar.gz: its tar archive ends in more than 4194304 bytes of zeros; fetch it again")
    let padded = try scratch.write(gzip(tar(TinyCifar.ten.entries) + [UInt8](repeating: 0, count: 10_240)), "c.tar.gz")
    #expect(throws: Never.self) { try Cifar(.cifar10, from: [padded], verify: false) }
  }
}
