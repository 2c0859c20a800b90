import Artefacts
import Kernels
import Synchronization
import ToolKit

/// Goes through masks and correctness of a configuration's runs, in ascending order, and reads ahead while it computes.
///
/// Rows that were read stay in memory as bits, as many as `mostBytes` hold, so that a second time they come from there:
/// memory does not grow with the runs.
final class FlagPass {
  /// One run that has not diverged.
  struct Run: Sendable {
    /// `(example)`, 0 or 1.
    let mask: [UInt8]
    let correct: [UInt8]
    /// Correct answers on the test split; nil where the runs have none.
    let testHits: Int?
  }

  enum Row: Sendable {
    case diverged
    case run(Run)
  }

  private struct Packed {
    let mask: Bits
    let correct: Bits
    let testHits: Int?
  }

  private static let mostBytes = 8 << 20

  let member: RunsSet.Member
  let set: RunsSet
  let pool: ThreadPool
  private var kept: [Packed?] = []
  private var keptBytes = 0

  init(_ member: RunsSet.Member, of set: RunsSet, _ pool: ThreadPool) {
    (self.member, self.set, self.pool) = (member, set, pool)
  }

  /// Calls `body` with each run, and returns how many have diverged.
  func forEachRun(_ progress: Progress, _ body: (Run) -> Void) throws -> Int {
    var diverged = 0
    let entries = member.runs.indices
    let next = Mutex<Result<Row, any Error>?>(nil)
    var current: (Int, Row)?
    for step in 0...entries.count {
      // One task reads a run, with libhdf5, while the other works on the one before: never two readers.
      nonisolated(unsafe) let (reader, work) = (self, body)
      let row = current
      pool.run(2) { task in
        if task == 0, step < entries.count {
          let result = Result { try reader.row(step) }
          next.withLock { $0 = result }
        } else if task == 1, case .run(let run)? = row?.1 {
          work(run)
        }
      }
      if let row {
        if case .diverged = row.1 { diverged += 1 }
        keep(row.0, row.1)
        progress.advance(by: 1)
      }
      current = try next.withLock { result in
        defer { result = nil }
        return try result.map { (step, try $0.get()) }
      }
    }
    return diverged
  }

  /// The run at a position among the configuration's.
  func row(_ position: Int) throws -> Row {
    if position < kept.count {
      guard let packed = kept[position] else { return .diverged }
      let count = set.trainExample.count
      return .run(
        Run(mask: packed.mask.flags(count), correct: packed.correct.flags(count), testHits: packed.testHits))
    }
    let entry = member.runs[position]
    let file = try set.file(of: entry)
    guard try !file.isDiverged(index: entry.index) else { return .diverged }
    return .run(
      Run(
        mask: try file.flags("/train/in_mask", index: entry.index, count: set.trainExample.count),
        correct: try file.flags("/train/correct", index: entry.index, count: set.trainExample.count),
        testHits: member.hasTest
          ? try file.flags("/test/correct", index: entry.index, count: set.testExample.count)
            .reduce(0) { $0 + Int($1) } : nil))
  }

  /// Keeps a row that was read, while there is room and none is missing before it.
  func keep(_ position: Int, _ row: Row) {
    guard position == kept.count, keptBytes < FlagPass.mostBytes else { return }
    switch row {
    case .diverged: kept.append(nil)
    case .run(let run):
      kept.append(Packed(mask: Bits(run.mask), correct: Bits(run.correct), testHits: run.testHits))
      keptBytes += run.mask.count / 4
    }
  }
}

/// Flags, eight a byte.
private struct Bits {
  private let bytes: [UInt8]

  init(_ flags: [UInt8]) {
    bytes = flags.withUnsafeBufferPointer { flags in
      (0..<(flags.count + 7) / 8).map { byte in
        var bits: UInt8 = 0
        for bit in 0..<min(8, flags.count - byte * 8) { bits |= flags[byte * 8 + bit] << UInt8(bit) }
        return bits
      }
    }
  }

  func flags(_ count: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { flags, filled in
      for i in 0..<count { flags[i] = bytes[i >> 3] >> UInt8(i & 7) & 1 }
      filled = count
    }
  }
}
