import CToolKit

#if canImport(Glibc)
  import Glibc
#endif

/// What tells one file from another, and from itself after a change.
public struct FileStatus: Equatable, Sendable {
  /// What all names of one file have in common.
  public struct Identity: Hashable, Sendable {
    fileprivate let device: UInt64
    fileprivate let inode: UInt64
  }

  public let identity: Identity
  public let size: Int
  public let isRegular: Bool
  private let seconds: Int
  private let nanoseconds: Int

  init(_ info: stat) {
    identity = Identity(device: UInt64(info.st_dev), inode: UInt64(info.st_ino))
    size = Int(info.st_size)
    isRegular = info.st_mode & S_IFMT == S_IFREG
    (seconds, nanoseconds) = (info.st_mtim.tv_sec, info.st_mtim.tv_nsec)
  }

  /// Of the file that a path leads to, over links; nil where there is none.
  public static func of(_ path: String, name: String? = nil) throws -> FileStatus? {
    var info = stat()
    if stat(path, &info) == 0 { return FileStatus(info) }
    if errno == ENOENT || errno == ENOTDIR { return nil }
    throw Failure.system(name ?? path, "cannot read")
  }

  /// Of an open file.
  public static func of(descriptor: Int32, name: String) throws -> FileStatus {
    var info = stat()
    guard fstat(descriptor, &info) == 0 else { throw Failure.system(name, "cannot read") }
    return FileStatus(info)
  }
}

extension FileStatus {
  /// Nil where it is no file, as a pipe or a terminal.
  public static func ofStandardInput() throws -> FileStatus? { try regular(0, "standard input") }
  public static func ofStandardOutput() throws -> FileStatus? { try regular(1, "standard output") }

  private static func regular(_ descriptor: Int32, _ name: String) throws -> FileStatus? {
    let status = try of(descriptor: descriptor, name: name)
    return status.isRegular ? status : nil
  }
}

/// The path of a file that is there or is to be made: links are followed, also one to where nothing is yet.
///
/// Where the way to the working folder cannot be told (a folder above may not be searched, or has a name that is not UTF-8), a
/// relative path stays one.
/// - Throws: where links lead round in a circle, or a folder on the way is not there.
public func resolvedPath(_ argument: String) throws -> String {
  if let real = realpath(argument, nil) {
    defer { free(real) }
    if let path = String(validatingCString: real) { return path }
  }
  var path = argument
  // As many as Linux follows.
  for _ in 0..<40 {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink(path, &buffer, buffer.count)
    guard count >= 0 else {
      // Something else than a link, or nothing.
      guard errno == EINVAL || errno == ENOENT else { break }
      guard let real = realpath(Output.folder(of: path), nil) else { break }
      defer { free(real) }
      guard let folder = String(validatingCString: real), access(folder, F_OK) == 0 else { return path }
      return (folder == "/" ? "" : folder) + "/" + Output.base(of: path)
    }
    let target = String(decoding: buffer.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
    path = target.hasPrefix("/") ? target : "\(Output.folder(of: path))/\(target)"
    errno = ELOOP
  }
  throw Failure.system(argument, "cannot write")
}

/// Files that a tool keeps for itself beside an output: what another has put in their place is refused.
public enum OwnFile {
  /// - Parameters:
  ///   - type: `S_IFREG` or `S_IFDIR`.
  ///   - path: for the message, and to find out whom files belong to that are made beside it.
  public static func check(_ info: stat, _ type: mode_t, at path: String) throws {
    let problem: String
    switch info.st_mode & S_IFMT {
    case S_IFREG where type == S_IFREG:
      problem = "has a second name"
      if info.st_nlink <= 1 { return try checkOwner(info, path) }
    case S_IFDIR where type == S_IFDIR: return try checkOwner(info, path)
    case S_IFLNK: problem = "is a link"
    case S_IFDIR: problem = "is a folder"
    case S_IFREG: problem = "is no folder"
    default: problem = "is no regular file"
    }
    throw Failure(
      .inputOutput, path, "\(problem), which is not used for unfinished runs",
      remedy: "remove it, or name another output")
  }

  /// The same of a name.
  public static func check(_ path: String, _ type: mode_t) throws {
    var info = stat()
    guard lstat(path, &info) == 0 else { throw Failure.system(path, "cannot read") }
    try check(info, type, at: path)
  }

  private static func checkOwner(_ info: stat, _ path: String) throws {
    guard info.st_uid != geteuid(), try info.st_uid != ownerOfNewFiles(in: Output.folder(of: path)) else { return }
    throw Failure(
      .inputOutput, path, "belongs to another user, and is not used for unfinished runs",
      remedy: "remove it, or name another output")
  }

  /// Some file systems give all files to one user, whoever makes them. Nil where we can make none.
  private static func ownerOfNewFiles(in folder: String) throws -> uid_t? {
    var template = Array("\(folder)/.rote.XXXXXX".utf8CString)
    let descriptor = rote_temporary(&template, 0, nil)
    guard descriptor >= 0 else {
      if [EACCES, EPERM, EROFS].contains(errno) { return nil }
      throw Failure.system(folder, "cannot write")
    }
    defer { close(descriptor) }
    var info = stat()
    guard fstat(descriptor, &info) == 0 else { throw Failure.system(folder, "cannot read") }
    return info.st_uid
  }

  /// Opens a file that nobody else can have put there: no links are followed, nothing is waited for.
  ///
  /// - Returns: nil where there is none and `flags` make none.
  public static func open(_ path: String, _ flags: Int32, failing action: String) throws -> Int32? {
    let descriptor = rote_open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o666)
    guard descriptor >= 0 else {
      switch errno {
      case ENOENT: return nil
      // Of a link, of a folder that is to be written, of a FIFO without a reader.
      case ELOOP, EISDIR, ENXIO: try check(path, S_IFREG)
      default: break
      }
      throw Failure.system(path, action)
    }
    do {
      var info = stat()
      guard fstat(descriptor, &info) == 0 else { throw Failure.system(path, action) }
      try check(info, S_IFREG, at: path)
      return descriptor
    } catch {
      close(descriptor)
      throw error
    }
  }
}
