import ToolKit

/// Input files told apart by their kind, in whatever order they are named.
public struct SortedInputs {
  public let data: ImageDataset?
  public let runs: [Input]
  public let scores: [Scores]

  /// - Parameter kinds: those that a command can use; others are refused.
  public init(_ arguments: [String], kinds: Set<Kind>) throws {
    var data: [ArtefactReader] = []
    var runs: [Input] = []
    var scores: [Scores] = []
    for input in try Input.open(arguments) {
      let reader = try ArtefactReader(input)
      guard kinds.contains(reader.kind) else {
        let known = [Kind.data, .runs, .scores, .alignment].filter(kinds.contains).map(\.description)
        throw Failure(
          .badData, input.name, "is \(reader.kind.description), not \(known.joined(separator: " or "))")
      }
      switch reader.kind {
      case .data: data.append(reader)
      case .runs: runs.append(input)
      case .scores: scores.append(try Scores(reader))
      case .alignment: break
      }
    }
    guard data.count <= 1 else { throw Failure(.usage, nil, "more than one data set file is named") }
    self.data = try data.first.map { try ImageDataset($0) }
    self.runs = runs
    self.scores = scores
  }

  /// All runs; they must be of the data set, where one is named.
  public func runsSet() throws -> RunsSet {
    let set = try RunsSet(runs)
    if let data, set.data != data.content {
      throw Failure(
        .badData, data.reader.name, "is not the data set that the runs were trained on",
        remedy: "name the file that train was given")
    }
    return set
  }

  /// A data set file and runs files of it.
  public static func dataAndRuns(_ arguments: [String]) throws -> (ImageDataset, RunsSet) {
    let sorted = try SortedInputs(arguments, kinds: [.data, .runs])
    guard let data = sorted.data else { throw Failure(.usage, nil, "no data set file is named") }
    return (data, try sorted.runsSet())
  }
}
