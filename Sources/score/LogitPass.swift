import Artefacts
import Kernels
import Measures
import Synchronization
import ToolKit

/// Goes through the logits of a configuration's runs, in ascending order, and reads ahead while it computes.
///
/// Memory is that of two pieces of a run, whatever the number of runs, and of the flags.
struct LogitPass {
  /// One run that has not diverged.
  struct Run {
    let number: Int
    let flags: FlagPass.Run
    let label: LabelLogits

    /// `(example)`
    var mask: [UInt8] { flags.mask }
  }

  /// A part of a run's logits, `(example, class)`.
  struct RunPiece {
    let examples: Range<Int>
    let logits: UnsafeBufferPointer<Float>
    let mask: [UInt8]
  }

  /// Masks and correctness of the same runs; rows that this pass reads are kept there.
  let flags: FlagPass
  let kernels: KernelTable
  let progress: Progress

  var set: RunsSet { flags.set }

  /// Calls `body` with each run, and returns how many have diverged.
  ///
  /// - Parameters:
  ///   - each: called with all pieces of a run in order, before `body`.
  ///   - body: like `each` not on the thread that reads, and so not to touch files.
  @discardableResult
  func forEachRun(piece each: ((RunPiece) -> Void)? = nil, _ body: (Run) -> Void) throws -> Int {
    let reader = LogitReader(flags)
    let label = LabelLogits(examples: set.trainExample.count)
    let (truth, classes, kernels) = (set.trainLabel, set.classes.count, kernels)
    // One task reads a piece, with libhdf5, while the other works on the one before: never two readers.
    nonisolated(unsafe) var (next, work, labels): (Result<LogitReader.Piece?, any Error>, _, _) = (
      Result { try reader.read(0) }, (each, body), label
    )
    var turn = 1
    while let piece = try next.get() {
      let place = turn
      nonisolated(unsafe) let (source, done) = (reader, piece)
      nonisolated(unsafe) var following: Result<LogitReader.Piece?, any Error> = .success(nil)
      flags.pool.run(2) { task in
        if task == 0 {
          following = Result { try source.read(place) }
        } else {
          labels.set(
            from: done.examples.lowerBound, logits: done.logits, labels: truth, classes: classes, kernels)
          work.0?(RunPiece(examples: done.examples, logits: done.logits, mask: done.flags.mask))
          if done.isLast { work.1(Run(number: done.run, flags: done.flags, label: labels)) }
        }
      }
      if piece.isLast { progress.advance(by: 1) }
      next = following
      turn += 1
    }
    progress.advance(by: Double(reader.diverged))
    return reader.diverged
  }
}

/// Reads the logits of runs that have not diverged, piece by piece, into two places in turn.
private final class LogitReader {
  struct Piece {
    let run: Int
    let flags: FlagPass.Run
    let examples: Range<Int>
    let logits: UnsafeBufferPointer<Float>
    /// Whether it ends the run.
    let isLast: Bool
  }

  private let flags: FlagPass
  private(set) var diverged = 0
  private var position = 0
  private var start = 0
  /// The run under way.
  private var row: FlagPass.Run?
  private var rooms: [UnsafeMutableBufferPointer<Float>] = []

  init(_ flags: FlagPass) { self.flags = flags }

  deinit { rooms.forEach { $0.deallocate() } }

  /// The next piece; nil after the last. What the one before the last was in is used again.
  func read(_ turn: Int) throws -> Piece? {
    let (member, set) = (flags.member, flags.set)
    while position < member.runs.count {
      let entry = member.runs[position]
      if row == nil { row = try nextRow() }
      guard let row else {
        diverged += 1
        position += 1
        continue
      }
      let file = try set.file(of: entry)
      let classes = set.classes.count
      let end = min(start + (try file.logitBatch(of: .train)), set.trainExample.count)
      let size = (end - start) * classes
      while rooms.count < 2 { rooms.append(.allocate(capacity: size)) }
      if rooms[turn % 2].count < size {
        rooms[turn % 2].deallocate()
        rooms[turn % 2] = .allocate(capacity: size)
      }
      let room = UnsafeMutableBufferPointer(rebasing: rooms[turn % 2][..<size])
      try file.readLogits(of: .train, index: entry.index, examples: start..<end, into: room)
      let piece = Piece(
        run: entry.run, flags: row, examples: start..<end, logits: UnsafeBufferPointer(room),
        isLast: end == set.trainExample.count)
      start = piece.isLast ? 0 : end
      if piece.isLast {
        position += 1
        self.row = nil
      }
      return piece
    }
    return nil
  }

  /// The flags of the run at `position`; nil if it has diverged.
  private func nextRow() throws -> FlagPass.Run? {
    let row = try flags.row(position)
    flags.keep(position, row)
    if case .run(let run) = row { return run }
    return nil
  }
}
