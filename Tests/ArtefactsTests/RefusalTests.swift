import Artefacts
import Foundation
import HDF5
import TestSupport
import Testing
import ToolKit

/// What is refused, or overlooked, in files of every kind.
@Suite(.serialized) struct RefusalTests {
  let samples: Samples
  init() throws { samples = try Samples() }

  /// One file of each kind.
  func make(_ kind: Kind) throws {
    switch kind {
    case .data: _ = try samples.dataset("file.h5")
    case .runs: try samples.write("file.h5", samples.schema(try samples.dataset()), runs: [0, 1])
    case .scores: _ = try samples.scores("file.h5")
    case .alignment: _ = try samples.alignment("file.h5")
    }
  }

  /// Opens it as what it is.
  func read(_ kind: Kind) throws {
    let reader = try samples.open("file.h5")
    switch kind {
    case .data: _ = try ImageDataset(reader)
    case .runs: _ = try RunsFile(reader)
    case .scores: _ = try Scores(reader)
    case .alignment: _ = try Alignment(reader)
    }
  }

  static let kinds: [Kind] = [.data, .runs, .scores, .alignment]

  @Test(arguments: kinds)
  func `Bytes after the end, and missing ones, are refused by name`(kind: Kind) throws {
    try make(kind)
    try read(kind)
    let path = samples.scratch("file.h5")
    let whole = try bytes(of: path)
    for (bytes, words) in [
      (whole + [0], "has 1 bytes after its end"), (whole + whole, "has \(whole.count) bytes after its end"),
      (Array(whole.dropLast()), "is cut short"), (Array(whole.prefix(200)), "is cut short"),
      (Array(whole.prefix(20)), "is no HDF5 file"), (Array("kind = data".utf8), "is no HDF5 file"),
    ] {
      try write(bytes, to: path)
      let failure = try #require(failure { try read(kind) })
      #expect(failure.status == .badData && failure.subject == path)
      #expect(failure.problem.contains(words), "\(failure)")
    }
  }

  @Test(arguments: kinds)
  func `A newer format is refused, and unknown variables and attributes are overlooked`(kind: Kind) throws {
    try make(kind)
    samples.change("file.h5") { file in
      let group = H5Gcreate2(file, "later", 0, 0, 0)
      H5Lcreate_soft("/nowhere", group, "link", 0, 0)
      let space = H5Screate_simple(1, [3], nil)
      for parent in [file, group] { H5Dclose(H5Dcreate2(parent, "extra", rote_h5_i8_file(), space, 0, 0, 0)) }
      H5Sclose(space)
      H5Gclose(group)
    }
    samples.setAttribute("file.h5", "later", to: 7)
    try read(kind)
    samples.setAttribute("file.h5", "format", to: 2)
    let failure = try #require(failure { try read(kind) })
    #expect(failure.problem.contains("format 2") && failure.remedy == "install a newer rote")
  }

  @Test(arguments: kinds)
  func `One kind is not taken for another`(kind: Kind) throws {
    try make(kind)
    for other in RefusalTests.kinds where other != kind {
      let failure = try #require(failure { try read(other) })
      #expect(failure.status == .badData && failure.problem.contains(", not a"), "\(failure)")
    }
    samples.removeAttribute("file.h5", "kind")
    #expect(failure { try read(kind) }?.problem.contains("`kind`") == true)
  }

  @Test(arguments: kinds)
  func `No flipped bit brings the reader down or changes what it reads`(kind: Kind) throws {
    try make(kind)
    let path = samples.scratch("file.h5")
    let whole = try bytes(of: path)
    // Deflate and Fletcher-32 cover chunks, Jenkins's checksum the metadata, SHA-256 text: the readers that check all
    // of these are asked whether they see the difference, or read the same values.
    let before = try digest(kind)
    var silent = 0
    for i in stride(from: 8, to: whole.count, by: max(1, whole.count / 150)) {
      var bytes = whole
      bytes[i] ^= 1 << UInt8(i % 8)
      try write(bytes, to: path)
      if let after = try? digest(kind), after != before { silent += 1 }
    }
    #expect(silent == 0)
  }

  /// The digest of everything that the reader of a kind reads.
  func digest(_ kind: Kind) throws -> String {
    let reader = try samples.open("file.h5")
    let digest = Digest()
    switch kind {
    case .data:
      let data = try ImageDataset(reader)
      digest.update(data.classes.joined() + data.name)
      digest.update(data.train.label + (data.test?.label ?? []))
      digest.update(try data.images("train"))
    case .runs:
      let runs = try RunsFile(reader)
      digest.update(runs.classes.joined() + runs.architecture + runs.config.canonical)
      digest.update(runs.trainLabel)
      for i in runs.runs.indices {
        digest.update(try runs.flags("/train/in_mask", index: i, count: runs.trainLabel.count))
        digest.update(try runs.digest(index: i))
      }
    case .scores:
      let scores = try Scores(reader)
      digest.update(scores.cells.joined() + scores.configs.map(\.canonical).joined())
      digest.update(try scores.rows("/memorisation/score")?.flatMap { $0.map(\.bitPattern) } ?? [])
    case .alignment:
      let alignment = try Alignment(reader)
      digest.update(alignment.tensors.joined() + alignment.label)
      digest.update(alignment.all.map(\.bitPattern))
    }
    return digest.finishHex()
  }

  // The version of the superblock follows from the oldest library that is to read the file.
  @Test(arguments: [0, 2, 3])
  func `Files of others are read, whatever their superblock`(version: UInt8) throws {
    let bounds = version == 0 ? H5F_LIBVER_EARLIEST : version == 2 ? H5F_LIBVER_V18 : H5F_LIBVER_V110
    let path = samples.scratch("file.h5")
    let access = H5Pcreate(rote_h5_file_access())
    H5Pset_libver_bounds(access, bounds, H5F_LIBVER_V110)
    let file = H5Fcreate(path, 2, 0, access)
    func text(_ name: String, _ value: String) {
      let type = H5Tcopy(rote_h5_c_string())
      H5Tset_size(type, value.utf8.count)
      let attribute = H5Acreate2(file, name, type, H5Screate(H5S_SCALAR), 0, 0)
      H5Awrite(attribute, type, Array(value.utf8))
      H5Aclose(attribute)
    }
    func variable<T: Element>(_ name: String, _ shape: [hsize_t], _ values: [T]) {
      let space = H5Screate_simple(Int32(shape.count), shape, nil)
      let id = H5Dcreate2(file, name, T.fileType, space, 0, 0, 0)
      H5Dwrite(id, T.memoryType, 0, 0, 0, values)
      H5Dclose(id)
    }
    text("kind", "data")
    H5Gclose(H5Gcreate2(file, "train", 0, 0, 0))
    variable("train/example", [2], [0, 1] as [Int64])
    variable("train/label", [2], [1, 0] as [Int32])
    variable("train/image", [2, 1, 1, 3], [1, 2, 3, 4, 5, 6] as [UInt8])
    let type = H5Tcopy(rote_h5_c_string())
    H5Tset_size(type, 3)
    let classes = H5Dcreate2(file, "class", type, H5Screate_simple(1, [2], nil), 0, 0, 0)
    H5Dwrite(classes, type, 0, 0, 0, Array("catdog".utf8))
    H5Dclose(classes)
    H5Fclose(file)
    #expect(try bytes(of: path)[8] == version)
    let data = try ImageDataset(samples.open("file.h5"))
    #expect(data.classes == ["cat", "dog"] && data.train.label == [1, 0] && data.content.count == 64)
    #expect(try data.images("train", rows: 1..<(1 + 1)) == [4, 5, 6])
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data([0]))
    try handle.close()
    #expect(failure { try samples.open("file.h5") }?.problem == "has 1 bytes after its end")
  }

  @Test func `A whole file comes out of a pipe, free of the writer's mark`() throws {
    let scratch = samples.scratch
    mkfifo(scratch("fifo"), 0o600)
    let reader = open(scratch("fifo"), O_RDWR | O_NONBLOCK)
    defer { close(reader) }
    _ = fcntl(reader, setPipeSize, 1 << 20)
    let schema = samples.schema(try samples.dataset())
    let output = try Output(scratch("fifo"))
    let writer = try RunsWriter(output, schema: schema, runs: [0])
    try writer.append(samples.rows(0, schema))
    try writer.finish()
    try output.commit()
    // The writer still exists here.
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    let count = max(0, Foundation.read(reader, &buffer, buffer.count))
    try write(Array(buffer.prefix(count)), to: scratch("copy.h5"))
    #expect(try RunsFile(samples.open("copy.h5")).runs == [0])
    withExtendedLifetime(writer) {}
  }
}
