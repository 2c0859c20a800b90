import Kernels

/// What memory is planned for: a value of the plan, the loss's gradient by it, a value made again on the way back, or what
/// is summed up over a shard.
enum Slot: Hashable, Sendable {
  case value(ValueID)
  case gradient(ValueID)
  case recomputed(ValueID)
  /// Sums of the gradient by a weight, of so many floats, that go on from one group of a shard's examples to the next.
  case sums(TensorID, floats: Int)

  /// Whether it is a thread's, for the shard that it works on, and not an example's.
  var isOfShard: Bool {
    if case .sums = self { true } else { false }
  }
}

/// Where a slot lies within another.
struct Place: Sendable, Hashable {
  let slot: Slot
  /// Floats of an example before it.
  let offset: Int
}

/// Where each example's share of each slot lies.
struct Storage: Sendable {
  struct Placement: Sendable {
    var offset = 0
    /// From one thread's room to the next; 0 where there is room for all examples.
    var workerStride = 0
    var exampleStride = 0
    /// The bits of an example's number that count: all, or those within a group whose members take turns.
    var mask = -1

    var isForAll: Bool { mask == -1 }
  }

  private let memory: Memory
  /// Floats at the beginning that slots hold to the end.
  private let keptCount: Int
  private let values: [Placement]
  private let gradients: [Placement]
  private let recomputed: [Placement]
  private let sums: [Slot: Placement]

  /// What is free between steps, cleared.
  func lend() -> Memory { Memory(of: memory, keptCount..<memory.count) }

  func placement(_ slot: Slot) -> Placement {
    switch slot {
    case .value(let id): values[id]
    case .gradient(let id): gradients[id]
    case .recomputed(let id): recomputed[id]
    case .sums:
      if let placement = sums[slot] { placement } else { preconditionFailure("no phase says that it touches \(slot)") }
    }
  }

  func address(_ slot: Slot, _ example: Int, worker: Int = 0) -> UnsafeMutablePointer<Float> {
    let place = placement(slot)
    return memory.floats + place.offset + worker * place.workerStride + (example & place.mask) * place.exampleStride
  }

  /// Plans memory for programs that run one after another.
  ///
  /// - Parameters:
  ///   - sizes: floats of one example, by value.
  ///   - kept: slots that hold their contents to the end. Of the others, those that live within one segment get room
  ///     for a group of examples and thread, sums over a shard for a thread, and the rest share memory where no stage
  ///     needs both.
  ///   - placed: slots that lie within others.
  init(
    programs: [Program], sizes: [Int], capacity: Int, threads: Int, kept: Set<Slot>, placed: [Slot: Place],
    ledger: MemoryLedger
  ) {
    var planner = Planner(sizes: sizes, capacity: capacity, threads: threads, placed: placed)
    let kept = Set(kept.map { planner.owner($0).slot })
    for slot in kept.sorted(by: { $0.order < $1.order }) { planner.keep(slot) }
    keptCount = (planner.total + 15) / 16 * 16
    planner.total = keptCount
    planner.place(programs, except: kept)
    memory = ledger.memory(\.values, planner.total)
    ledger.canLend(planner.total - keptCount)
    let place = { (slot: Slot) in
      let owner = planner.owner(slot)
      var placement = planner.placements[owner.slot] ?? Placement()
      placement.offset += owner.offset
      return placement
    }
    values = sizes.indices.map { place(.value($0)) }
    gradients = sizes.indices.map { place(.gradient($0)) }
    recomputed = sizes.indices.map { place(.recomputed($0)) }
    sums = planner.placements.filter(\.key.isOfShard)
  }
}

extension Slot {
  fileprivate var order: Int {
    switch self {
    case .value(let id): 4 * id
    case .gradient(let id): 4 * id + 1
    case .recomputed(let id): 4 * id + 2
    case .sums(let id, _): 4 * id + 3
    }
  }
}

private struct Planner {
  let sizes: [Int]
  let examples: Int
  let threads: Int
  let placed: [Slot: Place]
  var total = 0
  var placements: [Slot: Storage.Placement] = [:]

  init(sizes: [Int], capacity: Int, threads: Int, placed: [Slot: Place]) {
    self.sizes = sizes
    examples = Shard.count(capacity) * Shard.size
    self.threads = threads
    self.placed = placed
  }

  /// The slot that a slot lies within in the end, and where.
  func owner(_ slot: Slot) -> Place {
    var place = Place(slot: slot, offset: 0)
    while let next = placed[place.slot] { place = Place(slot: next.slot, offset: place.offset + next.offset) }
    return place
  }

  private func size(_ slot: Slot) -> Int {
    switch slot {
    case .value(let id), .gradient(let id), .recomputed(let id): sizes[id]
    case .sums(_, let floats): floats
    }
  }

  mutating func keep(_ slot: Slot) {
    placements[slot] = Storage.Placement(offset: total, exampleStride: size(slot))
    total += examples * size(slot)
  }

  mutating func place(_ programs: [Program], except kept: Set<Slot>) {
    var uses: [Slot: [Use]] = [:]
    var order: [Slot] = []
    var stages = 0
    for (number, program) in programs.enumerated() {
      for (index, phase) in program.phases.enumerated() {
        let stage = stages + program.places[index].stage
        for slot in Set(phase.touches.map { owner($0).slot }).sorted(by: { $0.order < $1.order })
        where !kept.contains(slot) {
          if uses[slot] == nil { order.append(slot) }
          uses[slot, default: []].append(Use(program: number, phase: index, stage: stage))
        }
      }
      stages += (program.places.last?.stage ?? -1) + 1
    }
    var passing = programs.map { _ in [Lifetime]() }
    var lasting: [Lifetime] = []
    for slot in order {
      guard let begin = uses[slot]?.first, let end = uses[slot]?.last else { continue }
      let (first, last) = (programs[begin.program].places[begin.phase], programs[end.program].places[end.phase])
      if begin.program != end.program || first.segment != last.segment || first.group == 0 {
        precondition(!slot.isOfShard, "\(slot) is complete at the end of a shard's way through one segment")
        lasting.append(Lifetime(slot: slot, size: size(slot), examples: examples, span: begin.stage...end.stage))
      } else if slot.isOfShard {
        // All groups of the shard go through the whole segment before they are complete.
        passing[begin.program].append(
          Lifetime(slot: slot, size: size(slot), examples: 1, span: first.segmentPhases))
      } else if first.run == last.run {
        passing[begin.program].append(
          Lifetime(slot: slot, size: size(slot), examples: first.group, span: begin.phase...end.phase))
      } else {
        // While a run goes from group to group, what crosses its borders lives all the time.
        let span = first.phases.lowerBound...last.phases.upperBound
        passing[begin.program].append(
          Lifetime(slot: slot, size: size(slot), examples: first.chunk, span: span))
      }
    }
    let (lastingOffsets, lastingSize) = pack(lasting)
    for (lifetime, offset) in zip(lasting, lastingOffsets) {
      placements[lifetime.slot] = Storage.Placement(offset: total + offset, exampleStride: lifetime.size)
    }
    total += lastingSize
    // Nothing that passes goes from one program to the next: they use the same memory for it.
    var room = 0
    for lifetimes in passing {
      let (offsets, size) = pack(lifetimes)
      for (lifetime, offset) in zip(lifetimes, offsets) {
        placements[lifetime.slot] = Storage.Placement(
          offset: total + offset, workerStride: size, exampleStride: lifetime.size, mask: lifetime.examples - 1)
      }
      room = max(room, threads * size)
    }
    total += room
  }
}

/// A phase that touches a slot.
private struct Use {
  let program: Int
  let phase: Int
  /// Counted over all programs.
  let stage: Int
}

private struct Lifetime {
  let slot: Slot
  /// Floats of one example.
  let size: Int
  /// For how many examples there is room.
  let examples: Int
  let span: ClosedRange<Int>

  var room: Int { size * examples }
}

/// Offsets such that what lives at one time does not overlap: largest first, each at the lowest place that is free.
private func pack(_ items: [Lifetime]) -> (offsets: [Int], size: Int) {
  var offsets = [Int](repeating: 0, count: items.count)
  var placed: [Int] = []
  var size = 0
  for item in items.indices.sorted(by: { (-items[$0].room, $0) < (-items[$1].room, $1) }) {
    let rivals = placed.filter { items[$0].span.overlaps(items[item].span) }
      .sorted { offsets[$0] < offsets[$1] }
    var offset = 0
    for rival in rivals where offsets[rival] < offset + items[item].room {
      offset = max(offset, offsets[rival] + items[rival].room)
    }
    offsets[item] = offset
    placed.append(item)
    size = max(size, offset + items[item].room)
  }
  return (offsets, size)
}
