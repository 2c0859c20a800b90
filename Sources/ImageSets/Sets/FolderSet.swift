/// Pictures of your own: a folder or a zip archive with a folder a class, each resized to one square.
///
/// Where all lies in `train/` and, if there is a test split, in `test/` or `val/` (`valid/`, `validation/`), these are
/// the splits; else all is for training. Classes are numbered in byte order of their names; examples are in the order of
/// class, folder and name, as torchvision's ImageFolder has them. A picture is a file whose name ends in .jpg, .jpeg or
/// .png, in capitals or not, at any depth below its class.
public struct FolderSet: ImageSource {
  public let header: ImageSetHeader
  /// Files that are no pictures by their names.
  public let passedOver: Int
  private let pictures: PictureFiles
  private let side: Int
  private let filter: ResizeFilter
  private let fit: Resizer.Fit
  private let mostPixels: Int

  /// Of one picture, before it is resized, unless the caller says otherwise: 4,096 x 4,096. Decoding one takes 3 bytes a
  /// pixel, of a progressive JPEG 9.
  public static let mostPixels = 1 << 24
  private static let largestFile = 1 << 28
  public static let sides = 1...1024

  /// - Parameters:
  ///   - path: the folder or the archive.
  ///   - side: of the square, in pixels.
  ///   - mostPixels: pictures with more are refused.
  ///   - workers: threads that decode.
  ///   - batch: the examples in a batch; nil for as many as fill a mebibyte.
  /// - Throws: `ImageSetError`.
  public init(
    from path: String, side: Int, filter: ResizeFilter = .bilinear, fit: Resizer.Fit = .crop,
    mostPixels: Int = FolderSet.mostPixels, workers: Int = 1, batch: Int? = nil
  ) throws {
    guard Self.sides.contains(side) else {
      throw ImageSetError(
        .usage, "--size \(side)", "is no side of a square", "give 1 to \(Self.sides.upperBound)")
    }
    (self.side, self.filter, self.fit, self.mostPixels) = (side, filter, fit, mostPixels)
    let tree = try MemberTree(path: path)
    let files = tree.members.filter { isPicture($0.path) }
    passedOver = tree.members.count - files.count
    guard !files.isEmpty else {
      throw ImageSetError(
        .data, path, "has no .jpg, .jpeg or .png", "give a folder or zip archive with a folder a class")
    }
    let folders = try splitFolders(files, tree)
    let pictures = try BySplit { split in
      try folders[split].map { folder in
        try files.filter { $0.path.utf8.starts(with: folder.utf8) }.map { try PicturePath($0, below: folder, tree) }
          .sorted { $0.precedes($1) }
      } ?? []
    }
    let classes = Set(pictures.train.map(\.className)).sorted { $0.lexicographicallyPrecedes($1) }
    guard classes.count > 1 else {
      throw ImageSetError(
        .data, path, "has pictures of one class alone, \(classes.first.map(text) ?? "")", "give a folder for each class"
      )
    }
    let labels = Dictionary(uniqueKeysWithValues: classes.enumerated().map { ($1, Int32($0)) })
    let examples = try BySplit { split in
      try pictures[split].map { picture in
        guard let label = labels[picture.className] else {
          throw ImageSetError(
            .data, tree.subject(picture.member),
            "is of class \(text(picture.className)), which has no training pictures", "leave it out, or give some")
        }
        return PictureFiles.Example(member: picture.member, label: label)
      }
    }
    let imageBytes = 3 * side * side
    self.pictures = PictureFiles(
      tree: tree, examples: examples, largest: Self.largestFile, workers: workers,
      batch: batch ?? examplesPerMebibyte(imageBytes: imageBytes))
    header = ImageSetHeader(
      name: "folder", classes: classes.map(text), height: side, width: side, channels: 3, source: "own pictures",
      train: .init(count: examples.train.count, columns: []),
      test: .init(count: examples.test.count, columns: []))
  }

  public func labels() throws -> BySplit<[Int32]> { pictures.labels }

  public func read(_ wanted: BySplit<Positions>, _ body: (ImageBatch) throws -> Void) throws {
    try pictures.read(
      wanted, imageBytes: header.imageBytes,
      decoder: {
        let decoder = try PictureDecoder(mostPixels: mostPixels)
        let resizer = Resizer(side: side, filter: filter, fit: fit)
        return { file, subject, image in
          resizer.resize(try decoder.decode(file, of: subject), into: image)
        }
      }, body)
  }
}

/// A picture by the parts of its path, as bytes: names that only look alike are different.
private struct PicturePath {
  let member: MemberTree.Member
  let className: [UInt8]
  private let folder: [UInt8]
  private let name: [UInt8]

  init(_ member: MemberTree.Member, below root: String, _ tree: MemberTree) throws {
    self.member = member
    let path = Array(member.path.utf8.dropFirst(root.utf8.count))
    guard let first = path.firstIndex(of: UInt8(ascii: "/")), let last = path.lastIndex(of: UInt8(ascii: "/")) else {
      throw ImageSetError(.data, tree.subject(member), "lies in the folder of no class", "move it into one")
    }
    className = Array(path[..<first])
    folder = Array(path[..<last])
    name = Array(path[(last + 1)...])
  }

  /// By class, then folder, then name: as os.walk and sorted give them to ImageFolder.
  func precedes(_ other: PicturePath) -> Bool {
    for (own, their) in [(className, other.className), (folder, other.folder)] where own != their {
      return own.lexicographicallyPrecedes(their)
    }
    return name.lexicographicallyPrecedes(other.name)
  }
}

private func text(_ bytes: some Collection<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }

private func isPicture(_ path: String) -> Bool {
  let name = path.lowercased().utf8
  return [".jpg", ".jpeg", ".png"].contains { name.reversed().starts(with: $0.utf8.reversed()) }
}

/// The folder of each split, with a slash at its end; empty for the whole tree, nil where there is none.
///
/// An archive may have it all in one folder of its own, which the split's then begins with.
private func splitFolders(_ files: [MemberTree.Member], _ tree: MemberTree) throws -> BySplit<String?> {
  let slash = UInt8(ascii: "/")
  var root: [UInt8] = []
  for _ in 0..<16 {
    let parts = files.map {
      $0.path.utf8.dropFirst(root.count).split(separator: slash, omittingEmptySubsequences: false)
    }
    // Pictures in no folder have none of these.
    let names = Set(parts.map { $0.count > 1 ? Array($0[0]) : [] })
    let train = Array("train".utf8)
    // With pictures right below, train is a class, as it is in CIFAR-100; with folders below, a split.
    let isSplit =
      parts.contains { $0.count > 2 && $0[0].elementsEqual(train) }
      && !parts.contains { $0.count == 2 && $0[0].elementsEqual(train) }
    if isSplit {
      let known = ["test", "val", "valid", "validation"].map { Array($0.utf8) }
      if let other = names.subtracting(known + [train]).min(by: { $0.lexicographicallyPrecedes($1) }) {
        throw ImageSetError(
          .data, tree.path, "has \(other.isEmpty ? "pictures" : text(other)) beside train, which has folders below",
          "call the test split test or val, and move other things away")
      }
      let tests = known.filter(names.contains)
      if tests.count > 1 {
        throw ImageSetError(
          .data, tree.path, "has pictures in \(text(tests[0])) and in \(text(tests[1]))",
          "move away those that are not to be the test split")
      }
      return BySplit(train: text(root + train + [slash]), test: tests.first.map { text(root + $0 + [slash]) })
    }
    // One folder alone may be that of an archive, with train below, or classes.
    guard names.count == 1, let name = names.first, !name.isEmpty else {
      return BySplit(train: text(root), test: nil)
    }
    root += name + [slash]
  }
  throw ImageSetError(.data, tree.path, "has folders within folders without end", "give the folder of the classes")
}
