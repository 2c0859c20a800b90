import ArgumentParser
import ToolKit

#if canImport(Glibc)
  import Glibc
#endif

/// How `train` and `distill` go about long work: nothing of it shows in the result.
public struct RunningOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Save runs that are under way after so many seconds, to go on from there; 0: after every batch.",
      valueName: "seconds"))
  var saveEvery = 60.0

  @Option(
    help: ArgumentHelp("Append what happens to this file, one JSON object a line.", valueName: "file"))
  var log: String?

  public init() {}

  public func validate() throws {
    guard saveEvery.isFinite, saveEvery >= 0 else { throw ValidationError("--save-every must be 0 or above") }
    guard log != "-" else { throw ValidationError("--log needs the name of a file") }
  }

  /// Opens the log, and takes SIGTERM and SIGUSR1 as requests to save and end where the output leaves a place to save.
  public func begin(_ output: OutputOptions) throws -> Running {
    var info = stat()
    let isStream = output.output == "-" || (stat(output.output, &info) == 0 && info.st_mode & S_IFMT != S_IFREG)
    if !isStream { StopRequest.take() }
    return Running(saveEvery: saveEvery, log: try log.map(EventLog.init))
  }
}

/// How a job goes about its work.
public struct Running: Sendable {
  /// Seconds.
  public var saveEvery: Double
  public var log: EventLog?

  public init(saveEvery: Double = 60, log: EventLog? = nil) { (self.saveEvery, self.log) = (saveEvery, log) }
}
