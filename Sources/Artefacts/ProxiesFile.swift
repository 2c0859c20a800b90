import ToolKit

/// Proxies of memorisation in a scores file: means over runs, and over halves of them.
public enum ProxiesFile {
  /// One proxy of all cells.
  public struct Proxy: Sendable {
    public let name: String
    public let definition: String
    public let source: String
    /// 1 where larger values are expected of memorised examples, -1 where smaller ones.
    public let sign: Int
    /// `(cell, example)`
    public var mean: [Float] = []
    public var standardError: [Float] = []
    /// Share of the runs in which the value is one that stands for something else, which `flagDefinition` names.
    public var flagged: [Float]?
    public let flagDefinition: String?
    /// `(cell, split, half, example)`; nil where the cells have no halves.
    public var halfMeans: [Float]?

    public init(name: String, definition: String, source: String, sign: Int, flagDefinition: String? = nil) {
      (self.name, self.definition, self.source, self.sign) = (name, definition, source, sign)
      self.flagDefinition = flagDefinition
    }
  }

  /// Writes proxies; all have the same cells.
  public static func write(_ proxies: [Proxy], cells: Int, splits: Int, to writer: ScoresFile.Writer) throws {
    let file = writer.file
    let scale = try writer.exampleScale("proxy")
    let examples = (proxies.first?.mean.count ?? 0) / max(1, cells)
    for proxy in proxies {
      let path = "/proxy/\(proxy.name)"
      try file.variable(
        path, proxy.mean, [cells, examples], dimensions: ["/cell", scale],
        .init(proxy.name, definition: proxy.definition), fill: .nan)
      try file.set("source", of: path, to: proxy.source)
      try file.set("expected_sign", of: path, to: proxy.sign > 0 ? "1" : "-1")
      try file.variable(
        path + "_standard_error", proxy.standardError, [cells, examples], dimensions: ["/cell", scale],
        .init(proxy.name + " standard error", definition: "over runs: s / sqrt(n)"), fill: .nan)
      if let flagged = proxy.flagged {
        try file.variable(
          path + "_flagged", flagged, [cells, examples], dimensions: ["/cell", scale],
          .init(
            proxy.name + " flagged",
            definition: "share of the runs in which \(proxy.flagDefinition ?? "the value stands for another")"),
          fill: .nan)
      }
    }
    guard splits > 0, proxies.contains(where: { $0.halfMeans != nil }) else { return }
    let halfScale = try writer.exampleScale("proxy_halves")
    try file.scale("/proxy_halves/split", (0..<splits).map(Int32.init), .init("number of a split of the runs"))
    try file.dimension("/proxy_halves/half", length: 2)
    for proxy in proxies {
      guard let values = proxy.halfMeans else { continue }
      try file.variable(
        "/proxy_halves/\(proxy.name)", values, [cells, splits, 2, examples],
        dimensions: ["/cell", "/proxy_halves/split", "/proxy_halves/half", halfScale],
        .init(proxy.name, definition: "mean over the runs of one half"), fill: .nan)
    }
  }

  /// The names of the proxies in a scores file, in byte order.
  public static func names(in scores: Scores) throws -> [String] {
    try scores.reader.variables(in: "/proxy").filter { name in
      name != "example" && !name.hasSuffix("_standard_error") && !name.hasSuffix("_flagged")
    }
  }

  /// What a file says of one of its proxies; nil without it.
  public static func read(_ name: String, in scores: Scores) throws -> Proxy? {
    let path = "/proxy/\(name)"
    guard let rows = try scores.rows(path) else { return nil }
    var proxy = Proxy(
      name: name, definition: try scores.reader.text("definition", of: path) ?? "",
      source: try scores.reader.text("source", of: path) ?? "",
      sign: try scores.reader.text("expected_sign", of: path) == "-1" ? -1 : 1)
    proxy.mean = rows.flatMap { $0 }
    let halves = "/proxy_halves/\(name)"
    if try scores.reader.has(halves) {
      let (values, shape) = try scores.reader.read(halves, Float.self, rank: 4)
      guard shape[0] == scores.cells.count, shape[2] == 2, shape[3] == scores.trainExample.count else {
        throw Failure(.badData, "\(scores.reader.name): \(halves)", "has shape \(shape)")
      }
      proxy.halfMeans = values
    }
    return proxy
  }
}
