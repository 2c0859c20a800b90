#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Numbers as text: for people (U+2212, fixed digits), for programs (ASCII, exact) and for drawings (short).
enum Numerals {
  static let minus = "\u{2212}"

  /// The number with so many digits after the point, rounded as C does, with an ASCII minus; never "-0.00".
  static func fixed(_ value: Double, digits: Int) -> String {
    var buffer = [CChar](repeating: 0, count: 340 + digits)
    let length = withVaList([Int32(digits), value]) { vsnprintf(&buffer, buffer.count, "%.*f", $0) }
    let text = String(decoding: buffer.prefix(Int(length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let isZero = !text.contains { $0 >= "1" && $0 <= "9" }
    return text.hasPrefix("-") && isZero ? String(text.dropFirst()) : text
  }

  /// For people: fixed digits and a real minus sign; powers of ten from 10^15 on.
  static func people(_ value: Double, digits: Int) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? minus + "∞" : "∞" }
    if value.magnitude >= 1e15 { return scientific(value) }
    return fixed(value, digits: digits).replacing("-", with: minus)
  }

  /// For people: an integer, its thousands set apart by commas from five figures on.
  static func people(_ value: Int) -> String {
    let digits = String(value.magnitude)
    var grouped = digits
    if digits.count >= 5 {
      grouped = ""
      for (i, digit) in digits.enumerated() {
        if i > 0 && (digits.count - i) % 3 == 0 { grouped.append(",") }
        grouped.append(digit)
      }
    }
    return (value < 0 ? minus : "") + grouped
  }

  /// For people: mantissa and power of ten, as in 2.5×10⁻⁷.
  static func scientific(_ value: Double) -> String {
    var buffer = [CChar](repeating: 0, count: 40)
    let length = withVaList([value]) { vsnprintf(&buffer, buffer.count, "%.2e", $0) }
    let text = String(decoding: buffer.prefix(Int(length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let parts = text.split(separator: "e")
    guard parts.count == 2, let exponent = Int(parts[1]) else { return text }
    var mantissa = parts[0]
    while mantissa.hasSuffix("0") { mantissa.removeLast() }
    if mantissa.hasSuffix(".") { mantissa.removeLast() }
    let sign = mantissa.hasPrefix("-") ? minus : ""
    let head = mantissa.drop { $0 == "-" }
    return sign + (head == "1" ? "" : head + "×") + "10" + superscript(exponent)
  }

  /// For people: three significant digits or so.
  static func short(_ value: Double) -> String {
    let size = value.magnitude
    if size != 0 && (size < 1e-3 || size >= 1e9) { return scientific(value) }
    let text = fixed(value, digits: size < 1 ? 3 : size < 100 ? 2 : 0)
    let trimmed = text.contains(".") ? String(text.reversed().drop { $0 == "0" }.reversed()) : text
    return (trimmed.hasSuffix(".") ? String(trimmed.dropLast()) : trimmed).replacing("-", with: minus)
  }

  /// For programs: the shortest decimal that reads back as the same number; `nan`, `inf`, `-inf`.
  static func exact(_ value: Double) -> String {
    let text = value.description
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  /// For drawings: at most two digits after the point, no trailing zeros. The value must be finite.
  static func coordinate(_ value: Double) -> String {
    precondition(value.isFinite && value.magnitude < 1e9, "a coordinate must be finite")
    let hundredths = Int((value * 100).rounded())
    let (whole, rest) = hundredths.magnitude.quotientAndRemainder(dividingBy: 100)
    var text = (hundredths < 0 ? "-" : "") + String(whole)
    if rest > 0 { text += rest % 10 == 0 ? ".\(rest / 10)" : rest < 10 ? ".0\(rest)" : ".\(rest)" }
    return text
  }

  private static func superscript(_ value: Int) -> String {
    let digits = Array("⁰¹²³⁴⁵⁶⁷⁸⁹")
    let text = String(value.magnitude).compactMap(\.wholeNumberValue).map { digits[$0] }
    return (value < 0 ? "⁻" : "") + String(text)
  }
}
