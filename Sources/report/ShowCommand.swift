import ArgumentParser
import Artefacts
import Figures
import ToolKit

/// `report show`: what one file holds; of a data set, its images too.
struct ShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "What is in one file; of a data set, counts, pixels and a sheet of examples.",
    discussion: Program.text(
      """
      report show data.h5 --sheet data.svg
      report show runs.h5 --format tsv
      """))

  enum Format: String, CaseIterable, ExpressibleByArgument {
    case markdown, tsv
  }

  @Argument(help: "The file, of any kind; - is standard input, the default.")
  var file = "-"

  @Option(help: "The format of the tables.")
  var format = Format.markdown

  @Option(
    help: ArgumentHelp(
      "Draw training examples of each class here, spread evenly over it: .svg with names, .png without.",
      valueName: "file"))
  var sheet: String?

  @Option(help: ArgumentHelp("How many of each class the sheet has; 10 unless given.", valueName: "N"))
  var perClass: Int?

  @OptionGroup var output: OutputOptions
  @OptionGroup var common: CommonOptions

  func validate() throws {
    if let sheet, !sheet.hasSuffix(".svg"), !sheet.hasSuffix(".png") {
      throw ValidationError("--sheet takes a name that ends in .svg or .png")
    }
    if let perClass, !(1...1000).contains(perClass) { throw ValidationError("--per-class takes 1 to 1000") }
    if perClass != nil && sheet == nil { throw ValidationError("--per-class goes with --sheet") }
  }

  func run() throws {
    let place = try output.place(for: .text, inputs: [file])
    let drawing = try sheet.map {
      try OutputPlace($0, for: .text, inputs: [file], others: [place], force: output.force)
    }
    let target = try place.open()
    let reader = try ArtefactReader(Input(file))
    guard reader.kind == .data || sheet == nil else {
      throw Failure(.usage, reader.name, "is no data set file, and has no images for --sheet")
    }
    switch reader.kind {
    case .data: try show(ImageDataset(reader), target, drawing)
    case .runs:
      let runs = try RunsFile(reader)
      try write([FileTable.of(runs), FileTable.configuration(runs.config)], to: target)
    case .scores:
      let scores = try Scores(reader)
      try write([FileTable.of(scores), FileTable.cells(of: scores), FileTable.options(of: reader)], to: target)
    case .alignment:
      let alignment = try Alignment(reader)
      try write(
        [FileTable.of(alignment), FileTable.configuration(alignment.config), FileTable.options(of: reader)], to: target)
    }
    try target.commit()
  }

  private func show(_ dataset: ImageDataset, _ target: Output, _ drawing: OutputPlace?) throws {
    let sheetTarget = try drawing?.open()
    let examples = try sheet == nil ? nil : SheetExamples(of: dataset, perClass: perClass ?? 10)
    let images = try TrainingImages(dataset, keeping: examples?.rows.flatMap(\.self) ?? [], quiet: common.quiet)
    let counts = try ClassCounts(dataset)
    try write(
      [
        FileTable.of(dataset, counts), FileTable.options(of: dataset.reader), counts.table(dataset), images.table,
      ], to: target)
    if let sheet, let sheetTarget, let examples {
      let drawn = examples.sheet(images)
      try sheetTarget.write(
        sheet.hasSuffix(".svg") ? Array(SVG.render(drawn).utf8) : PNG.encode(drawn.image))
      // What is written through cannot be taken back: it comes first.
      if target.regularPath == nil { try target.commit() }
      try sheetTarget.commit()
    }
  }

  private func write(_ tables: [Table], to target: Output) throws {
    let tables = tables.filter { !$0.rows.isEmpty }
    switch format {
    case .markdown: try target.write(Array(Markdown.render(tables).utf8))
    case .tsv: try target.write(Array(TSV.render(tables).utf8))
    }
  }
}
