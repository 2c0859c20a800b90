import ArgumentParser
import Artefacts
import ImageSets
import ToolKit

/// What can be asked of every set: which examples, what is changed in them, where they go.
struct SetOptions: ParsableArguments {
  @OptionGroup(title: "Selection") var selection: SelectionOptions
  @OptionGroup(title: "Changes to the training split") var changes: ChangeOptions

  @Option(help: "Seed of all that is random.")
  var seed: UInt64 = 0

  @OptionGroup var output: OutputOptions
  @OptionGroup var common: CommonOptions

  /// Writes a set of images to a data set file.
  ///
  /// - Parameters:
  ///   - inputs: the files, or the folder, that it is made from.
  ///   - isSeeded: whether the set itself is drawn with the seed.
  ///   - source: makes the set; its errors become the tool's one line and status.
  func write(
    options: [String: JSON], from inputs: [String], isSeeded: Bool = false, _ source: () throws -> any ImageSource
  ) throws {
    // First of all: where it cannot go, nothing need be fetched or decoded.
    let target = try output.place(for: .file(.data), inputs: inputs + changes.files).open()
    try imageSetFailures {
      let source = try source()
      let change = try changes.change()
      let set = try PreparedSet(
        source, selection: selection.selection, change: change, plants: changes.plants, seed: seed)
      var options = options
      options["selection"] = selection.json(classes: set.header.classes)
      if let changes = changes.json(change) { options["changes"] = changes }
      if isSeeded || changes.isRandom || selection.sample != nil { options["seed"] = .string(String(seed)) }
      try write(set, to: target, options: .object(options))
    }
  }

  private func write(_ set: PreparedSet, to target: Output, options: JSON) throws {
    let header = set.header
    let writer = try DatasetFile.Writer(
      target,
      layout: DatasetFile.Layout(
        name: header.name, source: header.source, classes: header.classes, classCodes: header.classCodes,
        height: header.height, width: header.width, channels: header.channels, train: header.train.count,
        test: header.test.count, options: options))
    let progress = Progress(
      "fetch-data \(header.name)", total: Double(header.train.count + header.test.count), unit: "images",
      quiet: common.quiet)
    try set.read { batch in
      try writer.append(
        DatasetFile.Batch(
          position: batch.position, image: batch.image, label: batch.label,
          columns: batch.columns.map(DatasetFile.Column.init)),
        to: batch.split.rawValue)
      progress.advance(by: Double(batch.count))
    }
    progress.finish()
    try writer.finish()
  }
}

extension DatasetFile.Column {
  init(_ column: ImageSets.Column) {
    let values: DatasetFile.Values =
      switch column.values {
      case .int32(let values): .integers(values)
      case .float(let values): .numbers(values)
      }
    self.init(name: column.name, description: column.description, values: values)
  }
}

/// Runs `body`; an error of a set of images becomes the tool's one line and status.
func imageSetFailures(_ body: () throws -> Void) throws {
  do {
    try body()
  } catch let error as ImageSetError {
    let status: ExitStatus =
      switch error.kind {
      case .usage: .usage
      case .data: .badData
      case .input: .inputOutput
      }
    throw Failure(status, error.subject, error.problem, remedy: error.remedy)
  }
}

extension JobsOptions {
  /// Threads that decode: more than there are cores would only take memory.
  var workers: Int { min(cores, Machine.cores) }
}
