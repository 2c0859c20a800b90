import HDF5
import ToolKit

/// Writes a runs file: what the runs share, then a row of each variable for each run, in ascending order of run.
public final class RunsWriter {
  private enum Column {
    case bytes(VariableWriter<UInt8>)
    case integers(VariableWriter<Int32>)
    case floats(VariableWriter<Float>)
  }

  private let schema: RunSchema
  private let writer: ArtefactWriter
  private let shared: String
  private let digests: VariableWriter<UInt8>
  private let optionalDigests: VariableWriter<UInt8>?
  private var columns: [(variable: RunVariable, column: Column)] = []
  private var written: [(run: Int, digest: [UInt8])] = []
  private let runs: [Int]

  /// - Parameter runs: the run numbers to come, ascending.
  public init(_ output: Output, schema: RunSchema, runs: [Int]) throws {
    self.schema = schema
    self.runs = runs
    writer = try ArtefactWriter(output)
    try writer.scale("/run", runs.map(Int64.init), .init("run number"))
    try writer.textScale("/class", schema.classes, .init("names of the classes"))
    try writer.dimension("/byte", length: 32)
    let position = ArtefactWriter.Meaning("position in the published order of the split")
    let label = ArtefactWriter.Meaning("label", definition: "index into /class")
    for (split, example, labels) in [
      ("train", schema.trainExample, schema.trainLabel), ("test", schema.testExample, schema.testLabel),
    ] where !example.isEmpty {
      try writer.scale("/\(split)/example", example, position)
      try writer.variable(
        "/\(split)/label", labels, [labels.count], dimensions: ["/\(split)/example"], label)
    }
    if let excluded = schema.excluded {
      try writer.variable(
        "/train/excluded", excluded, [excluded.count], dimensions: ["/train/example"],
        .init("exclusion", definition: "1 where the example was taken out of every run's subset"))
    }
    try writer.scale("/epoch", (1...Int32(max(1, schema.epochs))).map { $0 }, .init("epoch"))
    shared = writer.contentDigest { $0 != "/run" }
    if schema.keep.contains(.dynamics) {
      try writer.scale("/dynamics/train/example", schema.trainExample, position)
    }
    if schema.keep.contains(.checkpoint) { try RunsWriter.writeTensors(schema, writer) }
    let digestMeaning = ArtefactWriter.Meaning(
      "SHA-256 of the run's rows", definition: "masks, correctness, status and history")
    digests = try writer.create(
      "/digest", UInt8.self, [runs.count, 32], dimensions: ["/run", "/byte"], digestMeaning, rowAtATime: true)
    let hasOptional = schema.variables.contains { !$0.isMandatory }
    optionalDigests =
      hasOptional
      ? try writer.create(
        "/kept_digest", UInt8.self, [runs.count, 32], dimensions: ["/run", "/byte"],
        .init("SHA-256 of what was kept of the run", definition: "checkpoints, logits and dynamics"),
        rowAtATime: true)
      : nil
    for variable in schema.variables {
      let shape = [runs.count] + variable.rowShape
      let scales = ["/run"] + variable.dimensions.map(\.scale)
      let column: Column =
        switch variable.type {
        case .u8:
          .bytes(
            try writer.create(
              variable.path, UInt8.self, shape, dimensions: scales, variable.meaning, rowAtATime: true,
              fill: variable.fill, isDigested: false))
        case .i32:
          .integers(
            try writer.create(
              variable.path, Int32.self, shape, dimensions: scales, variable.meaning, rowAtATime: true,
              isDigested: false))
        case .f32:
          // Floats of a network hardly shrink, and deflate costs more time than the bytes are worth.
          .floats(
            try writer.create(
              variable.path, Float.self, shape, dimensions: scales, variable.meaning, compressed: false,
              rowAtATime: true, fill: .nan, isDigested: false))
        }
      for (name, text) in variable.attributes { try writer.set(name, of: variable.path, to: text) }
      columns.append((variable, column))
    }
  }

  private static func writeTensors(_ schema: RunSchema, _ writer: ArtefactWriter) throws {
    try writer.scale("/snapshot", schema.snapshots, .init("epoch of a checkpoint; 0 is the initialisation"))
    try writer.dimension("/parameter", length: schema.stateCount)
    try writer.dimension("/axis", length: 4)
    try writer.textScale("/tensor", schema.tensors.map(\.name), .init("names of state_dict"))
    var offset: Int64 = 0
    var offsets: [Int64] = []
    var shapes: [Int32] = []
    for tensor in schema.tensors {
      offsets.append(offset)
      offset += Int64(tensor.shape.reduce(1, *))
      shapes += (tensor.shape + [0, 0, 0, 0]).prefix(4).map(Int32.init)
    }
    try writer.variable(
      "/tensor_offset", offsets, [offsets.count], dimensions: ["/tensor"],
      .init("first element of the tensor"))
    try writer.variable(
      "/tensor_shape", shapes, [offsets.count, 4], dimensions: ["/tensor", "/axis"],
      .init("shape of the tensor", definition: "padded with 0; a scalar is all 0"))
  }

  /// Appends the next run's rows.
  public func append(_ rows: RunRows) throws {
    precondition(
      written.count < runs.count && rows.run == runs[written.count], "runs come in ascending order")
    for (variable, column) in columns {
      precondition(
        rows.rows[variable.path]?.count == variable.rowBytes, "\(variable.path): a row of the wrong size")
      let bytes = rows.rows[variable.path, default: []]
      switch column {
      case .bytes(let writer): try writer.append(bytes)
      case .integers(let writer): try bytes.withUnsafeBytes { try writer.append($0.bindMemory(to: Int32.self)) }
      case .floats(let writer): try bytes.withUnsafeBytes { try writer.append($0.bindMemory(to: Float.self)) }
      }
    }
    let digest = schema.digest(of: rows, mandatory: true)
    try digests.append(digest)
    try optionalDigests?.append(schema.digest(of: rows, mandatory: false))
    written.append((rows.run, digest))
  }

  /// Completes the file, reads it back, and makes it appear.
  public func finish() throws {
    try writer.finish(digests)
    if let optionalDigests { try writer.finish(optionalDigests) }
    try writer.set("cell", to: schema.cell)
    try writer.set("config", to: schema.config.canonical)
    try writer.set("architecture", to: schema.architecture)
    try writer.set("parameter_count", to: Int64(schema.parameterCount))
    try writer.set("data", to: schema.data.content)
    try writer.set("shared", to: shared)
    try writer.set("evaluation", to: "batch-norm running statistics, no augmentation")
    let content = runsContent(cell: schema.cell, shared: shared, runs: written)
    try writer.finish(
      Provenance(kind: .runs, options: schema.config, inputs: [schema.data]), content: content)
  }
}
