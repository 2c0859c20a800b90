/// Lines of a name, a value and a unit for people: names to the left, values to the right, two spaces between.
public func aligned(_ lines: [(name: String, value: String, unit: String)]) -> String {
  let (names, values) = (lines.map(\.name.count).max() ?? 0, lines.map(\.value.count).max() ?? 0)
  func spaces(_ count: Int) -> String { String(repeating: " ", count: count) }
  return lines.map { name, value, unit in
    "\(name)\(spaces(names - name.count + 2))\(spaces(values - value.count))\(value)  \(unit)\n"
  }.joined()
}

/// A number with so many digits after the point, up to 9; "none" where it is NaN, "inf" beyond 10^9.
public func fixed(_ value: Double, places: Int) -> String {
  precondition((0...9).contains(places), "digits that a double has")
  guard !value.isNaN else { return "none" }
  guard value.magnitude <= 1e9 else { return value < 0 ? "-inf" : "inf" }
  let scale = (0..<places).reduce(1) { scale, _ in 10 * scale }
  let units = Int((value.magnitude * Double(scale)).rounded())
  let whole = "\(value < 0 && units > 0 ? "-" : "")\(units / scale)"
  return places == 0 ? whole : "\(whole).\(String(units % scale + scale).dropFirst())"
}
