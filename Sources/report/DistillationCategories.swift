import Artefacts
import Figures
import Measures

extension Material {
  /// What distillation does to examples of each category over sizes.
  ///
  /// - Source: Lukasik et al. 2024 (arXiv 2310.05337), section 6: it inhibits memorisation of the increasing ones most.
  func distillationCategories(_ pairs: [Pair]) -> Table? {
    guard let trajectories, let alpha = trajectories.shownAlpha else { return nil }
    let file = trajectories.file
    let isReliable = file.reliable[alpha] == 1
    let threshold = Table.Cell.number(Double(file.alphas[alpha])).text(digits: 2)
    var table = Table(
      name: "distillation-categories", title: "Changes by distillation, by category over sizes.",
      caption: "Distilled less labels of the examples in each category of the table of trajectories, at a threshold "
        + "of \(threshold)\(isReliable ? "" : ", which so few runs do not make reliable"). Over runs: the mean and "
        + "95 % t interval of the differences of memorisation between runs of one number, for which the runs files "
        + "of both are needed. Categories come from scores with noise in them: where the network on labels is one of "
        + "the sizes, examples that were put low by chance seem to rise when anything is measured anew, and those "
        + "put high to fall.",
      columns: [
        .init("cell", heading: "Student", .text), .init("labels", heading: "On labels", .text),
        .init("category", heading: "Category", .text), .init("examples", heading: "Examples", .integer),
        .init("labels_score", heading: "Labels", .number(digits: 3)),
        .init("distilled_score", heading: "Distilled", .number(digits: 3)),
        .init("mean_difference", heading: "Mean difference", .number(digits: 3)),
        .init("paired_runs", heading: "Pairs of runs", .integer),
        .init("paired_difference", heading: "Over runs", .interval(digits: 3)),
      ])
    for pair in pairs {
      guard let before = pair.labels.scores?.score, let after = pair.distilled.scores?.score else { continue }
      for (shape, name) in file.shapes.enumerated() {
        let members = trajectories.rows(alpha, shape).filter { !before[$0].isNaN && !after[$0].isNaN }
        guard !members.isEmpty else { continue }
        let means = [before, after].map { scores in
          members.reduce(0) { $0 + Double(scores[$1]) } / Double(members.count)
        }
        let paired = pair.differencesOverRuns { $0.categoryMemorisation[shape] }
        let row: [Table.Cell] = [
          .text(pair.distilled.label), .text(pair.labels.label), .text(name), .integer(members.count),
          .number(means[0]), .number(means[1]), .number(means[1] - means[0]),
          paired.map { .integer($0.count) } ?? .missing, paired.map { .estimate($0) } ?? .missing,
        ]
        table.append(row, isDoubtful: !isReliable)
      }
    }
    return table.rows.isEmpty ? nil : table
  }

  /// The examples that distillation changes most, of the first pair.
  func distillationImages(_ pairs: [Pair]) throws -> [Page.Block] {
    guard let dataset, [1, 3].contains(dataset.channels), let pair = pairs.first,
      let before = pair.labels.scores?.score, let after = pair.distilled.scores?.score
    else { return [] }
    let known = before.indices.filter { !before[$0].isNaN && !after[$0].isNaN }
    func change(_ row: Int) -> Float { after[row] - before[row] }
    func grid(_ name: String, _ title: String, _ isBefore: (Float, Float) -> Bool) throws -> Page.Block {
      let chosen = known.sorted { change($0) == change($1) ? $0 < $1 : isBefore(change($0), change($1)) }.prefix(12)
      return .images(
        ImageGrid(
          name: name, title: title,
          caption: "Of \(pair.name): label, score when trained on labels and when distilled, and position in the "
            + "published order. Single scores are noisy, and the largest of many differences most of all.",
          entries: try chosen.map { row in
            let scores = [before, after].map { Table.Cell.number(Double($0[row])).text(digits: 2) }
            return try dataset.entry(
              row, "\(scores[0]) → \(scores[1])", "memorisation \(scores[0]), distilled \(scores[1])")
          }))
    }
    return [
      try grid("distillation-lowered", "Whose memorisation distillation lowers most.", <),
      try grid("distillation-raised", "Whose memorisation it raises most.", >),
    ]
  }
}

extension ImageDataset {
  /// A training image with its label, a detail and its position.
  func entry(_ row: Int, _ detail: String, _ words: String) throws -> ImageGrid.Entry {
    let label = label(.train, row)
    let position = train.example[row]
    return ImageGrid.Entry(
      try thumbnail(row), label: label, detail: "\(detail) №\u{A0}\(position)",
      alternative: "Training example \(position), labelled \(label), \(words)")
  }
}
