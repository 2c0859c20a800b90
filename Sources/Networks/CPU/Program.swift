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
  let pool: ThreadPool
  let storage: Storage

  var shards: Int { Shard.count(count) }

  func value(_ id: ValueID, _ example: Int) -> UnsafeMutablePointer<Float> {
    storage.address(.value(id), example)
  }

  func gradient(_ id: ValueID, _ example: Int) -> UnsafeMutablePointer<Float> {
    storage.address(.gradient(id), example)
  }
}

/// A part of an operation's work, the values it touches, and what it needs to have finished before it.
struct Phase: Sendable {
  enum Body: Sendable {
    /// Needs only what earlier phases made of this example. A shard's examples come in ascending order.
    case example(@Sendable (Step, Int) -> Void)
    /// Needs all examples of a shard.
    case shard(@Sendable (Step, Int) -> Void)
    /// Needs the whole batch.
    case batch(@Sendable (Step) -> Void)
  }

  let touches: [Slot]
  let body: Body

  static func example(_ touches: [Slot], _ body: @escaping @Sendable (Step, Int) -> Void) -> Phase {
    Phase(touches: touches, body: .example(body))
  }

  static func shard(_ touches: [Slot], _ body: @escaping @Sendable (Step, Int) -> Void) -> Phase {
    Phase(touches: touches, body: .shard(body))
  }

  static func batch(_ touches: [Slot], _ body: @escaping @Sendable (Step) -> Void) -> Phase {
    Phase(touches: touches, body: .batch(body))
  }
}

/// Phases in order, run so that each example goes through as many as it can while its values are in the
/// cache.
///
/// Phases between two that need the whole batch are a stage: its shards are the pool's tasks. Within a shard,
/// neighbouring phases of single examples are a segment: each example runs through all of them before the
/// next one.
struct Program: Sendable {
  private enum Segment: Sendable {
    case examples([@Sendable (Step, Int) -> Void])
    case shard(@Sendable (Step, Int) -> Void)
  }

  private enum Stage: Sendable {
    case shards([Segment])
    case batch(@Sendable (Step) -> Void)
  }

  /// Where a phase runs: values whose phases share a segment of examples need room for one example a shard.
  struct Place {
    let stage: Int
    let segment: Int
    let isExample: Bool
  }

  let phases: [Phase]
  private(set) var places: [Place] = []
  private let stages: [Stage]

  init(_ phases: [Phase]) {
    self.phases = phases
    var stages: [Stage] = []
    var segments: [Segment] = []
    var segmentCount = 0
    func endStage() {
      if !segments.isEmpty { stages.append(.shards(segments)) }
      segments = []
    }
    for phase in phases {
      switch phase.body {
      case .example(let body):
        if case .examples(let bodies)? = segments.last {
          segments[segments.count - 1] = .examples(bodies + [body])
        } else {
          segments.append(.examples([body]))
          segmentCount += 1
        }
        places.append(Place(stage: stages.count, segment: segmentCount, isExample: true))
      case .shard(let body):
        segments.append(.shard(body))
        segmentCount += 1
        places.append(Place(stage: stages.count, segment: segmentCount, isExample: false))
      case .batch(let body):
        endStage()
        segmentCount += 1
        places.append(Place(stage: stages.count, segment: segmentCount, isExample: false))
        stages.append(.batch(body))
      }
    }
    endStage()
    self.stages = stages
  }

  func run(_ step: Step) {
    for stage in stages {
      switch stage {
      case .batch(let body): body(step)
      case .shards(let segments):
        step.pool.run(step.shards) { shard in
          for segment in segments {
            switch segment {
            case .shard(let body): body(step, shard)
            case .examples(let bodies):
              for example in Shard.examples(shard, of: step.count) {
                for body in bodies { body(step, example) }
              }
            }
          }
        }
      }
    }
  }
}
