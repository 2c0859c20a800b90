// Feeds what libFuzzer makes up to a decoder: `make fuzz`.
//
// FUZZ_TARGET names the decoder. Files are made in memory. Whatever the bytes are, a decoder must give images or throw an
// `ImageSetError`; anything else (a trap, a wild access, a leak, endless work, another error) is a finding.

import Glibc
import ImageSets

private let target = Target(name: getenv("FUZZ_TARGET").map { String(cString: $0) } ?? "")

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Int32 {
  let input = UnsafeBufferPointer(start: bytes, count: count)
  do {
    try target.run(input)
  } catch is ImageSetError {
    // As it should be.
  } catch {
    fatalError("an error of another kind: \(error)")
  }
  return 0
}

/// A decoder, with the files it reads.
private struct Target {
  private enum Decoder: String, CaseIterable {
    case cifar, zip, tinyImageNet = "tiny-imagenet", mat, idx, picture, labels, npy
  }

  private let decoder: Decoder
  private let folder: String

  init(name: String) {
    guard let decoder = Decoder(rawValue: name) else {
      fatalError("FUZZ_TARGET must be one of \(Decoder.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    self.decoder = decoder
    guard let folder = getenv("FUZZ_FOLDER") else { fatalError("FUZZ_FOLDER must name a folder, best in memory") }
    self.folder = String(cString: folder)
  }

  func run(_ input: UnsafeBufferPointer<UInt8>) throws {
    switch decoder {
    case .cifar:
      try read(Cifar(.cifar10, from: [file("a.tar", input)], verify: false))
    case .zip:
      try read(FolderSet(from: file("a.zip", input), side: 8))
    case .tinyImageNet:
      try read(TinyImageNet(from: file("a.zip", input), verify: false))
    case .mat:
      // The same file for both splits.
      let train = try file("train_32x32.mat", input)
      try read(Svhn(from: [train, file("test_32x32.mat", input)], verify: false))
    case .idx:
      // Up to a 16-bit length the images, then the labels: of both splits.
      guard input.count > 2 else { return }
      let length = min(input.count - 2, Int(input[0]) << 8 | Int(input[1]))
      let images = UnsafeBufferPointer(rebasing: input[2..<2 + length])
      let labels = UnsafeBufferPointer(rebasing: input[(2 + length)...])
      try read(
        FashionMnist(
          from: [
            file("train-images-idx3-ubyte", images), file("train-labels-idx1-ubyte", labels),
            file("t10k-images-idx3-ubyte", images), file("t10k-labels-idx1-ubyte", labels),
          ], verify: false))
    case .picture:
      _ = try PictureDecoder(mostPixels: 1 << 16).decode(input, of: "input")
    case .labels:
      let labels = try GivenLabels(path: file("labels.txt", input))
      _ = try PreparedSet(twoImages(), change: .given(labels))
    case .npy:
      // Without the archive around it, whose checksums would hide it.
      _ = try NumPyArray(input, subject: "input")
    }
  }

  /// A set of two training images, and the same for testing.
  private func twoImages() throws -> some ImageSource {
    let images = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 28, 0, 0, 0, 28] + [UInt8](repeating: 7, count: 2 * 28 * 28)
    let labels: [UInt8] = [0, 0, 8, 1, 0, 0, 0, 2, 3, 9]
    let paths = try ["train", "t10k"].flatMap { split in
      [
        try images.withUnsafeBufferPointer { try file("\(split)-images-idx3-ubyte", $0) },
        try labels.withUnsafeBufferPointer { try file("\(split)-labels-idx1-ubyte", $0) },
      ]
    }
    return try FashionMnist(from: paths, verify: false)
  }

  private func read(_ source: some ImageSource) throws {
    var images = 0
    try source.read { batch in
      images += batch.count
      precondition(batch.image.count == batch.count * source.header.imageBytes)
      precondition(batch.label.allSatisfy { (0..<Int32(source.header.classes.count)).contains($0) })
    }
    precondition(images == source.header.train.count + source.header.test.count)
  }

  private func file(_ name: String, _ bytes: UnsafeBufferPointer<UInt8>) throws -> String {
    let path = "\(folder)/\(name)"
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    precondition(write(descriptor, bytes.baseAddress, bytes.count) == bytes.count)
    close(descriptor)
    return path
  }
}
