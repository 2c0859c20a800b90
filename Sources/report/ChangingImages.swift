import Artefacts
import Figures

extension Material {
  /// The examples whose scores differ most over sizes, and least.
  func changingImages() throws -> [Page.Block] {
    guard let trajectories, let dataset, [1, 3].contains(dataset.channels) else { return [] }
    // The sizes, where their scores are at hand.
    let sizes = trajectories.configs.compactMap { config in cells.first { $0.config == config }?.scores?.score }
    guard sizes.count == trajectories.configs.count, sizes.count > 1 else { return [] }
    let known = dataset.train.example.indices.filter { row in sizes.allSatisfy { !$0[row].isNaN } }
    let spread = Dictionary(
      uniqueKeysWithValues: known.map { row in
        let scores = sizes.map { $0[row] }
        return (row, (scores.max() ?? 0) - (scores.min() ?? 0))
      })
    func grid(_ name: String, _ title: String, _ rows: [Int]) throws -> Page.Block {
      .images(
        ImageGrid(
          name: name, title: title,
          caption: "Label, scores by the smallest and the largest size, and position in the published order. Of "
            + "\(trajectories.file.sizeOrder.joined(separator: ", ")); the range of scores over them decides, whose "
            + "largest values hold the most noise.",
          entries: try rows.map { row in
            let scores = [sizes[0], sizes[sizes.count - 1]].map { Table.Cell.number(Double($0[row])).text(digits: 2) }
            return try dataset.entry(
              row, "\(scores[0]) → \(scores[1])",
              "memorisation \(scores[0]) by the smallest size, \(scores[1]) by the largest")
          }))
    }
    let ordered = known.sorted { a, b in
      let (x, y) = (spread[a] ?? 0, spread[b] ?? 0)
      return x == y ? a < b : x > y
    }
    // Of those that stay as they are, those that are memorised say most.
    let steady = known.sorted { a, b in
      let (x, y) = (spread[a] ?? 0, spread[b] ?? 0)
      return x != y ? x < y : sizes[0][a] != sizes[0][b] ? sizes[0][a] > sizes[0][b] : a < b
    }
    return [
      try grid("most-changing", "Whose memorisation changes most over sizes.", Array(ordered.prefix(12))),
      try grid("least-changing", "Whose memorisation changes least.", Array(steady.prefix(12))),
    ]
  }
}
