#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Where the files of a set lie that was published in several: in one folder, or named one by one in any order.
///
/// - Parameters:
///   - names: what the files are called.
///   - optional: what others are called that need not be there.
///   - inner: the folder that the files may lie in within the one that is given.
///   - compressed: what may follow a name, such as `.gz`.
/// - Returns: the path of each name, of all in `names` and of the optional ones that are there.
/// - Throws: a usage error where a path is none of them, or one of them again; a data error where one is missing.
func namedFiles(
  _ names: [String], optional: [String] = [], from paths: [String], inner: String? = nil, compressed: String? = nil
) throws -> [String: String] {
  let endings = [""] + (compressed.map { [$0] } ?? [])
  let known = names + optional
  var found: [String: String] = [:]
  func add(_ path: String, as name: String) throws {
    if let first = found.updateValue(path, forKey: name) {
      throw ImageSetError(.usage, path, "is \(name), as \(first) is", "give each once")
    }
  }
  if let folder = paths.first, paths.count == 1, isFolder(folder) {
    func has(_ folder: String, _ name: String) -> Bool { endings.contains { exists("\(folder)/\(name)\($0)") } }
    // The folder itself, unless only the inner one has any of the files.
    let place = ([folder] + (inner.map { ["\(folder)/\($0)"] } ?? [])).first { place in
      names.contains { has(place, $0) }
    }
    for name in known {
      for ending in endings where exists("\(place ?? folder)/\(name)\(ending)") {
        try add("\(place ?? folder)/\(name)\(ending)", as: name)
      }
    }
  } else {
    for path in paths {
      let last = lastComponent(path)
      guard let name = known.first(where: { name in endings.contains { name + $0 == last } }) else {
        throw ImageSetError(
          .usage, path, "is none of the files of the set", "give one folder, or " + names.joined(separator: ", "))
      }
      try add(path, as: name)
    }
  }
  let missing = names.filter { found[$0] == nil }
  if !missing.isEmpty { throw missingFiles(missing, paths.first ?? "--from") }
  return found
}

func missingFiles(_ names: [String], _ place: String) -> ImageSetError {
  ImageSetError(.data, place, "has no \(names.joined(separator: ", "))", "give all files of the set")
}

func lastComponent(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }

func isFolder(_ path: String) -> Bool {
  var status = stat()
  return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
}

private func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }
