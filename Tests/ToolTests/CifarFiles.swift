import Testing

/// A few made-up records in the published layout of a CIFAR set.
struct CifarFiles: Sendable, CustomTestStringConvertible {
  let command: String
  let folder: String
  let members: [String]
  /// Bytes before the pixels; the label is the last of them.
  let labelBytes: Int

  static let cifar10 = CifarFiles(
    command: "cifar10", folder: "cifar-10-batches-bin",
    members: (1...5).map { "data_batch_\($0).bin" } + ["test_batch.bin"], labelBytes: 1)
  static let cifar100 = CifarFiles(
    command: "cifar100", folder: "cifar-100-binary", members: ["train.bin", "test.bin"], labelBytes: 2)

  var testDescription: String { command }

  /// The bytes of a member with 4 records.
  func member(_ index: Int) -> [UInt8] {
    (0..<4).flatMap { record in
      let label = [UInt8](repeating: UInt8((index + record) % 10), count: labelBytes)
      return label + (0..<3072).map { UInt8(truncatingIfNeeded: $0 &* (index + 3) &+ 31 &* record) }
    }
  }

  func write(to scratch: Scratch) throws {
    try scratch.succeed("mkdir \(folder)")
    for (index, name) in members.enumerated() { try scratch.write("\(folder)/\(name)", member(index)) }
  }
}
