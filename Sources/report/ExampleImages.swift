import Artefacts
import Figures

/// Thumbnails of the most and the least memorised training examples of one configuration.
struct ExampleImages {
  let label: String
  let runs: Int
  let most: [ImageGrid.Entry]
  let least: [ImageGrid.Entry]
  /// As many of each class, in the order of the classes; or of more classes than fit, of those with the highest scores.
  let byClass: [ImageGrid.Entry]
  private let perClass: String

  private static let count = 24
  private static let byClassCount = 48

  /// Nil where there is no score.
  init?(_ cell: Material.Cell, _ dataset: ImageDataset) throws {
    guard let scores = cell.scores, [1, 3].contains(dataset.channels) else { return nil }
    let scored = scores.score.indices.filter { !scores.score[$0].isNaN }
    guard !scored.isEmpty else { return nil }
    func ordered(_ isBefore: (Float, Float) -> Bool) -> [Int] {
      Array(
        scored.sorted { a, b in
          let (x, y) = (scores.score[a], scores.score[b])
          return x == y ? a < b : isBefore(x, y)
        }.prefix(ExampleImages.count))
    }
    let truth = try dataset.integers("train", "true_label")
    func entry(_ i: Int) throws -> ImageGrid.Entry {
      let name = dataset.classes[Int(dataset.train.label[i])]
      let real = truth.flatMap { truth -> String? in
        guard truth.indices.contains(i), truth[i] != dataset.train.label[i] else { return nil }
        return dataset.classes.indices.contains(Int(truth[i])) ? dataset.classes[Int(truth[i])] : nil
      }
      let label = name + (real.map { ", really \($0)" } ?? "")
      let position = dataset.train.example[i]
      let score = Table.Cell.interval(
        Double(scores.score[i]), lower: Double(scores.lower[i]), upper: Double(scores.upper[i])
      ).text(digits: 2)
      return ImageGrid.Entry(
        try dataset.thumbnail(i), label: label, detail: "\(score) №\u{A0}\(position)",
        alternative: "Training example \(position), labelled \(label), memorisation \(score)")
    }
    let ranked = Dictionary(
      grouping: scored.sorted { a, b in
        scores.score[a] == scores.score[b] ? a < b : scores.score[a] > scores.score[b]
      }, by: { Int(dataset.train.label[$0]) })
    let each = min(4, max(1, ExampleImages.byClassCount / max(1, ranked.count)))
    let shown = ranked.keys.sorted { a, b in
      let (x, y) = (scores.score[ranked[a]?[0] ?? 0], scores.score[ranked[b]?[0] ?? 0])
      return x == y ? a < b : x > y
    }.prefix(ExampleImages.byClassCount).sorted()
    byClass = try shown.flatMap { try (ranked[$0] ?? []).prefix(each).map(entry) }
    perClass =
      (each == 1 ? "One of each class" : "\(each) of each class")
      + (shown.count < ranked.count ? ", of the \(shown.count) classes of \(ranked.count) with the highest scores" : "")
    label = cell.label
    runs = scores.runs
    most = try ordered(>).map(entry)
    least = try ordered(<).map(entry)
  }

  var section: Page.Section {
    let caption =
      "By \(label), over \(runs) runs: label, score with its 95 % interval (Newcombe), and the "
      + "example's position in the published order. Ties are in that order."
    return Page.Section(
      "Examples",
      [
        .images(
          ImageGrid(
            name: "most-memorised", title: "The most memorised training examples.", caption: caption,
            entries: most)),
        .images(
          ImageGrid(
            name: "most-memorised-by-class", title: "The most memorised training examples of each class.",
            caption: "\(perClass). \(caption)", entries: byClass)),
        .images(
          ImageGrid(
            name: "least-memorised", title: "The least memorised training examples.", caption: caption,
            entries: least)),
      ])
  }
}

extension ImageDataset {
  /// An image, by default of the train split; grey where it has one channel.
  func thumbnail(_ row: Int, of split: ScoresFile.Split = .train) throws -> RGBImage {
    let pixels = try images(split.rawValue, rows: row..<row + 1)
    return RGBImage(
      width: width, height: height, pixels: channels == 3 ? pixels : pixels.flatMap { [$0, $0, $0] })
  }
}
