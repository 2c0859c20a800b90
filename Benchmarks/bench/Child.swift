import ToolKit

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
#if canImport(Glibc)
  import Glibc
#endif

/// A process that answers lines with lines. It ends when its standard input does, at the latest with this value.
final class Child {
  private let name: String
  private let process: pid_t
  private let input: Int32
  private let output: UnsafeMutablePointer<FILE>

  /// Starts a command, found along PATH, with variables added to the environment. Standard error is shared.
  init(_ words: [String], environment: [String: String] = [:]) throws {
    name = words.joined(separator: " ")
    let (toChild, fromChild) = (try Child.pipe(name), try Child.pipe(name))
    var files = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&files)
    defer { posix_spawn_file_actions_destroy(&files) }
    posix_spawn_file_actions_adddup2(&files, toChild.read, 0)
    posix_spawn_file_actions_adddup2(&files, fromChild.write, 1)

    let variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let argumentTexts = words.map { strdup($0) } + [nil]
    let variableTexts = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for text in argumentTexts + variableTexts { free(text) } }
    var process: pid_t = 0
    let error = posix_spawnp(&process, words[0], &files, nil, argumentTexts, variableTexts)
    close(toChild.read)
    close(fromChild.write)
    input = toChild.write
    self.process = process
    guard error == 0, let output = fdopen(fromChild.read, "r") else {
      close(toChild.write)
      close(fromChild.read)
      throw Failure.system(name, "cannot be started", error)
    }
    self.output = output
  }

  /// A pipe whose ends other children do not inherit: they would keep it open.
  private static func pipe(_ name: String) throws -> (read: Int32, write: Int32) {
    var ends: [Int32] = [-1, -1]
    guard Glibc.pipe(&ends) == 0 else { throw Failure.system(name, "no pipe") }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (ends[0], ends[1])
  }

  deinit {
    close(input)
    fclose(output)
    waitpid(process, nil, 0)
  }

  /// Writes a line. Where the child has ended, `receive` shows it, if SIGPIPE is ignored.
  func send(_ line: String) {
    let text = line + "\n"
    _ = write(input, text, text.utf8.count)
  }

  /// Waits for a line; nil where the child has ended.
  func receive() -> String? {
    var buffer: UnsafeMutablePointer<CChar>?
    var capacity = 0
    defer { free(buffer) }
    guard getline(&buffer, &capacity, output) > 0, let buffer else { return nil }
    return String(cString: buffer)
  }

  /// All lines that a command prints.
  static func lines(of words: [String], environment: [String: String] = [:]) throws -> [String] {
    let child = try Child(words, environment: environment)
    var lines: [String] = []
    while let line = child.receive() { lines.append(line) }
    return lines
  }
}
