import Artefacts
import Figures
import Measures

/// What a generated data set knows of its training examples.
struct GroundTruth {
  /// (example): training examples in its sub-population.
  let size: [Int32]
  /// (example): whether the label was set wrong.
  let isWrong: [Bool]

  /// A rare example is memorised whether its label is right or not, so wrong labels are compared with these alone.
  static let common: Int32 = 16
  /// Below this in-sample accuracy on wrong labels, networks have not learned them, and scores cannot tell of them.
  static let interpolation = 0.9

  /// Nil where the data set does not have the columns.
  init?(_ dataset: ImageDataset) throws {
    guard let size = try dataset.integers("train", "size") else { return nil }
    let label = dataset.train.label
    let truth = try dataset.integers("train", "true_label") ?? label
    guard size.count == label.count, truth.count == label.count else { return nil }
    self.size = size
    isWrong = zip(truth, label).map { $0 != $1 }
  }
}

extension Material {
  /// Memorisation of what must be memorised, where the data set knows.
  func groundTruth() -> Page.Section? {
    guard let truth, scored.contains(where: \.hasScores) else { return nil }
    return Page.Section(
      "Ground truth", [.chart(bySize(truth)), .table(subpopulations(truth)), .table(wrongLabels(truth))])
  }

  private func sizes(_ truth: GroundTruth) -> [Int32] { Set(truth.size).sorted() }

  private func subpopulations(_ truth: GroundTruth) -> Table {
    var table = Table(
      name: "subpopulations", title: "Memorisation by size of sub-population.",
      caption: "Means over the examples with a score: of correctly labelled ones by how many training "
        + "examples share their sub-population, and of those with a wrong label. A single example can only "
        + "be learned by rote; the larger its sub-population, the less it should be. Scores files do not "
        + "tell runs apart, so these means have no interval; the standard deviation (s.d.) is over examples.",
      columns: [
        .init("cell", heading: "Network", .text), .init("group", heading: "Examples of", .text),
        .init("examples", heading: "Number", .integer),
        .init("memorisation", heading: "Memorisation", .number(digits: 3)),
        .init("memorisation_sd", heading: "s.d.", .number(digits: 3)),
        .init("in_accuracy", heading: "In-sample", .number(digits: 3)),
        .init("out_accuracy", heading: "Out-of-sample", .number(digits: 3)),
      ])
    for cell in scored {
      guard let scores = cell.scores else { continue }
      let clean = sizes(truth).map { size in
        ("size \(size)", scores.group { truth.size[$0] == size && !truth.isWrong[$0] })
      }
      for (name, group) in clean + [("wrong label", scores.group { truth.isWrong[$0] })] where !group.isEmpty {
        let score = scores.summary(\.score, group)
        table.append([
          .text(cell.label), .text(name), .integer(group.count), .number(score.mean),
          .number(score.standardDeviation), .number(scores.summary(\.inAccuracy, group).mean),
          .number(scores.summary(\.outAccuracy, group).mean),
        ])
      }
    }
    return table
  }

  private func wrongLabels(_ truth: GroundTruth) -> Table {
    var table = Table(
      name: "wrong-labels", title: "How well memorisation finds wrong labels.",
      caption: "AUROC: how often an example with a wrong label scores above a correctly labelled one of a "
        + "sub-population of \(GroundTruth.common) examples or more, ties counted as half; .5 is chance. "
        + "Where in-sample accuracy on wrong labels is below .9 the networks do not interpolate, and the "
        + "AUROC says little. Without an interval, which scores alone do not give.",
      columns: [
        .init("cell", heading: "Network", .text), .init("runs", heading: "Runs", .integer),
        .init("wrong", heading: "Wrong", .integer), .init("clean", heading: "Clean", .integer),
        .init("auroc", heading: "AUROC", .number(digits: 3)),
        .init("in_accuracy_wrong", heading: "In-sample on wrong", .number(digits: 3)),
        .init("note", heading: "Note", .text),
      ])
    for cell in scored {
      guard let scores = cell.scores else { continue }
      let chosen = truth.size.indices.filter { truth.isWrong[$0] || truth.size[$0] >= GroundTruth.common }
      let auroc = AUROC(scores: chosen.map { scores.score[$0] }, positive: chosen.map { truth.isWrong[$0] })
      let accuracy = scores.summary(\.inAccuracy, scores.group { truth.isWrong[$0] }).mean
      table.append([
        .text(cell.label), .integer(scores.runs), .integer(auroc.positives), .integer(auroc.negatives),
        .number(auroc.value), .number(accuracy),
        .text(accuracy < GroundTruth.interpolation ? "not interpolating" : ""),
      ])
    }
    return table
  }

  private func bySize(_ truth: GroundTruth) -> Chart {
    let sizes = sizes(truth)
    let series = scored.compactMap { cell in
      cell.scores.map { scores in
        LineChart.Series(
          cell.shortLabel,
          sizes.enumerated().map { i, size in
            let group = scores.group { truth.size[$0] == size && !truth.isWrong[$0] }
            return .init(x: Double(i), y: scores.summary(\.score, group).mean)
          }
            // Wrong labels are no size: a point without a value breaks the line before theirs.
            + [
              .init(x: Double(sizes.count), y: .nan),
              .init(
                x: Double(sizes.count), y: scores.summary(\.score, scores.group { truth.isWrong[$0] }).mean),
            ])
      }
    }
    return Chart(
      name: "memorisation-by-subpopulation", title: "Memorisation by size of sub-population.",
      caption: "Means over correctly labelled examples; at the right, over examples with a wrong label.",
      .lines(
        LineChart(
          x: Axis(
            "Training examples in the sub-population", scale: .ordinal(sizes.map(String.init) + ["wrong"])),
          y: Axis("Mean memorisation", range: 0...1), series: series)))
  }
}

extension CellScores {
  /// The examples that have a score and are chosen.
  fileprivate func group(_ isChosen: (Int) -> Bool) -> [Int] {
    score.indices.filter { !score[$0].isNaN && isChosen($0) }
  }

  fileprivate func summary(_ part: (CellScores) -> [Float], _ group: [Int]) -> Measures.Summary {
    let values = part(self)
    return Measures.Summary(group.map { Double(values[$0]) })
  }
}
