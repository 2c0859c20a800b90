import Foundation
import ImageSets
import Testing

@Suite struct CifarTests {
  /// Reads both splits with no member verified.
  func read(_ tiny: TinyCifar, _ paths: [String]) throws -> [ImageBatch] {
    let source = try Cifar(tiny.kind, from: paths, verify: false, batch: 4)
    return try [whole(source, .train), whole(source, .test)]
  }

  @Test(arguments: [TinyCifar.ten, .hundred])
  func `Records come in published order with their pixels as y, x, channel`(_ tiny: TinyCifar) throws {
    let scratch = try Scratch()
    let path = try scratch.write(gzip(tar(tiny.entries)), "a.tar.gz")
    for batch in try read(tiny, [path]) {
      let count = batch.split == .train ? tiny.trainCount : tiny.records.last
      #expect(batch.position == (0..<Int64(count ?? 0)).map { $0 })
      for (index, position) in batch.position.map(Int.init).enumerated() {
        #expect(batch.label[index] == Int32(tiny.label(position)))
        var pixels: [UInt8] = []
        for y in 0..<32 {
          for x in 0..<32 { for c in 0..<3 { pixels.append(tiny.pixel(batch.split, position, c, y, x)) } }
        }
        #expect(Array(batch.image[(index * 3072)..<((index + 1) * 3072)]) == pixels)
      }
      let coarse = tiny.kind == .cifar100 ? batch.position.map { Int(tiny.coarse(Int($0))) } : []
      #expect(integers(batch, "coarse_label") == coarse)
    }
  }

  @Test func `An archive, plain or not, in any order, a folder and the files all give the same`() throws {
    let tiny = TinyCifar.ten
    let entries = tiny.entries
    let scratch = try Scratch()
    // The third order is that of the published archive.
    let orders = [[0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0], [0, 2, 3, 5, 4, 1], [5, 2, 0, 1, 4, 3]]
    var places: [[String]] = []
    for (number, order) in orders.enumerated() {
      let bytes = tar(order.map { entries[$0] })
      places.append([try scratch.write(bytes, "\(number).tar")])
      places.append([try scratch.write(gzip(bytes), "\(number).tar.gz")])
      // gzip files may be joined (RFC 1952).
      places.append([
        try scratch.write(gzip(Array(bytes[..<5000])) + gzip(Array(bytes[5000...])), "\(number).gz")
      ])
    }
    let files = try entries.map { try scratch.write($0.bytes, "set/\($0.path)") }
    places += [files.reversed(), ["\(scratch.path)/set"], ["\(scratch.path)/set/\(tiny.folder)/"]]
    let expected = try read(tiny, places[0])
    #expect(expected[0].label.count == 14)
    for place in places { #expect(try read(tiny, place) == expected, "\(place)") }
  }

  @Test func `Long names, comments and folders in an archive are read over`() throws {
    let tiny = TinyCifar.ten
    let scratch = try Scratch()
    let expected = try read(tiny, [try scratch.write(tar(tiny.entries), "plain.tar")])
    let long = String(repeating: "d/", count: 80)
    let pax = { (path: String) -> [UInt8] in
      let body = " path=\(path)\n"
      return Array("\(body.utf8.count + 3)\(body)".utf8)
    }
    var entries = [
      Entry(path: "pax_global_header", bytes: Array("17 comment=tiny!\n".utf8), type: "g"),
      Entry(path: tiny.folder + "/", bytes: [], type: "5"),
    ]
    for (index, entry) in tiny.entries.enumerated() {
      let path = long + entry.path
      entries.append(
        index % 2 == 0
          ? Entry(path: "x", bytes: pax(path), type: "x")
          : Entry(path: "././@LongLink", bytes: Array(path.utf8) + [0], type: "L"))
      entries.append(Entry(path: String(path.prefix(99)), bytes: entry.bytes))
    }
    entries.append(Entry(path: "readme.html", bytes: [1, 2, 3]))
    #expect(try read(tiny, [try scratch.write(gzip(tar(entries)), "long.tar.gz")]) == expected)
  }

  @Test func `Batches have the size asked for, but for the last of each split`() throws {
    let scratch = try Scratch()
    let path = try scratch.write(tar(TinyCifar.ten.entries), "a.tar")
    var sizes: [Split: [Int]] = [:]
    try Cifar(.cifar10, from: [path], verify: false, batch: 4).read {
      sizes[$0.split, default: []].append($0.label.count)
      #expect($0.image.count == $0.label.count * 3072 && $0.position.count == $0.label.count)
    }
    #expect(sizes == [.train: [4, 4, 4, 2], .test: [2]])
  }

  @Test func `Class names are those in the archive, or the published ones`() throws {
    let scratch = try Scratch()
    let tiny = TinyCifar.ten
    let own = (0..<10).map { "own \($0)" }
    let names = Entry(path: "batches.meta.txt", bytes: Array((own.joined(separator: "\n") + "\n\n").utf8))
    let with = try scratch.write(tar(tiny.entries + [names]), "with.tar")
    let without = try scratch.write(tar(tiny.entries), "without.tar")
    #expect(try Cifar(.cifar10, from: [with], verify: false).header.classes == own)
    let published = try Cifar(.cifar10, from: [without], verify: false).header.classes
    #expect(published.first == "airplane" && published.last == "truck" && published.count == 10)
    let fine = try scratch.write(tar(TinyCifar.hundred.entries), "fine.tar")
    let header = try Cifar(.cifar100, from: [fine], verify: false).header
    #expect(Set(header.classes).count == 100 && header.classes == header.classes.sorted())
    #expect(header.train.columns.map(\.name) == ["coarse_label"])
    #expect(header.train.columns[0].description.hasSuffix("19 vehicles_2"))
  }

  @Test func `An error of the reader's own ends the reading and comes through`() throws {
    struct Enough: Error {}
    let scratch = try Scratch()
    let path = try scratch.write(gzip(tar(TinyCifar.ten.entries)), "a.tar.gz")
    let source = try Cifar(.cifar10, from: [path], verify: false, batch: 1)
    for _ in 0..<20 { #expect(throws: Enough.self) { try source.read { _ in throw Enough() } } }
  }

  @Test func `Examples that are not wanted are passed over`() throws {
    let scratch = try Scratch()
    let path = try scratch.write(gzip(tar(TinyCifar.ten.entries)), "a.tar.gz")
    let source = try Cifar(.cifar10, from: [path], verify: false, batch: 3)
    let all = try BySplit { try whole(source, $0) }
    var some = BySplit(train: [Int64](), test: [])
    try source.read(BySplit(train: Positions([1, 4, 5, 13]), test: Positions(1..<2))) { batch in
      some[batch.split] += batch.position
      for (row, position) in batch.position.enumerated() {
        let place = Int(position)
        #expect(batch.label[row] == all[batch.split].label[place])
        #expect(
          batch.image[(row * 3072)..<((row + 1) * 3072)]
            == all[batch.split].image[(place * 3072)..<((place + 1) * 3072)])
      }
    }
    #expect(some == BySplit(train: [1, 4, 5, 13], test: [1]))
  }

  @Test func `The labels of all examples are told beforehand`() throws {
    let scratch = try Scratch()
    let path = try scratch.write(gzip(tar(TinyCifar.hundred.entries)), "a.tar.gz")
    let source = try Cifar(.cifar100, from: [path], verify: false)
    #expect(try source.labels() == BySplit { try whole(source, $0).label })
  }
}
