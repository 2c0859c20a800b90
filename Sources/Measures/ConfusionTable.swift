/// How often examples are in each category of one measure and in each of another.
public struct ConfusionTable: Sendable, Equatable {
  /// `(row category, column category)`
  public let counts: [[Int]]
  /// The number of examples that count, and of those left out because one of the two has no category.
  public let total: Int
  public let missing: Int

  /// - Parameters:
  ///   - rows: `(example)`, of the score: 0 below `categories`, or a negative number for none.
  ///   - columns: `(example)`, of the proxy, likewise.
  public init(rows: [Int8], columns: [Int8], categories: Int) {
    precondition(rows.count == columns.count, "both measures are of the same examples")
    var counts = [[Int]](repeating: [Int](repeating: 0, count: categories), count: categories)
    var missing = 0
    for (row, column) in zip(rows, columns) {
      precondition(Int(max(row, column)) < categories, "a category's number")
      if row < 0 || column < 0 { missing += 1 } else { counts[Int(row)][Int(column)] += 1 }
    }
    self.counts = counts
    self.missing = missing
    total = rows.count - missing
  }

  public var rowTotals: [Int] { counts.map { $0.reduce(0, +) } }
  public var columnTotals: [Int] { counts.indices.map { column in counts.reduce(0) { $0 + $1[column] } } }

  /// The share of examples in the same category of both; NaN for no examples.
  public var agreement: Double {
    Double(counts.indices.reduce(0) { $0 + counts[$1][$1] }) / Double(total)
  }

  /// Cohen's kappa: (agreement - chance) / (1 - chance), with chance Σ_c row_c column_c / total²; NaN where chance is 1.
  ///
  /// - Source: Cohen 1960, doi:10.1177/001316446002000104.
  public var kappa: Double {
    // In whole numbers up to the division, so that a chance of 1 is known as such.
    let chance = zip(rowTotals, columnTotals).reduce(0) { $0 + $1.0 * $1.1 }
    let all = total * total
    let diagonal = counts.indices.reduce(0) { $0 + counts[$1][$1] } * total
    return Double(diagonal - chance) / Double(all - chance)
  }
}
