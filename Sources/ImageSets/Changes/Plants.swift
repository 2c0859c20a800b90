/// What is planted in a training split, so that a study knows what it should find.
public struct Plants: Equatable, Sendable {
  /// Examples that get a wrong label, each of the other classes with the same probability; the column
  /// `canary` marks them. None has another plant or a changed label.
  public var canaries: Int
  /// Examples of which an exact copy, pixels and label, follows after the last; `copy_of` names the original.
  public var duplicates: Int

  public init(canaries: Int = 0, duplicates: Int = 0) {
    self.canaries = canaries
    self.duplicates = duplicates
  }

  var isEmpty: Bool { canaries == 0 && duplicates == 0 }

  /// Where they go.
  struct Places {
    /// Rows with a new label.
    let canaries: [Int]
    /// Rows to copy, ascending.
    let duplicates: [Int]
  }

  /// What random numbers are drawn for. The raw values are part of results.
  enum Use: Int {
    case canary, canaryLabel, duplicate
  }

  /// - Parameters:
  ///   - positions: `(row)`, ascending.
  ///   - isUnchanged: `(row)`: whether an example has its published label.
  func places(positions: [Int], isUnchanged: [Bool], seed: UInt64) throws -> Places {
    func draw(_ count: Int, _ option: String, _ use: Use, from rows: [Int]) throws -> [Int] {
      guard count >= 0 else { throw noCount("--\(option) \(count)") }
      guard count <= rows.count else {
        throw ImageSetError(
          .usage, "--\(option) \(count)", "there are \(rows.count) training examples to choose from",
          "give at most \(rows.count)")
      }
      let chosen = Positions(
        smallestDraws(
          count, of: rows.map { positions[$0] }, seed: seed, purpose: .plant, use: use.rawValue))
      return rows.filter { chosen.contains(positions[$0]) }
    }
    let canaries = try draw(
      canaries, "canaries", .canary, from: positions.indices.filter { isUnchanged[$0] })
    let isCanary = Set(canaries)
    let duplicates = try draw(
      duplicates, "duplicates", .duplicate, from: positions.indices.filter { !isCanary.contains($0) })
    return Places(canaries: canaries, duplicates: duplicates)
  }
}
