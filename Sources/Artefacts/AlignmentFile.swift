import HDF5
import ToolKit

/// The alignment of one run: of each snapshot and tensor.
public struct AlignmentRow: Sendable {
  /// By path: (snapshot, tensor, class); NaN for classes of fewer than two examples.
  public var perClass: [String: [Float]] = [:]
  /// By path: (snapshot, tensor).
  public var perTensor: [String: [Float]] = [:]
  /// (class): examples used.
  public var examples: [Int64]

  public init(examples: [Int64]) { self.examples = examples }
}

/// Alignment files: one cell each, since tensors differ between architectures.
public enum AlignmentFile {
  /// What a file may have, with the definition that stands in it.
  private static let variables: [(path: String, name: String, definition: String)] = {
    let omega = "n sum_{i!=j} <v_i,v_j> / ((n-1) (sum_i |v_i|)^2)"
    let measures = [
      ("alignment", "alignment", omega, "mean inner product over pairs / squared mean norm"),
      ("diversity", "gradient diversity", "sum_i |v_i|^2 / |sum_i v_i|^2", nil),
      ("stiffness", "cosine stiffness", "mean over pairs of cos(v_i, v_j)", "mean over pairs of cos(v_i, v_j)"),
      ("confusion", "least inner product", "least <v_i,v_j> of a pair", nil),
    ]
    return measures.flatMap { group, name, definition, across in
      [
        ("/\(group)/in_class", "\(name) within a class", definition),
        ("/\(group)/mean_in_class", "mean over classes of the \(name) within a class", definition),
        ("/\(group)/all", "\(name) over all examples", definition),
      ] + (across.map { [("/\(group)/across_classes", "\(name) over pairs of different classes", $0)] } ?? [])
    } + [
      ("/relative_gradient_norm", "norm of the mean gradient over that of the tensor", "|sum_i g_i| / (n |W|)"),
      ("/relative_distance", "distance from the initialisation over the norm there", "|W - W(0)| / |W(0)|"),
    ]
  }()

  /// Writes an alignment file and makes it appear.
  ///
  /// - Parameters:
  ///   - member: the configuration; `label` is its short name.
  ///   - rows: in the order of the member's runs, all with the same variables.
  ///   - scope: which examples were taken, in words.
  ///   - inputs: the data set, and the runs.
  public static func write(
    _ output: Output, member: RunsSet.Member, label: String, runs: [Int], classes: [String], snapshots: [Int32],
    tensors: [String], rows: [AlignmentRow], scope: String, options: JSON, inputs: [InputRecord]
  ) throws {
    let writer = try ArtefactWriter(output)
    let (r, s, t, c) = (rows.count, snapshots.count, tensors.count, classes.count)
    try writer.scale("/run", runs.map(Int64.init), .init("run number"))
    try writer.scale("/snapshot", snapshots, .init("epoch of a checkpoint; 0 is the initialisation"))
    try writer.textScale("/tensor", tensors, .init("what is aligned"))
    try writer.textScale("/class", classes, .init("names of the classes"))
    let scales = ["/run", "/snapshot", "/tensor"]
    for (path, name, definition) in variables {
      let meaning = ArtefactWriter.Meaning(name, definition: definition)
      if rows.contains(where: { $0.perClass[path] != nil }) {
        try writer.variable(
          path, rows.flatMap { $0.perClass[path] ?? [] }, [r, s, t, c], dimensions: scales + ["/class"], meaning,
          fill: .nan)
      } else if rows.contains(where: { $0.perTensor[path] != nil }) {
        try writer.variable(
          path, rows.flatMap { $0.perTensor[path] ?? [] }, [r, s, t], dimensions: scales, meaning, fill: .nan)
      }
    }
    try writer.variable(
      "/examples", rows.flatMap(\.examples), [r, c], dimensions: ["/run", "/class"], .init("examples used"))
    try writer.set("scope", of: "/examples", to: scope)
    let skipped = rows.reduce(0) { $0 + $1.examples.count { $0 < 2 } }
    try writer.set("skipped", of: "/examples", to: Int64(skipped))
    try writer.set("cell", to: member.cell)
    try writer.set("label", to: label)
    try writer.set("config", to: member.config.canonical)
    try writer.set("architecture", to: member.architecture)
    try writer.set("parameter_count", to: Int64(member.parameterCount))
    try writer.set("data", to: inputs.first { $0.kind == .data }?.content ?? "")
    try writer.finish(Provenance(kind: .alignment, options: options, inputs: inputs))
  }
}

/// An alignment file open for reading.
public final class Alignment {
  public let reader: ArtefactReader
  public let cell: String
  public let config: JSON
  public let label: String
  public let parameterCount: Int
  public let data: String
  /// Which examples were taken, in words.
  public let scope: String
  public let runs: [Int]
  public let snapshots: [Int32]
  public let tensors: [String]
  public let classes: [String]
  /// (run, snapshot, tensor)
  public let meanInClass: [Float]
  public let all: [Float]

  public init(_ reader: ArtefactReader) throws {
    try reader.require(.alignment)
    self.reader = reader
    cell = try reader.requireText("cell")
    config = try JSON(parsing: reader.requireText("config"), subject: "\(reader.name): config")
    label = try reader.text("label") ?? reader.requireText("architecture")
    parameterCount = Int(try reader.integer("parameter_count") ?? 0)
    data = try reader.requireText("data")
    runs = try reader.read("/run", Int64.self).values.map(Int.init)
    snapshots = try reader.read("/snapshot", Int32.self).values
    tensors = try reader.readText("/tensor")
    classes = try reader.readText("/class")
    scope = try reader.text("scope", of: "/examples") ?? "unknown examples"
    let shape = [runs.count, snapshots.count, tensors.count]
    func values(_ path: String) throws -> [Float] {
      let (values, found) = try reader.read(path, Float.self, rank: 3)
      guard found == shape else { throw Failure(.badData, "\(reader.name): \(path)", "has shape \(found)") }
      return values
    }
    meanInClass = try values("/alignment/mean_in_class")
    all = try values("/alignment/all")
  }
}
