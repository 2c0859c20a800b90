/// What a server says that it sends of a file: the header field of RFC 9110, 14.4.
struct ContentRange: Equatable {
  /// The first byte; nil where the range that was asked for is not there.
  var start: Int?
  /// Bytes of the whole file; nil where the server does not know.
  var total: Int?

  /// Reads "Content-Range: bytes 5-9/10" or "Content-Range: bytes */10".
  init?(headerLine line: String) {
    let field = line.split(separator: ":", maxSplits: 1)
    guard field.count == 2, field[0].lowercased() == "content-range" else { return nil }
    let words = field[1].split(whereSeparator: \.isWhitespace)
    guard words.count == 2, words[0].lowercased() == "bytes" else { return nil }
    let parts = words[1].split(separator: "/")
    guard parts.count == 2 else { return nil }
    // Of numbers without a sign; "*" is none.
    func number(_ text: Substring) -> Int? { text.allSatisfy(\.isWholeNumber) ? Int(text) : nil }
    start = parts[0].firstIndex(of: "-").flatMap { number(parts[0][..<$0]) }
    total = number(parts[1])
  }
}
