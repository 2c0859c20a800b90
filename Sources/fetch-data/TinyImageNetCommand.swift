import ArgumentParser
import ImageSets
import ToolKit

struct TinyImageNetCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tiny-imagenet",
    abstract: "Tiny-ImageNet-200: 100,000 + 10,000 images, 64 x 64, 200 classes (Le and Yang 2015).")

  @OptionGroup(title: "Archive") var archive: ArchiveOptions
  @OptionGroup var jobs: JobsOptions
  @OptionGroup var set: SetOptions

  func run() throws {
    try set.write(
      options: ["data": "tiny-imagenet", "verified": .bool(archive.verifies)],
      from: archive.files([TinyImageNet.publishedFile])
    ) {
      try TinyImageNet(
        from: archive.path(TinyImageNet.publishedFile, quiet: set.common.quiet), verify: archive.verifies,
        workers: jobs.workers)
    }
  }
}
