/// Gives each line of a text to `body`, without its end, which may be that of DOS; empty lines at the text's end are left out.
///
/// - Parameter subject: the file, for messages.
/// - Throws: a data error where there are more lines than any list of a set of images has, or bytes that no text has.
func forEachLine(
  of bytes: UnsafeBufferPointer<UInt8>, subject: String,
  _ body: (_ number: Int, _ line: UnsafeBufferPointer<UInt8>) throws -> Void
) throws {
  let (newline, carriageReturn) = (UInt8(ascii: "\n"), UInt8(ascii: "\r"))
  var end = bytes.count
  while end > 0 && (bytes[end - 1] == newline || bytes[end - 1] == carriageReturn) { end -= 1 }
  var start = 0
  var number = 0
  while start < end {
    var stop = start
    while stop < end && bytes[stop] != newline { stop += 1 }
    number += 1
    guard number <= mostLines else {
      throw ImageSetError(.data, subject, "has more lines than the limit of \(mostLines)", "give the published file")
    }
    if bytes[start..<stop].contains(0) {
      throw ImageSetError(.data, "\(subject): line \(number)", "has a NUL byte in it", "give the published file")
    }
    let last = stop > start && bytes[stop - 1] == carriageReturn ? stop - 1 : stop
    try body(number, UnsafeBufferPointer(rebasing: bytes[start..<last]))
    start = stop + 1
  }
}

private let mostLines = 1_000_000

/// The lines of a text, as above.
func lines(of bytes: UnsafeBufferPointer<UInt8>, subject: String) throws -> [String] {
  var lines: [String] = []
  try forEachLine(of: bytes, subject: subject) { lines.append(String(decoding: $1, as: UTF8.self)) }
  return lines
}
