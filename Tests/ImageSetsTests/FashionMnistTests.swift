import Foundation
import Testing

@testable import ImageSets

@Suite struct FashionMnistTests {
  let scratch: Scratch
  let names = [
    "train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte",
  ]

  init() throws { scratch = try Scratch() }

  func pixel(_ position: Int, _ y: Int, _ x: Int) -> UInt8 { UInt8((position * 57 + y * 9 + x * x) % 255 + 1) }

  func images(_ count: Int) -> [UInt8] {
    idx([count, 28, 28], (0..<count).flatMap { n in (0..<784).map { pixel(n, $0 / 28, $0 % 28) } })
  }

  func labels(_ count: Int) -> [UInt8] { idx([count], (0..<count).map { UInt8($0 * 7 % 10) }) }

  /// Files of 300 and 4 examples; `change` may alter them.
  func files(_ folder: String, ending: String = "", change: (inout [[UInt8]]) -> Void = { _ in }) throws -> [String] {
    var files = [images(300), labels(300), images(4), labels(4)]
    change(&files)
    return try zip(names, files).map { try scratch.write($1, "\(folder)/\($0)\(ending)") }
  }

  func failure(_ paths: [String], verify: Bool = false) -> String {
    do {
      try FashionMnist(from: paths, verify: verify).read { _ in }
      return "no error"
    } catch {
      return "\(error)".replacingOccurrences(of: scratch.path + "/", with: "")
    }
  }

  @Test func `Images are padded by two zeros on each side and repeated in three channels`() throws {
    let source = try FashionMnist(from: try files("set"), verify: false, batch: 7)
    #expect(source.header.train.count == 300 && source.header.test.count == 4)
    #expect(source.header.classes.count == 10 && source.header.classes[9] == "Ankle boot")
    for (split, count) in [(Split.train, 300), (.test, 4)] {
      let batch = try whole(source, split)
      #expect(batch.label == (0..<count).map { Int32($0 * 7 % 10) })
      #expect(batch.position == Array(0..<Int64(count)))
      var wrong = 0
      for place in batch.image.indices {
        let (n, y, x) = (place / 3072, place / 96 % 32 - 2, place / 3 % 32 - 2)
        let expected = (0..<28).contains(y) && (0..<28).contains(x) ? pixel(n, y, x) : 0
        wrong += batch.image[place] == expected ? 0 : 1
      }
      #expect(wrong == 0 && batch.image.count == count * 3072)
      #expect(try source.labels()[split] == batch.label)
    }
  }

  @Test func `Plain and gzip files, a folder and the files in any order are the same`() throws {
    let plain = try files("plain")
    let packed = try files("packed", ending: ".gz") { $0 = $0.map(gzip) }
    let source = try FashionMnist(from: plain, verify: false)
    let expected = try BySplit { try whole(source, $0) }
    let places = [
      [scratch.path + "/plain"], [scratch.path + "/packed"], packed.reversed(),
      [packed[2], plain[3], plain[0], packed[1]],
    ]
    for place in places {
      let other = try FashionMnist(from: place, verify: false)
      #expect(other.header == source.header)
      #expect(try BySplit { try whole(other, $0) } == expected)
    }
  }

  @Test func `Some examples of one split are read without the other`() throws {
    let source = try FashionMnist(from: try files("set"), verify: false, batch: 3)
    var positions: [Int64] = []
    let train = try whole(source, .train)
    try source.read(BySplit(train: Positions([0, 255, 256, 257, 299]), test: .none)) { batch in
      #expect(batch.split == .train)
      for (row, position) in batch.position.enumerated() {
        #expect(batch.image[(row * 3072)..<((row + 1) * 3072)] == train.image[(Int(position) * 3072)...].prefix(3072))
      }
      positions += batch.position
    }
    #expect(positions == [0, 255, 256, 257, 299])
  }

  @Test func `A label out of range is named with its file and record`() throws {
    let paths = try files("set") { $0[1][8 + 100] = 10 }
    #expect(
      failure(paths)
        == "set/train-labels-idx1-ubyte: record 100 has label 10, and there are 10 classes; fetch it again")
  }

  @Test func `Files that do not belong together are refused`() throws {
    #expect(
      failure(try files("set") { $0[0] = images(299) })
        == "set/train-images-idx3-ubyte: has 299 images, and there are 300 labels; give the files that belong together")
    #expect(failure(try files("set") { $0.swapAt(0, 1) }).contains("is Nx28x28, not N;"))
    #expect(failure(try files("set") { $0[2] = idx([4, 28, 27], []) }).contains("is Nx28x27, not Nx28x28;"))
    #expect(failure(try files("set") { ($0[0], $0[1]) = (images(0), labels(0)) }).contains("no training examples"))
    #expect(failure(try files("set") { ($0[2], $0[3]) = (images(0), labels(0)) }) == "no error")
    #expect(failure(try files("set") { $0[0].removeLast() }).contains("ends in the midst of its 300 items;"))
    #expect(failure(try files("set") { $0[0].append(0) }).contains("goes on after its 300 items;"))
  }

  @Test func `Files that are missing, unknown or there twice are refused`() throws {
    let paths = try files("set")
    #expect(failure(Array(paths[..<3])).contains("has no t10k-labels-idx1-ubyte;"))
    #expect(failure(paths + ["other"]).hasPrefix("other: is none of the files of the set;"))
    _ = try scratch.write([], "set/train-images-idx3-ubyte.gz")
    #expect(failure([scratch.path + "/set"]).contains("is train-images-idx3-ubyte, as "))
  }

  @Test func `Verification refuses other counts and other labels`() throws {
    #expect(
      failure(try files("set"), verify: true)
        == "set/train-labels-idx1-ubyte: has 300 items, and 60000 were published; "
        + "fetch it again, or go without verification")
    let text = failure(try files("set") { $0[1] = labels(60_000) }, verify: true)
    #expect(text.hasPrefix("set/train-labels-idx1-ubyte: holds data of MD5 "))
    #expect(text.contains(", and 9018921c3c673c538a1fc5bad174d6f9 was published;"))
  }

  @Test(.enabled(if: FashionMnist.installed != nil, "needs Debian's package dataset-fashion-mnist"))
  func `The published files are verified, packed and not, and have as many images of each class`() throws {
    let folder = try #require(FashionMnist.installed)
    let source = try FashionMnist(from: [folder])
    var counts = BySplit { _ in [Int](repeating: 0, count: 10) }
    var sum = 0
    try source.read { batch in
      for label in batch.label { counts[batch.split][Int(label)] += 1 }
      if batch.split == .train { sum += batch.image.reduce(0) { $0 + Int($1) } }
    }
    #expect(counts == BySplit(train: [Int](repeating: 6000, count: 10), test: [Int](repeating: 1000, count: 10)))
    // The mean of the 28 x 28 training pixels, which many pages give as 0.2860 of 255.
    #expect(abs(Double(sum) / 3 / (60_000 * 784) / 255 - 0.2860) < 0.00005)
  }
}
