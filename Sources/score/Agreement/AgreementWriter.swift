import Artefacts
import Measures

/// Writes how proxies agree with memorisation to a scores file, group `agreement`.
struct AgreementWriter {
  private let agreement: Agreement
  private let proxies: [ProxiesFile.Proxy]
  private let cells: Int

  init(_ agreement: Agreement, _ material: AgreementMaterial) {
    (self.agreement, proxies, cells) = (agreement, material.proxies, material.members.count)
  }

  func write(to writer: ScoresFile.Writer) throws {
    let file = writer.file
    try file.textScale("/agreement/measure", proxies.map(\.name), .init("proxy"))
    try file.textScale("/agreement/method", Agreement.methods, .init("coefficient of correlation"))
    let words = "score on one half of the runs, proxy on the other; mean over splits and both ways"
    let pairs = agreement.pairs.flatMap { $0 }
    try write(
      "correlation", pairs.flatMap(\.correlations), ["/cell", "/agreement/measure", "/agreement/method"],
      [cells, proxies.count, Agreement.methods.count],
      "correlation of memorisation and proxy over examples: \(words)", file)
    try writeParts(pairs, "", ["/cell", "/agreement/measure"], [cells, proxies.count], file)
    if !agreement.changes.isEmpty {
      try write(
        "change_correlation", agreement.changes.flatMap(\.correlations),
        ["/agreement/measure", "/agreement/method"], [proxies.count, Agreement.methods.count],
        "correlation of the changes of memorisation and proxy from the smallest to the largest size: \(words)", file)
      try writeParts(agreement.changes, "change_", ["/agreement/measure"], [proxies.count], file)
      try writeConfusions(file)
    }
    if let labels = agreement.labels { try writeDetection(labels, file) }
  }

  /// Reliabilities, and what is left of a correlation without noise.
  private func writeParts(
    _ pairs: [Agreement.Pair], _ prefix: String, _ dimensions: [String], _ shape: [Int], _ file: ArtefactWriter
  ) throws {
    let parts = pairs.map(\.disattenuation)
    try write(
      prefix + "score_reliability", parts.map(\.reliabilityX), dimensions, shape,
      "split-half reliability of memorisation on all runs, by Spearman and Brown", file)
    try write(
      prefix + "proxy_reliability", parts.map(\.reliabilityY), dimensions, shape,
      "split-half reliability of the proxy on all runs, by Spearman and Brown", file)
    try write(
      prefix + "disattenuated", parts.map(\.value), dimensions, shape,
      "Pearson's correlation without the noise of the runs; NaN where a reliability is below "
        + "\(Disattenuation.leastReliability)", file)
  }

  private func write(
    _ name: String, _ estimates: [Disattenuation.Estimate], _ dimensions: [String], _ shape: [Int],
    _ definition: String, _ file: ArtefactWriter
  ) throws {
    let parts: [(String, (Disattenuation.Estimate) -> Double)] = [
      ("", \.value), ("_lower", \.interval.lower), ("_upper", \.interval.upper),
    ]
    for (suffix, value) in parts {
      try file.variable(
        "/agreement/\(name)\(suffix)", estimates.map { Float(value($0)) }, shape, dimensions: dimensions,
        .init(name + suffix, definition: suffix.isEmpty ? definition : "end of the 95 % interval over examples"),
        fill: .nan)
    }
  }

  private func writeConfusions(_ file: ArtefactWriter) throws {
    let categories = TrajectoryCategory.allCases
    try file.scale("/agreement/alpha", agreement.alphas.map(Float.init), .init("threshold of the categories"))
    try file.textScale("/agreement/category", categories.map(\.name), .init("category over sizes, of the score"))
    try file.textScale(
      "/agreement/proxy_category", categories.map(\.name), .init("category over sizes, of the proxy"))
    let tables = agreement.confusions.flatMap { $0 }
    let (a, m, c) = (agreement.alphas.count, proxies.count, categories.count)
    try file.variable(
      "/agreement/confusion",
      tables.flatMap { table in table.counts.flatMap { $0.map { Float($0) / Float(table.total) } } }, [a, m, c, c],
      dimensions: ["/agreement/alpha", "/agreement/measure", "/agreement/category", "/agreement/proxy_category"],
      .init(
        "share of the examples by both categories",
        definition: "score on one half of the runs, proxy on the other; the proxy turned by its sign, with 0 and 1 at "
          + "its 1st and 99th percentile over sizes"), fill: .nan)
    try file.variable(
      "/agreement/kappa", tables.map { Float($0.kappa) }, [a, m],
      dimensions: ["/agreement/alpha", "/agreement/measure"], .init("Cohen's kappa of the categories"), fill: .nan)
  }

  private func writeDetection(_ labels: WrongLabels, _ file: ArtefactWriter) throws {
    try file.textScale("/detection/measure", ["memorisation"] + proxies.map(\.name), .init("what ranks the examples"))
    try file.textScale(
      "/detection/against", labels.against.map(\.name),
      .init(
        "the right labels that wrong ones are told from",
        definition: labels.against.map { "\($0.name): \($0.definition)" }.joined(separator: "; ")))
    let found = agreement.detection.flatMap { $0.flatMap { $0 } }
    let shape = [cells, proxies.count + 1, labels.against.count]
    let dimensions = ["/cell", "/detection/measure", "/detection/against"]
    let words = "of the measure over all runs, turned so that more is more memorised, for wrong labels"
    let parts: [(String, String, ((area: AUROCInterval, precision: AveragePrecision)) -> Double)] = [
      ("auroc", "area under the ROC curve \(words)", { $0.area.auroc.value }),
      ("auroc_lower", "end of DeLong's 95 % interval", { $0.area.interval.lower }),
      ("auroc_upper", "end of DeLong's 95 % interval", { $0.area.interval.upper }),
      ("average_precision", "average precision \(words)", { $0.precision.value }),
    ]
    for (name, definition, value) in parts {
      try file.variable(
        "/detection/\(name)", found.map { Float(value($0)) }, shape, dimensions: dimensions,
        .init(name, definition: definition), fill: .nan)
    }
    try file.variable(
      "/detection/wrong", found.map { Int32($0.area.auroc.positives) }, shape, dimensions: dimensions,
      .init("wrong labels that have a value"))
    try file.variable(
      "/detection/right", found.map { Int32($0.area.auroc.negatives) }, shape, dimensions: dimensions,
      .init("right labels that have a value"))
  }
}
