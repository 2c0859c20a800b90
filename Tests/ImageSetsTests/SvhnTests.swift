import Foundation
import Testing

@testable import ImageSets

@Suite struct SvhnTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  /// A folder with fixtures under the published names.
  func folder(_ name: String, train: String, test: String, extra: String? = nil) throws -> String {
    for (part, file) in [("train", train), ("test", test), ("extra", extra)] {
      guard let file else { continue }
      let bytes = try Data(contentsOf: URL(fileURLWithPath: MatFixtures.path(file)))
      _ = try scratch.write([UInt8](bytes), "\(name)/\(part)_32x32.mat")
    }
    return scratch.path + "/" + name
  }

  /// A file of images that are all of their label's colour.
  func file(_ labels: [UInt8], change: (inout MatArray, inout MatArray) -> Void = { _, _ in }) -> [UInt8] {
    var x = MatArray("X", [32, 32, 3, Int32(labels.count)], labels.flatMap { [UInt8](repeating: $0, count: 3072) })
    var y = MatArray("y", [Int32(labels.count), 1], labels)
    change(&x, &y)
    return mat([x, y])
  }

  func failure(_ train: [UInt8], verify: Bool = false) throws -> String {
    let paths = [try scratch.write(train, "train_32x32.mat"), try scratch.write(file([1]), "test_32x32.mat")]
    return failure(paths, verify: verify)
  }

  func failure(_ paths: [String], extra: Bool = false, verify: Bool = false) -> String {
    do {
      try Svhn(from: paths, extra: extra, verify: verify).read { _ in }
      return "no error"
    } catch {
      return "\(error)".replacingOccurrences(of: scratch.path + "/", with: "")
    }
  }

  @Test(arguments: MatFixtures.sets)
  func `Images and labels are those that SciPy and libmatio find`(_ name: String) throws {
    let fixtures = try MatFixtures()
    let expected = try #require(fixtures.variables.first { $0.file == name && $0.name == "y" })
    let source = try Svhn(from: [try folder("set", train: name, test: "plain.mat")], verify: false)
    let train = try whole(source, .train)
    #expect(train.image == Array(fixtures.images[..<(expected.values.count * 3072)]))
    #expect(train.label == expected.values.map { Int32($0) % 10 })
    #expect(train.position == Array(0..<Int64(expected.values.count)))
    #expect(try whole(source, .test).label == [0, 1, 2])
    #expect(try source.labels() == BySplit { try whole(source, $0).label })
    #expect(source.header.classes == ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"])
  }

  @Test func `A folder and its files in any order are the same`() throws {
    let place = try folder("set", train: "compressed.mat", test: "narrow.mat", extra: "matio.mat")
    let names = ["train", "test", "extra"].map { "\(place)/\($0)_32x32.mat" }
    let source = try Svhn(from: [place], extra: true, verify: false)
    let expected = try BySplit { try whole(source, $0) }
    for paths in [[names[2], names[0], names[1]], [names[1], names[2], names[0]]] {
      let other = try Svhn(from: paths, extra: true, verify: false, batch: 2)
      #expect(other.header == source.header)
      #expect(try BySplit { try whole(other, $0) } == expected)
    }
    // Without extra, what is in the folder is passed over.
    #expect(try Svhn(from: [place], verify: false).header.train.count == 5)
    #expect(try Svhn(from: Array(names[..<2]), verify: false).header.test.count == 3)
  }

  @Test func `Images of extra follow after those of train`() throws {
    let place = try folder("set", train: "plain.mat", test: "narrow.mat", extra: "compressed.mat")
    let source = try Svhn(from: [place], extra: true, verify: false, batch: 2)
    #expect(source.header.train.count == 8 && source.header.test.count == 3)
    let train = try whole(source, .train)
    #expect(train.label == [0, 1, 2, 0, 1, 2, 0, 9] && train.position == Array(0..<8))
    let images = try MatFixtures().images
    #expect(train.image == Array(images[..<(3 * 3072)]) + images)
    #expect(try source.labels().train == train.label)
    // Some of either file, and none of the other split.
    var some: [Int64] = []
    try source.read(BySplit(train: Positions([1, 4, 7]), test: .none)) { batch in
      #expect(batch.split == .train)
      for (row, position) in batch.position.enumerated() {
        #expect(batch.label[row] == train.label[Int(position)])
        #expect(batch.image[(row * 3072)..<((row + 1) * 3072)] == train.image[(Int(position) * 3072)...].prefix(3072))
      }
      some += batch.position
    }
    #expect(some == [1, 4, 7])
  }

  @Test func `One image, of which MATLAB drops the last dimension, is read`() throws {
    let path = try scratch.write(file([7]) { x, _ in x.dimensions = [32, 32, 3] }, "train_32x32.mat")
    let other = try scratch.write(file([10, 3]) { _, y in y.dimensions = [1, 2] }, "test_32x32.mat")
    let source = try Svhn(from: [path, other], verify: false)
    #expect(try whole(source, .train).label == [7] && whole(source, .test).label == [0, 3])
    #expect(try whole(source, .train).image == [UInt8](repeating: 7, count: 3072))
  }

  @Test func `A label out of range is named with its file and record`() throws {
    let problem = "train_32x32.mat: y: record 2 has label"
    for label: UInt8 in [0, 11, 255] {
      #expect(try failure(file([1, 2, label])) == "\(problem) \(label), not 1 to 10; give the published file")
    }
    let half = file([1, 2, 3]) { _, y in
      (y.kind, y.storage, y.data) = (6, 9, [1.0, 2.0, 2.5].flatMap { little($0.bitPattern) })
    }
    #expect(try failure(half) == "\(problem) 2.5, not 1 to 10; give the published file")
    let none = file([1, 2, 3]) { _, y in
      (y.kind, y.storage, y.data) = (6, 9, [1.0, 2.0, .nan].flatMap { little($0.bitPattern) })
    }
    #expect(try failure(none) == "\(problem) nan, not 1 to 10; give the published file")
  }

  @Test func `Images and labels of other shapes or classes are refused`() throws {
    let published = "give the published file"
    #expect(
      try failure(file([1, 2]) { x, _ in x.dimensions = [32, 32, 2, 3] })
        == "train_32x32.mat: X: is 32x32x2x3 of class uint8, not 32x32x3xN of uint8; \(published)")
    #expect(
      try failure(file([1, 2]) { x, _ in x.dimensions = [32, 32, 3, 2, 1] }).contains("is 32x32x3x2x1 of class uint8"))
    #expect(try failure(file([1, 2]) { x, _ in x.dimensions = [2, 3072] }).contains("is 2x3072 of class uint8"))
    #expect(try failure(file([1, 2]) { x, _ in x.kind = 8 }).contains("is 32x32x3x2 of class int8"))
    #expect(
      try failure(file([1, 2]) { _, y in y.dimensions = [3, 1] })
        == "train_32x32.mat: y: is 3x1, and there are 2 images; \(published)")
    #expect(
      try failure(file([1, 2]) { x, _ in x.dimensions[3] = 3 })
        == "train_32x32.mat: X: is 32x32x3x3, and has 6144 bytes of numbers stored as uint8; fetch it again")
    #expect(try failure(file([1, 2]) { _, y in y.dimensions = [2, 2] }).contains("y: is 2x2, and there are 2 images"))
    #expect(
      try failure(file([1, 2]) { x, _ in x.data.removeLast() })
        == "train_32x32.mat: X: is 32x32x3x2, and has 6143 bytes of numbers stored as uint8; fetch it again")
    #expect(try failure(file([1, 2]) { x, _ in x.name = "x" }).contains("has no variable X, but x, y;"))
    #expect(try failure(file([])).contains("there are no training examples"))
  }

  @Test func `Verification refuses another size before anything is read`() throws {
    let text = try failure(file([1, 2]), verify: true)
    #expect(text.hasPrefix("train_32x32.mat: has ") && text.contains(" bytes, and 182040794 were published;"))
  }

  @Test func `Verification takes the MD5 of the whole file, wherever the images lie in it`() throws {
    for name in MatFixtures.sets {
      let path = MatFixtures.path(name)
      let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
      let md5 = try MD5()
      md5.update(bytes)
      let right = md5.hexadecimal()
      let count = try SvhnFile(.train, path: path, verify: false).labels.count
      for (digest, size, images) in [
        (right, bytes.count, count), (right, bytes.count + 1, count), (right, bytes.count, count + 1),
        (String(right.reversed()), bytes.count, count),
      ] {
        let part = SvhnPart(
          split: .train, images: images, published: PublishedFile(address: "a/x.mat", bytes: size, md5: digest))
        var seen = 0
        func read() throws {
          try SvhnFile(part, path: path, verify: true).read(images: 2, verify: true) { seen += $0.count }
        }
        if digest == right && size == bytes.count && images == count {
          try read()
        } else {
          #expect(throws: ImageSetError.self) { try read() }
        }
        // Only the digest is known no sooner than at the end.
        #expect(seen == (size == bytes.count && images == count ? count * 3072 : 0))
      }
    }
  }

  @Test func `Files that are missing, given twice, unknown or not asked for are refused`() throws {
    let place = try folder("set", train: "plain.mat", test: "narrow.mat", extra: "matio.mat")
    let names = ["train", "test", "extra"].map { "\(place)/\($0)_32x32.mat" }
    #expect(failure([names[0]]).hasPrefix("set/train_32x32.mat: has no test_32x32.mat;"))
    #expect(failure([names[0], names[1], names[0]]).contains("is train_32x32.mat, as set/train_32x32.mat is;"))
    #expect(failure(names).hasPrefix("set/extra_32x32.mat: is given, and not asked for; add --extra"))
    #expect(failure(names + ["other.mat"], extra: true).hasPrefix("other.mat: is none of the files of the set;"))
    #expect(failure(Array(names[..<2]), extra: true).contains("has no extra_32x32.mat;"))
    #expect(failure([String]()).contains("has no train_32x32.mat, test_32x32.mat;"))
  }

  @Test func `An error in the midst of the images comes after those before it, and ends the reading`() throws {
    let bytes = file([UInt8](repeating: 5, count: 400)) { x, _ in
      x.packed = { array in
        var packed = deflated(array, wrapping: 15)
        packed[packed.count - 2] ^= 1
        return packed
      }
    }
    #expect(try failure(bytes).contains("X: its compressed data are damaged (incorrect data check);"))
    let path = try scratch.write(bytes, "train_32x32.mat")
    let source = try Svhn(from: [path, try scratch.write(file([1]), "test_32x32.mat")], verify: false, batch: 10)
    var seen = 0
    #expect(throws: ImageSetError.self) { try source.read { seen += $0.count } }
    #expect(seen > 0 && seen < 401)
  }
}
