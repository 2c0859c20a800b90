import Testing

/// The elements of a well-formed document, in order; a reader just strict enough to judge what this module writes.
struct ParsedMarkup {
  struct Element {
    let name: String
    let attributes: [String: String]
    let parent: Int?
    /// The element's own text, entities resolved.
    var text = ""

    func number(_ name: String) -> Double? { attributes[name].flatMap { Double($0) } }
    var styles: [Substring] { (attributes["class"] ?? "").split(separator: " ") }
  }

  struct Malformed: Error {
    let problem: String
  }

  private(set) var elements: [Element] = []

  init(_ document: String) throws {
    var open: [Int] = []
    var rest = Substring(document)
    if rest.hasPrefix("<!DOCTYPE html>") { rest = rest.dropFirst(15) }
    while !rest.isEmpty {
      guard rest.hasPrefix("<") else {
        let end = rest.firstIndex(of: "<") ?? rest.endIndex
        let text = try Self.plain(rest[..<end])
        if let last = open.last { elements[last].text += text }
        rest = rest[end...]
        continue
      }
      guard let end = rest.firstIndex(of: ">") else { throw Malformed(problem: "a tag without end") }
      var tag = rest[rest.index(after: rest.startIndex)..<end]
      rest = rest[rest.index(after: end)...]
      if tag.hasPrefix("/") {
        guard let last = open.popLast(), elements[last].name == tag.dropFirst() else {
          throw Malformed(problem: "</\(tag.dropFirst())> closes nothing")
        }
        continue
      }
      let isEmpty = tag.hasSuffix("/")
      if isEmpty { tag = tag.dropLast() }
      let name = tag.prefix { $0.isLetter || $0.isNumber }
      elements.append(
        Element(
          name: String(name), attributes: try Self.attributes(tag.dropFirst(name.count)), parent: open.last))
      if !isEmpty { open.append(elements.count - 1) }
    }
    guard open.isEmpty else { throw Malformed(problem: "elements left open") }
  }

  func all(_ name: String, style: String? = nil) -> [Element] {
    elements.filter { element in
      element.name == name && (style.map { element.styles.contains($0[...]) } ?? true)
    }
  }

  private static func attributes(_ text: Substring) throws -> [String: String] {
    var attributes: [String: String] = [:]
    var rest = text
    while !rest.isEmpty {
      guard rest.hasPrefix(" "), let equals = rest.firstIndex(of: "=") else {
        throw Malformed(problem: "attributes \(text)")
      }
      let name = String(rest[rest.index(after: rest.startIndex)..<equals])
      rest = rest[rest.index(after: equals)...]
      guard rest.hasPrefix("\""), let end = rest.dropFirst().firstIndex(of: "\""), attributes[name] == nil
      else {
        throw Malformed(problem: "attribute \(name)")
      }
      attributes[name] = try plain(rest.dropFirst()[..<end])
      rest = rest[rest.index(after: end)...]
    }
    return attributes
  }

  private static func plain(_ text: Substring) throws -> String {
    let entities = ["amp": "&", "lt": "<", "gt": ">", "quot": "\"", "#39": "'"]
    var parts = text.split(separator: "&", omittingEmptySubsequences: false).makeIterator()
    var plain = String(parts.next() ?? "")
    while let part = parts.next() {
      guard let end = part.firstIndex(of: ";"), let character = entities[String(part[..<end])] else {
        throw Malformed(problem: "a bare ampersand in \(text)")
      }
      plain += character + part[part.index(after: end)...]
    }
    return plain
  }
}
