import HDF5
import ToolKit

/// The trajectories in a scores file: the categories of each example's scores over sizes, which are the file's cells in
/// ascending order of parameter count.
public struct TrajectoriesFile: Sendable, Equatable {
  /// Whether all sizes were trained on the same subsets, run by run.
  public enum PairedMasks: String, Sendable {
    case yes, no
    /// Scores alone do not tell.
    case unknown
  }

  /// Thresholds.
  public var alphas: [Float]
  /// The names of the categories; a category's number is its place among them.
  public var shapes: [String]
  /// `(alpha, example)`: a number of `shapes`, or -1 where a size has no score.
  public var category: [Int8]
  /// `(alpha, example, shape)`: the posterior probability; NaN where there is no category.
  public var posterior: [Float]
  /// `(alpha, shape)`: how many examples are in the category, and how many would be by chance if all were constant.
  public var observed: [Int32]
  public var floor: [Float]
  /// `(alpha)`: the share of constant examples that is called so, NaN without examples; 1 where that is at least .9.
  public var constantShare: [Float]
  public var reliable: [UInt8]
  /// Labels of the cells, in ascending order of parameter count.
  public var sizeOrder: [String]
  public var pairedMasks: PairedMasks

  public init(
    alphas: [Float], shapes: [String], category: [Int8], posterior: [Float], observed: [Int32], floor: [Float],
    constantShare: [Float], reliable: [UInt8], sizeOrder: [String], pairedMasks: PairedMasks
  ) {
    (self.alphas, self.shapes, self.category, self.posterior) = (alphas, shapes, category, posterior)
    (self.observed, self.floor, self.constantShare, self.reliable) = (observed, floor, constantShare, reliable)
    (self.sizeOrder, self.pairedMasks) = (sizeOrder, pairedMasks)
  }
}

extension ScoresFile.Writer {
  /// The group `/trajectory`.
  public func write(_ found: TrajectoriesFile) throws {
    try file.scale(
      "/trajectory/alpha", found.alphas, .init("threshold", definition: "least difference of scores that counts"))
    try file.textScale(
      "/trajectory/shape", found.shapes, .init("category", definition: "in the order of its numbers"))
    let example = try exampleScale("trajectory")
    let (alpha, shape) = ("/trajectory/alpha", "/trajectory/shape")
    let (alphas, shapes) = (found.alphas.count, found.shapes.count)
    let examples = alphas == 0 ? 0 : found.category.count / alphas
    try file.variable(
      "/trajectory/category", found.category, [alphas, examples], dimensions: [alpha, example],
      .init(
        "category of the scores over sizes",
        definition: "number of a shape, by the rule of docs/methods.md; -1 for none"),
      fill: -1)
    try file.set(
      "size_order", of: "/trajectory/category", to: JSON.array(found.sizeOrder.map { .string($0) }).canonical)
    try file.set("paired_masks", of: "/trajectory/category", to: found.pairedMasks.rawValue)
    try file.variable(
      "/trajectory/posterior", found.posterior, [alphas, examples, shapes], dimensions: [alpha, example, shape],
      .init(
        "posterior probability of the category",
        definition: "share of draws from Jeffreys' beta posteriors of in- and out-accuracy at each size"),
      fill: .nan)
    try file.variable(
      "/trajectory/observed", found.observed, [alphas, shapes], dimensions: [alpha, shape],
      .init("examples in the category"))
    try file.variable(
      "/trajectory/floor", found.floor, [alphas, shapes], dimensions: [alpha, shape],
      .init(
        "examples expected in the category if all were constant",
        definition: "mean over binomial redraws of the accuracies pooled over sizes"))
    try file.variable(
      "/trajectory/constant_share", found.constantShare, [alphas], dimensions: [alpha],
      .init("share of constant examples that are called constant"), fill: .nan)
    try file.variable(
      "/trajectory/reliable", found.reliable, [alphas], dimensions: [alpha],
      .init("1 where constant_share is at least .9", definition: "0: the categories at this threshold are mostly noise")
    )
  }
}

extension Scores {
  /// The trajectories; nil where the file has none.
  public func trajectories() throws -> TrajectoriesFile? {
    guard try reader.has("/trajectory/category") else { return nil }
    let alphas = try reader.read("/trajectory/alpha", Float.self).values
    let shapes = try reader.readText("/trajectory/shape")
    func read<T: Element>(_ name: String, _ type: T.Type, _ expected: [Int]) throws -> [T] {
      let (values, shape) = try reader.read("/trajectory/\(name)", type, rank: expected.count)
      guard shape == expected else {
        throw Failure(
          .badData, "\(reader.name): /trajectory/\(name)", "has shape \(shape) instead of \(expected)")
      }
      return values
    }
    let (a, n, s) = (alphas.count, trainExample.count, shapes.count)
    let path = "/trajectory/category"
    let category = try read("category", Int8.self, [a, n])
    guard s <= 100, category.allSatisfy({ $0 >= -1 && Int($0) < s }) else {
      throw Failure(.badData, "\(reader.name): \(path)", "has a category that is none of the \(s) shapes")
    }
    let order = try reader.text("size_order", of: path).map {
      try JSON(parsing: $0, subject: "\(reader.name): size_order")
    }
    guard let sizeOrder = order?.array?.compactMap(\.string), sizeOrder == cells else {
      throw Failure(.badData, "\(reader.name): \(path)", "lacks size_order, the file's cells by size")
    }
    return TrajectoriesFile(
      alphas: alphas, shapes: shapes, category: category,
      posterior: try read("posterior", Float.self, [a, n, s]),
      observed: try read("observed", Int32.self, [a, s]), floor: try read("floor", Float.self, [a, s]),
      constantShare: try read("constant_share", Float.self, [a]), reliable: try read("reliable", UInt8.self, [a]),
      sizeOrder: sizeOrder,
      pairedMasks: try reader.text("paired_masks", of: path).flatMap { .init(rawValue: $0) } ?? .unknown)
  }
}
