/// A file to fetch: where it is, and what it must be before anybody uses it.
public struct RemoteFile: Hashable, Sendable {
  /// The name that it has in the cache.
  public let name: String
  /// Where it is published, then mirrors: they are tried in turn.
  public let urls: [String]
  /// Bytes; nil where that is not published.
  public let size: Int?
  public let checksum: Checksum

  public init(name: String, urls: [String], size: Int?, checksum: Checksum) {
    precondition(!name.isEmpty && name != "." && name != ".." && !name.contains("/"), "no name for a file")
    precondition(size ?? 0 >= 0, "a size is not negative")
    self.name = name
    self.urls = urls
    self.size = size
    self.checksum = checksum
  }

  /// What is wrong with an open file, such as "has 5 bytes, and 7 are published"; nil where it is the published one.
  func mismatch(_ descriptor: Int32, path: String) throws -> String? {
    let count = try fileStatus(descriptor, path).st_size
    if let size, count != size { return "has \(count) bytes, and \(size) are published" }
    let found = try Checksum(checksum.algorithm, of: descriptor, path: path)
    return found == checksum ? nil : "has \(found), and \(checksum) is published"
  }
}

/// An address as messages have it: without user, password, query and fragment, which may be secrets.
func shown(_ url: String) -> String {
  let visible = url.prefix { $0 != "?" && $0 != "#" }
  let start = visible.firstRange(of: "://")?.upperBound ?? visible.startIndex
  let authority = visible[start...].prefix { $0 != "/" }
  guard let at = authority.lastIndex(of: "@") else {
    // Before an @ further on, what looks like a port may be the beginning of a password.
    return authority.contains(":") && url.contains("@") ? "\(visible[..<start])..." : String(visible)
  }
  return String(visible[..<start] + visible[authority.index(after: at)...])
}

func isWebAddress(_ url: String) -> Bool {
  let scheme = url.prefix { $0 != ":" }.lowercased()
  return ["http", "https"].contains(scheme) && url.dropFirst(scheme.count).hasPrefix("://")
}
