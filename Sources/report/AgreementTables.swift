import Artefacts
import Figures
import ToolKit

/// What `score agreement` wrote of proxies: estimates with their ends, by place.
struct ProxyAgreement {
  /// An array of estimates whose last dimensions are as the file has them.
  struct Estimates {
    let value, lower, upper: [Float]

    func cell(_ place: Int) -> Table.Cell {
      .interval(Double(value[place]), lower: Double(lower[place]), upper: Double(upper[place]))
    }
  }

  let cells: [String]
  let measures: [String]
  static let methods = ["pearson", "spearman", "kendall"]
  private let estimates: [String: Estimates]
  let confusion: ProxyConfusion?
  let detection: Detection?

  /// Nil where the file has none.
  init?(_ scores: Scores) throws {
    let reader = scores.reader
    guard try reader.has("/agreement/correlation") else { return nil }
    cells = scores.cells
    measures = try reader.readText("/agreement/measure")
    let methods = ProxyAgreement.methods
    guard try reader.readText("/agreement/method") == methods else {
      throw Failure(
        .badData, "\(reader.name): /agreement/method", "is not " + methods.joined(separator: ", "),
        remedy: "make it with score agreement")
    }
    let (c, m, k) = (cells.count, measures.count, methods.count)
    let shapes: [(String, [Int])] = [
      ("correlation", [c, m, k]), ("score_reliability", [c, m]), ("proxy_reliability", [c, m]),
      ("disattenuated", [c, m]), ("change_correlation", [m, k]), ("change_score_reliability", [m]),
      ("change_proxy_reliability", [m]), ("change_disattenuated", [m]),
    ]
    var estimates: [String: Estimates] = [:]
    for (name, shape) in shapes where try reader.has("/agreement/\(name)") {
      let parts = try ["", "_lower", "_upper"].map { end in
        let path = "/agreement/\(name)\(end)"
        let (values, found) = try reader.read(path, Float.self, rank: shape.count)
        guard found == shape else { throw Failure(.badData, "\(reader.name): \(path)", "has shape \(found)") }
        return values
      }
      estimates[name] = Estimates(value: parts[0], lower: parts[1], upper: parts[2])
    }
    self.estimates = estimates
    confusion = try ProxyConfusion(reader, measures: measures)
    detection = try Detection(scores)
  }

  func estimate(_ name: String, _ place: Int) -> Table.Cell { estimates[name]?.cell(place) ?? .missing }

  /// One a method.
  func correlations(_ name: String, _ place: Int) -> [Table.Cell] {
    Self.methods.indices.map { estimate(name, place * Self.methods.count + $0) }
  }

  var hasChanges: Bool { estimates["change_correlation"] != nil }
}

extension Material {
  /// How proxies go with memorisation, and how their changes over sizes do.
  ///
  /// - Source: Lukasik et al. 2024 (arXiv 2310.05337), section 5.
  func proxies() -> Page.Section? {
    let found = agreements
    var blocks = proxyMeanBlocks()
    if !found.isEmpty { blocks.append(.table(Material.correlations(found))) }
    if let changes = Material.changes(found) { blocks.append(.table(changes)) }
    blocks += proxyCategoryBlocks()
    if let detection = detectionTable() { blocks.append(.table(detection)) }
    return blocks.isEmpty ? nil : Page.Section("Proxies", blocks)
  }

  private static var columns: [Table.Column] {
    ProxyAgreement.methods.map { .init($0, heading: $0.prefix(1).uppercased() + $0.dropFirst(), .interval(digits: 3)) }
      + [
        .init("disattenuated", heading: "Without noise", .interval(digits: 3)),
        .init("score_reliability", heading: "Reliability of the score", .interval(digits: 3)),
        .init("proxy_reliability", heading: "of the proxy", .interval(digits: 3)),
      ]
  }

  private static func correlations(_ found: [ProxyAgreement]) -> Table {
    var table = Table(
      name: "proxies", title: "How proxies go with memorisation, over examples.",
      caption:
        "Correlations of memorisation on one half of the runs with the proxy on the other, averaged over splits, "
        + "so that both do not share their noise. Without noise: Pearson's, divided by the root of both reliabilities; "
        + "withheld where one of them is below .3. 95 % intervals.",
      columns: [.init("cell", heading: "Network", .text), .init("measure", heading: "Proxy", .text)]
        + columns)
    for file in found {
      for (c, cell) in file.cells.enumerated() {
        for (m, measure) in file.measures.enumerated() {
          let place = c * file.measures.count + m
          table.append(
            [.text(cell), .text(measure)]
              + file.correlations("correlation", place)
              + ["disattenuated", "score_reliability", "proxy_reliability"].map { file.estimate($0, place) })
        }
      }
    }
    return table
  }

  private static func changes(_ found: [ProxyAgreement]) -> Table? {
    let found = found.filter(\.hasChanges)
    guard !found.isEmpty else { return nil }
    var table = Table(
      name: "proxy-changes",
      title: "How the changes of proxies go with those of memorisation, from the smallest to the largest size.",
      caption: "As above, of each example's change. A proxy may rank examples as memorisation does at every size, and "
        + "yet miss how it changes with size.",
      columns: [.init("measure", heading: "Proxy", .text)] + columns)
    for file in found {
      for (m, measure) in file.measures.enumerated() {
        table.append(
          [.text(measure)]
            + file.correlations("change_correlation", m)
            + ["change_disattenuated", "change_score_reliability", "change_proxy_reliability"].map {
              file.estimate($0, m)
            })
      }
    }
    return table
  }
}
