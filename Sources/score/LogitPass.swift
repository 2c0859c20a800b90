import Artefacts
import Kernels
import Measures
import Synchronization
import ToolKit

/// Goes through the logits of a configuration's runs, in ascending order, and reads ahead while it computes.
///
/// Memory is that of two pieces of a run, whatever the number of runs.
struct LogitPass {
  /// One run that has not diverged.
  struct Run {
    let number: Int
    /// `(example)`
    let mask: [UInt8]
    let label: LabelLogits
  }

  /// A part of a run's logits, `(example, class)`.
  struct RunPiece {
    let examples: Range<Int>
    let logits: UnsafeBufferPointer<Float>
    let mask: [UInt8]
  }

  let member: RunsSet.Member
  let set: RunsSet
  let kernels: KernelTable
  let pool: ThreadPool
  let progress: Progress

  /// Calls `body` with each run.
  ///
  /// - Parameters:
  ///   - each: called with all pieces of a run in order, before `body`.
  ///   - body: like `each` not on the thread that reads, and so not to touch files.
  func forEachRun(piece each: ((RunPiece) -> Void)? = nil, _ body: (Run) -> Void) throws {
    let reader = LogitReader(member, set)
    let label = LabelLogits(examples: set.trainExample.count)
    let (truth, classes, kernels) = (set.trainLabel, set.classes.count, kernels)
    // One task reads a piece, with libhdf5, while the other works on the one before: never two readers.
    nonisolated(unsafe) var (next, work, labels): (Result<LogitReader.Piece?, any Error>, _, _) = (
      Result { try reader.read(0) }, (each, body), label
    )
    var turn = 1
    while let piece = try next.get() {
      nonisolated(unsafe) let (source, done, turnNow) = (reader, piece, turn)
      nonisolated(unsafe) var following: Result<LogitReader.Piece?, any Error> = .success(nil)
      pool.run(2) { task in
        if task == 0 {
          following = Result { try source.read(turnNow) }
        } else {
          labels.set(
            from: done.examples.lowerBound, logits: done.logits, labels: truth, classes: classes, kernels)
          work.0?(RunPiece(examples: done.examples, logits: done.logits, mask: done.mask))
          if done.isLast { work.1(Run(number: done.run, mask: done.mask, label: labels)) }
        }
      }
      if piece.isLast { progress.advance(by: 1) }
      next = following
      turn += 1
    }
    progress.advance(by: Double(reader.diverged))
  }
}

/// Reads the logits of runs that have not diverged, piece by piece, into two places in turn.
private final class LogitReader {
  struct Piece {
    let run: Int
    let examples: Range<Int>
    let logits: UnsafeBufferPointer<Float>
    let mask: [UInt8]
    /// Whether it ends the run.
    let isLast: Bool
  }

  private let member: RunsSet.Member
  private let set: RunsSet
  private(set) var diverged = 0
  private var position = 0
  private var start = 0
  private var mask: [UInt8] = []
  private var rooms: [UnsafeMutableBufferPointer<Float>] = []

  init(_ member: RunsSet.Member, _ set: RunsSet) { (self.member, self.set) = (member, set) }

  deinit { rooms.forEach { $0.deallocate() } }

  /// The next piece; nil after the last. What the one before the last was in is used again.
  func read(_ turn: Int) throws -> Piece? {
    while position < member.runs.count {
      let entry = member.runs[position]
      let file = try set.file(of: entry)
      if start == 0 {
        guard try !file.isDiverged(index: entry.index) else {
          diverged += 1
          position += 1
          continue
        }
        mask = try file.flags("/train/in_mask", index: entry.index, count: set.trainExample.count)
      }
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
        run: entry.run, examples: start..<end, logits: UnsafeBufferPointer(room), mask: mask,
        isLast: end == set.trainExample.count)
      start = piece.isLast ? 0 : end
      if piece.isLast { position += 1 }
      return piece
    }
    return nil
  }
}
