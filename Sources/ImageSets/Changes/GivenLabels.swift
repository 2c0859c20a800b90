/// Labels from a text file: of every training example, a line each in the published order; or in two columns,
/// divided by a tab or a comma, the published position and the label.
///
/// A label is the name of a class, its code, or its index among all published classes. A first line that says `label`, or `example` and `label`, is passed over.
public struct GivenLabels: Equatable, Sendable {
  private struct Line: Equatable, Sendable {
    /// From 1, as editors count.
    let number: Int
    /// In the published order; nil where the file has labels alone.
    let position: Int?
    let label: String
  }

  /// The file, for messages.
  private let name: String
  private let lines: [Line]
  /// The SHA-256 of the file, in hexadecimal: what provenance has for it.
  public let digest: String

  private static let largestFile = 1 << 25

  /// - Parameter path: a regular file, plain or gzip.
  public init(path: String) throws {
    let stream = try ByteStream(path: path, inflating: true)
    var bytes: [UInt8] = []
    while bytes.count <= Self.largestFile {
      let piece = try stream.read(upTo: 1 << 18)
      if piece.isEmpty { break }
      bytes += piece
    }
    guard bytes.count <= Self.largestFile else {
      throw ImageSetError(
        .data, path, "has more than \(Self.largestFile) bytes", "give a line for each training example")
    }
    try self.init(bytes, name: path)
  }

  init(_ bytes: [UInt8], name: String) throws {
    self.name = name
    digest = sha256(bytes)
    var lines: [Line] = []
    var separator: Character?
    try bytes.withUnsafeBufferPointer { bytes in
      try forEachLine(of: bytes, subject: name) { number, line in
        let text = String(decoding: line, as: UTF8.self)
        if number == 1 && ["label", "example,label", "example\tlabel"].contains(text) { return }
        if lines.isEmpty { separator = Self.separator(text) }
        guard let separator else { return lines.append(Line(number: number, position: nil, label: text)) }
        let parts = text.split(separator: separator, maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let position = Int(parts[0]) else {
          throw ImageSetError(
            .data, "\(name): line \(number)", "has no position and label as the lines before",
            "give both in every line")
        }
        lines.append(Line(number: number, position: position, label: String(parts[1])))
      }
    }
    guard !lines.isEmpty else {
      throw ImageSetError(.data, name, "holds no labels", "give a line for each training example")
    }
    self.lines = lines
  }

  /// What divides two columns; nil where there is one.
  private static func separator(_ line: String) -> Character? {
    let separator: Character = line.contains("\t") ? "\t" : ","
    let parts = line.split(separator: separator, maxSplits: 1, omittingEmptySubsequences: false)
    return parts.count == 2 && Int(parts[0]) != nil ? separator : nil
  }

  /// See `LabelChange.apply`. Labels are those of the published set, whichever classes are kept.
  func apply(
    to labels: [Int32], at positions: [Int], available: Int, classes: ClassList
  ) throws -> [Int32] {
    let names = classes.names + classes.codes
    let indices = Dictionary(names.enumerated().map { ($1, $0 % classes.names.count) }) { first, _ in first }
    if lines.first?.position == nil, lines.count != available {
      throw ImageSetError(
        .data, name, "has \(lines.count) labels, and the set \(available) training examples",
        "give a line for each in the published order, or lines of position and label")
    }
    var given: [Int: Int32] = [:]
    var seen = [Bool](repeating: false, count: available)
    for (row, line) in lines.enumerated() {
      let position = line.position ?? row
      let subject = "\(name): line \(line.number)"
      guard (0..<available).contains(position) else {
        throw ImageSetError(
          .data, subject, "names example \(position)", "name examples of 0 to \(available - 1)")
      }
      if seen[position] {
        throw ImageSetError(.data, subject, "names example \(position) again", "name each once")
      }
      seen[position] = true
      guard let label = indices[line.label] ?? index(line.label, below: classes.names.count) else {
        throw ImageSetError(
          .data, subject, "has label \(line.label), which is no class",
          "give one of \(listed(classes.names)), or a number below \(classes.names.count)")
      }
      guard positions.containsSorted(position) else { continue }
      guard let kept = classes.numbers[label] else {
        throw ImageSetError(
          .data, subject, "has label \(line.label), a class that is left out", "keep it, or leave the example out")
      }
      given[position] = kept
    }
    return zip(labels, positions).map { given[$1] ?? $0 }
  }

  private func index(_ text: String, below count: Int) -> Int? {
    Int(text).flatMap { (0..<count).contains($0) ? $0 : nil }
  }
}

extension [Int] {
  /// Whether an ascending array has `value`.
  fileprivate func containsSorted(_ value: Int) -> Bool {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if self[middle] < value { low = middle + 1 } else { high = middle }
    }
    return low < count && self[low] == value
  }
}
