import ToolKit

/// The members of a JSON object, each taken out as it is read, so that what is left over is what nobody knows.
struct JSONMembers {
  private let subject: String
  /// Of the object within the text, with a point at the end.
  private let path: String
  private var left: [String: JSON]
  private var known: [String] = []

  init(_ json: JSON, subject: String, path: String = "") throws {
    guard case .object(let members) = json else {
      let what = path.isEmpty ? "holds" : "\"\(path.dropLast())\" is"
      throw Failure(.badData, subject, "\(what) no JSON object {...}")
    }
    (self.subject, self.path, left) = (subject, path, members)
  }

  /// A member's value, or nil where it is left out.
  mutating func take<T>(_ key: String, _ what: String, _ read: (JSON) -> T?) throws -> T? {
    known.append(key)
    guard let value = left.removeValue(forKey: key) else { return nil }
    guard let result = read(value) else { throw Failure(.badData, subject, "\"\(path)\(key)\" must be \(what)") }
    return result
  }

  mutating func require<T>(_ key: String, _ what: String, _ read: (JSON) -> T?) throws -> T {
    guard let value = try take(key, what, read) else {
      throw Failure(.badData, subject, "\"\(path)\(key)\" is missing", remedy: "it must be \(what)")
    }
    return value
  }

  /// The case that text names.
  mutating func takeCase<T: CaseIterable & RawRepresentable>(
    _ key: String, _ type: T.Type
  ) throws -> T? where T.RawValue == String {
    try take(key, cases(type)) { $0.string.flatMap { T(rawValue: $0) } }
  }

  mutating func requireCase<T: CaseIterable & RawRepresentable>(
    _ key: String, _ type: T.Type
  ) throws -> T where T.RawValue == String {
    try require(key, cases(type)) { $0.string.flatMap { T(rawValue: $0) } }
  }

  private func cases<T: CaseIterable & RawRepresentable>(_ type: T.Type) -> String where T.RawValue == String {
    "one of " + T.allCases.map(\.rawValue).joined(separator: ", ")
  }

  mutating func takeMembers(_ key: String) throws -> JSONMembers? {
    guard let value = try take(key, "an object", { $0 }) else { return nil }
    return try JSONMembers(value, subject: subject, path: "\(path)\(key).")
  }

  func finish() throws {
    guard let key = left.keys.min() else { return }
    throw Failure(
      .badData, subject, "there is no \"\(path)\(key)\" in a recipe",
      remedy: "there are \(known.sorted().joined(separator: ", "))")
  }
}
