import Artefacts
import Figures
import Measures
import ToolKit

extension Material {
  /// A distilled configuration beside the same one trained on labels.
  struct Pair {
    let distilled: Cell
    let labels: Cell

    /// Whether the network on labels has another loss or end, as arms of a study have.
    var isOtherArm: Bool { distilled.config.without("teachers") != labels.config.without("teachers") }
  }

  /// The distilled configurations that have scores, each with all that differ from it in having no teachers; and in
  /// label smoothing or in the accuracy at which runs end, if at all.
  var pairs: [Pair] {
    let labels = scored.filter { !$0.config.isDistilled }
    return scored.filter(\.config.isDistilled).flatMap { distilled in
      labels.filter { $0.config.withoutArm == distilled.config.withoutArm }
        .map { Pair(distilled: distilled, labels: $0) }
    }
  }

  /// Distilled against not.
  func distillation() throws -> Page.Section? {
    let pairs = pairs
    guard !pairs.isEmpty else { return nil }
    return Page.Section(
      "Distilled against not",
      [.chart(Material.bars(pairs))] + (Material.bySize(pairs).map { [.chart($0)] } ?? []) + [
        .table(Material.means(pairs)), .table(Material.examples(pairs)),
      ]
        + pairs.enumerated().map { .chart(Material.density($1, number: $0 + 1)) }
        + (distillationCategories(pairs).map { [.table($0)] } ?? []) + (try distillationImages(pairs)))
  }

  private static let names = [
    "Memorisation", "In-sample accuracy", "Out-of-sample accuracy", "Test accuracy",
  ]

  private static func means(_ pairs: [Pair]) -> Table {
    var table = Table(
      name: "distillation",
      title: "Students distilled from teachers, and the same networks trained on labels.",
      caption: "Each student learned from a teacher that was trained on the student's own subset, or where it says so "
        + "from one that all share; student and network on labels have the same recipe, seed and subsets, but where the "
        + "label names an accuracy to stop at, or label smoothing. Out-of-sample "
        + "accuracy of the teacher: on the examples outside of the student's subset, from the students' runs; of a "
        + "shared teacher less of the students' own ones it is what leaks. w is the weight of the teacher's term and T the "
        + "temperature. Means with 95 % intervals over runs. The difference is distilled less labels. Over "
        + "runs: the mean and 95 % t interval of the differences between runs of one number, for which the "
        + "runs files of both are needed; scores files do not tell runs apart. Detectable: the true difference that "
        + "a t test at 5 % finds in four of five such studies; smaller ones mostly go unseen.",
      columns: [
        .init("cell", heading: "Student", .text), .init("teacher", heading: "Teacher", .text),
        .init("teacher_out_accuracy", heading: "Teacher's out-of-sample", .interval(digits: 3)),
        .init("weight", heading: "w", .number(digits: 2)),
        .init("temperature", heading: "T", .number(digits: 1)), .init("quantity", heading: "Quantity", .text),
        .init("labels", heading: "Labels", .interval(digits: 3)),
        .init("distilled", heading: "Distilled", .interval(digits: 3)),
        .init("difference", heading: "Difference", .number(digits: 3)),
        .init("paired_runs", heading: "Pairs of runs", .integer),
        .init("paired_difference", heading: "Over runs", .interval(digits: 3)),
        .init("detectable", heading: "Detectable", .number(digits: 3)),
      ])
    for pair in pairs {
      let teachers = pair.distilled.config["teachers"]
      for (quantity, name) in zip(CellScores.quantities, names) {
        guard let labels = pair.labels.mean(quantity), let distilled = pair.distilled.mean(quantity) else {
          continue
        }
        let paired = pair.differencesOverRuns(quantity)
        table.append([
          .text(pair.labels.label), .text(pair.distilled.teacherName),
          .estimate(pair.distilled.runs?.mean("teacher_out_accuracy")),
          teachers?["weight"]?.double.map { .number($0) } ?? .missing,
          teachers?["temperature"]?.double.map { .number($0) } ?? .missing, .text(name),
          .estimate(labels), .estimate(distilled), .number(distilled.value - labels.value),
          paired.map { .integer($0.count) } ?? .missing,
          paired.map { .estimate($0) } ?? .missing, paired.map { .number($0.smallestDetectable) } ?? .missing,
        ])
      }
    }
    return table
  }

  private static func examples(_ pairs: [Pair]) -> Table {
    var table = Table(
      name: "distillation-examples", title: "Changes of single examples' scores.",
      caption: "Distilled less labels, for each example with a score in both. No interval over runs can be "
        + "had from two scores of an example: the standard deviation (s.d.) is over examples, and holds the "
        + "noise of both scores. Lower and higher: the shares of examples whose score is so when distilled.",
      columns: [
        .init("cell", heading: "Student", .text), .init("labels", heading: "On labels", .text),
        .init("examples", heading: "Examples", .integer),
        .init("mean_difference", heading: "Mean difference", .number(digits: 3)),
        .init("sd_over_examples", heading: "s.d.", .number(digits: 3)),
        .init("lower", heading: "Lower", .number(digits: 3)),
        .init("same", heading: "Same", .number(digits: 3)),
        .init("higher", heading: "Higher", .number(digits: 3)),
      ])
    for pair in pairs {
      let differences = pair.scores.map { Double($0.distilled) - Double($0.labels) }
      let summary = Measures.Summary(differences)
      func share(_ isCounted: (Double) -> Bool) -> Table.Cell {
        .number(Double(differences.count(where: isCounted)) / Double(differences.count))
      }
      table.append([
        .text(pair.distilled.label), .text(pair.labels.label), .integer(differences.count), .number(summary.mean),
        .number(summary.standardDeviation), share { $0 < 0 }, share { $0 == 0 }, share { $0 > 0 },
      ])
    }
    return table
  }

  private static func bars(_ pairs: [Pair]) -> Chart {
    let caption = (pairs.count == 1 ? "\(pairs[0].name). " : "") + "Whiskers are 95 % intervals over runs."
    func chart(_ categories: [String], _ series: [BarChart.Series]) -> Chart {
      Chart(
        name: "distillation-bars", title: "Distilled against trained on labels.", caption: caption,
        .bars(BarChart(categories: categories, value: Axis("Mean", range: 0...1), series: series)))
    }
    guard pairs.count > 1 else {
      func estimates(_ cell: Cell) -> [Estimate] { CellScores.quantities.map { Estimate(cell.mean($0)) } }
      return chart(
        names, pairs.flatMap { [.init("labels", estimates($0.labels)), .init("distilled", estimates($0.distilled))] })
    }
    // Each network once: those on labels first.
    var seen: Set<JSON> = []
    let cells = (pairs.map(\.labels) + pairs.map(\.distilled)).filter { seen.insert($0.config).inserted }
    return chart(
      cells.map(\.shortLabel),
      zip(CellScores.quantities, names).map { quantity, name in
        .init(name, cells.map { Estimate($0.mean(quantity)) })
      })
  }

  private static func density(_ pair: Pair, number: Int) -> Chart {
    let scores = pair.scores
    return density(
      name: "distillation-density-\(number)", title: "Scores of \(pair.name), and trained on labels.",
      caption: "\(scores.count) examples; below the diagonal, distillation lowers the score.",
      x: ("Memorisation, trained on labels", scores.map(\.labels)),
      y: ("Memorisation, distilled", scores.map(\.distilled)))
  }
}

extension Material.Cell {
  /// The teacher's architecture, and whether one run taught all.
  fileprivate var teacherName: String {
    let name = teacher ?? "unknown"
    guard let run = config["teachers"]?["run"]?.int else { return name }
    return "\(name), run \(run) for all"
  }
}

extension Material.Pair {
  /// For captions.
  var name: String {
    "\(distilled.architecture) distilled from \(distilled.teacher ?? "a teacher")"
      + (isOtherArm ? ", against \(labels.label)" : "")
  }

  /// Of the examples that have a score in both.
  fileprivate var scores: [(labels: Float, distilled: Float)] {
    guard let before = labels.scores?.score, let after = distilled.scores?.score else { return [] }
    return zip(before, after).filter { !$0.isNaN && !$1.isNaN }.map { ($0, $1) }
  }

  /// Distilled less labels, run by run of the same number; nil where fewer than two of both were read.
  func differencesOverRuns(_ quantity: String) -> Measures.Summary? { differencesOverRuns { $0.value(quantity) } }

  func differencesOverRuns(_ quantity: (CellRuns.Run) -> Double) -> Measures.Summary? {
    guard let before = labels.runs, let after = distilled.runs else { return nil }
    return after.less(before, by: quantity)
  }
}

extension JSON {
  /// A configuration without what sets the arms of a study of distillation apart.
  fileprivate var withoutArm: JSON {
    guard case .object(var members) = without("teachers") else { return self }
    members["recipe"] = members["recipe"]?.without("stop_at_accuracy")
    members["loss"] = members["loss"]?.without("label_smoothing")
    return .object(members)
  }
}
