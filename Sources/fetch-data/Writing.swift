import Artefacts
import ImageSets
import ToolKit

/// Writes a set of images to a data set file.
func write(_ source: some ImageSource, to output: OutputOptions, quiet: Bool, options: JSON) throws {
  let header = source.header
  let target = try Output(output.output)
  let writer = try DatasetFile.Writer(
    target,
    layout: DatasetFile.Layout(
      name: header.name, source: header.source, classes: header.classes, height: header.height,
      width: header.width, channels: header.channels, train: header.train.count, test: header.test.count,
      options: options))
  let progress = Progress(
    "fetch-data \(header.name)", total: Double(header.train.count + header.test.count), unit: "images", quiet: quiet)
  try source.read { batch in
    try writer.append(
      DatasetFile.Batch(
        position: batch.position, image: batch.image, label: batch.label,
        columns: batch.columns.map(DatasetFile.Column.init)),
      to: batch.split.rawValue)
    progress.advance(by: Double(batch.position.count))
  }
  progress.finish()
  try writer.finish()
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
