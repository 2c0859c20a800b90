import Artefacts
import ToolKit

/// Keeps a run that is under way: knows when to save it, and when to stop.
public struct Keeper {
  /// Nil where there is no place to save to.
  var journal: RunJournal?
  private let interval: Double
  let isStopping: @Sendable () -> Bool
  private var due: Double

  /// - Parameters:
  ///   - interval: seconds from one save to the next; 0 to save after every batch.
  ///   - isStopping: whether the run is to save itself and end.
  public init(
    journal: RunJournal? = nil, interval: Double = .infinity, isStopping: @escaping @Sendable () -> Bool = { false }
  ) {
    (self.journal, self.interval, self.isStopping) = (journal, interval, isStopping)
    due = Machine.seconds + interval
  }

  var isDue: Bool { journal != nil && (interval == 0 || Machine.seconds >= due) }

  /// Saves a state after the pieces of rows that have become final.
  mutating func save(
    adding pieces: [RowPiece], of rows: RunRows, _ body: (inout StateWriter) throws -> Void
  ) throws {
    let start = Machine.seconds
    try journal?.save(adding: pieces, of: rows, body)
    let end = Machine.seconds
    // On a slow disk less often, so that training loses no more than a hundredth of its time.
    due = end + max(interval, 100 * (end - start))
  }
}
