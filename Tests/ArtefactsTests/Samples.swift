import Artefacts
import HDF5
import TestSupport
import ToolKit

/// Small files of each kind, made through the public writers.
struct Samples {
  let scratch: Scratch
  init() throws { scratch = try Scratch() }

  // MARK: Data sets

  struct Layout {
    var classes = ["cat", "dog", "猫"]
    var train = 5
    var test = 2
    var firstLabel: Int32 = 0
    var firstPosition: Int64 = 10
  }

  func dataset(_ name: String = "data.h5", _ layout: Layout = Layout()) throws -> ImageDataset {
    let output = try Output(scratch(name))
    let writer = try DatasetFile.Writer(
      output,
      layout: .init(
        name: "tiny", source: "a test", classes: layout.classes, height: 2, width: 3, channels: 1,
        train: layout.train, test: layout.test, options: ["seed": 1]))
    for (split, count) in [("train", layout.train), ("test", layout.test)] where count > 0 {
      // In two batches.
      for rows in [0..<(count / 2), (count / 2)..<count] {
        try writer.append(
          .init(
            position: rows.map { Int64($0) + layout.firstPosition }, image: rows.flatMap(Samples.pixels),
            label: rows.map { $0 == 0 ? layout.firstLabel : Int32($0 % layout.classes.count) },
            columns: [
              .init(name: "coarse_label", description: "kind", values: .integers(rows.map { Int32($0 / 2) })),
              .init(
                name: "difficulty", description: "how hard", values: .numbers(rows.map { Float($0) / 4 })),
            ]), to: split)
      }
    }
    try writer.finish()
    return try ImageDataset(open(name))
  }

  static func pixels(_ row: Int) -> [UInt8] { (0..<6).map { UInt8(row * 10 + $0) } }

  // MARK: Runs

  struct Job {
    var keep: Set<Keep> = []
    var ratio = 0.5
    var architecture = "mlp"
    var parameterCount = 7
    var teacher: JSON = nil
    var epochs = 2
    var mayStopEarly = false
  }

  func schema(_ data: ImageDataset, _ job: Job = Job()) -> RunSchema {
    RunSchema(
      config: [
        "data": .string(data.content), "architecture": .string(job.architecture),
        "subset": ["ratio": .number(job.ratio)],
        "teachers": job.teacher,
      ],
      architecture: job.architecture, parameterCount: job.parameterCount, data: data, epochs: job.epochs,
      snapshots: [0, 2], tensors: [("layer.weight", [2, 3]), ("layer.bias", [1]), ("steps", [])],
      keep: job.keep,
      hasTeacher: job.teacher != nil, mayStopEarly: job.mayStopEarly)
  }

  /// Rows that differ between runs and variables.
  func rows(_ run: Int, _ schema: RunSchema) -> RunRows {
    var rows = RunRows(run: run)
    for (number, variable) in schema.variables.enumerated() {
      let count = variable.rowShape.reduce(1, *)
      switch variable.type {
      case .u8: rows.set(variable.path, (0..<count).map { UInt8(($0 + run + number) % 2) })
      case .i32: rows.set(variable.path, (0..<count).map { Int32($0 + run) })
      case .f32: rows.set(variable.path, (0..<count).map { Float($0 + 100 * run + 7 * number) / 3 })
      }
    }
    rows.set("/status", [UInt8(run == 3 ? 1 : 0)])
    return rows
  }

  @discardableResult
  func write(_ name: String, _ schema: RunSchema, runs: [Int]) throws
    -> RunsFile
  {
    let output = try Output(scratch(name))
    let writer = try RunsWriter(output, schema: schema, runs: runs)
    for run in runs { try writer.append(rows(run, schema)) }
    try writer.finish()
    try output.commit()
    return try RunsFile(open(name))
  }

  func set(_ names: String...) throws -> RunsSet { try RunsSet(names.map { try Input(scratch($0)) }) }

  // MARK: Scores and alignment

  func scores(_ name: String = "scores.h5") throws -> Scores {
    let data = try dataset()
    try write("a.h5", schema(data), runs: [0, 1])
    try write("b.h5", schema(data, Job(ratio: 0.7)), runs: [0, 2])
    let runs = try set("a.h5", "b.h5")
    let labels = runs.labels()
    let cells = zip(runs.members, labels).map { member, label in
      ScoresFile.CellRecord(
        label: label, config: member.config, parameterCount: member.parameterCount, runs: member.runs.count,
        diverged: 0, content: runs.record(of: member).content)
    }
    let values = (0..<10).map { $0 == 3 ? .nan : Float($0) / 8 }
    let writer = try ScoresFile.Writer(Output(scratch(name)), runs: runs, cells: cells)
    try writer.write(
      .init(
        group: "memorisation", floats: [("score", "in minus out", values)],
        counts: [("in_count", "runs with the example", (0..<10).map { Int32($0) })]))
    try writer.write(
      .init(name: "memorisation", definition: "mean", value: [0.5, 0.25], lower: [0.4, 0.2], upper: [0.6, 0.3]))
    try writer.finish(options: ["level": 0.95], inputs: runs.inputRecords)
    return try Scores(open(name))
  }

  func alignment(_ name: String = "alignment.h5") throws -> Alignment {
    let data = try dataset()
    try write("a.h5", schema(data), runs: [0, 4])
    let runs = try set("a.h5")
    let member = runs.members[0]
    // 2 snapshots, 3 tensors, 3 classes.
    let rows = (0..<2).map { (run: Int) in
      var row = AlignmentRow(examples: [2, 2, 1])
      row.perClass["/alignment/in_class"] = (0..<18).map { Float($0 + run) }
      row.perTensor["/alignment/mean_in_class"] = (0..<6).map { Float($0 - run) }
      row.perTensor["/alignment/all"] = [.nan] + (1..<6).map { Float($0 * run) }
      return row
    }
    try AlignmentFile.write(
      Output(scratch(name)), member: member, label: "mlp", runs: member.runNumbers, classes: data.classes,
      snapshots: [0, 2], tensors: ["layer.weight", "logits", "all parameters"], rows: rows, scope: "whole set",
      options: [:], inputs: [data.record, runs.record(of: member)])
    return try Alignment(open(name))
  }

  // MARK: Opening and changing files

  func open(_ name: String) throws -> ArtefactReader { try ArtefactReader(Input(scratch(name))) }

  /// Changes a file with libhdf5 directly, as another program might.
  func change(_ name: String, _ body: (hid_t) -> Void) {
    let access = H5Pcreate(rote_h5_file_access())
    H5Pset_libver_bounds(access, H5F_LIBVER_V110, H5F_LIBVER_V110)
    let file = H5Fopen(scratch(name), 1, access)
    body(file)
    H5Fclose(file)
    H5Pclose(access)
  }

  /// Overwrites a whole variable.
  func overwrite<T: Element>(_ name: String, _ path: String, _ values: [T]) {
    change(name) { file in
      let variable = H5Dopen2(file, path, 0)
      H5Dwrite(variable, T.memoryType, 0, 0, 0, values)
      H5Dclose(variable)
    }
  }

  func removeAttribute(_ name: String, _ attribute: String, of path: String = "/") {
    change(name) { H5Adelete_by_name($0, path, attribute, 0) }
  }

  func setAttribute(_ name: String, _ attribute: String, to value: Int32) {
    change(name) { file in
      H5Adelete(file, attribute)
      let space = H5Screate(H5S_SCALAR)
      let id = H5Acreate2(file, attribute, rote_h5_i32_file(), space, 0, 0)
      withUnsafeBytes(of: value) { _ = H5Awrite(id, rote_h5_i32(), $0.baseAddress) }
      H5Aclose(id)
      H5Sclose(space)
    }
  }
}
