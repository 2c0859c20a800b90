import Artefacts
import Measures
import ToolKit

/// The accuracies of one configuration's runs, from runs files, in ascending order of run; diverged runs are left out.
struct CellRuns {
  /// One run that did not diverge.
  struct Run {
    let number: Int
    let inAccuracy: Double
    let outAccuracy: Double
    /// NaN without a test split.
    let testAccuracy: Double
    /// Of the run's teacher, on the examples outside of the run's subset; NaN where there is none, or nothing is known.
    let teacherOutAccuracy: Double
    /// (category): memorisation over the examples of a category over sizes; NaN where none was in or out.
    let categoryMemorisation: [Double]
    /// (epoch): accuracy on the epoch's batches; NaN where it was not taken.
    let trainCurve: [Float]
    /// (epoch): accuracy on the test split after the epoch.
    let testCurve: [Float]
  }

  let label: String
  let config: JSON
  let parameterCount: Int
  let runs: [Run]
  let diverged: Int
  /// Empty where the files hold no history.
  let epochs: [Int32]

  /// - Parameters:
  ///   - categories: of each training example, -1 for none; of so many.
  static func all(
    in set: RunsSet, categories: (number: [Int8], count: Int) = ([], 0), quiet: Bool
  ) throws -> [CellRuns] {
    let progress = Progress(
      "report", total: Double(set.members.reduce(0) { $0 + $1.runs.count }), unit: "runs", quiet: quiet)
    defer { progress.finish() }
    return try zip(set.members, set.labels()).map { member, label in
      var runs: [Run] = []
      var epochs: [Int32] = []
      for entry in member.runs {
        defer { progress.advance(by: 1) }
        let file = try set.file(of: entry)
        let here = try file.has("/epoch") ? file.reader.read("/epoch", Int32.self).values : []
        guard runs.isEmpty || here == epochs else {
          throw Failure(.badData, file.name, "has other epochs than the files of the same configuration")
        }
        epochs = here
        guard try !file.isDiverged(index: entry.index) else { continue }
        runs.append(try Run(file, entry.index, epochs: epochs.count, categories))
      }
      return CellRuns(
        label: label, config: member.config, parameterCount: member.parameterCount, runs: runs,
        diverged: member.runs.count - runs.count, epochs: epochs)
    }
  }

  /// This less another, between runs of one number; nil where fewer than two of both have the quantity.
  func less(_ other: CellRuns, by quantity: (Run) -> Double) -> Measures.Summary? {
    let summary = Measures.Summary(
      runs.compactMap { run in
        other.runs.first { $0.number == run.number }.map { quantity(run) - quantity($0) }
      })
    return summary.count >= 2 ? summary : nil
  }

  /// The mean of a run's accuracies by the name that scores files have for it.
  func summary(_ name: String) -> Measures.Summary? {
    let values = runs.map { $0.value(name) }
    return values.allSatisfy(\.isNaN) ? nil : Measures.Summary(values)
  }
}

extension CellRuns.Run {
  fileprivate init(
    _ file: RunsFile, _ index: Int, epochs: Int, _ categories: (number: [Int8], count: Int)
  ) throws {
    number = file.runs[index]
    let mask = try file.flags("/train/in_mask", index: index, count: file.trainExample.count)
    let correct = try file.flags("/train/correct", index: index, count: file.trainExample.count)
    var (count, hits) = ([0, 0], [0, 0])
    for (inside, right) in zip(mask, correct) {
      count[Int(inside)] += 1
      hits[Int(inside)] += Int(right)
    }
    // (category, side)
    var (members, right) = (
      [Int](repeating: 0, count: 2 * categories.count), [Int](repeating: 0, count: 2 * categories.count)
    )
    for (i, category) in categories.number.enumerated() where category >= 0 && i < mask.count {
      members[2 * Int(category) + Int(mask[i])] += 1
      right[2 * Int(category) + Int(mask[i])] += Int(correct[i])
    }
    categoryMemorisation = (0..<categories.count).map { category in
      let (out, inside) = (2 * category, 2 * category + 1)
      return Double(right[inside]) / Double(members[inside]) - Double(right[out]) / Double(members[out])
    }
    inAccuracy = Double(hits[1]) / Double(count[1])
    outAccuracy = Double(hits[0]) / Double(count[0])
    if file.hasTest {
      let right = try file.flags("/test/correct", index: index, count: file.testExample.count)
      testAccuracy = Double(right.reduce(0) { $0 + Int($1) }) / Double(right.count)
    } else {
      testAccuracy = .nan
    }
    let teacher = "/teacher_out_accuracy"
    teacherOutAccuracy =
      try file.has(teacher) ? Double(try file.row(teacher, Float.self, index: index, shape: [])[0]) : .nan
    func curve(_ name: String) throws -> [Float] {
      let path = "/history/\(name)"
      guard epochs > 0, try file.has(path) else { return [Float](repeating: .nan, count: epochs) }
      return try file.row(path, Float.self, index: index, shape: [epochs])
    }
    trainCurve = try curve("train_accuracy")
    testCurve = try curve("test_accuracy")
  }

  /// One of the quantities that scores files summarise, for this run alone; or its teacher's out-accuracy.
  func value(_ name: String) -> Double {
    switch name {
    case "memorisation": inAccuracy - outAccuracy
    case "in_accuracy": inAccuracy
    case "out_accuracy": outAccuracy
    case "test_accuracy": testAccuracy
    case "teacher_out_accuracy": teacherOutAccuracy
    default: .nan
    }
  }
}
