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

  let member: RunsSet.Member
  let set: RunsSet
  let kernels: KernelTable
  let pool: ThreadPool
  let progress: Progress

  /// Calls `body` with each run.
  ///
  /// - Parameter each: called with the logits `(example, class)` of each piece of a run, from the example on that comes
  ///   first, before `body`; on a thread of its own, in order.
  func forEachRun(
    piece each: (@Sendable (RunPiece) -> Void)? = nil, _ body: (Run) throws -> Void
  ) throws {
    for entry in member.runs {
      let file = try set.file(of: entry)
      defer { progress.advance(by: 1) }
      guard try !file.isDiverged(index: entry.index) else { continue }
      let mask = try file.flags("/train/in_mask", index: entry.index, count: set.trainExample.count)
      let label = try labelLogits(file, entry.index, mask, each)
      try body(Run(number: entry.run, mask: mask, label: label))
    }
  }

  /// A part of a run's logits.
  struct RunPiece {
    let examples: Range<Int>
    let logits: UnsafeBufferPointer<Float>
    let mask: [UInt8]
  }

  private func labelLogits(
    _ file: RunsFile, _ index: Int, _ mask: [UInt8], _ each: (@Sendable (RunPiece) -> Void)?
  ) throws -> LabelLogits {
    let (examples, classes) = (set.trainExample.count, set.classes.count)
    let batch = try file.logitBatch(of: .train)
    let pieces = stride(from: 0, to: examples, by: batch).map { $0..<min($0 + batch, examples) }
    let labels = set.trainLabel
    let rooms = (0..<2).map { _ in UnsafeMutableBufferPointer<Float>.allocate(capacity: batch * classes) }
    defer { rooms.forEach { $0.deallocate() } }
    let result = Mutex(LabelLogits(examples: examples))
    let failure = Mutex<(any Error)?>(nil)
    let kernels = kernels
    // One task reads a piece, with libhdf5, while the other works on the one before: never two readers.
    nonisolated(unsafe) let (source, places) = (file, rooms)
    for step in 0...pieces.count {
      pool.run(2) { task in
        if task == 0, step < pieces.count {
          do {
            let room = UnsafeMutableBufferPointer(rebasing: places[step % 2][..<(pieces[step].count * classes)])
            try source.readLogits(of: .train, index: index, examples: pieces[step], into: room)
          } catch {
            failure.withLock { $0 = error }
          }
        } else if task == 1, step > 0 {
          let piece = pieces[step - 1]
          let logits = UnsafeBufferPointer(rebasing: places[(step - 1) % 2][..<(piece.count * classes)])
          result.withLock {
            $0.set(from: piece.lowerBound, logits: logits, labels: labels, classes: classes, kernels)
          }
          each?(RunPiece(examples: piece, logits: logits, mask: mask))
        }
      }
      if let error = failure.withLock({ $0 }) { throw error }
    }
    return result.withLock { $0 }
  }
}
