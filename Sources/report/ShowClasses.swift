import Artefacts
import Figures
import ToolKit

/// The examples of each class: all of them, and those that a column of the file marks.
struct ClassCounts {
  struct Column {
    let name: String
    let heading: String
    /// (class)
    let counts: [Int]
  }

  /// Those that the file can tell of.
  let columns: [Column]

  init(_ dataset: ImageDataset) throws {
    let label = dataset.train.label
    var columns = [
      Column("train", "Training examples", dataset, label, where: { _ in true })
    ]
    if let test = dataset.test {
      columns.append(Column("test", "Test examples", dataset, test.label, where: { _ in true }))
    }
    func mark(_ name: String, _ heading: String, _ column: String, _ isMarked: (Int32, Int32) -> Bool) throws {
      guard let values = try dataset.integers("train", column) else { return }
      guard values.count == label.count else {
        throw Failure(
          .badData, "\(dataset.reader.name): /train/\(column)",
          "has \(values.count) values for \(label.count) examples")
      }
      columns.append(Column(name, heading, dataset, label) { isMarked(values[$0], label[$0]) })
    }
    try mark("changed_labels", "Changed labels", "true_label") { $0 != $1 }
    try mark("canaries", "Canaries", "canary") { value, _ in value == 1 }
    try mark("copies", "Copies", "copy_of") { value, _ in value >= 0 }
    self.columns = columns
  }

  func table(_ dataset: ImageDataset) throws -> Table {
    let codes = try dataset.reader.has("/class_code") ? dataset.reader.readText("/class_code") : []
    let hasCodes = codes.count == dataset.classes.count
    return Table(
      name: "classes", title: "Examples of each class.",
      caption: columns.count > 2
        ? "By the labels that examples have here; what is changed, planted or a copy is in the training split." : "",
      columns: [.init("class", heading: "Class", .text)]
        + (hasCodes ? [.init("code", heading: "Code", .text)] : [])
        + columns.map { .init($0.name, heading: $0.heading, .integer) },
      rows: dataset.classes.indices.map { i in
        [.text(dataset.classes[i])] + (hasCodes ? [.text(codes[i])] : [])
          + columns.map { .integer($0.counts[i]) }
      })
  }
}

extension ClassCounts.Column {
  fileprivate init(
    _ name: String, _ heading: String, _ dataset: ImageDataset, _ label: [Int32], where isMarked: (Int) -> Bool
  ) {
    var counts = [Int](repeating: 0, count: dataset.classes.count)
    for (i, label) in label.enumerated() where isMarked(i) { counts[Int(label)] += 1 }
    self.init(name: name, heading: heading, counts: counts)
  }
}
