/// The classes of a set, and which of them a study keeps.
struct ClassList: Sendable {
  /// As published.
  let names: [String]
  /// The publisher's codes, one a class; none where names are all there is.
  let codes: [String]
  /// The classes that are kept, as indices into `names`, ascending.
  let kept: [Int]
  /// `(class)`: the number of a class among those that are kept; nil for the others.
  let numbers: [Int32?]

  /// - Parameter wanted: names or codes, in any order; nil for all.
  /// - Throws: a usage error where a name is unknown, named twice or alone.
  init(_ header: ImageSetHeader, keeping wanted: [String]?) throws {
    names = header.classes
    codes = header.classCodes ?? []
    var kept = Array(names.indices)
    if let wanted {
      let (names, codes) = (names, codes)
      kept = try wanted.map { name in
        guard let index = names.firstIndex(of: name) ?? codes.firstIndex(of: name) else {
          throw ImageSetError(
            .usage, "--classes \(name)", "is no class of the set", "name some of \(listed(names))")
        }
        return index
      }
      guard Set(kept).count == kept.count else {
        throw ImageSetError(
          .usage, "--classes \(wanted.joined(separator: ","))", "names a class twice", "name each once")
      }
      guard kept.count > 1 else {
        throw ImageSetError(.usage, "--classes", "names fewer than two classes", "name two or more")
      }
      kept.sort()
    }
    self.kept = kept
    var numbers = [Int32?](repeating: nil, count: names.count)
    for (new, old) in kept.enumerated() { numbers[old] = Int32(new) }
    self.numbers = numbers
  }

  /// The published index of the class of this name or code.
  func index(of name: String) -> Int? { names.firstIndex(of: name) ?? codes.firstIndex(of: name) }

  var keptNames: [String] { kept.map { names[$0] } }
  var keptCodes: [String]? { codes.isEmpty ? nil : kept.map { codes[$0] } }
}

/// The names for a message, the first ten of many.
func listed(_ names: [String]) -> String {
  names.prefix(10).joined(separator: ", ") + (names.count > 10 ? ", ... (\(names.count))" : "")
}
