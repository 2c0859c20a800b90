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
  /// Whether what is under the target's name may be replaced at the commit.
  private let replaces: Replaces

  /// What a commit may replace.
  public enum Replaces: Sendable {
    case whatever
    /// What was there at the first look, nil for nothing, and nothing that came later.
    case only(FileStatus?)
  }

  /// - Parameters:
  ///   - found: where `regularPath` has found the argument to lead, which a link may no more.
  ///   - isText: text may go to a terminal; HDF5 may not.
  public init(
    _ argument: String, at found: String? = nil, isText: Bool = false, replacing replaces: Replaces = .whatever
  ) throws {
    self.replaces = replaces
    if argument == "-" {
      if !isText { try Output.refuseTerminal() }
      name = "standard output"
      target = .copy(to: 1)
    } else if let path = try found ?? Output.regularPath(of: argument) {
      name = argument
      target = .rename(to: path, folder: Output.folder(of: path))
    } else {
      name = argument
      let through = rote_open(argument, O_WRONLY | O_CLOEXEC, 0)
      guard through >= 0 else { throw Failure.system(argument, "cannot write") }
      target = .copy(to: through)
    }
    switch target {
    case .copy:
      let spool = try Spool()
      descriptor = spool.release()
      path = "/dev/fd/\(descriptor)"
    case .rename(let final, let folder):
      (descriptor, path, slot) = try Output.begin(final, folder: folder, name: argument)
    }
  }

  /// A file that the tool keeps for itself: what is under its name is replaced, a link too.
  public init(ownFile path: String) throws {
    (name, replaces) = (path, .whatever)
    let folder = Output.folder(of: path)
    target = .rename(to: path, folder: folder)
    (descriptor, self.path, slot) = try Output.begin(path, folder: folder, name: path)
  }

  private static func begin(
    _ final: String, folder: String, name: String
  ) throws -> (descriptor: Int32, path: String, slot: Int32) {
    removeStale(beside: final)
    let temporary = try temporary(beside: final, folder: folder, name: name)
    var info = stat()
    let isReplaced = lstat(final, &info) == 0 && info.st_mode & S_IFMT == S_IFREG
    // As a file made by open would have it; of a file that is replaced, its own.
    fchmod(temporary.descriptor, isReplaced ? info.st_mode & 0o7777 : 0o666 & ~mask)
    return temporary
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

  /// Refuses standard output for what is no text, where it is a terminal.
  public static func refuseTerminal() throws {
    guard isatty(1) != 0 else { return }
    throw Failure(.usage, "standard output", "is a terminal", remedy: "name a file with -o, or pipe it on")
  }

  /// The path at which an output of this name appears, with links followed; nil where it is written through.
  ///
  /// - Throws: where nothing can be written there.
  public static func regularPath(of argument: String) throws -> String? {
    guard argument != "-" else { return nil }
    guard !argument.isEmpty else { throw Failure(.usage, nil, "an output needs the name of a file") }
    // What stands for bytes of a name that are not UTF-8, and would be those of another file.
    guard !argument.unicodeScalars.contains("\u{FFFD}") else {
      throw Failure(.usage, argument, "is no name in UTF-8", remedy: "give it another name")
    }
    var info = stat()
    guard stat(argument, &info) == 0 else { return try resolvedPath(argument) }
    switch info.st_mode & S_IFMT {
    case S_IFREG: return try resolvedPath(argument)
    case S_IFDIR: throw Failure(.inputOutput, argument, "is a folder, not a file")
    default: return nil
    }
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
      try giveName(final)
      isCommitted = true
      // It is no temporary file any more: who opens it with a lock, as libhdf5 does, need not wait for our end.
      flock(descriptor, LOCK_UN)
      try syncFolder(folder, of: name)
    }
    isCommitted = true
  }

  private func giveName(_ final: String) throws {
    if case .only(let seen) = replaces {
      if seen == nil {
        if rote_rename_new(path, final) == 0 { return }
        guard errno == EEXIST else { throw Failure.system(name, "cannot write") }
      }
      let now = try FileStatus.of(final, name: name)
      if now != seen {
        // The same command beside this one has come to the same bytes.
        if now != nil, try hasBytes(of: final) {
          unlink(path)
          return
        }
        throw Failure(
          .inputOutput, name, "has changed since this command began, and is not replaced",
          remedy: "move it away, and give the same command again")
      }
    }
    guard rename(path, final) == 0 else { throw Failure.system(name, "cannot write") }
  }

  /// Whether another file has the very bytes of this one.
  private func hasBytes(of other: String) throws -> Bool {
    let file = rote_open(other, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0)
    guard file >= 0 else { throw Failure.system(name, "cannot read") }
    defer { close(file) }
    let status = try FileStatus.of(descriptor: file, name: name)
    let own = try FileStatus.of(descriptor: descriptor, name: name)
    guard status.isRegular, status.size == own.size else { return false }
    var (mine, others) = ([UInt8](repeating: 0, count: 1 << 18), [UInt8](repeating: 0, count: 1 << 18))
    var offset = 0
    while offset < status.size {
      let count = retrying { pread(descriptor, &mine, mine.count, off_t(offset)) }
      guard count > 0 else { throw Failure.system(name, "cannot read") }
      var done = 0
      while done < count {
        let n = others.withUnsafeMutableBytes {
          let place = $0.baseAddress?.advanced(by: done)
          return retrying { pread(file, place, count - done, off_t(offset + done)) }
        }
        guard n >= 0 else { throw Failure.system(name, "cannot read") }
        guard n > 0 else { return false }
        done += n
      }
      guard mine.prefix(count) == others.prefix(count) else { return false }
      offset += count
    }
    return true
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
    // Where the folder cannot be listed they stay, and nothing hangs on that.
    for name in (try? fileNames(in: folder)) ?? []
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

/// The names in a folder, in byte order.
public func fileNames(in folder: String) throws -> [String] {
  guard let directory = opendir(folder) else { throw Failure.system(folder, "cannot read") }
  defer { closedir(directory) }
  var names: [String] = []
  while true {
    // An end and an error differ in this alone.
    errno = 0
    guard let entry = readdir(directory) else {
      guard errno == 0 else { throw Failure.system(folder, "cannot read") }
      break
    }
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
