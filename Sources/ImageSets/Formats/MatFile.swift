/// A MATLAB file of level 5, which MATLAB's `save -v6` and `-v7` write, and SciPy's `savemat`: its variables and
/// their numbers.
///
/// Either byte order, compressed variables and plain ones. Only the head of each variable is read to list them;
/// `MatNumbers` gives the numbers of one, in memory that does not grow with it.
///
/// - Source: MathWorks, MAT-File Format (R2019b), chapter 1.
struct MatFile: Sendable {
  let file: RandomFile
  let isBigEndian: Bool
  /// In the order of the file.
  let variables: [MatVariable]

  private static let headerBytes = 128

  /// - Throws: `ImageSetError`.
  init(path: String) throws {
    file = try RandomFile(path: path)
    isBigEndian = try Self.byteOrder(of: file)
    variables = try Self.variables(of: file, bigEndian: isBigEndian)
  }

  /// What messages call a variable.
  func subject(_ variable: MatVariable) -> String { "\(file.path): \(variable.name)" }

  /// The variable of that name.
  ///
  /// - Throws: a data error where there is none, or more than one.
  func variable(_ name: String) throws -> MatVariable {
    let found = variables.filter { $0.name == name }
    guard let variable = found.first else {
      throw ImageSetError(
        .data, file.path,
        "has no variable \(name), but " + (variables.isEmpty ? "none" : listed(variables.map(\.name))),
        "give the published file, or fetch it again")
    }
    if found.count > 1 {
      throw ImageSetError(.data, file.path, "has \(found.count) variables \(name)", "leave one of them in the file")
    }
    return variable
  }

  /// Whether numbers have their greatest byte first.
  ///
  /// - Throws: where the header is not that of level 5.
  private static func byteOrder(of file: RandomFile) throws -> Bool {
    func refused(_ problem: String, _ remedy: String = "save it with -v7") -> ImageSetError {
      ImageSetError(.data, file.path, problem, remedy)
    }
    let header = try file.read(min(headerBytes, file.size), at: 0, of: "its header")
    if header.starts(with: [0x89, 0x48, 0x44, 0x46]) || header.starts(with: "MATLAB 7.3".utf8) {
      throw refused("is HDF5, as MATLAB's -v7.3 writes it")
    }
    // Level 4 has no text, but begins with the number of a type, of which one byte at least is 0.
    if header.count >= 20, header[..<4].contains(0) {
      throw refused("is of level 4 of MATLAB's formats, or of none")
    }
    guard header.count == headerBytes else {
      throw refused("is no whole MATLAB file: it has \(file.size) bytes", "fetch it again")
    }
    let marks = ["MI": true, "IM": false]
    guard let bigEndian = marks[String(decoding: header[126...], as: UTF8.self)] else {
      throw refused("is no MATLAB file: its header has no mark of the byte order", "give the published file")
    }
    let version = header.number(at: 124, as: UInt16.self, bigEndian: bigEndian)
    guard version == 0x0100 else {
      throw refused("has version \(version >> 8).\(version & 255) of MATLAB's format, not 1.0")
    }
    return bigEndian
  }

  private static func variables(of file: RandomFile, bigEndian: Bool) throws -> [MatVariable] {
    let stream = try PartStream()
    var variables: [MatVariable] = []
    var place = headerBytes
    while place < file.size {
      let tag = try file.read(8, at: place, of: "the tag of a variable")
      let type = MatType(rawValue: tag.number(at: 0, as: UInt32.self, bigEndian: bigEndian))
      let count = Int(tag.number(at: 4, as: UInt32.self, bigEndian: bigEndian))
      let subject = "\(file.path): variable at byte \(place)"
      guard type == .matrix || type == .compressed else {
        throw ImageSetError(.data, subject, "is neither an array nor a compressed one", "fetch it again")
      }
      guard count <= file.size - place - 8 else {
        throw ImageSetError(
          .data, subject, "claims \(count) bytes, and the file has \(file.size - place - 8) more", "fetch it again")
      }
      let range = place + 8..<place + 8 + count
      stream.begin(range, of: file, coding: type == .compressed ? .zlib : .plain, subject: subject)
      var elements = try MatElements(
        stream, count: type == .compressed ? nil : count, bigEndian: bigEndian, subject: subject)
      variables.append(try MatVariable(&elements, isCompressed: type == .compressed, range: range))
      place = range.upperBound
    }
    return variables
  }
}
