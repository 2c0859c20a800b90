import Foundation
import Testing

#if canImport(Glibc)
  import Glibc
#endif

/// How a command ended, and what it wrote.
struct Outcome {
  /// As a shell has it: 128 and the signal's number where a signal ended the command.
  let status: Int32
  let output: [UInt8]
  let errors: String

  var text: String { String(decoding: output, as: UTF8.self) }
  /// The lines on standard error.
  var lines: [String] { errors.split(separator: "\n").map(String.init) }
}

/// Where the tools were built: beside the tests.
let products: String = {
  let near = [Bundle.main] + Bundle.allBundles
  let folders = near.flatMap { [$0.bundlePath, ($0.bundlePath as NSString).deletingLastPathComponent] }
  return folders.first { FileManager.default.isExecutableFile(atPath: "\($0)/fetch-data") } ?? "."
}()

/// A folder to run commands in, with a TMPDIR of its own. Both go when the last reference does.
final class Scratch: Sendable {
  /// Where commands run, with a slash at the end.
  let folder: String
  /// Their TMPDIR.
  let temporary: String
  fileprivate let root: String

  /// - Parameter fixtures: names of `Fixtures` to copy into the folder.
  init(with fixtures: [String] = []) throws {
    root = NSTemporaryDirectory() + "rote-test-\(UUID().uuidString)"
    (folder, temporary) = ("\(root)/work/", "\(root)/tmp")
    for path in [folder, temporary, "\(root)/capture"] {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }
    for name in fixtures { try write(name, Fixtures.bytes(name)) }
  }

  deinit { try? FileManager.default.removeItem(atPath: root) }

  /// Runs a script of bash with `pipefail`, the tools first in PATH, and nothing on standard input.
  @discardableResult
  func shell(
    _ script: String, environment: [String: String] = [:], timeout: Double = 60,
    _ location: SourceLocation = #_sourceLocation
  ) throws -> Outcome {
    try start(script, environment: environment).wait(timeout: timeout, location)
  }

  /// Like `shell`, and expects that all went well without a word on standard error.
  @discardableResult
  func succeed(
    _ script: String, environment: [String: String] = [:], _ location: SourceLocation = #_sourceLocation
  ) throws -> Outcome {
    let outcome = try shell(script, environment: environment, location)
    #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(script): \(outcome.errors)", sourceLocation: location)
    return outcome
  }

  /// Starts a script; begin it with `exec` where signals are for the tool itself.
  func start(_ script: String, environment: [String: String] = [:]) throws -> Running {
    let capture = "\(root)/capture/\(UUID().uuidString)"
    var variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    variables["ROTE_ISA"] = environment["ROTE_ISA"]
    variables["TMPDIR"] = environment["TMPDIR"] ?? temporary
    variables["PATH"] = "\(products):" + (variables["PATH"] ?? "/usr/bin:/bin")
    return try Running(
      ["bash", "-o", "pipefail", "-c", "cd \"$0\"\n\(script)", folder], environment: variables, capture: capture)
  }

  func path(_ name: String) -> String { folder + name }
  func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }

  func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: path(name))))
  }

  func write(_ name: String, _ bytes: some Sequence<UInt8>) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: path(name)))
  }

  /// Whether two files are there and have the same bytes.
  func areEqual(_ a: String, _ b: String) -> Bool {
    FileManager.default.contentsEqual(atPath: path(a), andPath: path(b))
  }

  /// All files and folders, hidden ones too, by path from the folder, in order.
  func names() throws -> [String] { try FileManager.default.subpathsOfDirectory(atPath: folder).sorted() }

  /// What is left in TMPDIR.
  func temporaryNames() throws -> [String] { try FileManager.default.subpathsOfDirectory(atPath: temporary) }
}

/// A command under way. Its signals are at their defaults, whatever those of the tests are.
struct Running {
  let process: pid_t
  private let capture: String

  init(_ words: [String], environment: [String: String], capture: String) throws {
    self.capture = capture
    var files = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&files)
    defer { posix_spawn_file_actions_destroy(&files) }
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&files, 1, capture + ".out", O_WRONLY | O_CREAT, 0o600)
    posix_spawn_file_actions_addopen(&files, 2, capture + ".err", O_WRONLY | O_CREAT | O_APPEND, 0o600)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var (all, none) = (sigset_t(), sigset_t())
    sigfillset(&all)
    sigemptyset(&none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setsigmask(&attributes, &none)
    // A group of its own, so that a pipeline that hangs can be ended as a whole.
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP))
    let arguments = words.map { strdup($0) } + [nil]
    let variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for text in arguments + variables { free(text) } }
    var process: pid_t = 0
    let error = posix_spawnp(&process, words[0], &files, &attributes, arguments, variables)
    guard error == 0 else { throw POSIXError(POSIXErrorCode(rawValue: error) ?? .EIO) }
    self.process = process
  }

  func send(_ signal: Int32) { kill(process, signal) }

  /// Waits for the end. A command that takes longer than `timeout` seconds is killed, and the test fails.
  func wait(timeout: Double = 60, _ location: SourceLocation = #_sourceLocation) throws -> Outcome {
    let limit = Date().addingTimeInterval(timeout)
    var state: Int32 = 0
    while waitpid(process, &state, WNOHANG) == 0 {
      if Date() > limit {
        kill(-process, SIGKILL)
        waitpid(process, &state, 0)
        Issue.record("not done after \(timeout) s", sourceLocation: location)
        break
      }
      usleep(500)
    }
    let signal = state & 0x7f
    return Outcome(
      status: signal == 0 ? state >> 8 & 0xff : 128 + signal,
      output: [UInt8](try Data(contentsOf: URL(fileURLWithPath: capture + ".out"))),
      errors: String(decoding: try Data(contentsOf: URL(fileURLWithPath: capture + ".err")), as: UTF8.self))
  }
}

/// One small file of each kind, made once by the tools themselves:
///
/// `sprites.h5` (300 + 100 images), `runs.h5` (10 runs of an MLP on them), `students.h5` (10 distilled from those),
/// `scores.h5` (of both), `alignment.h5`; `other.h5`, `other-runs.h5`: another data set, and 2 runs on it.
enum Fixtures {
  /// What makes a run take milliseconds.
  static let quick = "--architecture 'mlp width=16' --epochs 2 --batch-size 20"

  private static let scratch = Result {
    let scratch = try Scratch()
    let outcome = try scratch.shell(
      """
      set -e
      fetch-data sprites --train 0:300 --test 0:100 -o sprites.h5
      train sprites.h5 \(quick) --runs 0:10 -o runs.h5
      distill sprites.h5 runs.h5 \(quick) --runs 0:10 -o students.h5
      score memorisation runs.h5 students.h5 -o scores.h5
      align sprites.h5 runs.h5 -o alignment.h5
      fetch-data sprites --seed 1 --train 0:300 --test 0:100 -o other.h5
      train other.h5 \(quick) --runs 0:2 -o other-runs.h5
      """)
    try #require(outcome.status == 0, "the fixtures cannot be made: \(outcome.errors)")
    atexit { Fixtures.remove() }
    return scratch
  }

  private static func remove() {
    if let root = try? scratch.get().root { try? FileManager.default.removeItem(atPath: root) }
  }

  static func bytes(_ name: String) throws -> [UInt8] { try scratch.get().bytes(name) }
}
