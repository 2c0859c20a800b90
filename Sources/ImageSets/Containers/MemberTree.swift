#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The files of a set by their paths, in a folder or in a zip archive.
struct MemberTree: Sendable {
  struct Member: Sendable {
    /// Below the folder, or as the archive has it.
    let path: String
    fileprivate let entry: Int
  }

  /// A reader of one thread: it keeps its memory from file to file.
  final class Reader {
    private let tree: MemberTree
    private let zip: ZipReader?
    private var bytes: [UInt8] = []

    init(_ tree: MemberTree) throws {
      self.tree = tree
      zip = if case .zip(let archive) = tree.place { try ZipReader(archive) } else { nil }
    }

    /// Gives all bytes of a file to `body`; they are gone when it returns.
    ///
    /// - Parameter limit: the most bytes that the file may have.
    func read<Result>(
      _ member: Member, limit: Int, _ body: (UnsafeBufferPointer<UInt8>) throws -> Result
    ) throws -> Result {
      if let zip, case .zip(let archive) = tree.place {
        return try zip.read(archive.entries[member.entry], limit: limit, body)
      }
      let subject = tree.subject(member)
      let file = try RandomFile(path: subject)
      guard file.size <= limit else {
        throw ImageSetError(
          .data, subject, "has \(file.size) bytes, more than the limit of \(limit)", "give a smaller one")
      }
      if bytes.count < file.size { bytes = [UInt8](repeating: 0, count: file.size) }
      return try bytes.withUnsafeMutableBufferPointer {
        let whole = UnsafeMutableBufferPointer(rebasing: $0[..<file.size])
        try file.read(at: 0, into: UnsafeMutableRawBufferPointer(whole))
        return try body(UnsafeBufferPointer(whole))
      }
    }
  }

  private enum Place: Sendable {
    case folder
    case zip(ZipArchive)
  }

  /// The folder or archive.
  let path: String
  /// All files, in byte order of their paths; those with a name that begins with a dot are passed over.
  let members: [Member]
  private let place: Place

  init(path: String) throws {
    self.path = path
    var members: [Member]
    if isFolder(path) {
      place = .folder
      var paths: [String] = []
      try list(path, below: "", depth: 0, into: &paths)
      members = paths.map { Member(path: $0, entry: 0) }
    } else {
      let archive = try ZipArchive(path: path)
      place = .zip(archive)
      members = archive.entries.enumerated()
        .filter { !$1.isFolder && !isHidden($1.path) }
        .map { Member(path: $1.path, entry: $0) }
    }
    members.sort { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    self.members = members
  }

  var isArchive: Bool {
    if case .zip = place { true } else { false }
  }

  /// The file of this path.
  func member(_ path: String) -> Member? {
    var (low, high) = (0, members.count)
    while low < high {
      let middle = (low + high) / 2
      if members[middle].path.utf8.lexicographicallyPrecedes(path.utf8) { low = middle + 1 } else { high = middle }
    }
    return low < members.count && members[low].path.utf8.elementsEqual(path.utf8) ? members[low] : nil
  }

  /// What messages call a file.
  func subject(_ member: Member) -> String { subject(member.path) }

  func subject(_ member: String) -> String { isArchive ? "\(path): \(member)" : "\(path)/\(member)" }
}

private func isHidden(_ path: String) -> Bool {
  path.utf8.split(separator: UInt8(ascii: "/")).contains { $0.first == UInt8(ascii: ".") }
}

/// Adds the paths of all regular files below a folder; links are followed.
private func list(_ folder: String, below prefix: String, depth: Int, into paths: inout [String]) throws {
  // Deeper than any set of images; a link to a folder above would go on for ever.
  guard depth < 16 else {
    throw ImageSetError(.input, folder, "has folders within folders without end", "remove links to folders above")
  }
  guard let directory = opendir(folder) else { throw inputError(folder, errno) }
  defer { closedir(directory) }
  while true {
    errno = 0
    guard let entry = readdir(directory) else {
      if errno != 0 { throw inputError(folder, errno) }
      return
    }
    // In place: an entry is shorter than its type, and a copy would read past it.
    let bytes = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
    guard let name = String(validating: bytes, as: UTF8.self) else {
      throw ImageSetError(
        .data, "\(folder)/\(String(decoding: bytes, as: UTF8.self))", "has a name that is not UTF-8", "give it another")
    }
    guard name.utf8.first != UInt8(ascii: ".") else { continue }
    let path = "\(folder)/\(name)"
    var isFolder = Int32(entry.pointee.d_type) == Int32(DT_DIR)
    var isFile = Int32(entry.pointee.d_type) == Int32(DT_REG)
    if !isFolder && !isFile {
      // A link, or a file system that does not say.
      var status = stat()
      guard stat(path, &status) == 0 else { throw inputError(path, errno) }
      isFolder = status.st_mode & S_IFMT == S_IFDIR
      isFile = status.st_mode & S_IFMT == S_IFREG
    }
    if isFolder { try list(path, below: "\(prefix)\(name)/", depth: depth + 1, into: &paths) }
    if isFile { paths.append(prefix + name) }
  }
}
