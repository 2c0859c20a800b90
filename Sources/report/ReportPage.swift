import Artefacts
import Figures
import ToolKit

extension Material {
  /// Everything, as one page: first the summary, then a section a subject.
  func page() throws -> Page {
    let subject = dataset.map { " of \($0.name)" } ?? ""
    var sections = [
      accuracy(), memorisationBySize(), distribution(), try trajectorySection(), proxies(), try influenceSection(),
      try distillation(),
      groundTruth(),
      try alignment(), learningCurves(), images?.section,
    ].compactMap { $0 }
    let missing = missing()
    if !missing.isEmpty { sections.append(Page.Section("What is missing", missing.map { .paragraph($0) })) }
    return Page(
      title: "Memorisation\(subject)", lead: summary().joined(separator: " "), sections: sections,
      footer: "Made by \(Version.software).")
  }

  /// The main numbers in sentences.
  private func summary() -> [String] {
    var lines: [String] = []
    let counts = Set(cells.compactMap { $0.runCounts?.used })
    let runs =
      counts.count == 1 ? counts.map { $0 == 1 ? ", a run each," : ", \($0) runs each," }.joined() : ""
    let number =
      switch cells.count {
      case 0: "No configurations"
      case 1: "One configuration"
      case let count: "\(count) configurations"
      }
    let networks = number + runs
    if let dataset {
      let test = dataset.test.map { " and \($0.count) test" } ?? ""
      lines.append(
        "\(networks) on \(dataset.train.count) training\(test) images of \(dataset.classes.count) classes.")
    } else {
      lines.append("\(networks) on a data set of \(classes.count) classes.")
    }
    if let (first, last) = extremes, let mean = first.memorisationText {
      var line = "Mean memorisation is \(mean) in \(first.label) (\(first.parameterText) parameters)"
      if last.label != first.label, let mean = last.memorisationText {
        line += " and \(mean) in \(last.label) (\(last.parameterText))"
      }
      lines.append(line + ".")
    }
    let known = pairs.filter { $0.labels.memorisationText != nil && $0.distilled.memorisationText != nil }
    if known.count > 2 {
      let lower = known.count {
        ($0.distilled.mean("memorisation")?.value ?? 0) < ($0.labels.mean("memorisation")?.value ?? 0)
      }
      lines.append(
        "Of \(known.count) comparisons of students with networks trained on labels, the students memorise less in \(lower)."
      )
    } else {
      for pair in known {
        lines.append(
          "For \(pair.name) it is \(pair.distilled.memorisationText ?? ""), and \(pair.labels.memorisationText ?? "") when "
            + "trained on labels.")
      }
    }
    return lines
  }

  /// Of the networks trained on labels the smallest and the largest; those that memorise least and most where
  /// all are of one size.
  private var extremes: (Cell, Cell)? {
    let plain = scored.filter { !$0.config.isDistilled && $0.memorisationText != nil }
    guard let first = plain.first, let last = plain.last else { return nil }
    guard first.parameterCount == last.parameterCount else { return (first, last) }
    let ordered = plain.sorted {
      ($0.mean("memorisation")?.value ?? 0) < ($1.mean("memorisation")?.value ?? 0)
    }
    return (ordered[0], ordered[ordered.count - 1])
  }

  /// What the files do not hold and would be shown, a line each with the command that makes it.
  func missing() -> [String] {
    var lines: [String] = []
    if scored.isEmpty {
      lines.append(
        "Memorisation: \(hasScoresFiles ? "the scores files hold other measures only" : "no scores file is named"); "
          + "make one with score memorisation RUNS -o scores.h5.")
    }
    for cell in cells where cell.runCounts?.used == 0 {
      lines.append(
        "\(cell.label): all its runs diverged; train others with train DATA and a lower --learning-rate.")
    }
    for cell in scored where !cell.hasScores && cell.runCounts?.used != 0 {
      lines.append(
        "Memorisation by \(cell.label): no example was both in and out of the subset of some run; train more runs, as "
          + "train DATA --runs 0:10 does, and score them together.")
    }
    let used = cells.filter { ($0.runCounts?.used ?? 0) > 0 }
    if !used.isEmpty, used.allSatisfy({ $0.mean("test_accuracy").map { $0.value.isNaN } ?? true }) {
      lines.append(
        "Test accuracy: the runs saw no test split; fetch-data makes a data set with one, of a folder where it holds train "
          + "and test.")
    }
    if !scored.isEmpty, Set(scored.filter { !$0.config.isDistilled }.map(\.parameterCount)).count < 2 {
      lines.append(
        "Memorisation by size: one size of network only; train others with train DATA --architecture A, and score all "
          + "together with score memorisation.")
    }
    let sizes = Set(scored.filter { !$0.config.isDistilled && $0.hasScores }.map(\.parameterCount)).count
    if sizes >= 2, trajectories == nil {
      lines.append(
        "Trajectories over size: make them with score trajectories RUNS -o trajectories.h5, and name that file.")
    }
    if sizes >= 1, influence.isEmpty,
      used.contains(where: { $0.mean("test_accuracy").map { !$0.value.isNaN } ?? false })
    {
      lines.append("Influence: make it with score influence RUNS -o influence.h5, and name that file.")
    }
    if sizes >= 1, agreements.isEmpty {
      lines.append(
        "Proxies: make them with score proxies DATA RUNS -o proxies.h5, and name the file of score agreement DATA RUNS proxies.h5."
      )
    }
    let paired = Set(pairs.map(\.distilled.label))
    for cell in scored where cell.config.isDistilled && !paired.contains(cell.label) {
      lines.append(
        "\(cell.label) against the same trained on labels: there are no scores of the latter; make its runs with "
          + "train DATA --architecture '\(cell.architecture)' and the settings given to distill.")
    }
    if !scored.isEmpty, !scored.contains(where: \.config.isDistilled) {
      lines.append("Distilled against not: no distilled networks; make them with distill DATA TEACHER-RUNS.")
    }
    if !cells.contains(where: { $0.alignment != nil }) {
      lines.append("Alignment: no alignment file is named; make one with align DATA RUNS -o alignment.h5.")
    }
    if !cells.contains(where: { $0.runs != nil }) {
      lines.append(
        "Learning curves and differences over runs: no runs file is named; train and distill make them.")
    }
    if dataset == nil {
      lines.append("Images and ground truth: no data set file is named; name the one that fetch-data made.")
    }
    return lines
  }
}

extension Material.Cell {
  /// For sentences: the number of parameters as tables have it.
  var parameterText: String { Table.Cell.integer(parameterCount).text(digits: 0) }

  /// For sentences: the mean and its interval; nil where there is none.
  fileprivate var memorisationText: String? {
    guard let mean = mean("memorisation"), !mean.value.isNaN else { return nil }
    let cell = mean.lower.isNaN ? Table.Cell.number(mean.value) : .estimate(mean)
    return cell.text(digits: 3)
  }
}
