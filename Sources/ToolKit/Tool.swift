import ArgumentParser
import CToolKit
import Kernels

#if canImport(Glibc)
  import Glibc
#endif

/// The root command of a tool. `@main` on a type that conforms gives it the manners of the suite: one-line messages, exit
/// statuses, signals.
public protocol Tool: ParsableCommand {}

extension Tool {
  public static func main() {
    rote_standard_streams_open()
    rote_signals_install()
    let name = configuration.commandName ?? _commandName
    rote_guard_install(name)
    do {
      var command = try parseAsRoot()
      try command.run()
      try StandardOutput.finish()
    } catch let failure as Failure {
      printError("\(name): \(failure)\n")
      Glibc.exit(failure.status.rawValue)
    } catch {
      finish(name, error)
    }
  }

  /// Help and version go to standard output; wrong usage is one line.
  private static func finish(_ name: String, _ error: any Error) -> Never {
    let code = exitCode(for: error)
    if code == .success {
      do {
        try StandardOutput.write(Array((fullMessage(for: error) + "\n").utf8))
        try StandardOutput.finish()
      } catch {
        printError("\(name): \(error)\n")
        Glibc.exit(ExitStatus.inputOutput.rawValue)
      }
      Glibc.exit(0)
    }
    if code == .validationFailure {
      let text = message(for: error).split(separator: "\n").joined(separator: " ")
      printError("\(name): \(text); see \(name) --help\n")
      Glibc.exit(ExitStatus.usage.rawValue)
    }
    printError("\(name): \(message(for: error))\n")
    Glibc.exit(ExitStatus.failed.rawValue)
  }
}

/// Versions: of the suite, and of all that is in this build as `--version` prints it.
public enum Version {
  public static let suite = "0.1.0"
  public static var software: String { "rote \(suite)" }

  /// - Parameter software: what stands in the files that the tool makes.
  public static func text(_ tool: String, software: String = software, libraries: [String]) -> String {
    let isa = (try? InstructionSet.selected()).map { "\($0)" } ?? "unknown"
    return """
      \(Program.name(tool)) (\(software))
      commit \(String(cString: rote_commit()))
      \((libraries + [Digest.library]).joined(separator: ", "))
      instruction set \(isa)
      """
  }
}
