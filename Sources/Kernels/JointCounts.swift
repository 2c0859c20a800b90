import CKernels

/// 0 and 1 flags of examples in runs, a row an example, four runs a byte: one side of a joint count.
public struct FlagRows: Sendable {
  public let count: Int
  /// Bytes of four runs.
  let groups: Int
  var bytes: [UInt8]
  /// (example): the number of runs in which its flag is set.
  public private(set) var totals: [Int32]

  /// No flags set.
  public init(count: Int, runs: Int) {
    self.count = count
    groups = (runs + 3) / 4
    bytes = [UInt8](repeating: 0, count: count * groups)
    totals = [Int32](repeating: 0, count: count)
  }

  /// Sets the flags of one run, which has none yet: `(example)`, 0 or 1.
  public mutating func set(_ flags: [UInt8], run: Int) {
    precondition(flags.count == count && run < 4 * groups, "a flag for each example, of a run that has room")
    let (groups, shift) = (groups, UInt8(run % 4))
    bytes.withUnsafeMutableBufferPointer { bytes in
      for (i, flag) in flags.enumerated() { bytes[i * groups + run / 4] |= (flag & 1) << shift }
    }
    for (i, flag) in flags.enumerated() { totals[i] += Int32(flag & 1) }
  }

  /// Those rows alone, in this order.
  public func picking(_ rows: [Int]) -> FlagRows {
    var picked = FlagRows(count: rows.count, runs: 4 * groups)
    for (new, old) in rows.enumerated() {
      picked.bytes.replaceSubrange(
        new * groups..<(new + 1) * groups, with: bytes[old * groups..<(old + 1) * groups])
      picked.totals[new] = totals[old]
    }
    return picked
  }

  /// Bytes of memory for so many flags.
  public static func memory(count: Int, runs: Int) -> Int { count * ((runs + 3) / 4 + 4) }
}

/// The same flags, the examples side by side in panels of 128: the other side of a joint count.
///
/// All flags are set before any thread counts with them.
public final class FlagPanels: @unchecked Sendable {
  public let count: Int
  let groups: Int
  /// (panel, group, column)
  private let memory: Memory
  public private(set) var totals: [Int32]

  public static let columns = Int(ROTE_JOINT_COLUMNS)

  /// The number of panels; columns of the last one beyond `count` have no flags.
  public var panels: Int { (count + FlagPanels.columns - 1) / FlagPanels.columns }

  public init(count: Int, runs: Int) {
    self.count = count
    groups = (runs + 3) / 4
    totals = [Int32](repeating: 0, count: count)
    memory = Memory(count: FlagPanels.memory(count: count, runs: runs) / MemoryLayout<Float>.stride)
  }

  private var bytes: UnsafeMutablePointer<UInt8> {
    UnsafeMutableRawPointer(memory.floats).assumingMemoryBound(to: UInt8.self)
  }

  /// Sets the flags of one run, which has none yet: `(example)`, 0 or 1.
  public func set(_ flags: [UInt8], run: Int) {
    precondition(flags.count == count && run < 4 * groups, "a flag for each example, of a run that has room")
    let (columns, shift) = (FlagPanels.columns, UInt8(run % 4))
    totals.withUnsafeMutableBufferPointer { totals in
      for (i, flag) in flags.enumerated() {
        bytes[((i / columns) * groups + run / 4) * columns + i % columns] |= (flag & 1) << shift
        totals[i] += Int32(flag & 1)
      }
    }
  }

  func panel(_ index: Int) -> UnsafePointer<UInt8> {
    UnsafePointer(bytes + index * groups * FlagPanels.columns)
  }

  /// Bytes of memory for so many flags, without totals.
  public static func memory(count: Int, runs: Int) -> Int {
    (count + columns - 1) / columns * columns * ((runs + 3) / 4)
  }
}

/// Counts of a block of rows by a panel, `(row, 128)`.
public final class JointCounts: Sendable {
  private let memory: Memory
  public let rows: Int

  /// Room for so many rows.
  public init(rows: Int) {
    self.rows = rows
    memory = Memory(count: rows * FlagPanels.columns / 2)
  }

  /// The counts of a row.
  public subscript(row: Int) -> UnsafePointer<UInt16> { UnsafePointer(all + row * FlagPanels.columns) }

  fileprivate var all: UnsafeMutablePointer<UInt16> {
    UnsafeMutableRawPointer(memory.floats).assumingMemoryBound(to: UInt16.self)
  }
}

extension KernelTable {
  /// The most runs that joint counts hold.
  public static let mostRuns = 65_534

  /// Counts, for each of some rows and each column of a panel, the runs in which both have their flag set.
  ///
  /// - Complexity: two instructions for 128 (AVX2) products of flags.
  public func count(
    _ range: Range<Int>, of rows: FlagRows, panel: Int, of panels: FlagPanels, into counts: JointCounts
  ) {
    precondition(rows.groups == panels.groups && range.count <= counts.rows, "flags of the same runs, and room")
    precondition(range.upperBound <= rows.count && panel < panels.panels, "rows and a panel that there are")
    rows.bytes.withUnsafeBufferPointer { bytes in
      guard let base = bytes.baseAddress else { return }
      c.joint_counts(
        Int32(rows.groups), Int32(range.count), base + range.lowerBound * rows.groups, Int64(rows.groups),
        panels.panel(panel), counts.all)
    }
  }
}
