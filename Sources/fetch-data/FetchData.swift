import ArgumentParser
import Artefacts
import Downloads
import ImageSets
import ToolKit

@main
struct FetchData: Tool {
  static let configuration = CommandConfiguration(
    commandName: Program.name("fetch-data"),
    abstract: "Turn a published set of labelled images into a data set file.",
    discussion: Program.text(
      """
        fetch-data --list
        fetch-data cifar10 -o cifar.h5
        fetch-data cifar10 --from cifar-10-binary.tar.gz --train 0:5000 -o cifar.h5
        fetch-data sprites -o sprites.h5

      What --from does not give is fetched, and kept in $ROTE_CACHE, else $XDG_CACHE_HOME/rote, else ~/.cache/rote.
      """),
    version: Version.text(
      "fetch-data", software: Kind.data.software, libraries: fileLibraries + decodingLibraries + [downloadLibrary]),
    subcommands: [
      SpritesCommand.self, Cifar10Command.self, Cifar100Command.self, SvhnCommand.self, TinyImageNetCommand.self,
      FashionMnistCommand.self, FolderCommand.self,
    ])

  @Flag(help: "Print the sets that there are, with their terms and sources.")
  var list = false

  func run() throws {
    guard list else { throw CleanExit.helpRequest(self) }
    try StandardOutput.write(Array(listing().utf8))
  }
}
