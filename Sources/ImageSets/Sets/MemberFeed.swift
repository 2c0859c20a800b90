/// Brings the members of a published archive in their published order, from wherever they lie.
///
/// An archive may have them in any order (that of CIFAR-10 begins 1, 3, 4, test). What comes before its turn
/// is passed over, its place marked, and returned to in time; so nothing is kept but the marks.
struct MemberFeed: Sendable {
  enum Piece: Sendable {
    /// A member begins, of so many bytes.
    case member(Int, bytes: Int)
    /// Bytes of the member that began last: a whole number of records, if the member is one.
    case records([UInt8])
    /// The file of class names, whole; may come at any time.
    case classFile([UInt8])
  }

  private enum Place: Sendable {
    case archive(String)
    /// The file of each member, and of the class names where there is one.
    case files([String], classFile: String?)
  }

  private let layout: CifarLayout
  private let place: Place

  /// - Parameter paths: an archive, or a folder, or the files themselves in any order.
  init(_ layout: CifarLayout, from paths: [String]) throws {
    self.layout = layout
    let names = layout.members.map(\.name)
    if let path = paths.first, paths.count == 1, !isFolder(path),
      !(names + [layout.classFile]).contains(lastComponent(path))
    {
      place = .archive(path)
    } else {
      let files = try namedFiles(names, optional: [layout.classFile], from: paths, inner: layout.folder)
      place = .files(names.compactMap { files[$0] }, classFile: files[layout.classFile])
    }
  }

  /// What messages call a member: its file, or its archive and its name.
  func subject(_ member: Int) -> String {
    switch place {
    case .archive(let path): "\(path): \(layout.members[member].name)"
    case .files(let paths, _): paths[member]
    }
  }

  /// What messages call the file of class names.
  var classFileSubject: String {
    switch place {
    case .archive(let path): "\(path): \(layout.classFile)"
    case .files(_, let classFile): classFile ?? layout.classFile
    }
  }

  /// The bytes in each member, and the file of class names if there is one.
  func survey() throws -> (sizes: [Int], classFile: [UInt8]?) {
    var sizes = layout.members.map { _ in 0 }
    var classFile: [UInt8]?
    try walk { found, size, stream in
      switch found {
      case .member(let index): sizes[index] = size
      case .classFile: classFile = try stream.read(size, of: layout.classFile)
      }
    }
    return (sizes, classFile)
  }

  /// Gives all members to `emit`, in published order, in pieces of at most `records` records.
  func read(records: Int, _ emit: (Piece) throws -> Void) throws {
    func send(_ index: Int, _ size: Int, _ stream: ByteStream) throws {
      try emit(.member(index, bytes: size))
      var left = size
      while left > 0 {
        let count = min(left, records * layout.recordBytes)
        try emit(.records(try stream.read(count, of: layout.members[index].name)))
        left -= count
      }
    }
    var due = 0
    var early: [Int: (size: Int, mark: ByteStream.Mark)] = [:]
    try walk { found, size, stream in
      guard case .member(let index) = found else {
        return try emit(.classFile(try stream.read(size, of: layout.classFile)))
      }
      guard index == due else { return early[index] = (size, try stream.mark()) }
      try send(index, size, stream)
      due += 1
      guard early[due] != nil else { return }
      let here = try stream.mark()
      while let passed = early.removeValue(forKey: due) {
        try stream.rewind(to: passed.mark)
        try send(due, passed.size, stream)
        due += 1
      }
      try stream.rewind(to: here)
    }
  }

  private enum Found {
    case member(Int), classFile
  }

  /// Class names are short; a larger file is something else.
  private static let largestClassFile = 1 << 16
  /// A published set has 60,000; a member that claims more than this is none that was packed from images.
  private static let mostRecords = 1_000_000
  /// Other files in an archive are small; passing over more would be work without end.
  private static let mostOtherBytes = 1 << 28

  private func checkSize(_ size: Int, _ subject: String) throws {
    let most = Self.mostRecords * layout.recordBytes
    if size > most {
      throw ImageSetError(
        .data, subject, "has \(size) bytes, more than the limit of \(most)", "give a smaller subset")
    }
  }

  /// Stands before each member in turn as the archive has them, and goes to the archive's very end.
  private func walk(_ visit: (_ found: Found, _ size: Int, _ stream: ByteStream) throws -> Void) throws {
    switch place {
    case .files(let paths, let classFile):
      for (index, path) in paths.enumerated() {
        let stream = try ByteStream(path: path, inflating: false)
        try checkSize(stream.fileSize, path)
        try visit(.member(index), stream.fileSize, stream)
      }
      if let classFile {
        let stream = try ByteStream(path: classFile, inflating: false)
        let size = stream.fileSize
        guard size <= Self.largestClassFile else { throw noClassFile(classFile) }
        try visit(.classFile, size, stream)
      }
    case .archive(let path):
      let stream = try ByteStream(path: path, inflating: true)
      var tar = TarReader(stream)
      var seen: Set<String> = []
      let names = layout.members.map(\.name)
      var otherBytes = 0
      while let member = try tar.next() {
        let index = names.firstIndex(of: member.name)
        let subject = "\(path): \(member.path)"
        guard index != nil || member.name == layout.classFile else {
          otherBytes += member.size
          if otherBytes > Self.mostOtherBytes {
            throw ImageSetError(
              .data, subject,
              "is none of the set's files, and with it there are \(otherBytes) bytes of such, more than the limit of "
                + "\(Self.mostOtherBytes)", "leave it out of the archive")
          }
          continue
        }
        guard member.isFile else {
          throw ImageSetError(.data, subject, "is no regular file", "give the published archive")
        }
        guard seen.insert(member.name).inserted else {
          throw ImageSetError(
            .data, subject, "is the second member of that name", "leave one of them in the archive")
        }
        if let index {
          try checkSize(member.size, subject)
          try visit(.member(index), member.size, stream)
        } else {
          guard member.size <= Self.largestClassFile else { throw noClassFile(subject) }
          try visit(.classFile, member.size, stream)
        }
      }
      let missing = names.filter { !seen.contains($0) }
      if !missing.isEmpty { throw missingFiles(missing, path) }
    }
  }
}

private func noClassFile(_ subject: String) -> ImageSetError {
  ImageSetError(.data, subject, "is too large for a list of classes", "give the published one")
}
