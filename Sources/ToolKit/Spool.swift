import CToolKit

#if canImport(Glibc)
  import Glibc
#endif

/// A temporary file without a name, in `TMPDIR`.
public final class Spool {
  private var descriptor: Int32
  /// Bytes written so far.
  public private(set) var count = 0

  public init() throws {
    let folder = Machine.temporaryFolder
    var template = Array("\(folder)/rote.XXXXXX".utf8CString)
    descriptor = rote_temporary(&template, 0, nil)
    guard descriptor >= 0 else { throw Failure.system(folder, "cannot make a temporary file (see TMPDIR)") }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  func write(_ bytes: UnsafeRawBufferPointer) throws {
    try writeAll(bytes, to: descriptor, subject: Spool.name)
    count += bytes.count
  }

  private static var name: String { "a temporary file in \(Machine.temporaryFolder)" }

  public func write(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes(write) }

  /// `count` bytes from `offset` on.
  public func read(_ count: Int, at offset: Int) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      let n = bytes.withUnsafeMutableBytes {
        let place = $0.baseAddress?.advanced(by: done)
        return retrying { pread(descriptor, place, count - done, off_t(offset + done)) }
      }
      guard n >= 0 else { throw Failure.system(Spool.name, "cannot read") }
      guard n > 0 else { throw Failure(.inputOutput, Spool.name, "is shorter than what was written") }
      done += n
    }
    return bytes
  }

  /// Hands the descriptor to the caller.
  func release() -> Int32 {
    defer { descriptor = -1 }
    return descriptor
  }
}

/// What a system call returns, made again where a signal came in between.
func retrying(_ call: () -> Int) -> Int {
  while true {
    let result = call()
    if result >= 0 || errno != EINTR { return result }
  }
}

/// Writes all of `bytes`, however the system cuts them up.
func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, subject: String) throws {
  var rest = bytes[...]
  while !rest.isEmpty {
    let n = retrying { Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count) }
    guard n >= 0 else { throw Failure.system(subject, "cannot write") }
    rest = rest.dropFirst(n)
  }
}

public enum StandardOutput {
  /// Writes to standard output. Where the reader has gone, SIGPIPE ends the tool silently.
  public static func write(_ bytes: [UInt8]) throws {
    try bytes.withUnsafeBytes { try writeAll($0, to: 1, subject: name) }
  }

  private static let name = "standard output"

  /// Closes it at the end of a tool: some file systems say only then that a disk is full.
  static func finish() throws {
    guard close(1) == 0 || errno == EBADF else { throw Failure.system(name, "cannot write") }
  }
}
