import CToolKit

#if canImport(Glibc)
  import Glibc
#endif

/// What the tools need to know of the machine and the process.
public enum Machine {
  /// Cores that this process may run on.
  public static var cores: Int { Int(rote_cores()) }

  /// Bytes of memory that the machine has, whatever others use of it now.
  public static var memory: Int { sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE)) }

  public static func environment(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
  }

  /// Where temporary files go.
  public static var temporaryFolder: String { environment("TMPDIR") ?? "/tmp" }

  /// Bytes of memory that the process takes up now; 0 where the system does not say.
  public static var residentBytes: Int {
    let descriptor = rote_open("/proc/self/statm", O_RDONLY | O_CLOEXEC, 0)
    guard descriptor >= 0 else { return 0 }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 128)
    let count = read(descriptor, &bytes, bytes.count)
    let fields = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self).split(separator: " ")
    guard fields.count > 1, let pages = Int(fields[1]) else { return 0 }
    return pages * sysconf(Int32(_SC_PAGESIZE))
  }

  /// Has large arrays given back to the system as soon as they go. Else the allocator keeps as much as 25 MB a thread for
  /// arrays of a size that it has met, and a process takes more memory than can be foretold.
  public static func giveBackLargeArrays() { rote_give_back_large_arrays() }

  /// Seconds of a clock that only goes forward.
  public static var seconds: Double {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Double(now.tv_sec) + Double(now.tv_nsec) * 1e-9
  }
}

/// Whether a regular file is there under this name.
public func isRegularFile(_ path: String) -> Bool {
  var info = stat()
  return stat(path, &info) == 0 && info.st_mode & S_IFMT == S_IFREG
}
