#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A JSON value, for the options and configurations that files carry.
public enum JSON: Hashable, Sendable {
  case null
  case bool(Bool)
  case number(Double)
  case string(String)
  case array([JSON])
  case object([String: JSON])

  /// The canonical text of RFC 8785: sorted keys, no space, shortest numbers. Equal values give equal bytes.
  public var canonical: String {
    switch self {
    case .null: return "null"
    case .bool(let value): return value ? "true" : "false"
    case .number(let value): return JSON.text(value)
    case .string(let value): return JSON.quote(value)
    case .array(let values): return "[" + values.map(\.canonical).joined(separator: ",") + "]"
    case .object(let members):
      // RFC 8785 sorts by UTF-16 code units.
      let keys = members.keys.sorted { $0.utf16.lexicographicallyPrecedes($1.utf16) }
      return "{"
        + keys.map { "\(JSON.quote($0)):\(members[$0, default: .null].canonical)" }.joined(separator: ",")
        + "}"
    }
  }

  /// The same value as text for people: a member a line, indented by two spaces, arrays on one line.
  public var indented: String { indented(by: "") }

  private func indented(by margin: String) -> String {
    switch self {
    case .null, .bool, .number, .string: return canonical
    case .array(let values): return "[" + values.map { $0.indented(by: margin) }.joined(separator: ", ") + "]"
    case .object(let members):
      guard !members.isEmpty else { return "{}" }
      let lines = members.keys.sorted().map { key in
        "\(margin)  \(JSON.quote(key)): \(members[key, default: .null].indented(by: margin + "  "))"
      }
      return "{\n" + lines.joined(separator: ",\n") + "\n\(margin)}"
    }
  }

  /// A number as ECMAScript writes it, which RFC 8785 asks for: Swift's shortest digits, in ECMAScript's notation.
  static func text(_ value: Double) -> String {
    precondition(value.isFinite, "JSON has no such number")
    if value == 0 { return "0" }
    if value < 0 { return "-" + text(-value) }
    // Swift gives "1e-07", "0.001", "12.5", "1e+16": take the digits and the place of the point.
    let parts = value.description.split(separator: "e")
    let mantissa = parts[0].split(separator: ".", omittingEmptySubsequences: false)
    let exponent = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
    var digits = Array((mantissa[0] + (mantissa.count > 1 ? mantissa[1] : "")).utf8)
    var point = mantissa[0].count + exponent
    while digits.first == 48 {
      digits.removeFirst()
      point -= 1
    }
    while digits.last == 48 { digits.removeLast() }
    let text = String(decoding: digits, as: UTF8.self)
    let n = digits.count
    switch point {
    case n...21: return text + String(repeating: "0", count: point - n)
    case 1..<max(2, n): return text.prefix(point) + "." + text.dropFirst(point)
    case -5...0: return "0." + String(repeating: "0", count: -point) + text
    default:
      let sign = point > 0 ? "+" : "-"
      return text.prefix(1) + (n > 1 ? "." + text.dropFirst() : "") + "e\(sign)\(abs(point - 1))"
    }
  }

  static func quote(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case "\u{8}": out += "\\b"
      case "\u{c}": out += "\\f"
      case "\n": out += "\\n"
      case "\r": out += "\\r"
      case "\t": out += "\\t"
      case _ where scalar.value < 0x20:
        let hex = String(scalar.value, radix: 16)
        out += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out + "\""
  }

  /// Reads JSON text.
  /// - Throws: a `Failure` of status 65 that names `subject`.
  public init(parsing text: String, subject: String) throws {
    do {
      self = try JSONDecoder().decode(JSON.self, from: Data(text.utf8))
    } catch {
      throw Failure(.badData, subject, "not valid JSON")
    }
  }

  public subscript(key: String) -> JSON? {
    if case .object(let members) = self { members[key] } else { nil }
  }

  public var string: String? { if case .string(let value) = self { value } else { nil } }
  public var double: Double? { if case .number(let value) = self { value } else { nil } }
  public var int: Int? { double.flatMap { Int(exactly: $0) } }
  public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
  public var array: [JSON]? { if case .array(let values) = self { values } else { nil } }
}

extension JSON: Decodable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? container.decode(Double.self) {
      self = .number(value)
    } else if let value = try? container.decode(String.self) {
      self = .string(value)
    } else if let values = try? container.decode([JSON].self) {
      self = .array(values)
    } else {
      self = .object(try container.decode([String: JSON].self))
    }
  }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral,
  ExpressibleByNilLiteral
{
  public init(stringLiteral value: String) { self = .string(value) }
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  public init(integerLiteral value: Int) { self = .number(Double(value)) }
  public init(floatLiteral value: Double) { self = .number(value) }
  public init(arrayLiteral elements: JSON...) { self = .array(elements) }
  public init(dictionaryLiteral elements: (String, JSON)...) {
    self = .object(Dictionary(elements) { _, last in last })
  }
  public init(nilLiteral: ()) { self = .null }
}
