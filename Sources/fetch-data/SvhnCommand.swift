import ArgumentParser
import ImageSets

struct SvhnCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "svhn",
    abstract: "SVHN, cropped digits: 73,257 + 26,032 images, 32 x 32, 10 classes (Netzer et al. 2011).")

  @Flag(help: "Add the 531,131 easier images of extra_32x32.mat to the training split.")
  var extra = false

  @OptionGroup(title: "Archive") var archive: ArchiveOptions
  @OptionGroup var set: SetOptions

  func run() throws {
    try set.write(
      options: ["data": "svhn", "extra": .bool(extra), "verified": .bool(archive.verifies)],
      from: archive.files(Svhn.publishedFiles(extra: extra))
    ) {
      try Svhn(
        from: archive.paths(Svhn.publishedFiles(extra: extra), quiet: set.common.quiet), extra: extra,
        verify: archive.verifies)
    }
  }
}
