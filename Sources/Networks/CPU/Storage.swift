import Kernels

/// What memory is planned for: a value of the plan, or the loss's gradient by it.
enum Slot: Hashable, Sendable {
  case value(ValueID)
  case gradient(ValueID)
}

/// Where each example's share of each slot lies.
struct Storage: Sendable {
  struct Placement: Sendable {
    var offset = 0
    var shardStride = 0
    /// 0 where the examples of a shard take turns in one place.
    var exampleStride = 0
  }

  private let memory: Memory
  private let values: [Placement]
  private let gradients: [Placement]

  func placement(_ slot: Slot) -> Placement {
    switch slot {
    case .value(let id): values[id]
    case .gradient(let id): gradients[id]
    }
  }

  func address(_ slot: Slot, _ example: Int) -> UnsafeMutablePointer<Float> {
    let place = placement(slot)
    return memory.floats + place.offset + example / Shard.size * place.shardStride
      + example % Shard.size * place.exampleStride
  }

  /// Plans memory for programs that run one after another.
  ///
  /// - Parameters:
  ///   - sizes: floats of one example, by value.
  ///   - kept: slots that hold their contents from one program to the next. Of the others, those that live within
  ///     one segment get one place a shard, and the rest share memory where no stage needs both.
  init(programs: [Program], sizes: [Int], capacity: Int, kept: Set<Slot>) {
    let shards = Shard.count(capacity)
    var planner = Planner(sizes: sizes, shards: shards)
    for slot in sizes.indices.flatMap({ [Slot.value($0), .gradient($0)] }) where kept.contains(slot) {
      planner.keep(slot)
    }
    for program in programs { planner.place(program, except: kept) }
    memory = Memory(count: planner.total)
    values = sizes.indices.map { planner.placements[.value($0)] ?? Placement() }
    gradients = sizes.indices.map { planner.placements[.gradient($0)] ?? Placement() }
  }
}

private struct Planner {
  let sizes: [Int]
  let shards: Int
  var total = 0
  var placements: [Slot: Storage.Placement] = [:]

  init(sizes: [Int], shards: Int) {
    self.sizes = sizes
    self.shards = shards
  }

  private func size(_ slot: Slot) -> Int {
    switch slot {
    case .value(let id), .gradient(let id): sizes[id]
    }
  }

  /// Room for the examples of all shards.
  private func whole(_ slot: Slot, at offset: Int) -> Storage.Placement {
    Storage.Placement(offset: offset, shardStride: Shard.size * size(slot), exampleStride: size(slot))
  }

  mutating func keep(_ slot: Slot) {
    placements[slot] = whole(slot, at: total)
    total += shards * Shard.size * size(slot)
  }

  mutating func place(_ program: Program, except kept: Set<Slot>) {
    var touches: [Slot: [Int]] = [:]
    var order: [Slot] = []
    for (index, phase) in program.phases.enumerated() {
      for slot in phase.touches where !kept.contains(slot) {
        if touches[slot] == nil { order.append(slot) }
        touches[slot, default: []].append(index)
      }
    }
    var passing: [Lifetime] = []
    var lasting: [Lifetime] = []
    for slot in order {
      let indices = touches[slot] ?? []
      let places = indices.map { program.places[$0] }
      guard let first = places.first, let last = places.last, let begin = indices.first,
        let end = indices.last
      else { continue }
      if first.segment == last.segment, first.isExample {
        passing.append(Lifetime(slot: slot, size: size(slot), span: begin...end))
      } else {
        let room = shards * Shard.size * size(slot)
        lasting.append(Lifetime(slot: slot, size: room, span: first.stage...last.stage))
      }
    }
    let (lastingOffsets, lastingSize) = pack(lasting)
    for (lifetime, offset) in zip(lasting, lastingOffsets) {
      placements[lifetime.slot] = whole(lifetime.slot, at: total + offset)
    }
    total += lastingSize
    let (passingOffsets, passingSize) = pack(passing)
    for (lifetime, offset) in zip(passing, passingOffsets) {
      placements[lifetime.slot] = Storage.Placement(offset: total + offset, shardStride: passingSize)
    }
    total += shards * passingSize
  }
}

private struct Lifetime {
  let slot: Slot
  let size: Int
  let span: ClosedRange<Int>
}

/// Offsets such that what lives at one time does not overlap: largest first, each at the lowest place that is
/// free.
private func pack(_ items: [Lifetime]) -> (offsets: [Int], size: Int) {
  var offsets = [Int](repeating: 0, count: items.count)
  var placed: [Int] = []
  var size = 0
  for item in items.indices.sorted(by: { (-items[$0].size, $0) < (-items[$1].size, $1) }) {
    let rivals = placed.filter { items[$0].span.overlaps(items[item].span) }
      .sorted { offsets[$0] < offsets[$1] }
    var offset = 0
    for rival in rivals where offsets[rival] < offset + items[item].size {
      offset = max(offset, offsets[rival] + items[rival].size)
    }
    offsets[item] = offset
    placed.append(item)
    size = max(size, offset + items[item].size)
  }
  return (offsets, size)
}
