import CKernels
import Kernels

/// The unit in which a batch is cut. It is fixed, so that sums do not depend on the number of threads.
enum Shard {
  static let size = 16

  static func count(_ examples: Int) -> Int { (examples + size - 1) / size }

  static func examples(_ shard: Int, of count: Int) -> Range<Int> {
    shard * size..<min((shard + 1) * size, count)
  }
}

/// What a phase knows of the step that it is part of.
struct Step: Sendable {
  /// How many examples the batch has.
  let count: Int
  /// Whether batch-norm takes its statistics from the batch.
  let training: Bool
  /// The step of the optimiser that is taken along, in a backward pass.
  let sgd: SGD?
  let pool: ThreadPool
  let storage: Storage
  /// The thread that works on this shard, from 0 below `pool.threads`: it has memory of its own.
  var worker = 0
  /// What the thread will want next.
  var ahead: Ahead { aheads[worker] }
  fileprivate let aheads: [Ahead]

  init(count: Int, training: Bool, sgd: SGD?, pool: ThreadPool, storage: Storage, aheads: [Ahead]) {
    self.count = count
    self.training = training
    self.sgd = sgd
    self.pool = pool
    self.storage = storage
    self.aheads = aheads
  }

  var shards: Int { Shard.count(count) }

  func address(_ slot: Slot, _ example: Int) -> UnsafeMutablePointer<Float> {
    storage.address(slot, example, worker: worker)
  }

  func value(_ id: ValueID, _ example: Int) -> UnsafeMutablePointer<Float> { address(.value(id), example) }

  func gradient(_ id: ValueID, _ example: Int) -> UnsafeMutablePointer<Float> { address(.gradient(id), example) }

  /// Floats from one example of a slot to the next.
  func stride(_ slot: Slot) -> Int { storage.placement(slot).exampleStride }
}

/// A part of an operation's work, the values it touches, and what it needs to have finished before it.
struct Phase: Sendable {
  enum Body: Sendable {
    /// Takes up to `group` examples of a shard at a time, in ascending order, and needs only what earlier phases
    /// made of these. A group divides a shard.
    case examples(group: Int, @Sendable (Step, Range<Int>) -> Void)
    /// Needs the whole batch.
    case batch(@Sendable (Step) -> Void)
  }

  /// The planned memory that the body uses: what is not listed may hold something else at its next call.
  let touches: [Slot]
  let body: Body

  static func example(_ touches: [Slot], _ body: @escaping @Sendable (Step, Int) -> Void) -> Phase {
    examples(touches, group: 1) { step, examples in
      for example in examples { body(step, example) }
    }
  }

  static func examples(
    _ touches: [Slot], group: Int, _ body: @escaping @Sendable (Step, Range<Int>) -> Void
  ) -> Phase {
    precondition(Shard.size.isMultiple(of: group), "a group divides a shard")
    return Phase(touches: touches, body: .examples(group: group, body))
  }

  static func shard(_ touches: [Slot], _ body: @escaping @Sendable (Step, Int) -> Void) -> Phase {
    examples(touches, group: Shard.size) { step, examples in body(step, examples.lowerBound / Shard.size) }
  }

  static func batch(_ touches: [Slot], _ body: @escaping @Sendable (Step) -> Void) -> Phase {
    Phase(touches: touches, body: .batch(body))
  }
}

/// Phases in order, run so that each example goes through as many as it can while its values are in the cache.
///
/// Phases between two that need the whole batch are a stage: its shards are the pool's tasks. A stage consists of
/// segments, one after the other over the whole shard. A segment takes a chunk of examples at a time through its
/// runs: neighbouring phases that take groups of one size, which each group goes through before the next one.
struct Program: Sendable {
  private struct Run: Sendable {
    let group: Int
    var bodies: [@Sendable (Step, Range<Int>) -> Void]
    let first: Int
    var last: Int
  }

  private struct Segment: Sendable {
    var runs: [Run] = []
    var touches: [Slot] = []
    var chunk: Int { runs.reduce(1) { max($0, $1.group) } }

    /// Lists what the next chunk reads and writes.
    func lookAhead(_ step: Step, from example: Int) {
      step.ahead.clear()
      let count = min(chunk, step.count - example)
      guard count > 0, example >= 0 else { return }
      for slot in touches where step.storage.placement(slot).isForAll {
        step.ahead.add(step.address(slot, example), count: count * step.stride(slot))
      }
    }

    /// Whether the segment goes on with a phase: whole shards keep to themselves, since they would make the chunks of
    /// all others as large; and the second-level cache has room for one layer's sums over a shard.
    func takes(_ group: Int, _ phase: Phase) -> Bool {
      (group == Shard.size) == (chunk == Shard.size)
        && !(touches.contains(where: \.isOfShard) && phase.touches.contains(where: \.isOfShard))
    }
  }

  private enum Stage: Sendable {
    case shards([Segment])
    case batch(@Sendable (Step) -> Void)
  }

  /// Where a phase runs, which says how many examples of a value there are at a time.
  struct Place {
    let stage: Int
    let segment: Int
    let run: Int
    /// Examples at a time of the run and of the segment.
    let group: Int
    var chunk = 0
    /// The first and last phase of the run, and of the segment.
    var phases = 0...0
    var segmentPhases = 0...0
  }

  let phases: [Phase]
  private(set) var places: [Place] = []
  private let stages: [Stage]

  init(_ phases: [Phase]) {
    self.phases = phases
    var stages: [Stage] = []
    var segments: [Segment] = []
    var (segmentCount, runCount) = (0, 0)
    func endStage() {
      if !segments.isEmpty { stages.append(.shards(segments)) }
      segments = []
    }
    for (index, phase) in phases.enumerated() {
      switch phase.body {
      case .examples(let group, let body):
        var segment = Segment()
        if let last = segments.last, last.takes(group, phase) {
          segment = segments.removeLast()
        } else {
          segmentCount += 1
        }
        if segment.runs.last?.group == group {
          segment.runs[segment.runs.count - 1].bodies.append(body)
          segment.runs[segment.runs.count - 1].last = index
        } else {
          segment.runs.append(Run(group: group, bodies: [body], first: index, last: index))
          runCount += 1
        }
        segment.touches += phase.touches.filter { !segment.touches.contains($0) }
        segments.append(segment)
        places.append(Place(stage: stages.count, segment: segmentCount, run: runCount, group: group))
      case .batch(let body):
        endStage()
        segmentCount += 1
        runCount += 1
        places.append(Place(stage: stages.count, segment: segmentCount, run: runCount, group: 0))
        stages.append(.batch(body))
      }
    }
    endStage()
    self.stages = stages
    for case .shards(let segments) in stages {
      for segment in segments {
        guard let first = segment.runs.first?.first, let last = segment.runs.last?.last else { continue }
        for run in segment.runs {
          for index in run.first...run.last {
            places[index].chunk = segment.chunk
            places[index].phases = run.first...run.last
            places[index].segmentPhases = first...last
          }
        }
      }
    }
  }

  func run(_ step: Step) {
    let shards = step.shards
    for (index, stage) in stages.enumerated() {
      switch stage {
      case .batch(let body): body(step)
      case .shards(let segments):
        // Every other stage begins with the shards that the one before has ended with: they may be in the cache.
        let isReversed = index % 4 >= 2
        step.pool.run(shards) { task, worker in
          var step = step
          step.worker = worker
          // With all threads at work, this one is likely to go on with the task that many further on.
          let direction = isReversed ? -1 : 1
          let shard = isReversed ? shards - 1 - task : task
          Program.run(segments, step, shard: shard, next: shard + direction * step.pool.threads)
        }
      }
    }
  }

  private static func run(_ segments: [Segment], _ step: Step, shard: Int, next: Int) {
    let examples = Shard.examples(shard, of: step.count)
    for segment in segments {
      for chunk in pieces(of: examples, segment.chunk) {
        let isLast = chunk.upperBound == examples.upperBound
        segment.lookAhead(step, from: isLast ? next * Shard.size : chunk.upperBound)
        for run in segment.runs {
          for group in pieces(of: chunk, run.group) {
            for body in run.bodies { body(step, group) }
          }
        }
      }
    }
  }

  private static func pieces(of range: Range<Int>, _ size: Int) -> some Sequence<Range<Int>> {
    stride(from: range.lowerBound, to: range.upperBound, by: size).lazy.map {
      $0..<min($0 + size, range.upperBound)
    }
  }
}
