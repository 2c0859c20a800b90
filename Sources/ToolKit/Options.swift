import ArgumentParser

/// Options that every tool takes.
public struct CommonOptions: ParsableArguments {
  @Flag(name: .shortAndLong, help: "No progress lines.")
  public var quiet = false

  public init() {}
}

/// Options of a tool that writes one file.
public struct OutputOptions: ParsableArguments {
  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Where to write; - is standard output, the default.", valueName: "file"))
  public var output = "-"

  public init() {}
}

/// Options of a tool that computes for long.
public struct WorkOptions: ParsableArguments {
  @Option(
    name: [.short, .customLong("jobs")], help: "Cores to use; results do not depend on it. 0: all of them.")
  public var jobs = 0

  @Flag(help: "Replace the output, and unfinished work of another configuration beside it.")
  public var force = false

  public init() {}

  public func validate() throws {
    guard (0...4096).contains(jobs) else { throw ValidationError("-j takes 1 to 4096 cores, or 0 for all") }
  }

  /// The number of cores to use.
  public var cores: Int { jobs > 0 ? jobs : Machine.cores }
}

/// A half-open range A:B of whole numbers, from A up to and without B.
public struct HalfOpenRange: ExpressibleByArgument, Sendable, CustomStringConvertible {
  public let range: Range<Int>

  public init(_ range: Range<Int>) { self.range = range }

  /// "A:B"; A defaults to 0.
  public init?(argument: String) {
    let parts = argument.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, let upper = Int(parts[1]), let lower = parts[0].isEmpty ? 0 : Int(parts[0]),
      0 <= lower, lower < upper, upper < 1 << 31
    else { return nil }
    range = lower..<upper
  }

  public var description: String { "\(range.lowerBound):\(range.upperBound)" }
  public var defaultValueDescription: String { description }
}
