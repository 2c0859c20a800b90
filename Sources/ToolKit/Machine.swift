import CToolKit

#if canImport(Glibc)
  import Glibc
#endif

/// What the tools need to know of the machine and the process.
public enum Machine {
  /// Cores that this process may run on.
  public static var cores: Int { Int(rote_cores()) }

  public static func environment(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
  }

  /// Where temporary files go.
  public static var temporaryFolder: String { environment("TMPDIR") ?? "/tmp" }

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
