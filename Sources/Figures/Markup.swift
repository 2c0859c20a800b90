/// A writer of well-formed markup, HTML and SVG alike.
///
/// Names of elements and attributes are literals of the program; all other text passes through `escape`. So what comes
/// out is closed, quoted and free of foreign markup whatever goes in.
struct Markup {
  private(set) var text = ""
  private var identifiers: Set<String> = []

  /// An attribute of an element; a value of nil leaves the attribute out.
  struct Attribute {
    let name: StaticString
    let value: String?

    init(_ name: StaticString, _ value: String?) {
      self.name = name
      self.value = value
    }

    /// A coordinate or length.
    init(_ name: StaticString, _ value: Double) { self.init(name, Numerals.coordinate(value)) }
  }

  /// Writes an element around what `content` writes.
  mutating func element(
    _ name: StaticString, _ attributes: [Attribute] = [], _ content: (inout Markup) -> Void
  ) {
    start(name, attributes)
    text += ">"
    content(&self)
    text += "</\(name)>"
  }

  /// Writes an element around text.
  mutating func element(_ name: StaticString, _ attributes: [Attribute] = [], text: String) {
    element(name, attributes) { $0.write(text) }
  }

  /// Writes an element without content.
  mutating func empty(_ name: StaticString, _ attributes: [Attribute] = []) {
    start(name, attributes)
    text += "/>"
  }

  mutating func write(_ plain: String) { text += Self.escape(plain) }

  mutating func lineBreak() { text += "\n" }

  /// Writes markup or a style sheet that is a literal of the program.
  mutating func literal(_ literal: StaticString) { text += literal.description }

  /// Writes what another writer holds; its identifiers are its own.
  mutating func append(_ other: Markup) { text += other.text }

  private mutating func start(_ name: StaticString, _ attributes: [Attribute]) {
    text += "<\(name)"
    for attribute in attributes {
      guard let value = attribute.value else { continue }
      text += " \(attribute.name)=\"\(Self.escape(value))\""
    }
  }

  /// An identifier made from a name that this document does not have yet.
  mutating func identifier(_ name: String) -> String {
    let slug = Self.slug(name)
    var candidate = slug
    var number = 2
    while !identifiers.insert(candidate).inserted {
      candidate = "\(slug)-\(number)"
      number += 1
    }
    return candidate
  }

  /// Lower-case ASCII letters and digits of a name, joined by hyphens; begins with a letter.
  static func slug(_ name: String) -> String {
    let words = name.lowercased().split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }
    let slug = words.joined(separator: "-")
    return slug.first?.isLetter == true ? slug : slug.isEmpty ? "item" : "n-" + slug
  }

  /// Text as markup that means just that text; characters that XML forbids become U+FFFD.
  static func escape(_ plain: String) -> String {
    var escaped = ""
    escaped.reserveCapacity(plain.utf8.count)
    for scalar in plain.unicodeScalars {
      switch scalar.value {
      case 0x26: escaped += "&amp;"
      case 0x3C: escaped += "&lt;"
      case 0x3E: escaped += "&gt;"
      case 0x22: escaped += "&quot;"
      case 0x27: escaped += "&#39;"
      case 0x09, 0x0A: escaped.unicodeScalars.append(scalar)
      case 0..<0x20, 0x7F..<0xA0, 0xFFFE, 0xFFFF, 0x202A...0x202E, 0x2066...0x2069:
        // Controls, and those that would turn the reading direction of what follows.
        escaped += "\u{FFFD}"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }
}
