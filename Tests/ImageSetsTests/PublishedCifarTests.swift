import CZlib
import Foundation
import ImageSets
import Testing

/// The real CIFAR-10, where it lies beside the package or in the folder `ROTE_SHARED_DATA`.
private let archive: String? = {
  let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
  let folder =
    ProcessInfo.processInfo.environment["ROTE_SHARED_DATA"] ?? root.path + "/../shared/data"
  let path = folder + "/cifar-10-binary.tar.gz"
  return FileManager.default.fileExists(atPath: path) ? path : nil
}()

@Suite struct PublishedCifarTests {
  @Test(.enabled(if: archive != nil, "needs cifar-10-binary.tar.gz"))
  func `The published archive has 5,000 and 1,000 images a class, and the pixels of its third member`() throws {
    let path = try #require(archive)
    let plain = try thirdMember(path)
    #expect(plain.count == 30_730_000)
    var counts: [Split: [Int]] = [.train: [], .test: []].mapValues { _ in [Int](repeating: 0, count: 10) }
    var next: [Split: Int64] = [.train: 0, .test: 0]
    var compared = 0
    var different = 0
    try Cifar(.cifar10, from: [path]).read { batch in
      for index in batch.label.indices {
        counts[batch.split]?[Int(batch.label[index])] += 1
        #expect(batch.position[index] == next[batch.split])
        next[batch.split]? += 1
        let record = Int(batch.position[index]) - 20_000
        // Every hundredth image of the third batch.
        guard batch.split == .train, (0..<10_000).contains(record), record % 100 == 0 else { continue }
        compared += 1
        for pixel in 0..<1024 {
          for channel in 0..<3
          where batch.image[(index * 1024 + pixel) * 3 + channel]
            != plain[record * 3073 + 1 + channel * 1024 + pixel]
          {
            different += 1
          }
        }
        different += batch.label[index] == Int32(plain[record * 3073]) ? 0 : 1
      }
    }
    #expect(counts[.train] == [Int](repeating: 5000, count: 10))
    #expect(counts[.test] == [Int](repeating: 1000, count: 10))
    #expect(compared == 100 && different == 0)
  }

  /// data_batch_3.bin by zlib's own file reader, and a walk over the headers' sizes.
  func thirdMember(_ path: String) throws -> [UInt8] {
    let file = try #require(gzopen(path, "rb"))
    defer { gzclose(file) }
    func read(_ count: Int) -> [UInt8] {
      var bytes = [UInt8](repeating: 0, count: count)
      #expect(gzread(file, &bytes, UInt32(count)) == Int32(count))
      return bytes
    }
    while true {
      let header = read(512)
      let name = String(decoding: header.prefix { $0 != 0 }, as: UTF8.self)
      let size = try #require(Int(String(decoding: header[124..<135], as: UTF8.self), radix: 8))
      let bytes = read((size + 511) / 512 * 512)
      if name.hasSuffix("data_batch_3.bin") { return Array(bytes[..<size]) }
    }
  }
}
