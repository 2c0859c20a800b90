import ToolKit

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The beginning of a file that is being fetched, `NAME.part`; nobody else has it while the object lives.
final class PartFile {
  let path: String
  /// Bytes in it.
  private(set) var count = 0
  private let descriptor: Int32
  /// The name is another's from the moment that the file has gone from there.
  private var hasName = true

  /// Opens the file, or makes it, and waits until it is ours.
  ///
  /// - Parameter waiting: called once where another process, or another thread, has it.
  init(_ path: String, waiting: () -> Void) throws {
    self.path = path
    var hasWaited = false
    while true {
      // Each write goes to the end, also after `truncate`.
      let flags = O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
      let descriptor = open(path, flags, 0o666)
      guard descriptor >= 0 else { throw PartFile.cannotWrite(path, "name another folder in ROTE_CACHE") }
      do {
        try PartFile.lock(descriptor, path) {
          if !hasWaited { waiting() }
          hasWaited = true
        }
        let mine = try fileStatus(descriptor, path)
        // Whoever had it before may have published or removed it: then the lock is on a file that nobody will see.
        var named = stat()
        if lstat(path, &named) == 0, named.st_ino == mine.st_ino, named.st_dev == mine.st_dev {
          self.descriptor = descriptor
          count = Int(mine.st_size)
          return
        }
        close(descriptor)
      } catch {
        close(descriptor)
        throw error
      }
    }
  }

  deinit { close(descriptor) }

  private static func lock(_ descriptor: Int32, _ path: String, waiting: () -> Void) throws {
    if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return }
    if errno == EWOULDBLOCK {
      waiting()
      while flock(descriptor, LOCK_EX) != 0 {
        guard errno == EINTR else { throw Failure.system(path, "cannot be locked") }
      }
    } else {
      throw Failure.system(path, "cannot be locked")
    }
  }

  private static func cannotWrite(_ path: String, _ remedy: String) -> Failure {
    Failure(.inputOutput, path, "cannot write: \(String(cString: strerror(errno)))", remedy: remedy)
  }

  /// Writes bytes at the end. Where not all of them find room, those that did stay.
  func append(_ bytes: UnsafeRawBufferPointer) throws {
    var rest = bytes
    while !rest.isEmpty {
      let written = write(descriptor, rest.baseAddress, rest.count)
      if written < 0 && errno == EINTR { continue }
      guard written > 0 else {
        throw PartFile.cannotWrite(path, "see that there is room; the next run goes on from byte \(count)")
      }
      count += written
      rest = UnsafeRawBufferPointer(rebasing: rest[written...])
    }
  }

  func truncate() throws {
    guard ftruncate(descriptor, 0) == 0 else { throw PartFile.cannotWrite(path, "see that there is room") }
    count = 0
  }

  /// What is wrong with it as `file`; nil where it is the published one.
  func mismatch(with file: RemoteFile) throws -> String? { try file.mismatch(descriptor, path: path) }

  /// Gives the file its final name, safely on disk.
  func publish(as final: String, in folder: String) throws {
    guard fsync(descriptor) == 0, rename(path, final) == 0 else {
      throw PartFile.cannotWrite(final, "see that there is room")
    }
    hasName = false
    try syncFolder(folder, of: final)
  }

  /// An empty file is of no use to whoever comes next.
  func removeIfEmpty() {
    guard hasName, count == 0 else { return }
    unlink(path)
    hasName = false
  }
}

/// - Throws: also where it is no regular file.
func fileStatus(_ descriptor: Int32, _ path: String) throws -> stat {
  var info = stat()
  guard fstat(descriptor, &info) == 0 else { throw Failure.system(path, "cannot read") }
  switch info.st_mode & S_IFMT {
  case S_IFREG: return info
  case S_IFDIR: throw Failure(.inputOutput, path, "is a folder, not a file", remedy: "move it away")
  default: throw Failure(.inputOutput, path, "is no regular file", remedy: "move it away")
  }
}
