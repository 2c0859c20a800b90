import Foundation
import ImageSets

/// A member of a tar archive made for a test.
struct Entry {
  var path: String
  var bytes: [UInt8]
  var type: Character = "0"

  /// Its header and its data, filled up to whole blocks.
  var blocks: [UInt8] {
    var header = [UInt8](repeating: 0, count: 512)
    func put(_ text: String, at offset: Int) {
      for (index, byte) in text.utf8.enumerated() { header[offset + index] = byte }
    }
    put(path, at: 0)
    put("0000644", at: 100)
    put(String(format: "%011o", bytes.count), at: 124)
    put(String(type), at: 156)
    put("ustar", at: 257)
    put("00", at: 263)
    put("        ", at: 148)
    put(String(format: "%06o", header.reduce(0) { $0 + Int($1) }) + "\0 ", at: 148)
    return header + bytes + [UInt8](repeating: 0, count: (512 - bytes.count % 512) % 512)
  }
}

func tar(_ entries: [Entry]) -> [UInt8] {
  entries.flatMap(\.blocks) + [UInt8](repeating: 0, count: 1024)
}

func gzip(_ bytes: [UInt8]) -> [UInt8] { deflated(bytes, wrapping: 15 + 16, level: 1) }

/// A folder that goes when its owner goes.
final class Scratch {
  let path: String

  init() throws {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("rote-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes a file and returns its path.
  func write(_ bytes: [UInt8], _ name: String) throws -> String {
    let url = URL(fileURLWithPath: path).appendingPathComponent(name)
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: url)
    return url.path
  }
}

/// Records of a small set in the published layout: every byte is a function of its place.
struct TinyCifar {
  let kind: CifarSet
  /// The records of each member, in published order.
  let records: [Int]

  static let ten = TinyCifar(kind: .cifar10, records: [3, 1, 4, 1, 5, 2])
  static let hundred = TinyCifar(kind: .cifar100, records: [7, 3])

  var names: [String] {
    kind == .cifar10
      ? (1...5).map { "data_batch_\($0).bin" } + ["test_batch.bin"] : ["train.bin", "test.bin"]
  }
  var folder: String { kind == .cifar10 ? "cifar-10-batches-bin" : "cifar-100-binary" }
  var trainCount: Int { records.dropLast().reduce(0, +) }

  func label(_ position: Int) -> UInt8 { UInt8(position * 7 % (kind == .cifar10 ? 10 : 100)) }
  func coarse(_ position: Int) -> UInt8 { UInt8(position * 3 % 20) }
  func pixel(_ split: Split, _ position: Int, _ channel: Int, _ y: Int, _ x: Int) -> UInt8 {
    UInt8(truncatingIfNeeded: position * 31 + channel * 101 + y * 7 + x * x + (split == .test ? 13 : 0))
  }

  func record(_ split: Split, _ position: Int) -> [UInt8] {
    var bytes = kind == .cifar100 ? [coarse(position)] : []
    bytes.append(label(position))
    for channel in 0..<3 {
      for y in 0..<32 { for x in 0..<32 { bytes.append(pixel(split, position, channel, y, x)) } }
    }
    return bytes
  }

  func member(_ index: Int) -> [UInt8] {
    let split = index == records.count - 1 ? Split.test : .train
    let first = split == .test ? 0 : records[..<index].reduce(0, +)
    return (first..<first + records[index]).flatMap { record(split, $0) }
  }

  var entries: [Entry] { names.indices.map { Entry(path: folder + "/" + names[$0], bytes: member($0)) } }
}

/// All batches of one split as one.
func whole(_ source: some ImageSource, _ split: Split) throws -> ImageBatch {
  try gathered(split, source.header, source.read)
}

func whole(_ set: PreparedSet, _ split: Split) throws -> ImageBatch {
  try gathered(split, set.header, set.read)
}

private func gathered(
  _ split: Split, _ header: ImageSetHeader, _ read: ((ImageBatch) throws -> Void) throws -> Void
) throws -> ImageBatch {
  var all = ImageBatch(split: split, position: [], image: [], label: [], columns: header[split].columns)
  try read { batch in
    guard batch.split == split else { return }
    all.position += batch.position
    all.image += batch.image
    all.label += batch.label
    for (index, column) in batch.columns.enumerated() {
      switch (all.columns[index].values, column.values) {
      case (.int32(let old), .int32(let new)): all.columns[index].values = .int32(old + new)
      case (.float(let old), .float(let new)): all.columns[index].values = .float(old + new)
      default: preconditionFailure("a column keeps its type")
      }
    }
  }
  return all
}

func integers(_ batch: ImageBatch, _ name: String) -> [Int] {
  for column in batch.columns where column.name == name {
    if case .int32(let values) = column.values { return values.map(Int.init) }
  }
  return []
}

func floats(_ batch: ImageBatch, _ name: String) -> [Float] {
  for column in batch.columns where column.name == name {
    if case .float(let values) = column.values { return values }
  }
  return []
}
