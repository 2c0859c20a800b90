import ArgumentParser
import Artefacts
import ToolKit

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
  ///
  /// - Parameter inputs: all files that the command reads: nothing is appended to these, to the output or to HDF5 files.
  public func begin(_ output: OutputPlace, inputs: [String]) throws -> Running {
    if let log { _ = try OutputPlace(log, for: .log, inputs: inputs, others: [output], force: false) }
    if output.path != nil { StopRequest.take() }
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
