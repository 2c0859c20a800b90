import Artefacts
import Figures
import Measures
import ToolKit

/// Two studies side by side.
struct ComparePage {
  let pair: StudyPair

  /// A mean of one configuration, of so many runs.
  private struct Quantity {
    let name: String
    /// Of alignment, in both studies where they differ.
    var epoch = ""
    let a, b: Welch.Mean
    /// Run by run, where both know the same runs.
    let paired: Measures.Summary?
  }

  func page() -> Page {
    let (a, b) = (pair.names.a, pair.names.b)
    var sections: [Page.Section] = []
    if pair.matches.contains(where: { !quantities($0).isEmpty }) {
      sections.append(
        Page.Section("What changed", [.chart(bars()), .table(means())] + (settings().map { [.table($0)] } ?? [])))
      if let examples = examples() { sections.append(Page.Section("Single examples", examples)) }
      let curves = [testCurves()].compactMap { $0 } + alignmentCurves()
      if !curves.isEmpty { sections.append(Page.Section("Along training", curves.map { .chart($0) })) }
    }
    let missing = missing()
    if !missing.isEmpty { sections.append(Page.Section("What has no counterpart", missing.map { .paragraph($0) })) }
    let rows = pair.matches.flatMap { match in quantities(match).map { beyond($0) } }
    let changed = rows.count { $0 == true }
    let known = rows.count { $0 != nil }
    let data = pair.isOfOneDataSet ? "on one data set" : "on two data sets"
    return Page(
      title: "\(a) and \(b)",
      lead:
        "\(pair.matches.count) \(pair.matches.count == 1 ? "configuration" : "configurations") in both studies, \(data). "
        + "Of \(known) differences with an interval \(changed) are beyond the noise; one in twenty would be if nothing had "
        + "changed.",
      sections: sections, footer: "Made by \(Version.software).")
  }

  private func quantities(_ match: StudyPair.Match) -> [Quantity] {
    let names = ["memorisation", "in_accuracy", "out_accuracy", "test_accuracy"]
    let titles = ["memorisation", "in-sample accuracy", "out-of-sample accuracy", "test accuracy"]
    let accuracies = zip(names, titles).compactMap { name, title -> Quantity? in
      guard let a = match.a.mean(name), let b = match.b.mean(name), !a.value.isNaN, !b.value.isNaN else { return nil }
      func mean(_ mean: CellScores.Mean, _ cell: Material.Cell) -> Welch.Mean {
        Welch.Mean(mean.value, halfWidth: (mean.upper - mean.lower) / 2, count: cell.runCounts?.used ?? 0)
      }
      return Quantity(
        name: title, a: mean(a, match.a), b: mean(b, match.b), paired: match.isPaired ? differences(match, name) : nil)
    }
    return accuracies + alignments(match)
  }

  /// The second less the first, between runs of one number; nil with fewer than two.
  private func differences(_ match: StudyPair.Match, _ name: String) -> Measures.Summary? {
    // All runs of both, or the pairs would be of other runs than the means.
    guard let a = match.a.runs, let b = match.b.runs, a.runs.map(\.number) == b.runs.map(\.number),
      a.runs.count == match.a.runCounts?.used, b.runs.count == match.b.runCounts?.used
    else { return nil }
    return b.less(a) { $0.value(name) }
  }

  /// Alignment of each kind at the last snapshot of each study.
  private func alignments(_ match: StudyPair.Match) -> [Quantity] {
    guard let a = match.a.alignment, let b = match.b.alignment, let last = a.snapshots.last,
      let other = b.snapshots.last
    else { return [] }
    let epoch = last == other ? "\(last)" : "\(last), \(other)"
    return Alignment.kinds.compactMap { kind in
      guard let first = a.lastTensor(of: kind), let second = b.lastTensor(of: kind) else { return nil }
      let (before, after) = (a.inClass(first), b.inClass(second))
      guard before.contains(where: { !$0.value.isNaN }), after.contains(where: { !$0.value.isNaN }) else { return nil }
      func mean(_ values: [Int: Double]) -> Welch.Mean {
        let summary = Measures.Summary(values.sorted { $0.key < $1.key }.map(\.value))
        return Welch.Mean(summary.mean, halfWidth: summary.halfWidth, count: summary.count)
      }
      let runs = match.isPaired && before.keys == after.keys ? before.keys.sorted() : []
      let paired = Measures.Summary(runs.map { (after[$0] ?? .nan) - (before[$0] ?? .nan) })
      return Quantity(
        name: "alignment, \(kind)", epoch: epoch, a: mean(before), b: mean(after),
        paired: paired.count >= 2 ? paired : nil)
    }
  }

  /// The difference with its interval: run by run where it can be.
  private func difference(_ quantity: Quantity) -> (value: Double, interval: Interval) {
    if let paired = quantity.paired { return (paired.mean, paired.interval) }
    let welch = Welch(quantity.a, quantity.b)
    return (welch.difference, welch.interval)
  }

  /// Nil where the noise is not known.
  private func beyond(_ quantity: Quantity) -> Bool? {
    let (_, interval) = difference(quantity)
    return interval.lower.isNaN ? nil : interval.lower > 0 || interval.upper < 0
  }

  private func means() -> Table {
    let (a, b) = (pair.names.a, pair.names.b)
    var table = Table(
      name: "comparison", title: "What changed between the studies.",
      caption:
        "First: \(a); second: \(b). Means over runs with 95 % intervals. The difference is the second less the "
        + "first; its interval is a t interval over pairs of runs where both studies have the same subsets and seeds "
        + "and name the files of all runs, and else Welch's, of independent runs. Beyond noise: 0 is outside of it, "
        + "which happens once in twenty times where nothing has changed. Configurations belong together that are the "
        + "same, or the same but for data and seed, or else have the same label, or the same architecture and "
        + "teacher. Alignment is within classes at the last snapshot of each study.",
      columns: [
        .init("cell", heading: "Network", .text), .init("quantity", heading: "Quantity", .text),
        .init("epoch", heading: "Epoch", .text), .init("first", heading: "First", .interval(digits: 3)),
        .init("second", heading: "Second", .interval(digits: 3)),
        .init("difference", heading: "Difference", .interval(digits: 3)),
        .init("paired_runs", heading: "Pairs of runs", .integer), .init("beyond", heading: "Beyond noise", .text),
      ])
    func cell(_ mean: Welch.Mean) -> Table.Cell {
      .interval(mean.value, lower: mean.value - mean.halfWidth, upper: mean.value + mean.halfWidth)
    }
    for match in pair.matches {
      for quantity in quantities(match) {
        let (value, interval) = difference(quantity)
        table.append([
          .text(match.a.label), .text(quantity.name), .text(quantity.epoch), cell(quantity.a), cell(quantity.b),
          .interval(value, lower: interval.lower, upper: interval.upper),
          quantity.paired.map { .integer($0.count) } ?? .missing,
          .text(beyond(quantity).map { $0 ? "yes" : "no" } ?? "not known"),
        ])
      }
    }
    return table
  }

  /// What was set otherwise; nil where nothing was.
  private func settings() -> Table? {
    var table = Table(
      name: "comparison-settings", title: "What was set otherwise.",
      caption: "Settings of configurations that belong together; of data sets it is told apart by their content only.",
      columns: [
        .init("cell", heading: "Network", .text), .init("setting", heading: "Setting", .text),
        .init("first", heading: "First", .text), .init("second", heading: "Second", .text),
      ])
    for match in pair.matches {
      for setting in match.settings {
        table.append([.text(match.a.label), .text(setting.name), .text(setting.a), .text(setting.b)])
      }
    }
    return table.rows.isEmpty ? nil : table
  }

  private func bars() -> Chart {
    let all = pair.matches.flatMap { match in quantities(match).map { (match, $0) } }
    func estimates(_ mean: (Quantity) -> Welch.Mean) -> [Estimate] {
      all.map { _, quantity in
        let mean = mean(quantity)
        return Estimate(mean.value, lower: mean.value - mean.halfWidth, upper: mean.value + mean.halfWidth, atMost: 1)
      }
    }
    return Chart(
      name: "comparison-bars", title: "Both studies side by side.",
      caption: "Whiskers are 95 % intervals over runs, cut at 1.",
      .bars(
        BarChart(
          categories: all.map { match, quantity in
            pair.matches.count > 1 ? "\(match.a.shortLabel): \(quantity.name)" : quantity.name
          },
          value: Axis("Mean", range: 0...1),
          series: [.init(pair.names.a, estimates(\.a)), .init(pair.names.b, estimates(\.b))])))
  }

  func missing() -> [String] {
    let only = [(pair.names.a, pair.onlyInA), (pair.names.b, pair.onlyInB)].compactMap { name, cells in
      cells.isEmpty ? nil : "Only in \(name): \(cells.map(\.label).joined(separator: ", "))."
    }
    let silent = pair.matches.filter { quantities($0).isEmpty }.map {
      "\($0.a.label): there is nothing that the files of both studies tell of it; name runs or scores of both, or alignment of "
        + "both."
    }
    return only + silent
  }
}

extension Alignment {
  /// The mean alignment within classes of a tensor at the last snapshot, by number of run.
  fileprivate func inClass(_ tensor: Int) -> [Int: Double] {
    let values = runs.enumerated().map { i, run in
      (run, Double(meanInClass[(i * snapshots.count + snapshots.count - 1) * tensors.count + tensor]))
    }
    return Dictionary(values) { first, _ in first }
  }
}
