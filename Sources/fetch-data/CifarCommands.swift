import ArgumentParser
import ImageSets

struct Cifar10Command: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cifar10", abstract: "CIFAR-10: 50,000 + 10,000 images, 32 x 32, 10 classes (Krizhevsky 2009).")

  @OptionGroup(title: "Archive") var archive: ArchiveOptions
  @OptionGroup var set: SetOptions

  func run() throws { try fetch(.cifar10, archive, set) }
}

struct Cifar100Command: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cifar100",
    abstract: "CIFAR-100: 50,000 + 10,000 images, 32 x 32, 100 classes, with their superclasses (Krizhevsky 2009).")

  @OptionGroup(title: "Archive") var archive: ArchiveOptions
  @OptionGroup var set: SetOptions

  func run() throws { try fetch(.cifar100, archive, set) }
}

private func fetch(_ cifar: CifarSet, _ archive: ArchiveOptions, _ set: SetOptions) throws {
  try set.write(
    options: ["data": .string(cifar.rawValue), "verified": .bool(archive.verifies)],
    from: archive.files([cifar.publishedFile])
  ) {
    try Cifar(
      cifar, from: archive.paths([cifar.publishedFile], quiet: set.common.quiet), verify: archive.verifies)
  }
}
