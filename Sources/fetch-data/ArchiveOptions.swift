import ArgumentParser
import Downloads
import ImageSets
import ToolKit

/// Where a published set is taken from: files that are there, or the network.
struct ArchiveOptions: ParsableArguments {
  @Option(
    name: .customLong("from"), parsing: .upToNextOption,
    help: ArgumentHelp("The published archive, a folder with its files, or the files.", valueName: "path"))
  var given: [String] = []

  @Flag(name: .customLong("no-verify"), help: "Accept other files in the published layout, such as own subsets.")
  var acceptsOthers = false

  @Option(
    help: ArgumentHelp(
      "Fetch from this mirror first; an address that ends in / is that of the folder. May be repeated.",
      valueName: "url"))
  var url: [String] = []

  @Option(
    help: ArgumentHelp(
      "Checksum of the file at --url where it is not the published one.", valueName: "md5:hex|sha256:hex"))
  var checksum: Checksum?

  @Flag(help: "Ask nothing of the network: the cache must have the file.")
  var offline = false

  @Option(help: ArgumentHelp("Seconds without data after which a download is taken up again.", valueName: "seconds"))
  var timeout = 30

  func validate() throws {
    guard given.isEmpty || url.isEmpty && checksum == nil && !offline else {
      throw ValidationError("--from fetches nothing: leave out --url, --checksum and --offline")
    }
    guard checksum == nil || !url.isEmpty else { throw ValidationError("--checksum goes with --url") }
    guard (1...86_400).contains(timeout) else { throw ValidationError("--timeout takes 1 to 86400 seconds") }
  }

  /// Whether contents must be the published ones.
  var verifies: Bool { !acceptsOthers }

  var givesNothing: Bool { given.isEmpty && url.isEmpty }

  /// The paths at which the published files are read, wherever they come from.
  func files(_ published: [PublishedFile]) -> [String] {
    guard given.isEmpty, let cache = try? Cache() else { return given }
    return published.map { "\(cache.folder)/\($0.name)" }
  }

  /// What `--from` names, or else the published files, fetched where the cache has them not.
  func paths(_ published: [PublishedFile], quiet: Bool) throws -> [String] {
    guard given.isEmpty else { return given }
    guard checksum == nil || published.count == 1 else {
      throw Failure(
        .usage, "--checksum", "is of one file, and the set has \(published.count)",
        remedy: "fetch them yourself, and name them with --from")
    }
    let isKnown = { (url: String) in url.hasSuffix("/") || published.contains { url.hasSuffix("/\($0.name)") } }
    guard published.count == 1 || url.allSatisfy(isKnown) else {
      throw Failure(
        .usage, "--url", "names none of the set's \(published.count) files",
        remedy: "name the folder that they lie in, with a slash at its end")
    }
    let cache = try Cache()
    var options = FetchOptions()
    (options.isOffline, options.isQuiet, options.timeout) = (offline, quiet, timeout)
    return try published.map { file in
      guard let sum = checksum ?? Checksum("md5:\(file.md5)") else { preconditionFailure("\(file.name) has no MD5") }
      let mirrors = url.compactMap { url in
        if url.hasSuffix("/") { return url + file.name }
        return published.count == 1 || url.hasSuffix("/" + file.name) ? url : nil
      }
      // Another file than the published one has a name of its own in the cache.
      let name = checksum.map { "\($0.hexadecimal.prefix(12))-\(file.name)" } ?? file.name
      return try cache.fetch(
        RemoteFile(
          name: name, urls: checksum == nil ? mirrors + [file.address] : mirrors,
          size: checksum == nil ? file.bytes : nil, checksum: sum), options)
    }
  }

  /// The same of a set that is one file or folder.
  func path(_ published: PublishedFile, quiet: Bool) throws -> String {
    let paths = try paths([published], quiet: quiet)
    guard let path = paths.first, paths.count == 1 else {
      throw Failure(.usage, "--from", "names \(paths.count) paths", remedy: "name one archive or folder")
    }
    return path
  }
}

extension Checksum: ExpressibleByArgument {}
