import Artefacts
import Figures
import ToolKit

/// The trajectories of a scores file, and whose they are.
struct Trajectories {
  let file: TrajectoriesFile
  let reader: String
  /// Of the sizes, in their order.
  let configs: [JSON]
  /// Number of examples that have a category.
  let examples: Int

  init?(_ scores: Scores) throws {
    guard let file = try scores.trajectories() else { return nil }
    self.file = file
    reader = scores.reader.name
    configs = scores.configs
    examples = file.category.prefix(scores.trainExample.count).count { $0 >= 0 }
  }

  /// The threshold to draw: the least that noise allows, or else the largest.
  var shownAlpha: Int? { file.reliable.firstIndex(of: 1) ?? file.alphas.indices.last }

  /// Whether noise allows for a threshold; nil where the file has another.
  func isReliable(_ alpha: Float) -> Bool? { file.alphas.firstIndex(of: alpha).map { file.reliable[$0] == 1 } }

  /// The category of each example at that threshold.
  var shownCategories: (number: [Int8], count: Int) {
    let count = file.category.count / max(1, file.alphas.count)
    guard let alpha = shownAlpha else { return ([], 0) }
    return (Array(file.category[alpha * count..<(alpha + 1) * count]), file.shapes.count)
  }

  func observed(_ alpha: Int, _ shape: Int) -> Int { Int(file.observed[alpha * file.shapes.count + shape]) }
  func floor(_ alpha: Int, _ shape: Int) -> Double { Double(file.floor[alpha * file.shapes.count + shape]) }

  /// The rows of a category's examples.
  func rows(_ alpha: Int, _ shape: Int) -> [Int] {
    let count = file.category.count / max(1, file.alphas.count)
    return (0..<count).filter { Int(file.category[alpha * count + $0]) == shape }
  }

  /// Examples of a category, the surest first, of equal ones in the published order.
  func members(_ alpha: Int, _ shape: Int) -> [(row: Int, posterior: Float)] {
    let count = file.category.count / max(1, file.alphas.count)
    return rows(alpha, shape).map { ($0, file.posterior[(alpha * count + $0) * file.shapes.count + shape]) }
      .sorted { $0.posterior == $1.posterior ? $0.row < $1.row : $0.posterior > $1.posterior }
  }

  /// The mean posterior probability of a category.
  func meanPosterior(_ alpha: Int, _ shape: Int) -> Double {
    let count = file.category.count / max(1, file.alphas.count)
    let values = (0..<count).map { file.posterior[(alpha * count + $0) * file.shapes.count + shape] }.filter {
      !$0.isNaN
    }
    return values.reduce(0) { $0 + Double($1) } / Double(values.count)
  }
}

extension Material {
  /// How single examples' scores go with size.
  ///
  /// - Source: Lukasik et al. 2024 (arXiv 2310.05337), section 4.
  func trajectorySection() throws -> Page.Section? {
    guard let trajectories, let alpha = trajectories.shownAlpha else { return nil }
    return Page.Section(
      "Trajectories over size",
      [.chart(Material.bars(trajectories, alpha)), .table(Material.table(trajectories))]
        + (try changingImages()) + (try trajectoryImages(trajectories, alpha)))
  }

  private static func table(_ trajectories: Trajectories) -> Table {
    let file = trajectories.file
    var table = Table(
      name: "trajectories", title: "Categories of scores over sizes.",
      caption: "Over " + file.sizeOrder.joined(separator: ", ")
        + ". With scores m₁ … m_D: constant where they differ by "
        + "less than the threshold; cap where one between exceeds both ends by it (cup: falls below both); else "
        + "increasing or decreasing where the last differs from the first by it; else other. By chance: what the rule "
        + "would say on average if every example were constant, and its accuracies only as certain as so many runs make "
        + "them. Posterior: the mean probability of the category. Where fewer than nine in ten such examples are called "
        + "constant, the threshold is not reliable, its categories are mostly noise, and its rows are greyed on the page.",
      columns: [
        .init("alpha", heading: "Threshold", .number(digits: 2)), .init("shape", heading: "Category", .text),
        .init("examples", heading: "Examples", .integer), .init("share", heading: "Share", .number(digits: 3)),
        .init("floor_share", heading: "By chance", .number(digits: 3)),
        .init("excess", heading: "Beyond chance", .number(digits: 3)),
        .init("posterior", heading: "Posterior", .number(digits: 3)),
        .init("reliable", heading: "Reliable", .text),
      ])
    let total = Double(trajectories.examples)
    for alpha in file.alphas.indices {
      for (shape, name) in file.shapes.enumerated() {
        let (observed, floor) = (trajectories.observed(alpha, shape), trajectories.floor(alpha, shape))
        let excess = (Double(observed) - floor) / total
        let row: [Table.Cell] = [
          .number(Double(file.alphas[alpha])), .text(name), .integer(observed), .number(Double(observed) / total),
          .number(floor / total), .number(excess), .number(trajectories.meanPosterior(alpha, shape)),
          .text(file.reliable[alpha] == 1 ? "yes" : "no"),
        ]
        table.append(row, isDoubtful: file.reliable[alpha] != 1)
      }
    }
    return table
  }

  private static func bars(_ trajectories: Trajectories, _ alpha: Int) -> Chart {
    let file = trajectories.file
    let total = Double(trajectories.examples)
    let isReliable = file.reliable[alpha] == 1
    return Chart(
      name: "trajectories-bars", title: "Categories of scores over sizes, and what chance alone would make.",
      caption: "At a threshold of " + Table.Cell.number(Double(file.alphas[alpha])).text(digits: 2)
        + (isReliable ? "." : ", which so few runs do not make reliable."),
      .bars(
        BarChart(
          categories: file.shapes, value: Axis("Share of examples", range: 0...1),
          series: [
            .init("observed", file.shapes.indices.map { Estimate(Double(trajectories.observed(alpha, $0)) / total) }),
            .init("by chance", file.shapes.indices.map { Estimate(trajectories.floor(alpha, $0) / total) }),
          ])))
  }

  /// The surest examples of each category; none without a data set.
  private func trajectoryImages(_ trajectories: Trajectories, _ alpha: Int) throws -> [Page.Block] {
    guard let dataset, [1, 3].contains(dataset.channels) else { return [] }
    let file = trajectories.file
    return try file.shapes.enumerated().compactMap { shape, name -> Page.Block? in
      let entries = try trajectories.members(alpha, shape).prefix(12).map { row, posterior in
        let probability = Table.Cell.number(Double(posterior)).text(digits: 2)
        return try dataset.entry(row, probability, "\(name) with probability \(probability)")
      }
      guard !entries.isEmpty else { return nil }
      return .images(
        ImageGrid(
          name: "trajectory-\(name)", title: "Scores over sizes: \(name).",
          caption: "The surest: label, posterior probability of the category, and position in the published order.",
          entries: entries))
    }
  }
}
