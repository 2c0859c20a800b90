import ArgumentParser
import ImageSets
import ToolKit

extension ResizeFilter: ExpressibleByArgument {}
extension Resizer.Fit: ExpressibleByArgument {}

struct FolderCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "folder",
    abstract: "JPEG and PNG pictures of your own, in a folder or zip archive with a folder a class.",
    discussion: Program.text(
      """
      Where all lies in train/ and test/ (or val/), these are the splits. Other files are passed over, and counted on \
      standard error. Classes and examples are in the order of torchvision's ImageFolder.
      """))

  @Option(
    name: .customLong("from"), parsing: .upToNextOption,
    help: ArgumentHelp("The folder or zip archive.", valueName: "path"))
  var paths: [String]

  @Option(help: ArgumentHelp("Side of the square that each picture is resized to, in pixels.", valueName: "S"))
  var size: Int

  @Option(help: "How pixels are made from those around; values are Pillow's, to the byte.")
  var filter = ResizeFilter.bilinear

  @Option(help: "crop: the shorter side becomes S, and the middle is cut out; stretch: both sides become S.")
  var fit = Resizer.Fit.crop

  @Option(help: ArgumentHelp("Refuse pictures with more pixels, which take memory.", valueName: "N"))
  var mostPixels = FolderSet.mostPixels

  @OptionGroup var jobs: JobsOptions
  @OptionGroup var set: SetOptions

  func validate() throws {
    guard paths.count == 1 else { throw ValidationError("--from takes one folder or archive") }
    guard (1...1 << 32).contains(mostPixels) else { throw ValidationError("--most-pixels takes 1 to 2^32") }
  }

  func run() throws {
    let path = paths[0]
    let options: [String: JSON] = [
      "data": "folder", "size": .number(Double(size)), "filter": .string(filter.rawValue),
      "fit": .string(fit.rawValue),
    ]
    try set.write(options: options, from: paths) {
      let source = try FolderSet(
        from: path, side: size, filter: filter, fit: fit, mostPixels: mostPixels, workers: jobs.workers)
      if source.passedOver > 0 && !set.common.quiet {
        let what = source.passedOver == 1 ? "1 file that is no" : "\(source.passedOver) files that are no"
        let verb = source.passedOver == 1 ? "is" : "are"
        printError("\(Program.name("fetch-data")): \(path): \(what) .jpg, .jpeg or .png \(verb) passed over\n")
      }
      return source
    }
  }
}
