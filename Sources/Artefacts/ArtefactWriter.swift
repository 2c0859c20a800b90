import HDF5
import ToolKit

/// Writes one file of ours: variables with their scales and digests, then the provenance.
///
/// Variables are created in a fixed order and rows are written in ascending order, since the order of writes decides where
/// bytes lie in the file.
public final class ArtefactWriter {
  public let output: Output
  let file: File
  private var groups: Set<String> = []
  private var digests: [String: String] = [:]

  public init(_ output: Output) throws {
    self.output = output
    file = try writing(output.name) { try File.create(output.path) }
  }

  private func makeGroups(above path: String) throws {
    var prefix = ""
    for part in path.split(separator: "/").dropLast() {
      prefix += "/\(part)"
      if groups.insert(prefix).inserted { try file.createGroup(prefix) }
    }
  }

  /// What a variable means, as attributes.
  public struct Meaning: Sendable {
    let longName: String
    let units: String
    let definition: String?

    public init(_ longName: String, units: String = "1", definition: String? = nil) {
      self.longName = longName
      self.units = units
      self.definition = definition
    }
  }

  private func describe(_ path: String, _ meaning: Meaning) throws {
    try file.set("long_name", of: path, to: meaning.longName)
    try file.set("units", of: path, to: meaning.units)
    if let definition = meaning.definition { try file.set("definition", of: path, to: definition) }
  }

  /// A coordinate: a variable whose name is a dimension's.
  public func scale<T: Element>(_ path: String, _ values: [T], _ meaning: Meaning) throws {
    let variable = try create(path, T.self, [values.count], dimensions: nil, meaning)
    try variable.append(values)
    try finish(variable)
  }

  /// A dimension without coordinates.
  public func dimension(_ path: String, length: Int) throws {
    try writing(output.name) {
      try makeGroups(above: path)
      try file.createDimension(path, length: length)
    }
  }

  /// A coordinate of text.
  public func textScale(_ path: String, _ values: [String], _ meaning: Meaning) throws {
    try text(path, values, dimensions: nil, meaning)
  }

  public func text(_ path: String, _ values: [String], dimensions: [String]?, _ meaning: Meaning) throws {
    try writing(output.name) {
      try makeGroups(above: path)
      let dataset = try file.createText(path, count: values.count)
      if let dimensions { try file.attach(dimensions, to: dataset) } else { try file.makeScale(dataset) }
      try describe(path, meaning)
      if !values.isEmpty { try dataset.write(text: values) }
      let digest = textDigest(values)
      digests[path] = digestLine(path, "text", [values.count], digest)
      try file.set("sha256", of: path, to: digest)
    }
  }

  /// A variable that is written row by row.
  ///
  /// - Parameters:
  ///   - dimensions: the paths of its scales, one a dimension; nil makes the variable a scale itself.
  ///   - compressed: shuffle and deflate.
  ///   - rowAtATime: see `chunkShape`.
  ///   - isDigested: false for rows of runs, which their run's digest covers.
  public func create<T: Element>(
    _ path: String, _ type: T.Type, _ shape: [Int], dimensions: [String]?, _ meaning: Meaning,
    compressed: Bool = true, rowAtATime: Bool = false, fill: T? = nil, isDigested: Bool = true
  ) throws -> VariableWriter<T> {
    try writing(output.name) {
      try makeGroups(above: path)
      let chunk = chunkShape(shape, elementSize: MemoryLayout<T>.size, rowAtATime: rowAtATime)
      let dataset = try file.create(
        path, type, shape: shape, chunk: chunk, compressed: compressed, fill: fill)
      if let dimensions { try file.attach(dimensions, to: dataset) } else { try file.makeScale(dataset) }
      try describe(path, meaning)
      // Where netCDF and xarray look for it.
      if let fill { try file.set("_FillValue", of: path, to: fill) }
      return VariableWriter(dataset, name: output.name, isDigested: isDigested)
    }
  }

  /// Writes a whole variable.
  public func variable<T: Element>(
    _ path: String, _ values: [T], _ shape: [Int], dimensions: [String], _ meaning: Meaning, fill: T? = nil
  ) throws {
    let variable = try create(path, T.self, shape, dimensions: dimensions, meaning, fill: fill)
    try variable.append(values)
    try finish(variable)
  }

  /// Records the digest of a variable whose rows are all there.
  public func finish<T: Element>(_ variable: VariableWriter<T>) throws {
    precondition(variable.row == variable.dataset.shape[0], "\(variable.dataset.path): rows are missing")
    guard let digest = variable.digest?.finishHex() else { return }
    let path = variable.dataset.path
    digests[path] = digestLine(path, T.name, variable.dataset.shape, digest)
    try writing(output.name) { try file.set("sha256", of: path, to: digest) }
  }

  /// The digest over variables, in byte order of their paths, whatever the order in which they were written.
  func contentDigest(of paths: (String) -> Bool = { _ in true }) -> String {
    let chosen = digests.filter { paths($0.key) }
    let lines = chosen.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map(\.value)
    return Digest.sha256(lines.joined())
  }

  public func set(_ attribute: String, of path: String = "/", to text: String) throws {
    try writing(output.name) { try file.set(attribute, of: path, to: text) }
  }

  public func set(_ attribute: String, of path: String = "/", to value: Int64) throws {
    try writing(output.name) { try file.set(attribute, of: path, to: value) }
  }

  /// Writes the provenance, closes the file, reads it back, and makes it appear; this object is spent.
  ///
  /// - Parameter content: the digest of what the file holds, where it is not that over all variables.
  public func finish(_ provenance: Provenance, content: String? = nil) throws {
    let content = content ?? contentDigest()
    try writing(output.name) {
      try provenance.write(to: file, content: content)
      try file.close()
    }
    try ReadBack.confirm(output, content: content)
    try output.commit()
  }
}

/// A variable under way: rows are appended, and hashed as they go.
public final class VariableWriter<T: Element> {
  let dataset: Dataset
  let digest: Digest?
  private let name: String
  public private(set) var row = 0
  /// Of the row, where it is written part by part.
  private var written = 0

  init(_ dataset: Dataset, name: String, isDigested: Bool) {
    self.dataset = dataset
    self.name = name
    digest = isDigested ? Digest() : nil
  }

  /// Appends whole rows.
  public func append(_ elements: [T]) throws {
    try elements.withUnsafeBufferPointer { try append($0) }
  }

  public func append(_ elements: UnsafeBufferPointer<T>) throws {
    guard dataset.rowCount > 0, !elements.isEmpty else { return }
    try writing(name) { try dataset.write(elements, at: row) }
    digest?.update(UnsafeRawBufferPointer(elements))
    row += elements.count / dataset.rowCount
  }

  /// Appends a part of one row, along the second dimension: from where the last part of that row ended.
  public func append(_ elements: [T], part: Range<Int>) throws {
    precondition(part.lowerBound == written, "parts come in order")
    try elements.withUnsafeBufferPointer { elements in
      try writing(name) { try dataset.write(elements, row: row, part: part) }
      digest?.update(UnsafeRawBufferPointer(elements))
    }
    written = part.upperBound == dataset.shape[1] ? 0 : part.upperBound
    if written == 0 { row += 1 }
  }
}

/// The SHA-256 of text elements: UTF-8, each followed by NUL.
func textDigest(_ values: [String]) -> String {
  let digest = Digest()
  for value in values { digest.update(value + "\0") }
  return digest.finishHex()
}

/// A variable's entry in the content digest.
func digestLine(_ path: String, _ type: String, _ shape: [Int], _ digest: String) -> String {
  "\(path)\0\(type)\0\(shape.map(String.init).joined(separator: ","))\0\(digest)\0"
}
