import ToolKit

/// Runs from any number of files, by cell and in ascending order of run, whatever the order of the files.
///
/// Files are read one at a time and again for each pass, so neither memory nor open files grow with their number.
public final class RunsSet {
  /// One configuration with all its runs.
  public struct Member: Sendable {
    public let cell: String
    public let config: JSON
    public let architecture: String
    public let parameterCount: Int
    public let hasTest: Bool
    /// Run numbers, ascending; which file, and which row in it.
    public fileprivate(set) var runs: [(run: Int, file: Int, index: Int)]
    /// Digests of the runs, in the same order.
    public fileprivate(set) var digests: [[UInt8]]

    public var runNumbers: [Int] { runs.map(\.run) }
  }

  public let inputs: [Input]
  /// By parameter count, then by cell.
  public private(set) var members: [Member]
  /// The content of the data set that all runs were trained on.
  public let data: String
  public let classes: [String]
  public let trainExample: [Int64]
  public let trainLabel: [Int32]
  public let testExample: [Int64]
  public let testLabel: [Int32]
  private let shared: [String: String]
  private var current: (file: Int, runs: RunsFile)?

  public init(_ inputs: [Input]) throws {
    guard !inputs.isEmpty else { throw Failure(.usage, nil, "no runs files are named") }
    self.inputs = inputs
    var found: [String: Member] = [:]
    var shared: [String: String] = [:]
    let first = try RunsFile(ArtefactReader(inputs[0]))
    for (i, input) in inputs.enumerated() {
      let file = i == 0 ? first : try RunsFile(ArtefactReader(input))
      try RunsSet.checkAgreement(first, file)
      // What the runs share stands in their provenance, whichever file comes first.
      guard shared.updateValue(file.shared, forKey: file.cell) ?? file.shared == file.shared else {
        throw Failure(
          .badData, file.name, "differs from other runs of its configuration in what runs share",
          remedy: "make it again, or leave it out")
      }
      var member =
        found[file.cell]
        ?? Member(
          cell: file.cell, config: file.config, architecture: file.architecture,
          parameterCount: file.parameterCount, hasTest: file.hasTest, runs: [], digests: [])
      for (index, run) in file.runs.enumerated() {
        if let other = member.runs.first(where: { $0.run == run }) {
          throw Failure(
            .badData, file.name, "run \(run) of the same configuration is in \(inputs[other.file].name) too",
            remedy: "name each run once")
        }
        member.runs.append((run, i, index))
        member.digests.append(try file.digest(index: index))
      }
      found[file.cell] = member
    }
    members = found.values.map { member in
      var member = member
      let order = member.runs.indices.sorted { member.runs[$0].run < member.runs[$1].run }
      member.digests = order.map { member.digests[$0] }
      member.runs = order.map { member.runs[$0] }
      return member
    }.sorted { ($0.parameterCount, $0.cell) < ($1.parameterCount, $1.cell) }
    self.shared = shared
    data = first.data
    classes = first.classes
    (trainExample, trainLabel) = (first.trainExample, first.trainLabel)
    (testExample, testLabel) = (first.testExample, first.testLabel)
  }

  private static func checkAgreement(_ first: RunsFile, _ file: RunsFile) throws {
    func refuse(_ what: String) -> Failure {
      Failure(
        .badData, file.name, "\(what) differ from those of \(first.name)", remedy: "name runs of one data set"
      )
    }
    guard file.data == first.data else {
      throw Failure(
        .badData, file.name, "was trained on another data set than \(first.name)",
        remedy: "name runs of one data set")
    }
    guard file.classes == first.classes else { throw refuse("its classes") }
    guard file.trainExample == first.trainExample else { throw refuse("its examples, or their order,") }
    guard file.trainLabel == first.trainLabel else { throw refuse("its labels") }
    guard file.testExample == first.testExample, file.testLabel == first.testLabel else {
      throw refuse("its test examples or labels")
    }
  }

  /// The file that a run lies in, open.
  public func file(of entry: (run: Int, file: Int, index: Int)) throws -> RunsFile {
    if let current, current.file == entry.file { return current.runs }
    let runs = try RunsFile(ArtefactReader(inputs[entry.file]))
    current = (entry.file, runs)
    return runs
  }

  /// What stands for a member's runs in provenance: the same for any split of them into files.
  public func record(of member: Member) -> InputRecord {
    let content = runsContent(
      cell: member.cell, shared: shared[member.cell, default: ""],
      runs: zip(member.runs, member.digests).map { ($0.run, $1) })
    return InputRecord(kind: .runs, cell: member.cell, content: content)
  }

  /// A short name for each member, all different: the architecture; the teacher's behind `<`; and where that is not
  /// enough, the settings in which members of one name differ.
  public func labels() -> [String] {
    RunsSet.distinct(
      members.map { member in
        let teacher = member.config["teachers"]?["architecture"]?.string
        return member.architecture + (teacher.map { " < \($0)" } ?? "")
      }, configs: members.map(\.config))
  }

  /// The names, each followed by the settings in which its configuration differs from those of the same name.
  public static func distinct(_ names: [String], configs: [JSON]) -> [String] {
    let settings = configs.map { leaves($0) }
    let labels = names.indices.map { i in
      let namesakes = names.indices.filter { names[$0] == names[i] }
      guard namesakes.count > 1 else { return names[i] }
      let keys = Set(namesakes.flatMap { settings[$0].keys }).sorted().filter { key in
        Set(namesakes.map { settings[$0][key] ?? "" }).count > 1
      }
      let differences = keys.map { key in
        let value = settings[i][key] ?? "none"
        // Of digests, as much as tells them apart.
        return
          "\(key.split(separator: "/").last ?? "")=\(value.utf8.count == 64 ? String(value.prefix(8)) : value)"
      }
      return ([names[i]] + differences).joined(separator: " ")
    }
    // Settings may look alike as text, such as 1 and "1".
    let counts = Dictionary(labels.map { ($0, 1) }, uniquingKeysWith: +)
    return zip(labels, configs).map { label, config in
      counts[label] == 1 ? label : "\(label) config=\(Digest.sha256(config.canonical).prefix(8))"
    }
  }

  /// The leaves of a configuration by path, as text. Names of tensors, which are keys too, have points in them.
  public static func leaves(_ json: JSON, _ path: String = "") -> [String: String] {
    guard case .object(let members) = json else { return [path: json.string ?? json.canonical] }
    var found: [String: String] = [:]
    for (key, value) in members.sorted(by: { $0.key < $1.key }) {
      found.merge(leaves(value, path.isEmpty ? key : "\(path)/\(key)")) { first, _ in first }
    }
    return found
  }
}

extension RunsSet {
  /// The only configuration among the runs, where a command can do with no more.
  public func onlyMember(for what: String) throws -> Member {
    guard members.count == 1 else {
      throw Failure(
        .usage, nil, "the runs are of \(members.count) configurations: \(labels().joined(separator: ", "))",
        remedy: "name \(what) of one")
    }
    return members[0]
  }
}
