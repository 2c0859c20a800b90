/// Pictures of your own: a folder or a zip archive with a folder a class, each resized to one square.
///
/// Where all lies in `train/` and, if there is a test split, `test/` or `val/`, these are the splits; else all is for training. Classes are
/// numbered in byte order of their names and examples in that of their paths, as torchvision's ImageFolder does. A picture
/// is a file whose name ends in .jpg, .jpeg or .png, in capitals or not, at any depth below its class.
public struct FolderSet: ImageSource {
  public let header: ImageSetHeader
  /// Files that are no pictures by their names.
  public let passedOver: Int
  private let pictures: PictureFiles
  private let side: Int
  private let filter: ResizeFilter
  private let fit: Resizer.Fit

  /// Of one picture, before it is resized: larger ones are refused.
  public static let mostPixels = 100_000_000
  private static let largestFile = 1 << 28
  public static let sides = 1...1024

  /// - Parameters:
  ///   - path: the folder or the archive.
  ///   - side: of the square, in pixels.
  ///   - workers: threads that decode.
  ///   - batch: the examples in a batch; nil for as many as fill a mebibyte.
  /// - Throws: `ImageSetError`.
  public init(
    from path: String, side: Int, filter: ResizeFilter = .bilinear, fit: Resizer.Fit = .crop, workers: Int = 1,
    batch: Int? = nil
  ) throws {
    guard Self.sides.contains(side) else {
      throw ImageSetError(
        .usage, "--size \(side)", "is no side of a square", "give 1 to \(Self.sides.upperBound)")
    }
    (self.side, self.filter, self.fit) = (side, filter, fit)
    let tree = try MemberTree(path: path)
    let files = tree.members.filter { isPicture($0.path) }
    passedOver = tree.members.count - files.count
    guard !files.isEmpty else {
      throw ImageSetError(
        .data, path, "has no .jpg, .jpeg or .png", "give a folder or zip archive with a folder a class")
    }
    let folders = try splitFolders(files, tree)
    let members = BySplit { split in
      folders[split].map { folder in files.filter { $0.path.hasPrefix(folder) } } ?? []
    }
    let classOf = { (member: MemberTree.Member, split: Split) throws in
      let rest = member.path.dropFirst(folders[split]?.count ?? 0)
      guard let slash = rest.firstIndex(of: "/") else {
        throw ImageSetError(.data, tree.subject(member), "lies in the folder of no class", "move it into one")
      }
      return String(rest[..<slash])
    }
    let classes = Set(try members.train.map { try classOf($0, .train) })
      .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    guard classes.count > 1 else {
      throw ImageSetError(
        .data, path, "has pictures of one class alone, \(classes.first ?? "")", "give a folder for each class")
    }
    let labels = Dictionary(uniqueKeysWithValues: classes.enumerated().map { ($1, Int32($0)) })
    let examples = try BySplit { split in
      try members[split].map { member in
        let name = try classOf(member, split)
        guard let label = labels[name] else {
          throw ImageSetError(
            .data, tree.subject(member), "is of class \(name), which has no training pictures",
            "leave it out, or give some")
        }
        return PictureFiles.Example(member: member, label: label)
      }
    }
    let imageBytes = 3 * side * side
    pictures = PictureFiles(
      tree: tree, examples: examples, largest: Self.largestFile, workers: workers,
      batch: batch ?? examplesPerMebibyte(imageBytes: imageBytes))
    header = ImageSetHeader(
      name: "folder", classes: classes, height: side, width: side, channels: 3, source: "own pictures",
      train: .init(count: examples.train.count, columns: []),
      test: .init(count: examples.test.count, columns: []))
  }

  public func labels() throws -> BySplit<[Int32]> { pictures.labels }

  public func read(_ wanted: BySplit<Positions>, _ body: (ImageBatch) throws -> Void) throws {
    try pictures.read(
      wanted, imageBytes: header.imageBytes,
      decoder: {
        let decoder = try PictureDecoder(mostPixels: Self.mostPixels)
        let resizer = Resizer(side: side, filter: filter, fit: fit)
        return { file, subject, image in
          resizer.resize(try decoder.decode(file, of: subject), into: image)
        }
      }, body)
  }
}

private func isPicture(_ path: String) -> Bool {
  let name = path.lowercased()
  return [".jpg", ".jpeg", ".png"].contains { name.hasSuffix($0) }
}

/// The folder of each split, with a slash at its end; empty for the whole tree, nil where there is none.
///
/// An archive may have it all in one folder of its own, which the split's then begins with.
private func splitFolders(_ files: [MemberTree.Member], _ tree: MemberTree) throws -> BySplit<String?> {
  var root = ""
  while true {
    let names = Set(
      files.map { file in
        let rest = file.path.dropFirst(root.count)
        return rest.firstIndex(of: "/").map { String(rest[..<$0]) } ?? ""
      })
    // With others beside it, train is a class, as it is in CIFAR-100.
    if names.contains("train") && names.isSubset(of: ["train", "test", "val"]) {
      let tests = ["test", "val"].filter(names.contains)
      if tests.count > 1 {
        throw ImageSetError(
          .data, tree.path, "has pictures in test and in val", "move away those that are not to be the test split")
      }
      return BySplit(train: "\(root)train/", test: tests.first.map { "\(root)\($0)/" })
    }
    // One folder alone may be that of an archive, with train below, or classes.
    guard names.count == 1, let name = names.first, !name.isEmpty else { return BySplit(train: root, test: nil) }
    root += name + "/"
  }
}
