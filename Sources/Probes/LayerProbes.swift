import Kernels
import Networks
import Training

/// The answers of k-NN probes on a network's layers, in bounded memory.
///
/// Consecutive layers whose references fit into the memory together share a pass over the references and one over the
/// queries. A layer whose references do not fit has them in blocks, a pass over both a block.
struct LayerProbes {
  private let network: TrainedNetwork
  private let pool: ThreadPool
  private let input: InputWriter
  private let executor: CPUExecutor
  private let search: NearestNeighbours
  /// Places in the training split.
  private let references: [Int32]
  /// By place in the training split: the place among the references, or -1.
  private let placeOfReference: [Int]
  private let memory: Int
  /// Queries at a time: as many a thread as let a product of matrices be fast.
  private let batch: Int

  /// References that are taken at once whatever the memory: with fewer, the network would run all the time.
  private static let leastReferences = 1024

  /// nil stands for the softmax.
  private typealias Layer = ValueID?

  init(_ depth: PredictionDepth, state: [Float], inMask: [UInt8], k: Int, memory: Int) {
    (network, pool, self.memory) = (depth.network, depth.pool, memory)
    let split = depth.data.train
    let references = (0..<Int32(split.count)).filter { inMask[Int($0)] == 1 }
    var places = [Int](repeating: -1, count: split.count)
    for (place, example) in references.enumerated() { places[Int(example)] = place }
    (self.references, placeOfReference) = (references, places)
    search = NearestNeighbours(
      k: k, labels: references.map { split.label[Int($0)] }, classes: depth.data.classes,
      instructionSet: depth.instructionSet)
    input = InputWriter(data: depth.data, standardisation: network.standardisation)
    executor = CPUExecutor(
      plan: network.plan, capacity: 32 * pool.threads, mode: .evaluation, pool: pool,
      instructionSet: depth.instructionSet, exactConvolution: network.exactConvolution)
    executor.load(state: state)
    batch = 256 * pool.threads
  }

  struct Answers {
    /// `(layer, query)`; -1 where there is none.
    var votes: [[Int32]] = []
    /// Of the network; -1 where a logit is NaN.
    var predictions: [Int32] = []
  }

  private func length(_ layer: Layer) -> Int { network.plan.values[layer ?? network.plan.logits].count }

  /// References of these layers that may be in memory at once.
  private func fitting(_ layers: [Layer]) -> Int {
    let row = layers.reduce(0) { $0 + Rows.bytes(length: length($1)) }
    // A batch's queries and products come on top: of each thread's 256 queries with all references.
    let queries = batch * row
    let room = max(0, memory - queries)
    return min(references.count, room / (row + batch * MemoryLayout<Float>.stride))
  }

  /// Consecutive layers, as many at a time as have room for all references.
  private func groups() -> [[Layer]] {
    var groups: [[Layer]] = []
    for layer in network.plan.representations.map({ Layer($0.value) }) + [nil] {
      if let last = groups.last, fitting(last + [layer]) >= references.count {
        groups[groups.count - 1].append(layer)
      } else {
        groups.append([layer])
      }
    }
    return groups
  }

  func answers(of queries: [Int32]) -> Answers {
    var answers = Answers()
    for group in groups() {
      let size = max(fitting(group), LayerProbes.leastReferences)
      if size >= references.count {
        answers.votes += votes(queries, group, &answers.predictions)
      } else {
        for layer in group { answers.votes.append(votes(queries, layer, blocks: size, &answers.predictions)) }
      }
    }
    return answers
  }

  /// Room for the layers' vectors of some examples.
  private func rows(_ count: Int, _ layers: [Layer]) -> [Rows] {
    layers.map { Rows(count: count, length: length($0)) }
  }

  /// Writes the layers' vectors of some examples, one set of rows a layer; the network's predictions are appended.
  private func fill(
    _ rows: [Rows], _ examples: ArraySlice<Int32>, _ layers: [Layer], predictions: inout [Int32]
  ) {
    let classes = network.plan.classes
    for first in stride(from: examples.startIndex, to: examples.endIndex, by: executor.capacity) {
      let part = examples[first..<min(first + executor.capacity, examples.endIndex)]
      let start = first - examples.startIndex
      input.write(part, of: input.data.train, to: executor)
      executor.forward(count: part.count, training: false)
      let logits = executor.logits(count: part.count)
      predictions += argmax(logits, classes: classes)
      let probabilities = softmax(logits, classes: classes)
      for (layer, rows) in zip(layers, rows) {
        if let layer {
          executor.read(layer, count: part.count) { rows[start + $0] }
        } else {
          for slot in 0..<part.count {
            for k in 0..<classes { rows[start + slot][k] = probabilities[slot * classes + k] }
          }
        }
      }
    }
  }

  /// Shares a batch's queries out, and calls `body` with each query's place in the batch and its products.
  private func search(
    _ queries: Rows, _ count: Int, _ block: NearestNeighbours.Block, _ products: Memory,
    _ body: @Sendable (Int, UnsafePointer<Float>, SearchRoom) -> Void
  ) {
    let share = (count + pool.threads - 1) / pool.threads
    pool.run(pool.threads) { [search] task in
      let range = min(task * share, count)..<min((task + 1) * share, count)
      let own = products.floats + range.lowerBound * block.width
      search.multiply(queries, range, block, to: own)
      let room = SearchRoom(classes: search.classes)
      for query in range { body(query, own + (query - range.lowerBound) * block.width, room) }
    }
  }

  /// All references at once, for several layers: votes by layer.
  private func votes(_ queries: [Int32], _ layers: [Layer], _ predictions: inout [Int32]) -> [[Int32]] {
    var ignored: [Int32] = []
    let all = rows(references.count, layers)
    fill(all, references[...], layers, predictions: &ignored)
    let blocks = all.map { search.block($0, first: 0, pool: pool) }
    let own = rows(min(batch, queries.count), layers)
    let products = Memory(count: batch * Rows.stride(length: references.count))
    let votes = layers.map { _ in SharedArray<Int32>(repeating: -1, count: queries.count) }
    predictions = []
    for first in stride(from: 0, to: queries.count, by: batch) {
      let part = queries[first..<min(first + batch, queries.count)]
      fill(own, part, layers, predictions: &predictions)
      for (layer, (rows, block)) in zip(own, blocks).enumerated() {
        search(rows, part.count, block, products) {
          [search, placeOfReference, votes = votes[layer]] slot, products, room in
          let itself = placeOfReference[Int(part[first + slot])]
          let candidates = search.candidates(rows[slot], block, products: products, itself: itself, room: room)
          votes[first + slot] = search.vote(candidates, rows[slot], block, room: room)
        }
      }
    }
    return votes.map(\.array)
  }

  /// One layer, its references in blocks: from each the k nearest to each query so far, by their exact distances.
  private func votes(
    _ queries: [Int32], _ layer: Layer, blocks size: Int, _ predictions: inout [Int32]
  ) -> [Int32] {
    let k = search.k
    let nearest = SharedArray(repeating: Neighbour(distance: .infinity, reference: -1), count: queries.count * k)
    let votes = SharedArray<Int32>(repeating: -1, count: queries.count)
    let products = Memory(count: batch * Rows.stride(length: size))
    let rows = Rows(count: min(batch, queries.count), length: length(layer))
    for begin in stride(from: 0, to: references.count, by: size) {
      let end = min(begin + size, references.count)
      var ignored: [Int32] = []
      let all = self.rows(end - begin, [layer])
      fill(all, references[begin..<end], [layer], predictions: &ignored)
      let block = search.block(all[0], first: begin, pool: pool)
      let isLast = end == references.count
      predictions = []
      for first in stride(from: 0, to: queries.count, by: batch) {
        let part = queries[first..<min(first + batch, queries.count)]
        fill([rows], part, [layer], predictions: &predictions)
        search(rows, part.count, block, products) { [search, placeOfReference] slot, products, room in
          let itself = placeOfReference[Int(part[first + slot])]
          let candidates = search.candidates(rows[slot], block, products: products, itself: itself, room: room)
          let places = (first + slot) * k..<(first + slot + 1) * k
          let before = places.map { nearest[$0] }.filter { $0.reference >= 0 }
          let best = (before + search.exact(candidates, rows[slot], block)).sorted().prefix(k)
          for (place, neighbour) in zip(places, best) { nearest[place] = neighbour }
          if isLast { votes[first + slot] = search.vote(Array(best), room: room) }
        }
      }
    }
    return votes.array
  }
}
