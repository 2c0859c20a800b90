/// How much room text takes, and how labels keep clear of each other, without asking a font.
enum Lettering {
  /// An upper estimate of the width of text in common sans-serif fonts, in the unit of `size`.
  static func width(_ text: String, size: Double) -> Double {
    text.reduce(0) { $0 + advance($1) } * size
  }

  /// Text cut to a width, with an ellipsis where something is cut; controls and line ends become spaces.
  static func fitted(_ text: String, width limit: Double, size: Double) -> String {
    let text = String(text.map { $0.isWhitespace ? " " : $0 })
    if width(text, size: size) <= limit { return text }
    var kept = ""
    var used = advance("…")
    for character in text {
      used += advance(character)
      if used * size > limit { break }
      kept.append(character)
    }
    while kept.last == " " { kept.removeLast() }
    return kept + "…"
  }

  /// Positions near the wanted ones, at least `gap` apart and within bounds where that many fit; the order is kept.
  static func spread(_ wanted: [Double], gap: Double, within bounds: ClosedRange<Double>) -> [Double] {
    let order = wanted.indices.sorted { (wanted[$0], $0) < (wanted[$1], $1) }
    // Neighbours that touch form a block around the mean of what they want; blocks that touch are merged.
    var blocks: [(start: Double, members: [Int])] = []
    for index in order {
      blocks.append((wanted[index], [index]))
      while true {
        let last = blocks.count - 1
        blocks[last].start = settled(blocks[last].members)
        guard last > 0 else { break }
        let end = blocks[last - 1].start + Double(blocks[last - 1].members.count) * gap
        guard blocks[last].start < end else { break }
        blocks[last - 1].members += blocks[last].members
        blocks.removeLast()
      }
    }
    var positions = wanted
    for block in blocks {
      for (i, member) in block.members.enumerated() { positions[member] = block.start + Double(i) * gap }
    }
    return positions

    func settled(_ members: [Int]) -> Double {
      let room = Double(members.count - 1) * gap
      let middle = members.reduce(0) { $0 + wanted[$1] } / Double(members.count)
      return max(bounds.lowerBound, min(middle - room / 2, bounds.upperBound - room))
    }
  }

  private static func advance(_ character: Character) -> Double {
    guard let scalar = character.unicodeScalars.first else { return 0 }
    // From U+2E80 on are the scripts and pictures that fill a square.
    guard character.isASCII else {
      if scalar == "\u{2212}" { return 0.84 }
      return character.unicodeScalars.contains { $0.value >= 0x2E80 } ? 1.05 : 0.68
    }
    switch scalar {
    case "i", "j", "l", "'", ".", ",", ":", ";", "|", "!", " ": return 0.34
    case "f", "t", "r", "(", ")", "[", "]", "/", "-", "I", "J": return 0.42
    case "m", "M", "w", "W", "@", "%": return 0.96
    case "A"..."Z", "&", "+", "=", "<", ">", "~", "#", "$": return 0.76
    default: return 0.64
    }
  }
}
