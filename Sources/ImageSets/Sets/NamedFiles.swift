#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Where the files of a set lie that was published in several: in one folder, or named one by one in any order.
///
/// - Parameters:
///   - names: what the files are called.
///   - compressed: what may follow a name, such as `.gz`.
/// - Returns: their paths, in the order of `names`.
/// - Throws: a usage error where a path is none of them, or one of them again; a data error where one is missing.
func namedFiles(_ names: [String], from paths: [String], compressed: String? = nil) throws -> [String] {
  let endings = [""] + (compressed.map { [$0] } ?? [])
  var found: [String: String] = [:]
  func add(_ path: String, as name: String) throws {
    if let first = found.updateValue(path, forKey: name) {
      throw ImageSetError(.usage, path, "is \(name), as \(first) is", "give each once")
    }
  }
  if let folder = paths.first, paths.count == 1, isFolder(folder) {
    for name in names {
      for ending in endings where access("\(folder)/\(name)\(ending)", F_OK) == 0 {
        try add("\(folder)/\(name)\(ending)", as: name)
      }
    }
  } else {
    for path in paths {
      let last = path.split(separator: "/").last.map(String.init) ?? path
      guard let name = names.first(where: { name in endings.contains { name + $0 == last } }) else {
        throw ImageSetError(
          .usage, path, "is none of the files of the set",
          "give one folder, or " + names.joined(separator: ", "))
      }
      try add(path, as: name)
    }
  }
  let missing = names.filter { found[$0] == nil }
  if !missing.isEmpty {
    throw ImageSetError(
      .data, paths.first ?? "--from", "has no \(missing.joined(separator: ", "))", "give all files of the set")
  }
  return names.compactMap { found[$0] }
}
