import ToolKit

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A folder of published files, each of which is what its publisher says it is.
///
/// A file is downloaded as `NAME.part` and takes its name when it has been verified; so what is there under its name is
/// whole, whatever ends a process. `NAME.part` is locked by whoever writes it, and so nobody else replaces or removes
/// `NAME` meanwhile.
public struct Cache: Sendable {
  public let folder: String

  public init(folder: String) { self.folder = folder }

  /// The user's cache: `$ROTE_CACHE`, or else `rote` in the cache folder of the XDG base directory specification.
  public init(environment: (String) -> String? = Machine.environment) throws {
    if let folder = environment("ROTE_CACHE") {
      self.folder = folder
    } else if let caches = environment("XDG_CACHE_HOME"), caches.hasPrefix("/") {
      // The specification has relative paths ignored.
      folder = "\(caches)/rote"
    } else if let home = environment("HOME") {
      folder = "\(home)/.cache/rote"
    } else {
      throw Failure(.usage, nil, "there is no folder for downloads", remedy: "name one in ROTE_CACHE, or set HOME")
    }
  }

  public func path(of file: RemoteFile) -> String { "\(folder)/\(file.name)" }

  /// Brings a file into the cache where it is not there yet, and verifies it in any case.
  ///
  /// - Returns: its path.
  /// - Throws: a `Failure`: of status 65 where what was found is not what was published, 74 where the network or the file
  ///   system is in the way, 64 where an address is none.
  public func fetch(_ file: RemoteFile, _ options: FetchOptions = FetchOptions()) throws -> String {
    for url in file.urls where !isWebAddress(url) {
      throw Failure(.usage, shown(url), "is no http or https address")
    }
    let path = path(of: file)
    let found = try cached(file)
    if found == .verified { return path }
    if options.isOffline { throw missing(file, found) }
    try makeFolder(folder)
    let part = try PartFile("\(path).part") {
      if !options.isQuiet { options.note("\(path): is being fetched by another process; waiting for it") }
    }
    defer { part.removeIfEmpty() }
    // Only now does what is seen under the file's name stay so: another process may have put it there meanwhile.
    switch try cached(file) {
    case .verified: return path
    case .missing: break
    case .wrong(let problem):
      options.note("\(path): \(problem); fetching it again")
      guard unlink(path) == 0 || errno == ENOENT else { throw Failure.system(path, "cannot be removed") }
    }
    try Download(file: file, part: part, options: options).run()
    try part.publish(as: path, in: folder)
    return path
  }

  private enum Cached: Equatable {
    case verified
    case missing
    case wrong(String)
  }

  private func cached(_ file: RemoteFile) throws -> Cached {
    let path = path(of: file)
    // Without waiting: a FIFO that nobody writes to would never open.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      if errno == ENOENT || errno == ENOTDIR { return .missing }
      throw Failure.system(path, "cannot read")
    }
    defer { close(descriptor) }
    return try file.mismatch(descriptor, path: path).map { .wrong($0) } ?? .verified
  }

  private func missing(_ file: RemoteFile, _ found: Cached) -> Failure {
    let source = file.urls.first.map(shown) ?? "the published file"
    let remedy = "save \(source) under this name, or pass it with --from"
    if case .wrong(let problem) = found { return Failure(.badData, path(of: file), problem, remedy: remedy) }
    return Failure(.inputOutput, path(of: file), "is not there, and --offline forbids to fetch it", remedy: remedy)
  }
}

/// Makes a folder and those that it lies in, where they are not there; for the user alone, as the XDG specification asks.
private func makeFolder(_ path: String) throws {
  if isFolder(path) { return }
  if let slash = path.lastIndex(of: "/"), slash != path.startIndex { try makeFolder(String(path[..<slash])) }
  guard mkdir(path, 0o700) == 0 else {
    let reason = String(cString: strerror(errno))
    // Another process may have been faster.
    if isFolder(path) { return }
    throw Failure(
      .inputOutput, path, "the folder for downloads cannot be made: \(reason)", remedy: "name another in ROTE_CACHE")
  }
}
