import Artefacts
import Figures
import Measures
import ToolKit

extension Material {
  /// What gradients and representations do along training, where alignment was taken of several snapshots.
  ///
  /// - Source: Mehta, Cutkosky and Neyshabur 2021 (arXiv 2008.13363), Figures 2 and 4.
  func alignmentAlongTraining() throws -> [Page.Block] {
    let aligned = cells.compactMap { cell in cell.alignment.map { (cell, $0) } }
    let charts = Alignment.kinds.compactMap { kind -> Page.Block? in
      let series = aligned.compactMap { cell, file -> LineChart.Series? in
        guard file.snapshots.count > 1, let tensor = file.lastTensor(of: kind) else { return nil }
        return .init(cell.shortLabel, file.curve(file.meanInClass, tensor))
      }
      guard !series.isEmpty else { return nil }
      return .chart(
        Chart(
          name: "\(kind.replacing(" ", with: "-"))-alignment-by-epoch",
          title: "Alignment within classes along training: \(kind).",
          caption:
            "Means over runs with 95 % t intervals. Once a loss is 0 so is its gradient, and there is no alignment.",
          .lines(LineChart(x: Axis("Epoch"), y: Axis("Alignment", range: 0...1), series: series))))
    }
    return charts + (try relativeGradients(aligned).map { [.chart($0)] } ?? [])
      + (try gradients(aligned).map { [.table($0)] } ?? [])
  }

  /// How large the gradient by the first parameters is beside them, along training.
  private func relativeGradients(_ aligned: [(cell: Cell, file: Alignment)]) throws -> Chart? {
    let series = try aligned.compactMap { cell, file -> LineChart.Series? in
      guard file.snapshots.count > 1, let norms = try file.values("/relative_gradient_norm") else { return nil }
      let tensor = file.tensors.indices.first { t in
        file.snapshots.indices.contains { file.summary(norms, $0, t).count > 0 }
      }
      return tensor.map { .init("\(cell.shortLabel)", file.curve(norms, $0)) }
    }
    guard !series.isEmpty else { return nil }
    return Chart(
      name: "relative-gradient-by-epoch", title: "Relative size of the gradient along training: first parameters.",
      caption:
        "|∇W| / |W| of the first tensor in the alignment file, mostly the weights of the first layer. Means over runs "
        + "with 95 % t intervals; a gradient of 0 has no place on this axis.",
      .lines(LineChart(x: Axis("Epoch"), y: Axis("|∇W| / |W|", scale: .logarithmic), series: series)))
  }

  /// Norms of gradients and distances from the initialisation, by tensor.
  private func gradients(_ aligned: [(cell: Cell, file: Alignment)]) throws -> Table? {
    var table = Table(
      name: "gradients", title: "Relative size of gradients, and distance from the initialisation.",
      caption:
        "Of a tensor W the norm of the mean gradient over all examples over the norm of W, and |W − W(0)| / |W(0)|. "
        + "Means over runs with 95 % t intervals.",
      columns: [
        .init("cell", heading: "Network", .text), .init("tensor", heading: "Tensor", .text),
        .init("epoch", heading: "Epoch", .integer),
        .init("gradient", heading: "|∇W| / |W|", .interval(digits: 6)),
        .init("distance", heading: "Distance", .interval(digits: 3)),
      ])
    for (cell, file) in aligned {
      guard let norms = try file.values("/relative_gradient_norm"),
        let distances = try file.values("/relative_distance")
      else { continue }
      for (tensor, name) in file.tensors.enumerated() {
        for (snapshot, epoch) in file.snapshots.enumerated() {
          let norm = file.summary(norms, snapshot, tensor)
          guard norm.count > 0 else { continue }
          let distance = file.summary(distances, snapshot, tensor)
          table.append([
            .text(cell.label), .text(name), .integer(Int(epoch)), .estimate(norm),
            distance.count > 0 ? .estimate(distance) : .missing,
          ])
        }
      }
    }
    return table.rows.isEmpty ? nil : table
  }
}

extension Alignment {
  /// (run, snapshot, tensor); nil where the file does not have it.
  fileprivate func values(_ path: String) throws -> [Float]? {
    guard try reader.has(path) else { return nil }
    let (values, shape) = try reader.read(path, Float.self, rank: 3)
    guard shape == [runs.count, snapshots.count, tensors.count] else {
      throw Failure(.badData, "\(reader.name): \(path)", "has shape \(shape)")
    }
    return values
  }

  func curve(_ values: [Float], _ tensor: Int) -> [LineChart.Point] {
    snapshots.enumerated().map { i, epoch in
      let mean = Estimate(summary(values, i, tensor))
      return .init(x: Double(epoch), y: mean.value, lower: mean.lower, upper: mean.upper)
    }
  }
}
