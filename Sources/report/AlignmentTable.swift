import Artefacts
import Figures
import Measures

extension Material {
  /// Alignment of gradients and representations, of each tensor and snapshot.
  func alignment() throws -> Page.Section? {
    let aligned = cells.compactMap { cell in cell.alignment.map { (cell, $0) } }
    guard !aligned.isEmpty else { return nil }
    var table = Table(
      name: "alignment", title: "Alignment, mean over runs.",
      caption: "n Σ⟨vᵢ,vⱼ⟩ / ((n−1) (Σ|vᵢ|)²) over pairs i≠j of examples: 1 where all vectors are the same, "
        + "about 0 where they have nothing in common. Within classes: the mean over classes of the "
        + "alignment within each; all: over examples of any class. logits, "
        + "parameters: gradients of each example's loss by them; representation: what the layer puts out. 95 % t intervals over runs. "
        + "Undefined: runs without a value, as when all gradients have vanished; they are left out. Taken "
        + "over "
        + Set(aligned.map(\.1.scope)).sorted().joined(separator: ", or ") + ".",
      columns: [
        .init("cell", heading: "Network", .text), .init("tensor", heading: "Tensor", .text),
        .init("epoch", heading: "Epoch", .integer), .init("runs", heading: "Runs", .integer),
        .init("undefined", heading: "Undefined", .integer),
        .init("in_class", heading: "Within classes", .interval(digits: 3)),
        .init("all", heading: "All", .interval(digits: 3)),
      ])
    for (cell, file) in aligned {
      for tensor in file.tensors.indices {
        for snapshot in file.snapshots.indices {
          let inClass = file.summary(file.meanInClass, snapshot, tensor)
          table.append([
            .text(cell.label), .text(file.tensors[tensor]), .integer(Int(file.snapshots[snapshot])),
            .integer(inClass.count), .integer(inClass.missing), .estimate(inClass),
            .estimate(file.summary(file.all, snapshot, tensor)),
          ])
        }
      }
    }
    return Page.Section(
      "Alignment",
      [.chart(Material.bars(aligned)), .table(table)] + (try alignmentAlongTraining())
        + alignmentScatter() + (alignmentAgainstAccuracy().map { [.table($0)] } ?? [])
        + [.chart(ClosedForms.twoVectors)])
  }

  private static func bars(_ aligned: [(cell: Cell, file: Alignment)]) -> Chart {
    let kinds = Alignment.kinds.filter { kind in aligned.contains { $0.file.lastTensor(of: kind) != nil } }
    let series = kinds.map { kind in
      BarChart.Series(
        kind,
        aligned.map { _, file in
          guard let tensor = file.lastTensor(of: kind), !file.snapshots.isEmpty
          else { return Estimate(.nan) }
          return Estimate(file.summary(file.meanInClass, file.snapshots.count - 1, tensor))
        })
    }
    return Chart(
      name: "alignment-bars", title: "Alignment within classes at the last snapshot.",
      caption: "Whiskers are 95 % t intervals over runs.",
      .bars(
        BarChart(
          categories: aligned.map(\.cell.shortLabel), value: Axis("Alignment", range: 0...1), series: series))
    )
  }
}

extension Alignment {
  /// The mean alignment within classes over runs; nil where the file lacks the tensor or the snapshot.
  func inClass(_ tensor: String, after epoch: Int32) -> Measures.Summary? {
    guard let t = tensors.firstIndex(of: tensor), let s = snapshots.firstIndex(of: epoch) else { return nil }
    return summary(meanInClass, s, t)
  }

  /// Over runs, of values of shape (run, snapshot, tensor).
  func summary(_ values: [Float], _ snapshot: Int, _ tensor: Int) -> Measures.Summary {
    Measures.Summary(
      runs.indices.map { Double(values[($0 * snapshots.count + snapshot) * tensors.count + tensor]) })
  }
}

extension Table.Cell {
  static func estimate(_ summary: Measures.Summary) -> Table.Cell {
    .interval(summary.mean, lower: summary.interval.lower, upper: summary.interval.upper)
  }
}
