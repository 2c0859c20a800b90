import CToolKit

#if canImport(Glibc)
  import Glibc
#endif

/// An output that appears whole or not at all.
///
/// A regular target is made as a temporary file beside it and renamed into place by `commit`; a target that is no regular
/// file (standard output, `/dev/full`, a FIFO) is written through by `commit`, from a temporary file without a name.
/// Without `commit`, or after a signal, nothing is left.
public final class Output {
  /// As the user knows it, for messages.
  public let name: String
  /// Where to write until `commit`.
  public let path: String
  private enum Target {
    case rename(to: String, folder: String)
    case copy(to: Int32)
  }
  private let target: Target
  private var descriptor: Int32
  private var slot: Int32 = -1
  private var isCommitted = false

  /// - Parameter isText: text may go to a terminal; HDF5 may not.
  public init(_ argument: String, isText: Bool = false) throws {
    var info = stat()
    if argument == "-" {
      guard isText || isatty(1) == 0 else {
        throw Failure(
          .usage, "standard output", "is a terminal", remedy: "name a file with -o, or pipe it on")
      }
      name = "standard output"
      target = .copy(to: 1)
    } else if argument.isEmpty {
      throw Failure(.usage, nil, "-o needs the name of a file")
    } else if stat(argument, &info) == 0 && info.st_mode & S_IFMT != S_IFREG {
      guard info.st_mode & S_IFMT != S_IFDIR else {
        throw Failure(.inputOutput, argument, "is a folder, not a file")
      }
      name = argument
      let through = rote_open(argument, O_WRONLY | O_CLOEXEC, 0)
      guard through >= 0 else { throw Failure.system(argument, "cannot write") }
      target = .copy(to: through)
    } else {
      name = argument
      // A link to a file stays a link: what it points to is replaced.
      let resolved = realpath(argument, nil)
      defer { free(resolved) }
      let path = resolved.map { String(cString: $0) } ?? argument
      target = .rename(to: path, folder: Output.folder(of: path))
    }
    switch target {
    case .copy:
      let spool = try Spool()
      descriptor = spool.release()
      path = "/dev/fd/\(descriptor)"
    case .rename(let final, let folder):
      Output.removeStale(beside: final)
      (descriptor, path, slot) = try Output.temporary(beside: final, folder: folder, name: argument)
      // As a file made by open would have it; of a file that is replaced, its own.
      fchmod(descriptor, stat(final, &info) == 0 ? info.st_mode & 0o7777 : 0o666 & ~Output.mask)
    }
  }

  /// The process's umask, asked for once: it can only be read by setting it, which threads must not do side by side.
  private static let mask: mode_t = {
    let mask = umask(0)
    umask(mask)
    return mask
  }()

  deinit {
    close(descriptor)
    if case .rename = target, !isCommitted { unlink(path) }
    if case .copy(let through) = target, through > 2, !isCommitted { close(through) }
    rote_cleanup_remove(slot)
  }

  /// The file that `commit` will replace; nil where the target is no regular file.
  public var regularPath: String? {
    if case .rename(let path, _) = target { path } else { nil }
  }

  /// Writes bytes at the end of what was written so far.
  public func write(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try write($0) } }

  public func write(_ bytes: UnsafeRawBufferPointer) throws { try writeAll(bytes, to: descriptor, subject: name) }

  /// Makes the output appear under its name, safely on disk; a second time does nothing.
  ///
  /// - Throws: where it did not, or where it appeared and is not known to be safe.
  public func commit() throws {
    guard !isCommitted else { return }
    switch target {
    case .copy(let through):
      guard lseek(descriptor, 0, SEEK_SET) == 0 else { throw Failure.system(name, "cannot write") }
      var buffer = [UInt8](repeating: 0, count: 1 << 18)
      while true {
        let n = retrying { read(descriptor, &buffer, buffer.count) }
        guard n >= 0 else { throw Failure.system(name, "cannot write") }
        if n == 0 { break }
        try buffer.withUnsafeBytes {
          try writeAll(UnsafeRawBufferPointer(rebasing: $0[0..<n]), to: through, subject: name)
        }
      }
      isCommitted = true
      // Standard output is closed when the tool ends: see `StandardOutput`.
      guard through <= 2 || close(through) == 0 else { throw Failure.system(name, "cannot write") }
    case .rename(let final, let folder):
      guard fsync(descriptor) == 0 else { throw Failure.system(name, "cannot write") }
      guard rename(path, final) == 0 else { throw Failure.system(name, "cannot write") }
      isCommitted = true
      try syncFolder(folder, of: name)
    }
    isCommitted = true
  }

  // MARK: Temporary files

  static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  public static func base(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
  }

  private static func temporary(
    beside final: String, folder: String, name: String
  ) throws -> (descriptor: Int32, path: String, slot: Int32) {
    while true {
      var template = Array("\(folder)/.\(base(of: final)).XXXXXX.rote".utf8CString)
      var slot: Int32 = -1
      let descriptor = rote_temporary(&template, 5, &slot)
      guard descriptor >= 0 else { throw Failure.system(name, "cannot write") }
      // The lock tells other processes that the file is in use. One that clears stale files may have come first.
      flock(descriptor, LOCK_EX)
      var info = stat()
      if fstat(descriptor, &info) == 0, info.st_nlink > 0 {
        return (descriptor, String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self), slot)
      }
      rote_cleanup_remove(slot)
      close(descriptor)
    }
  }

  /// Removes temporary files of the same target that nobody holds: those of killed processes.
  private static func removeStale(beside final: String) {
    let folder = folder(of: final)
    let prefix = ".\(base(of: final))."
    for name in fileNames(in: folder)
    where name.hasPrefix(prefix) && name.hasSuffix(".rote") && name.utf8.count == prefix.utf8.count + 11 {
      let path = "\(folder)/\(name)"
      let descriptor = rote_open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0)
      guard descriptor >= 0 else { continue }
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { unlink(path) }
      close(descriptor)
    }
  }
}

/// Makes a rename in this folder last through a power cut. A file system that cannot, or a folder that may not be read,
/// is no reason to fail.
///
/// - Parameter name: of the file, for messages.
public func syncFolder(_ folder: String, of name: String) throws {
  let descriptor = rote_open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)
  guard descriptor >= 0 || errno == EACCES else { throw Failure.system(name, "cannot write") }
  guard descriptor >= 0 else { return }
  defer { close(descriptor) }
  guard fsync(descriptor) == 0 || [EINVAL, ENOTSUP, EROFS].contains(errno) else {
    throw Failure.system(name, "cannot write")
  }
}

/// The names in a folder, in byte order; none where it cannot be read.
public func fileNames(in folder: String) -> [String] {
  guard let directory = opendir(folder) else { return [] }
  defer { closedir(directory) }
  var names: [String] = []
  while let entry = readdir(directory) {
    let name = withUnsafePointer(to: &entry.pointee.d_name) {
      $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
    }
    if name != "." && name != ".." { names.append(name) }
  }
  return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
}

/// Whether the path is a folder, or a link to one.
public func isFolder(_ path: String) -> Bool {
  var status = stat()
  return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
}

/// The paths of all files below a folder whose names end so, in byte order; hidden ones are left out.
///
/// - Throws: where a folder cannot be read, or folders lie within each other without end.
public func files(below folder: String, named suffix: String) throws -> [String] {
  func list(_ folder: String, depth: Int) throws -> [String] {
    guard depth < 16 else {
      throw Failure(
        .badData, folder, "has folders within folders without end", remedy: "remove links to folders above")
    }
    guard access(folder, R_OK | X_OK) == 0 else {
      throw Failure(.inputOutput, folder, "cannot be read", remedy: "change its permissions, or name files")
    }
    return try fileNames(in: folder).filter { !$0.hasPrefix(".") }.flatMap { name in
      let path = "\(folder)/\(name)"
      return isFolder(path) ? try list(path, depth: depth + 1) : name.hasSuffix(suffix) ? [path] : []
    }
  }
  return try list(folder, depth: 0).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
}
