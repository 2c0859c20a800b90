import Figures
import Measures

extension Material {
  /// In-sample, out-of-sample and test accuracy of each configuration.
  func accuracy() -> Page.Section? {
    var table = Table(
      name: "accuracy", title: "Accuracy over runs.",
      caption: "In-sample: on the examples that a run was trained on; out-of-sample: on the training "
        + "examples that were left out of its subset. Means over runs with 95 % t intervals, and standard "
        + "deviations (s.d.) over runs; diverged runs are left out."
        + (cells.contains(where: \.config.isDistilled) ? " A < B is A distilled from B." : ""),
      columns: [
        .init("cell", heading: "Network", .text), .init("parameters", heading: "Parameters", .integer),
        .init("runs", heading: "Runs", .integer), .init("diverged", heading: "Diverged", .integer),
        .init("in_accuracy", heading: "In-sample", .interval(digits: 3)),
        .init("in_accuracy_sd", heading: "s.d.", .number(digits: 3)),
        .init("out_accuracy", heading: "Out-of-sample", .interval(digits: 3)),
        .init("out_accuracy_sd", heading: "s.d.", .number(digits: 3)),
        .init("test_accuracy", heading: "Test", .interval(digits: 3)),
        .init("test_accuracy_sd", heading: "s.d.", .number(digits: 3)),
      ])
    for cell in cells {
      guard let (runs, diverged) = cell.runCounts else { continue }
      let accuracies = ["in_accuracy", "out_accuracy", "test_accuracy"].flatMap { name -> [Table.Cell] in
        let mean = cell.mean(name)
        return [.estimate(mean), mean.map { .number($0.standardDeviation) } ?? .missing]
      }
      table.append(
        [.text(cell.label), .integer(cell.parameterCount), .integer(runs), .integer(diverged)] + accuracies)
    }
    return table.rows.isEmpty ? nil : Page.Section("Accuracy", [.table(table)])
  }
}

extension Material.Cell {
  /// Runs used, and runs left out because they diverged.
  var runCounts: (used: Int, diverged: Int)? {
    scores.map { ($0.runs, $0.diverged) } ?? runs.map { ($0.runs.count, $0.diverged) }
  }

  /// A mean over runs: the scores file's, or the runs files' where there are no scores.
  func mean(_ name: String) -> CellScores.Mean? {
    if let scores { return scores.mean(name) }
    return runs?.mean(name)
  }
}

extension CellRuns {
  /// A mean over runs as scores files have it.
  func mean(_ name: String) -> CellScores.Mean? {
    summary(name).map { summary in
      CellScores.Mean(
        value: summary.mean, lower: summary.interval.lower, upper: summary.interval.upper,
        standardDeviation: summary.standardDeviation)
    }
  }
}

extension Table.Cell {
  /// A mean with its interval.
  static func estimate(_ mean: CellScores.Mean?) -> Table.Cell {
    mean.map { .interval($0.value, lower: $0.lower, upper: $0.upper) } ?? .missing
  }
}

extension Estimate {
  /// A mean that is 1 at most, as all that is drawn here, with its interval cut there.
  init(_ mean: CellScores.Mean?) {
    self.init(mean?.value ?? .nan, lower: mean?.lower ?? .nan, upper: mean?.upper ?? .nan, atMost: 1)
  }

  init(_ summary: Measures.Summary) {
    self.init(summary.mean, lower: summary.interval.lower, upper: summary.interval.upper, atMost: 1)
  }

  init(_ value: Double, lower: Double, upper: Double, atMost limit: Double) {
    self.init(value, lower: lower, upper: upper > limit ? limit : upper)
  }
}
