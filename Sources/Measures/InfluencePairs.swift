import Kernels
import Synchronization

/// The pairs of a training example and a target whose influence reaches a threshold, found by counting all pairs.
///
/// A pass over all pairs costs a table look-up for four runs of a pair and a comparison a pair: on test examples, for
/// n_in and c given, scores reach the threshold from a certain count on, which is looked up. On held-out examples n_in is
/// each pair's own, and the comparison is one of floats that misses none; what passes it is judged by its score.
public struct InfluencePairs: Sendable {
  public let influence: Influence
  public let bins: InfluenceBins
  private let kernels: KernelTable
  /// (number of runs inside, target): the least count that reaches the threshold; `never` where none does.
  private var limits: [UInt16] = []
  /// (training example): where its row of `limits` begins.
  private var limitStart: [Int] = []
  /// (target): answers that count, and runs that do.
  private var answers: [Float] = []
  private var runs: [Float] = []

  private static let never = UInt16.max
  private static let columns = FlagPanels.columns
  /// Training examples that are counted at a time: their counts and the panel's flags stay in the cache.
  public static let rowsAtATime = 32

  /// - Parameter threshold: above 0, at most 1.
  public init(_ influence: Influence, threshold: Double, kernels: KernelTable) {
    self.influence = influence
    self.kernels = kernels
    bins = InfluenceBins(threshold: threshold)
    let width = influence.answers.panels * Self.columns
    if influence.target == .test {
      var starts: [Int32: Int] = [:]
      for inside in Set(influence.inMask.totals).sorted() {
        // By the number of right answers: many targets share it.
        let least = (0...influence.runs).map { correct in
          InfluenceScore.leastCorrect(
            reaching: threshold, inside: Int(inside), correct: correct, runs: influence.runs
          ).map { UInt16($0) } ?? Self.never
        }
        starts[inside] = limits.count
        limits += influence.answers.totals.map { least[Int($0)] }
        limits += [UInt16](repeating: Self.never, count: width - influence.targets)
      }
      limitStart = influence.inMask.totals.map { starts[$0, default: 0] }
    } else {
      let rest = [Float](repeating: 0, count: width - influence.targets)
      answers = influence.answers.totals.map(Float.init) + rest
      runs = (0..<influence.targets).map { Float(influence.runs(of: $0)) } + rest
    }
  }

  /// A pair that reaches the threshold.
  public struct Pair: Hashable, Sendable {
    /// Position among all training examples, and among the targets.
    public let example: Int32
    public let target: Int32
    /// Of right answers, whatever the effect.
    public let score: InfluenceScore
    /// Its bin, for what an `InfluenceTail` says of it.
    public let bin: Int32
  }

  /// Calls `body` with each pair of some rows and a panel that reaches the threshold, by row and then target.
  ///
  /// - Parameter eachRow: called first with what is common to a row and each target of the panel: the runs that count and
  ///   trained on the row's example; on held-out targets alone, where these are not the same for all.
  private func forEachPair(
    rows: Range<Int>, panel: Int, _ room: Room, eachRow: (UnsafePointer<UInt16>) -> Void = { _ in },
    _ body: (_ row: Int, _ target: Int, InfluenceScore) -> Void
  ) {
    kernels.count(rows, of: influence.inMask, panel: panel, of: influence.answers, into: room.answers)
    if let heldOut = influence.heldOut {
      kernels.count(rows, of: influence.inMask, panel: panel, of: heldOut, into: room.inside)
    }
    let first = panel * Self.columns
    let targets = first..<min(first + Self.columns, influence.targets)
    for row in rows {
      let counts = room.answers[row - rows.lowerBound]
      if influence.target == .test {
        let inside = Int(influence.inMask.totals[row])
        let start = limitStart[row] + first
        limits.withUnsafeBufferPointer { limits in
          guard let limit = limits.baseAddress.map({ $0 + start }), kernels.c.joint_reach(counts, limit) > 0 else {
            return
          }
          for target in targets where counts[target - first] >= limit[target - first] {
            body(row, target, influence.score(target: target, count: counts[target - first], inside: inside))
          }
        }
      } else {
        let inside = room.inside[row - rows.lowerBound]
        eachRow(inside)
        guard mayReach(counts, inside, first) else { continue }
        for target in targets {
          let score = influence.score(
            target: target, count: counts[target - first], inside: Int(inside[target - first]))
          if score.value >= bins.threshold { body(row, target, score) }
        }
      }
    }
  }

  private func mayReach(_ counts: UnsafePointer<UInt16>, _ inside: UnsafePointer<UInt16>, _ first: Int) -> Bool {
    answers.withUnsafeBufferPointer { answers in
      runs.withUnsafeBufferPointer { runs in
        guard let answers = answers.baseAddress, let runs = runs.baseAddress else { return false }
        return kernels.c.joint_may_reach(counts, inside, answers + first, runs + first, Float(bins.threshold)) > 0
      }
    }
  }

  /// What one thread counts into.
  private struct Room {
    let answers = JointCounts(rows: InfluencePairs.rowsAtATime)
    let inside = JointCounts(rows: InfluencePairs.rowsAtATime)
  }

  private func blocks(_ rows: Range<Int>) -> [Range<Int>] {
    stride(from: rows.lowerBound, to: rows.upperBound, by: Self.rowsAtATime).map {
      $0..<min($0 + Self.rowsAtATime, rows.upperBound)
    }
  }

  // MARK: How many there are

  /// The number of pairs that reach each score, and the expected number of them by chance.
  ///
  /// By chance, where a target's answers are permuted among the runs that count for it: see `InfluenceNull`. On test
  /// examples all pairs with the same n_in and c share a distribution; on held-out examples those of a target with the
  /// same n_in do.
  ///
  /// - Parameter progress: called with numbers of pairs that are done, by any thread.
  public func tail(_ pool: ThreadPool, progress: @Sendable (Int) -> Void = { _ in }) -> InfluenceTail {
    let null = InfluenceNull(runs: influence.runs)
    let rows = blocks(0..<influence.inMask.count)
    let parts = Mutex([PanelTail](repeating: PanelTail(bins: 0), count: influence.answers.panels))
    pool.run(influence.answers.panels) { panel in
      let room = Room()
      var part = PanelTail(bins: bins.count)
      var shared = SharedInside(most: influence.heldOut == nil ? nil : influence.runs)
      for block in rows {
        forEachPair(rows: block, panel: panel, room, eachRow: { shared.add($0) }) { _, _, score in
          part.observed[bins.index(of: score.value)] += 1
        }
      }
      if influence.heldOut != nil { addChance(shared, panel: panel, null, to: &part) }
      parts.withLock { $0[panel] = part }
      progress(influence.inMask.count * min(Self.columns, influence.targets - panel * Self.columns))
    }
    // Of whole numbers the order would not matter; of expected ones it does.
    var all = PanelTail(bins: bins.count)
    for part in parts.withLock({ $0 }) { all.add(part) }
    if influence.heldOut == nil { addChance(null, to: &all) }
    return InfluenceTail(bins: bins, defined: all.defined, observed: all.observed, expected: all.expected)
  }

  /// On test examples: by n_in and c, in their order.
  private func addChance(_ null: InfluenceNull, to part: inout PanelTail) {
    let rows = Dictionary(grouping: influence.inMask.totals, by: { $0 }).mapValues(\.count)
    let targets = Dictionary(grouping: influence.answers.totals, by: { $0 }).mapValues(\.count)
    for (inside, examples) in rows.sorted(by: { $0.key < $1.key }) where inside > 0 && inside < influence.runs {
      part.defined += examples * influence.targets
      for (correct, count) in targets.sorted(by: { $0.key < $1.key }) {
        null.add(
          Double(examples * count), inside: Int(inside), correct: Int(correct), runs: influence.runs,
          to: &part.expected, bins)
      }
    }
  }

  /// On held-out examples: by target and n_in.
  private func addChance(_ shared: SharedInside, panel: Int, _ null: InfluenceNull, to part: inout PanelTail) {
    let first = panel * Self.columns
    for target in first..<min(first + Self.columns, influence.targets) {
      let runs = influence.runs(of: target)
      for inside in 1..<max(1, runs) {
        let pairs = shared[target - first, inside]
        guard pairs > 0 else { continue }
        part.defined += pairs
        null.add(
          Double(pairs), inside: inside, correct: Int(influence.answers.totals[target]), runs: runs,
          to: &part.expected, bins)
      }
    }
  }

  /// A panel's share of an `InfluenceTail`, bin by bin.
  private struct PanelTail: Sendable {
    var defined = 0
    var observed: [Int]
    var expected: [Double]

    init(bins: Int) {
      observed = [Int](repeating: 0, count: bins)
      expected = [Double](repeating: 0, count: bins)
    }

    mutating func add(_ other: PanelTail) {
      defined += other.defined
      for bin in observed.indices {
        observed[bin] += other.observed[bin]
        expected[bin] += other.expected[bin]
      }
    }
  }

  /// The number of rows that share so many runs with a target, (target of the panel, runs).
  private struct SharedInside {
    private let width: Int
    private var rows: [UInt32]

    /// - Parameter most: the most runs; nil where none are counted.
    init(most: Int?) {
      width = (most ?? 0) + 1
      rows = [UInt32](repeating: 0, count: most == nil ? 0 : width * InfluencePairs.columns)
    }

    subscript(column: Int, inside: Int) -> Int { Int(rows[column * width + inside]) }

    mutating func add(_ inside: UnsafePointer<UInt16>) {
      rows.withUnsafeMutableBufferPointer { rows in
        for column in 0..<InfluencePairs.columns { rows[column * width + Int(inside[column])] += 1 }
      }
    }
  }

  // MARK: Which they are

  /// The pairs of some rows that reach the threshold: a list for each `rowsAtATime` of them, each by row and target.
  public func pairs(
    rows: Range<Int>, _ pool: ThreadPool, progress: @Sendable (Int) -> Void = { _ in }
  ) -> [[Pair]] {
    let blocks = blocks(rows)
    let lists = Mutex([[Pair]](repeating: [], count: blocks.count))
    pool.run(blocks.count) { task in
      let room = Room()
      let block = blocks[task]
      // Panels come one after another: a list for each row keeps the targets in order.
      var found = [[Pair]](repeating: [], count: block.count)
      for panel in 0..<influence.answers.panels {
        forEachPair(rows: block, panel: panel, room) { row, target, score in
          found[row - block.lowerBound].append(
            Pair(
              example: Int32(influence.examples[row]), target: Int32(target),
              score: influence.effect == .harmful ? score.ofErrors : score, bin: Int32(bins.index(of: score.value))))
        }
      }
      let list = Array(found.joined())
      lists.withLock { $0[task] = list }
      progress(block.count * influence.targets)
    }
    return lists.withLock { $0 }
  }

  /// Bytes that a search takes at the most, beside packed runs and lists of pairs.
  public static func memory(examples: Int, targets: Int, runs: Int, target: Influence.Target, threads: Int) -> Int {
    let panels = (targets + columns - 1) / columns
    let rows = FlagRows.memory(count: examples, runs: runs)  // those that are selected
    let parts = panels * 1024 * 16 + 16 * examples
    switch target {
    case .test: return rows + parts + min(examples, runs + 1) * panels * columns * 2
    case .heldOut: return rows + parts + panels * columns * 8 + threads * (runs + 1) * columns * 4
    }
  }

  /// Bytes that one block of `pairs` takes at the most, its list and the room to make it.
  public static func blockMemory(targets: Int) -> Int {
    3 * rowsAtATime * targets * MemoryLayout<Pair>.stride + rowsAtATime * columns * 4
  }

  /// All scores of some rows, (row, target); NaN where they are not defined. Of right answers, whatever the effect.
  public func scores(
    rows: Range<Int>, _ pool: ThreadPool, progress: @Sendable (Int) -> Void = { _ in }
  ) -> [Float] {
    let all = Memory(count: rows.count * influence.targets)
    let blocks = blocks(rows)
    pool.run(blocks.count) { task in
      let room = Room()
      let block = blocks[task]
      for panel in 0..<influence.answers.panels {
        kernels.count(block, of: influence.inMask, panel: panel, of: influence.answers, into: room.answers)
        if let heldOut = influence.heldOut {
          kernels.count(block, of: influence.inMask, panel: panel, of: heldOut, into: room.inside)
        }
        let first = panel * Self.columns
        for row in block {
          let counts = room.answers[row - block.lowerBound]
          let own = influence.heldOut == nil ? nil : room.inside[row - block.lowerBound]
          let inside = Int(influence.inMask.totals[row])
          let to = all.floats + (row - rows.lowerBound) * influence.targets
          for target in first..<min(first + Self.columns, influence.targets) {
            let score = influence.score(
              target: target, count: counts[target - first], inside: own.map { Int($0[target - first]) } ?? inside)
            to[target] = Float(influence.effect == .harmful ? score.ofErrors.value : score.value)
          }
        }
      }
      progress(block.count * influence.targets)
    }
    return Array(UnsafeBufferPointer(start: all.floats, count: all.count))
  }
}
