import CToolKit

#if canImport(Glibc)
  import Glibc
#endif

/// A lock on a file of our own that one process has at a time; it goes with the process, however that ends.
public final class FileLock {
  public let path: String
  private var descriptor: Int32
  /// Whether the file system keeps locks at all.
  public let isHeld: Bool

  /// Waits until nobody else has the lock.
  ///
  /// - Parameters:
  ///   - prepare: makes the folder of the file, which whoever had the lock may have removed.
  ///   - waiting: called again and again while another process has it; it may throw.
  public init(_ path: String, prepare: () throws -> Void, waiting: () throws -> Void) throws {
    self.path = path
    // Microseconds: a command on the heels of another should not wait long, and one for hours not ask often.
    var pause: UInt32 = 5_000
    while true {
      try prepare()
      // The folder may be gone once more.
      guard let file = try OwnFile.open(path, O_RDWR | O_CREAT, failing: "cannot write") else { continue }
      if flock(file, LOCK_EX | LOCK_NB) == 0 {
        if try FileLock.isNamed(file, path) {
          (descriptor, isHeld) = (file, true)
          return
        }
        // Whoever had it has removed the file: the lock is on one that nobody will see.
        close(file)
        continue
      }
      let reason = errno
      if [ENOSYS, EOPNOTSUPP, ENOLCK, EINVAL].contains(reason) {
        (descriptor, isHeld) = (file, false)
        return
      }
      close(file)
      guard reason == EWOULDBLOCK || reason == EINTR else { throw Failure.system(path, "cannot be locked", reason) }
      try waiting()
      usleep(pause)
      pause = min(pause * 2, 500_000)
    }
  }

  deinit { release() }

  /// Gives the lock up, and leaves the file.
  private func release() {
    if descriptor >= 0 { close(descriptor) }
    descriptor = -1
  }

  /// Removes the file and gives the lock up, in this order: whoever waits sees then that the file has gone.
  public func remove() {
    guard descriptor >= 0 else { return }
    unlink(path)
    release()
  }

  private static func isNamed(_ descriptor: Int32, _ path: String) throws -> Bool {
    var named = stat()
    guard lstat(path, &named) == 0 else {
      if errno == ENOENT { return false }
      throw Failure.system(path, "cannot read")
    }
    return FileStatus(named).identity == (try FileStatus.of(descriptor: descriptor, name: path)).identity
  }
}
