#if canImport(Glibc)
  import Glibc
#endif

/// How a tool ends, after sysexits.h where it has a number.
public enum ExitStatus: Int32, Sendable {
  case done = 0
  /// The work itself failed.
  case failed = 1
  case usage = 64
  /// Input that is not what it should be.
  case badData = 65
  /// Something could not be read or written.
  case inputOutput = 74
  /// Stopped on request; the next start goes on from here.
  case resumable = 75
}

/// What went wrong, in one line: `tool: subject: problem; remedy`.
public struct Failure: Error, Sendable, CustomStringConvertible {
  public let status: ExitStatus
  /// The file, and the part of it, that the problem is with.
  public let subject: String?
  public let problem: String
  /// What the reader can do about it.
  public let remedy: String?

  public init(_ status: ExitStatus, _ subject: String? = nil, _ problem: String, remedy: String? = nil) {
    self.status = status
    self.subject = subject
    self.problem = problem
    self.remedy = remedy
  }

  public var description: String {
    let line = (subject.map { "\($0): " } ?? "") + problem + (remedy.map { "; \($0)" } ?? "")
    return printable(line)
  }

  /// The failure of a system call, with the reason that `errno` gives.
  public static func system(_ subject: String, _ action: String, _ code: Int32 = errno) -> Failure {
    Failure(.inputOutput, subject, "\(action): \(String(cString: strerror(code)))")
  }
}

/// Text in which nothing steers a terminal, as names and labels of hostile files might: spaces stand for what would.
public func printable(_ text: String) -> String {
  let unfit: Set<Unicode.GeneralCategory> = [.control, .format, .lineSeparator, .paragraphSeparator]
  let scalars = text.unicodeScalars.map { unfit.contains($0.properties.generalCategory) ? " " : $0 }
  return String(String.UnicodeScalarView(scalars))
}

/// Writes to standard error, whatever becomes of it.
public func printError(_ text: String) {
  var bytes = Array(text.utf8)[...]
  while !bytes.isEmpty {
    let n = bytes.withUnsafeBytes { Glibc.write(2, $0.baseAddress, $0.count) }
    guard n > 0 else { return }
    bytes = bytes.dropFirst(n)
  }
}
