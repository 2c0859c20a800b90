/// Tiny-ImageNet-200: 200 classes of ImageNet, 64 x 64, 500 training images each; of the published validation
/// images, 50 a class, makes the test split. The published test images have no labels, and are passed over.
///
/// Classes are numbered in the order of their WordNet codes, training examples in the order of their paths,
/// as torchvision's ImageFolder does; test examples in the order of `val_annotations.txt`.
///
/// - Source: Le and Yang 2015, "Tiny ImageNet visual recognition challenge", Stanford CS 231N.
public struct TinyImageNet: ImageSource {
  public static let publishedFile = PublishedFile(
    address: "http://cs231n.stanford.edu/tiny-imagenet-200.zip", bytes: 248_100_043,
    md5: "90528d7ca1a48142e341f4ef8d21d0de")

  public let header: ImageSetHeader
  private let pictures: PictureFiles

  static let side = 64
  private static let imageBytes = side * side * 3
  private static let classes = 200
  private static let trainPerClass = 500
  private static let testPerClass = 50
  /// A picture of 64 x 64 has 2 kB; the list of words 3 MB.
  private static let largestPicture = 1 << 20
  private static let largestText = 1 << 24

  /// - Parameters:
  ///   - path: the archive, or the folder it unpacks to.
  ///   - verify: whether an archive must be the published one, by MD5, and a folder have the published counts;
  ///     else any number of classes and images is taken.
  ///   - workers: threads that decode.
  ///   - batch: the examples in a batch; nil for as many as fill a mebibyte.
  /// - Throws: `ImageSetError`.
  public init(from path: String, verify: Bool = true, workers: Int = 1, batch: Int? = nil) throws {
    let tree = try MemberTree(path: path)
    if verify && tree.isArchive { try Self.publishedFile.check(path) }
    let layout = try Layout(tree)
    let codes = try layout.classCodes()
    let examples = BySplit(
      train: try layout.trainingExamples(codes), test: try layout.validationExamples(codes))
    if verify {
      try layout.check(codes.count, "classes", expected: Self.classes)
      try layout.check(examples.train.count, "training images", expected: Self.classes * Self.trainPerClass)
      try layout.check(examples.test.count, "validation images", expected: Self.classes * Self.testPerClass)
    }
    pictures = PictureFiles(
      tree: tree, examples: examples, largest: Self.largestPicture, workers: workers,
      batch: batch ?? examplesPerMebibyte(imageBytes: Self.imageBytes))
    header = ImageSetHeader(
      name: "tiny-imagenet", classes: try layout.classNames(codes), classCodes: codes, height: Self.side,
      width: Self.side, channels: 3, source: sourceText(Self.publishedFile.address, verified: verify),
      train: .init(count: examples.train.count, columns: []),
      test: .init(count: examples.test.count, columns: []))
  }

  public func labels() throws -> BySplit<[Int32]> { pictures.labels }

  public func read(_ wanted: BySplit<Positions>, _ body: (ImageBatch) throws -> Void) throws {
    try pictures.read(
      wanted, imageBytes: Self.imageBytes,
      decoder: {
        let decoder = try JPEGDecoder(mostPixels: Self.side * Self.side)
        return { file, subject, image in
          let header = try decoder.header(file, of: subject)
          guard header.size == PictureSize(width: Self.side, height: Self.side) else {
            throw ImageSetError(
              .data, subject, "is a picture of \(header.size.width) x \(header.size.height), not 64 x 64",
              "give the published archive, or read others with fetch-data folder")
          }
          try decoder.decode(file, header, into: image, of: subject)
        }
      }, body)
  }

  /// Where things lie in the archive.
  private struct Layout {
    let tree: MemberTree
    /// The folder within, with a slash at its end, or nothing.
    let root: String
    private let textReader: MemberTree.Reader

    init(_ tree: MemberTree) throws {
      self.tree = tree
      // All in one folder, as published, or without it.
      let folder = tree.members.first.map { $0.path.prefix { $0 != "/" } + "/" } ?? ""
      guard let root = ["", String(folder)].first(where: { tree.member($0 + "wnids.txt") != nil }) else {
        throw ImageSetError(
          .data, tree.path, "has no wnids.txt", "give tiny-imagenet-200.zip, or the folder it unpacks to")
      }
      self.root = root
      textReader = try MemberTree.Reader(tree)
    }

    /// The codes of the classes, ascending.
    func classCodes() throws -> [String] {
      var codes: [String] = []
      try read("wnids.txt") { codes.append(text($1)) }
      guard codes.count >= 2, Set(codes).count == codes.count,
        codes.allSatisfy({ $0.count == 9 && $0.hasPrefix("n") })
      else {
        throw ImageSetError(
          .data, tree.subject(root + "wnids.txt"), "is no list of different WordNet codes, one a line",
          "give the published one")
      }
      return codes.sorted()
    }

    /// The first word of each class; its code follows where another class has the same.
    func classNames(_ codes: [String]) throws -> [String] {
      var names: [String: String] = [:]
      // Of 82,000 lines 200 are wanted: they are told by numbers before any text is made of them.
      let wanted = Set(codes.map { number($0.utf8) })
      try read("words.txt") { _, line in
        guard wanted.contains(number(line.prefix(9))) else { return }
        let parts = text(line).split(separator: "\t", maxSplits: 1)
        if parts.count == 2 { names[String(parts[0])] = parts[1].split(separator: ",").first.map(String.init) }
      }
      if let code = codes.first(where: { names[$0] == nil }) {
        throw ImageSetError(
          .data, tree.subject(root + "words.txt"), "has no words for \(code)", "give the published one")
      }
      let counts = Dictionary(names.values.map { ($0, 1) }, uniquingKeysWith: +)
      return codes.map { code in
        let name = names[code] ?? code
        return counts[name] == 1 ? name : "\(name) (\(code))"
      }
    }

    /// `train/CODE/images/*.JPEG`, in byte order of their paths.
    func trainingExamples(_ codes: [String]) throws -> [PictureFiles.Example] {
      let labels = Dictionary(uniqueKeysWithValues: codes.enumerated().map { ($1, Int32($0)) })
      var examples: [PictureFiles.Example] = []
      let folder = Array((root + "train/").utf8)
      for member in tree.members where member.path.utf8.starts(with: folder) {
        let parts = member.path.utf8.dropFirst(folder.count).split(separator: UInt8(ascii: "/"))
        guard parts.count == 3, parts[1].elementsEqual("images".utf8) else { continue }
        guard let label = labels[String(decoding: parts[0], as: UTF8.self)] else {
          throw ImageSetError(
            .data, tree.subject(member), "is of a class that wnids.txt has not", "add it there, or leave it out")
        }
        examples.append(.init(member: member, label: label))
      }
      let counts = Dictionary(examples.map { ($0.label, 1) }, uniquingKeysWith: +)
      if let empty = codes.indices.first(where: { counts[Int32($0)] == nil }) {
        throw ImageSetError(
          .data, tree.subject("\(root)train/\(codes[empty])/images"), "has no pictures",
          "give some, or take the class out of wnids.txt")
      }
      return examples
    }

    /// The pictures of `val_annotations.txt`, in its order.
    func validationExamples(_ codes: [String]) throws -> [PictureFiles.Example] {
      let labels = Dictionary(uniqueKeysWithValues: codes.enumerated().map { ($1, Int32($0)) })
      let folder = root + "val/images/"
      var members: [String: MemberTree.Member] = [:]
      for member in tree.members where member.path.utf8.starts(with: folder.utf8) {
        members[String(member.path.dropFirst(folder.count))] = member
      }
      guard tree.member(root + "val/val_annotations.txt") != nil || !members.isEmpty else { return [] }
      var seen: Set<String> = []
      var examples: [PictureFiles.Example] = []
      try read("val/val_annotations.txt") { number, line in
        let subject = "\(tree.subject(root + "val/val_annotations.txt")): line \(number)"
        let parts = text(line).split(separator: "\t").map(String.init)
        guard parts.count >= 2 else {
          throw ImageSetError(.data, subject, "has no picture and class", "give the published file")
        }
        guard let member = members[parts[0]] else {
          throw ImageSetError(.data, subject, "names \(parts[0]), which is not there", "give all pictures")
        }
        guard let label = labels[parts[1]] else {
          throw ImageSetError(
            .data, subject, "has class \(parts[1]), which wnids.txt has not", "give the published file")
        }
        guard seen.insert(parts[0]).inserted else {
          throw ImageSetError(.data, subject, "names \(parts[0]) again", "give the published file")
        }
        examples.append(PictureFiles.Example(member: member, label: label))
      }
      if let left = members.keys.filter({ !seen.contains($0) }).min() {
        throw ImageSetError(
          .data, tree.subject(folder + left), "has no line in val_annotations.txt", "give the published file")
      }
      return examples
    }

    func check(_ found: Int, _ what: String, expected: Int) throws {
      if found == expected { return }
      throw ImageSetError(
        .data, tree.path, "has \(found) \(what), and \(expected) were published",
        "fetch it again, or go without verification")
    }

    /// Gives the lines of a text file to `body`.
    private func read(_ name: String, _ body: (Int, UnsafeBufferPointer<UInt8>) throws -> Void) throws {
      guard let member = tree.member(root + name) else {
        throw ImageSetError(.data, tree.path, "has no \(root + name)", "give all files of the set")
      }
      try textReader.read(member, limit: TinyImageNet.largestText) {
        try forEachLine(of: $0, subject: tree.subject(member), body)
      }
    }
  }
}

/// The number in a WordNet code such as n02124075; of anything else, some number or other.
private func number(_ code: some Sequence<UInt8>) -> Int {
  code.dropFirst().reduce(0) { $0 &* 10 &+ Int($1) &- 48 }
}

private func text(_ bytes: UnsafeBufferPointer<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }
