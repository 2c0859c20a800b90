import CToolKit
import ToolKit

#if canImport(Glibc)
  import Glibc
#endif

/// The folder of a target's unfinished runs, `FILE.partial`, which one command has at a time.
///
///     FILE.partial/lock          held by the command that is at work
///     FILE.partial/<key>/        parts and states of one configuration
///
/// Whoever can write there could lead us to other files: what is a link, has a second name, is another user's or is no file or
/// folder where one is expected, is refused.
final class PartsFolder {
  /// Of this command's configuration.
  let path: String
  private let root: String
  private let lock: FileLock
  /// Whether the file system keeps locks.
  var isLocked: Bool { lock.isHeld }

  static func root(beside target: String) -> String { target + ".partial" }

  /// Makes the folder, and waits until no other command has it.
  ///
  /// - Parameters:
  ///   - key: of the configuration.
  ///   - waiting: called again and again meanwhile; it may throw.
  init(beside target: String, key: String, waiting: () throws -> Void) throws {
    let root = PartsFolder.root(beside: target)
    (self.root, path) = (root, "\(root)/\(key)")
    var isMade = false
    do {
      lock = try FileLock(
        "\(root)/\(PartsFolder.lockName)", prepare: { isMade = try PartsFolder.make(root) || isMade }, waiting: waiting)
    } catch {
      if isMade { rmdir(root) }
      throw error
    }
    // Before anything in there is read or written.
    _ = try PartsFolder.make(path)
    for folder in try fileNames(in: root).filter({ $0 != PartsFolder.lockName }).map({ "\(root)/\($0)" }) {
      try OwnFile.check(folder, S_IFDIR)
      for name in try fileNames(in: folder) { try OwnFile.check("\(folder)/\(name)", S_IFREG) }
    }
  }

  private static let lockName = "lock"

  /// Makes a folder where it is not there; one that is there must be our own.
  ///
  /// - Returns: whether it was made.
  private static func make(_ path: String) throws -> Bool {
    guard mkdir(path, 0o777) != 0 else { return true }
    guard errno == EEXIST else { throw Failure.system(path, "cannot make the folder of unfinished runs") }
    do {
      try OwnFile.check(path, S_IFDIR)
    } catch let failure as Failure {
      // The command before may have removed it in between: the next attempt makes it.
      var info = stat()
      guard lstat(path, &info) != 0 && errno == ENOENT else { throw failure }
    }
    return false
  }

  /// Folders without a file are of no use to a later start.
  deinit {
    rmdir(path)
    lock.remove()
    rmdir(root)
  }

  /// Removes the files that `isWanted` picks by their names.
  func remove(_ isWanted: (String) -> Bool) throws {
    try PartsFolder.removeFiles(in: path, isWanted)
  }

  /// Removes all that lies there of other configurations.
  func removeOthers() throws {
    for name in try fileNames(in: root) where name != PartsFolder.lockName && "\(root)/\(name)" != path {
      try PartsFolder.removeFiles(in: "\(root)/\(name)") { _ in true }
      rmdir("\(root)/\(name)")
    }
  }

  /// By the open folder, so that nobody can put a link to another in its place meanwhile.
  private static func removeFiles(in folder: String, _ isWanted: (String) -> Bool) throws {
    let descriptor = rote_open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0)
    guard descriptor >= 0 else { throw Failure.system(folder, "cannot read") }
    defer { close(descriptor) }
    for name in try fileNames(in: "/dev/fd/\(descriptor)") where isWanted(name) { unlinkat(descriptor, name, 0) }
  }
}
