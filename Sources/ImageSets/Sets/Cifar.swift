/// The two sets of Krizhevsky 2009; the raw values are their names on the command line.
public enum CifarSet: String, Sendable, CaseIterable {
  case cifar10 = "cifar-10"
  case cifar100 = "cifar-100"
}

/// CIFAR-10, or CIFAR-100 with its fine labels, from the published binary archive.
///
/// Nothing is unpacked, and memory does not grow with the archive: one thread inflates, the caller's checks
/// MD5 sums and brings the pixels from three planes into `(y, x, channel)`.
public struct Cifar: ImageSource {
  public let header: ImageSetHeader
  private let layout: CifarLayout
  private let feed: MemberFeed
  /// The records of each member.
  private let records: [Int]
  private let verify: Bool
  private let batch: Int

  /// - Parameters:
  ///   - paths: the archive (`.tar.gz` or `.tar`), or a folder with its files, or the files in any order.
  ///   - verify: whether every member must be the published one, by MD5; else any number of whole records is
  ///   taken.
  ///   - batch: the examples in a batch; nil for as many as fill a mebibyte.
  /// - Throws: `ImageSetError`.
  public init(
    _ set: CifarSet, from paths: [String], verify: Bool = true, batch: Int? = nil
  ) throws {
    layout = set.layout
    feed = try MemberFeed(layout, from: paths)
    self.verify = verify
    self.batch = batch ?? examplesPerMebibyte(imageBytes: CifarLayout.pixelBytes)
    var classes = layout.classes
    if verify {
      records = layout.members.map(\.records)
    } else {
      let survey = try feed.survey()
      if let file = survey.classFile { classes = try classNames(file, in: feed.classFileSubject) }
      records = try survey.sizes.enumerated().map { [feed, layout] index, size in
        try wholeRecords(size, layout.recordBytes, feed.subject(index))
      }
    }
    let count = { [layout, records] (split: Split) in
      zip(layout.members, records).reduce(0) { $0 + ($1.0.split == split ? $1.1 : 0) }
    }
    if count(.train) == 0 {
      throw ImageSetError(.data, feed.subject(0), "there are no training examples", "give some")
    }

    let coarse = layout.coarseClasses.enumerated().map { "\($0.offset) \($0.element)" }
    let columns =
      coarse.isEmpty
      ? [] : [Column("coarse_label", "superclass: " + coarse.joined(separator: ", "), .int32([]))]
    header = ImageSetHeader(
      name: set.rawValue, classes: classes, height: CifarLayout.side, width: CifarLayout.side,
      channels: CifarLayout.planes,
      source: sourceText(layout.published.address, verified: verify),
      train: .init(count: count(.train), columns: columns), test: .init(count: count(.test), columns: columns))
  }

  public func read(_ wanted: BySplit<Positions>, _ body: (ImageBatch) throws -> Void) throws {
    var decoder = Decoder(self, wanted)
    // Pieces of about 256 KiB: large enough that the queue costs nothing, small enough for the cache.
    let perPiece = max(1, (1 << 18) / layout.recordBytes)
    try overlap(depth: 4, produce: { [feed] in try feed.read(records: perPiece, $0) }) { piece in
      switch piece {
      case .member(let index, let bytes): try decoder.begin(index, bytes: bytes, body)
      case .records(let bytes): try decoder.decode(bytes, body)
      case .classFile(let bytes): try decoder.check(classFile: bytes)
      }
    }
    try decoder.finish(body)
  }

  /// Turns records into batches.
  private struct Decoder {
    private let source: Cifar
    private let wanted: BySplit<Positions>
    private var split = Split.train
    private var builder: BatchBuilder
    private var member = -1
    /// The place of the next record in its split.
    private var position = 0
    private var bytesLeft = 0
    private var digest: MD5?

    init(_ source: Cifar, _ wanted: BySplit<Positions>) {
      self.source = source
      self.wanted = wanted
      builder = BatchBuilder(.train, of: source.header, capacity: source.batch)
    }

    mutating func begin(_ index: Int, bytes: Int, _ body: (ImageBatch) throws -> Void) throws {
      let published = source.layout.members[index]
      let found = try wholeRecords(bytes, source.layout.recordBytes, source.feed.subject(index))
      if found != source.records[index] {
        throw ImageSetError(
          .data, source.feed.subject(index),
          "has \(found) records, not \(source.records[index])",
          source.verify ? "fetch it again, or go without verification" : "leave it alone while it is read")
      }
      if published.split != split {
        try finish(body)
        split = .test
        builder = BatchBuilder(.test, of: source.header, capacity: source.batch)
        position = 0
      }
      member = index
      bytesLeft = bytes
      digest = source.verify ? try MD5() : nil
    }

    mutating func decode(_ bytes: [UInt8], _ body: (ImageBatch) throws -> Void) throws {
      digest?.update(bytes)
      let layout = source.layout
      try bytes.withUnsafeBufferPointer { bytes in
        for start in stride(from: 0, to: bytes.count, by: layout.recordBytes) {
          let label = bytes[start + layout.labelBytes - 1]
          try check(label, below: source.header.classes.count, "label")
          if layout.labelBytes == 2 {
            try check(bytes[start], below: layout.coarseClasses.count, "coarse label")
          }
          if wanted[split].contains(position) {
            let pixels = UnsafeBufferPointer(
              rebasing: bytes[(start + layout.labelBytes)..<(start + layout.recordBytes)])
            try builder.add(position: position, label: Int32(label), to: body) {
              interleave(pixels, into: $0)
              return layout.labelBytes == 2 ? [.int32([Int32(bytes[start])])] : []
            }
          }
          position += 1
        }
      }
      bytesLeft -= bytes.count
      if bytesLeft == 0 { try checkDigest() }
    }

    func check(classFile: [UInt8]) throws {
      let file = source.feed.classFileSubject
      guard try classNames(classFile, in: file) == source.header.classes else {
        throw ImageSetError(
          .data, file, "does not have the published names of the classes",
          "fetch it again, or go without verification")
      }
    }

    /// Ends a split.
    mutating func finish(_ body: (ImageBatch) throws -> Void) throws {
      try builder.flush(to: body)
    }

    private func checkDigest() throws {
      guard let found = digest?.hexadecimal() else { return }
      let published = source.layout.members[member].md5
      if found != published {
        throw ImageSetError(
          .data, source.feed.subject(member), "has MD5 \(found), and \(published) was published",
          "fetch it again, or go without verification")
      }
    }

    private func check(_ value: UInt8, below count: Int, _ what: String) throws {
      if value < count { return }
      let before = source.layout.members.indices
        .filter { $0 < member && source.layout.members[$0].split == split }
        .reduce(0) { $0 + source.records[$1] }
      throw ImageSetError(
        .data, source.feed.subject(member),
        "record \(position - before) has \(what) \(value), and there are \(count) classes", "fetch it again")
    }
  }
}

/// The number of records in `bytes`.
///
/// - Throws: a data error where they are not whole.
private func wholeRecords(_ bytes: Int, _ recordBytes: Int, _ subject: String) throws -> Int {
  let left = bytes % recordBytes
  if left == 0 { return bytes / recordBytes }
  throw ImageSetError(
    .data, subject,
    "has \(left) bytes left over after \(bytes / recordBytes) records of \(recordBytes) bytes",
    "fetch it again")
}

/// The names in a file with one on each line; empty lines at its end are passed over.
private func classNames(_ bytes: [UInt8], in file: String) throws -> [String] {
  let names = try bytes.withUnsafeBufferPointer { try lines(of: $0, subject: file) }
  guard !names.isEmpty, names.count <= 256, Set(names).count == names.count, !names.contains("") else {
    throw ImageSetError(.data, file, "is no list of different classes, one a line", "give the published one")
  }
  return names
}

/// Three planes of pixels to one plane of triples.
private func interleave(
  _ planes: UnsafeBufferPointer<UInt8>, into pixels: UnsafeMutableBufferPointer<UInt8>
) {
  let area = CifarLayout.side * CifarLayout.side
  guard let red = planes.baseAddress, var pixel = pixels.baseAddress,
    planes.count == 3 * area, pixels.count == 3 * area
  else { return }
  for i in 0..<area {
    pixel[0] = red[i]
    pixel[1] = red[i + area]
    pixel[2] = red[i + 2 * area]
    pixel += 3
  }
}
