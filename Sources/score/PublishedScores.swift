import Artefacts
import ImageSets
import ToolKit

/// Scores that others have published of a data set's training examples, by their published position.
struct PublishedScores {
  /// How a file has them.
  enum Format: String, CaseIterable {
    case feldmanZhang = "feldman-zhang"
    case cScore = "c-score"
    case csv

    /// What the numbers are, in words.
    var definition: String {
      switch self {
      case .feldmanZhang: "memorisation estimate of Feldman and Zhang 2020 (arXiv 2008.03703), as published"
      case .cScore: "C-score of Jiang et al. 2021 (arXiv 2002.03206), as published: high where regular"
      case .csv: "as in a file of the user's"
      }
    }
  }

  /// One example.
  struct Entry {
    let position: Int64
    let label: Int64
    let score: Float
  }

  let entries: [Entry]
  private let file: String

  /// The most bytes of an array, or of a CSV file: those of ImageNet have a tenth.
  private static let mostBytes = 1 << 28

  init(_ input: Input, format: Format, classes: [String]) throws {
    file = input.name
    entries =
      switch format {
      case .feldmanZhang: try PublishedScores.arrays(input, labels: "tr_labels", scores: "tr_mem")
      case .cScore: try PublishedScores.arrays(input, labels: "labels", scores: "scores")
      case .csv: try PublishedScores.table(input, classes: classes)
      }
  }

  /// What is in the file and used, as a digest.
  var content: String {
    let digest = Digest()
    digest.update(entries.map(\.position))
    digest.update(entries.map(\.label))
    digest.update(entries.map(\.score))
    return digest.finishHex()
  }

  /// The score of each training example of a data set, NaN where the file has none; labels must agree.
  func scores(of dataset: ImageDataset) throws -> [Float] {
    let places = Dictionary(entries.indices.map { (entries[$0].position, $0) }, uniquingKeysWith: { first, _ in first })
    var first: (position: Int64, here: Int64, there: Int32)?
    var (found, different) = (0, 0)
    let scores = zip(dataset.train.example, dataset.train.label).map { position, label -> Float in
      guard let place = places[position] else { return .nan }
      found += 1
      let entry = entries[place]
      if entry.label != Int64(label) {
        different += 1
        if first == nil { first = (position, entry.label, label) }
      }
      return entry.score
    }
    if let first {
      throw Failure(
        .badData, file,
        "has label \(first.here) for example \(first.position), which is \(first.there) in \(dataset.reader.name), and "
          + "\(different) of \(found) labels differ",
        remedy: "name the data set that the scores are of, with its published labels, classes and order")
    }
    guard found > 0 else {
      throw Failure(
        .badData, file, "has a score for none of the examples in \(dataset.reader.name)",
        remedy: "examples are named by their published position, from 0")
    }
    return scores
  }

  // MARK: Formats

  private static func arrays(_ input: Input, labels: String, scores: String) throws -> [Entry] {
    // An archive on standard input has no name of its own.
    func named(_ subject: String) -> String {
      subject.hasPrefix(input.path) ? input.name + subject.dropFirst(input.path.count) : subject
    }
    do {
      let archive = try NumPyArchive(path: input.path)
      let (label, score) = (
        try archive.array(labels, limit: mostBytes), try archive.array(scores, limit: mostBytes)
      )
      guard label.shape.count == 1, label.shape == score.shape, label.element.isInteger, !score.element.isInteger else {
        throw Failure(
          .badData, input.name,
          "has \(labels) of shape \(label.shape) and type \(label.element.rawValue), and \(scores) of shape "
            + "\(score.shape) and type \(score.element.rawValue), not a label and a score for each example")
      }
      return try zip(label.values, score.values).enumerated().map { position, pair in
        guard let label = Int64(exactly: pair.0) else {
          throw Failure(.badData, input.name, "has a label that is no class, of example \(position)")
        }
        return Entry(position: Int64(position), label: label, score: try checked(pair.1, input.name, position))
      }
    } catch let error as ImageSetError {
      throw Failure(
        error.kind == .input ? .inputOutput : .badData, named(error.subject), error.problem, remedy: error.remedy)
    }
  }

  /// A header with the columns example, label and score among others, in any order; then a line an example.
  private static func table(_ input: Input, classes: [String]) throws -> [Entry] {
    let size = try input.size()
    guard size <= mostBytes else {
      throw Failure(.badData, input.name, "has \(size) bytes, more than the limit of \(mostBytes)")
    }
    let lines = try input.head(size).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    func fields(_ line: ArraySlice<UInt8>) -> [String] {
      (line.last == UInt8(ascii: "\r") ? line.dropLast() : line)
        .split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).map {
          String(decoding: $0, as: UTF8.self)
        }
    }
    let header = fields(lines[0])
    let places = ["example", "label", "score"].compactMap { header.firstIndex(of: $0) }
    guard places.count == 3 else {
      throw Failure(
        .badData, input.name, "has no columns example, label and score", remedy: "name them in its first line")
    }
    let numbers = Dictionary(classes.enumerated().map { ($1, Int64($0)) }, uniquingKeysWith: { first, _ in first })
    var seen: Set<Int64> = []
    var entries: [Entry] = []
    for (number, line) in lines.enumerated().dropFirst() where !line.isEmpty {
      let fields = fields(line)
      let place = "\(input.name):\(number + 1)"
      guard fields.count == header.count else {
        throw Failure(.badData, place, "has \(fields.count) fields, and the header \(header.count)")
      }
      guard let position = Int64(fields[places[0]]), position >= 0 else {
        throw Failure(.badData, place, "\(fields[places[0]].prefix(40)) is no position of an example")
      }
      guard seen.insert(position).inserted else {
        throw Failure(.badData, place, "example \(position) is there twice")
      }
      // A class may be called by a number that is another's.
      guard let label = Int64(fields[places[1]]) ?? numbers[fields[places[1]]] else {
        throw Failure(.badData, place, "\(fields[places[1]].prefix(40)) is no class, by number or name")
      }
      guard let score = Double(fields[places[2]]) else {
        throw Failure(.badData, place, "\(fields[places[2]].prefix(40)) is no number")
      }
      entries.append(Entry(position: position, label: label, score: try checked(score, place, Int(position))))
    }
    return entries
  }

  /// The score as files have it; NaN stands for none.
  private static func checked(_ score: Double, _ subject: String, _ position: Int) throws -> Float {
    let value = Float(score)
    guard value.isFinite || score.isNaN else {
      throw Failure(.badData, subject, "has a score that is not finite, of example \(position)")
    }
    return score.isNaN ? .nan : value
  }
}
