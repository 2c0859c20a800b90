import ArgumentParser
import ToolKit
import ImageSets

struct FashionMnistCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fashion-mnist",
    abstract: "Fashion-MNIST: 60,000 + 10,000 images, 28 x 28 grey, 10 classes (Xiao et al. 2017).",
    discussion: Program.text(
      """
      Images are padded with zeros to 32 x 32 and repeated in three channels.
      Debian's package dataset-fashion-mnist is read where it is installed and --from gives nothing else.
      """))

  @OptionGroup(title: "Archive") var archive: ArchiveOptions
  @OptionGroup var set: SetOptions

  func run() throws {
    try set.write(
      options: ["data": "fashion-mnist", "verified": .bool(archive.verifies)],
      from: archive.files(FashionMnist.publishedFiles)
    ) {
      let installed = archive.givesNothing ? FashionMnist.installed : nil
      return try FashionMnist(
        from: installed.map { [$0] } ?? archive.paths(FashionMnist.publishedFiles, quiet: set.common.quiet),
        verify: archive.verifies)
    }
  }
}
