import ArgumentParser
import Kernels

/// Options that every tool takes.
public struct CommonOptions: ParsableArguments {
  @Flag(name: .shortAndLong, help: "No progress lines.")
  public var quiet = false

  public init() {}
}

/// The input files of a tool that takes any number of them.
public struct InputOptions: ParsableArguments {
  @Argument(help: ArgumentHelp("Input files, in any order; - is standard input, the default.", valueName: "files"))
  var files: [String] = []

  @Option(
    name: .customLong("files0-from"),
    help: ArgumentHelp("Read names of further input files from this file, each ended by NUL.", valueName: "file"))
  var files0From: String?

  public init() {}

  /// All that is read to have the names and what they name, for `OutputPlace`.
  public func read(_ names: [String]) -> [String] { names + (files0From.map { [$0] } ?? []) }

  /// All names: of the command line, then of the file of names; standard input where there are none.
  public func names() throws -> [String] {
    guard let files0From else { return files.isEmpty ? ["-"] : files }
    let names = try files + namesSeparatedByNUL(in: files0From)
    guard files0From != "-" || !names.contains("-") else {
      throw Failure(.usage, nil, "standard input (-) can be read only once")
    }
    guard !names.isEmpty else { throw Failure(.usage, files0From, "holds no names") }
    return names
  }
}

/// Options of a tool that writes one file.
public struct OutputOptions: ParsableArguments {
  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "Where to write; - is standard output, the default. A file that is there is replaced by its like alone.",
      valueName: "file"))
  public var output = "-"

  @Flag(help: "Replace whatever is there but inputs; finished and unfinished runs too.")
  public var force = false

  public init() {}
}

/// How many cores a tool takes.
public struct JobsOptions: ParsableArguments {
  @Option(
    name: [.short, .customLong("jobs")], help: "Cores to use; results do not depend on it. 0: all of them.")
  public var jobs = 0

  public init() {}

  public func validate() throws {
    guard (0...4096).contains(jobs) else { throw ValidationError("-j takes 1 to 4096 cores, or 0 for all") }
  }

  /// The number of cores to use.
  public var cores: Int { jobs > 0 ? jobs : Machine.cores }
}

/// The instruction set of this process; an impossible `ROTE_ISA` is wrong usage.
public func selectedInstructionSet() throws -> InstructionSet {
  do {
    return try InstructionSet.selected()
  } catch let error as InstructionSetError {
    throw Failure(.usage, nil, "\(error)")
  }
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

/// The numbers of runs: a half-open range A:B, or one number.
public struct RunRange: ExpressibleByArgument, Sendable, CustomStringConvertible {
  /// Beyond the last number that a run can have.
  public static let end = Int(Int32.max)

  public let range: Range<Int>

  public init(_ range: Range<Int>) { self.range = range }

  public init?(argument: String) {
    if let range = HalfOpenRange(argument: argument)?.range {
      self.range = range
    } else if let run = Int(argument), 0 <= run, run < Self.end {
      range = run..<run + 1
    } else {
      return nil
    }
  }

  public var description: String { HalfOpenRange(range).description }
  public var defaultValueDescription: String { description }
}

/// Names of a set with commas between them, each once.
public struct CommaList<Name: RawRepresentable & CaseIterable & Hashable & Sendable>: ExpressibleByArgument, Sendable
where Name.RawValue == String {
  public let values: [Name]

  public init(_ values: [Name]) { self.values = values }

  public init?(argument: String) {
    let names = argument.split(separator: ",", omittingEmptySubsequences: false).map { Name(rawValue: String($0)) }
    guard names.allSatisfy({ $0 != nil }), Set(names).count == names.count else { return nil }
    values = names.compactMap { $0 }
  }

  public var defaultValueDescription: String { values.map(\.rawValue).joined(separator: ",") }
}
