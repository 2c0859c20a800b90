import Artefacts
import Measures
import ToolKit

/// Two studies, and which configurations of theirs belong together.
struct StudyPair {
  struct Match {
    let a: Material.Cell
    let b: Material.Cell
    /// The settings that differ, by path, such as `recipe.epochs`.
    let settings: [(name: String, a: String, b: String)]
    /// Whether run k has the same subset, initialisation and batch order in both, so that runs can be told apart in pairs.
    let isPaired: Bool
  }

  let names: (a: String, b: String)
  let a: Material
  let b: Material
  let matches: [Match]
  let onlyInA: [Material.Cell]
  let onlyInB: [Material.Cell]

  var isOfOneDataSet: Bool { a.data == b.data }

  /// - Parameter arguments: a file each, or a folder of which all files named .h5 are taken.
  init(_ arguments: [String], quiet: Bool) throws {
    guard arguments != ["-", "-"] else {
      throw Failure(.usage, nil, "standard input (-) can be read only once")
    }
    guard arguments.count == 2 else {
      throw Failure(
        .usage, nil, "--compare takes two studies, not \(arguments.count)",
        remedy: "name two files, or two folders of them")
    }
    a = try Material(try Input.open(try StudyPair.files(arguments[0])), quiet: quiet)
    b = try Material(try Input.open(try StudyPair.files(arguments[1])), quiet: quiet)
    let (mine, others) = (a.trainExamples, b.trainExamples)
    guard a.data != b.data || mine.example.isEmpty || others.example.isEmpty || mine == others else {
      throw Failure(
        .badData, arguments[1], "its train examples or labels are not those of \(arguments[0]), though its data set is",
        remedy: "compare studies whose files have one order of the examples")
    }
    names = StudyPair.distinct(arguments[0], arguments[1])
    let isOfOneDataSet = a.data == b.data
    var (left, right, found) = (a.cells, b.cells, [Match]())
    func take(_ isSame: (Material.Cell, Material.Cell) -> Bool) {
      for cell in left {
        // Only what has one counterpart, and is the only one of it.
        let others = right.filter { isSame(cell, $0) }
        guard others.count == 1, left.count(where: { isSame($0, others[0]) }) == 1 else { continue }
        found.append(Match(cell, others[0], isOfOneDataSet: isOfOneDataSet))
        left.removeAll { $0.config == cell.config }
        right.removeAll { $0.config == others[0].config }
      }
    }
    take { $0.config == $1.config }
    take { $0.config.without("data", "seed") == $1.config.without("data", "seed") }
    take { $0.label == $1.label && $0.teacher == $1.teacher }
    take { $0.architecture == $1.architecture && $0.teacher == $1.teacher }
    let order = Dictionary(a.cells.enumerated().map { ($1.config, $0) }) { first, _ in first }
    matches = found.sorted { order[$0.a.config, default: 0] < order[$1.a.config, default: 0] }
    (onlyInA, onlyInB) = (left, right)
  }

  /// The name itself, or of a folder all artefacts in it, in byte order.
  static func files(_ name: String) throws -> [String] {
    guard isFolder(name) else { return [name] }
    let found = try ToolKit.files(below: name.hasSuffix("/") ? String(name.dropLast()) : name, named: ".h5")
      // Runs under way are not yet a part of it.
      .filter { !$0.contains(".partial/") }
    guard !found.isEmpty else {
      throw Failure(.badData, name, "has no file named .h5", remedy: "name the folder of a study, or a file")
    }
    return found
  }

  /// The last parts of both paths, or all of them where those are the same.
  private static func distinct(_ a: String, _ b: String) -> (String, String) {
    func short(_ path: String) -> String {
      let last = path.split(separator: "/").last.map(String.init) ?? path
      return last.hasSuffix(".h5") ? String(last.dropLast(3)) : last
    }
    return short(a) == short(b) ? (a == b ? ("\(a) (first)", "\(b) (second)") : (a, b)) : (short(a), short(b))
  }
}

extension StudyPair.Match {
  init(_ a: Material.Cell, _ b: Material.Cell, isOfOneDataSet: Bool) {
    (self.a, self.b) = (a, b)
    let (before, after) = (RunsSet.leaves(a.config), RunsSet.leaves(b.config))
    settings = Set(before.keys).union(after.keys).sorted().compactMap { key in
      guard before[key] != after[key] else { return nil }
      func text(_ settings: [String: String]) -> String {
        settings[key].map { key == "data" ? String($0.prefix(8)) : $0 } ?? "–"
      }
      return (key.replacing("/", with: "."), text(before), text(after))
    }
    isPaired =
      isOfOneDataSet && a.config["exclusion"] == b.config["exclusion"]
      && ["seed", "subset"].allSatisfy { a.config[$0] != nil && a.config[$0] == b.config[$0] }
  }
}
