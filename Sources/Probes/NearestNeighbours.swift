import COpenBLAS
import CKernels
import Kernels

/// The k nearest of some reference vectors to each query, by sums of squared differences in double, and the class that
/// most of them have.
///
/// Half a squared distance, up to what is the same for all references, is h(r) = |r|²/2 - q·r, and its products are a
/// product of matrices, in floats. BLAS sums them in an order of its own; in any order q·r is off by at most γ|q||r| with
/// γ = d u / (1 - d u), u = 2⁻²⁴ (Higham 2002, "Accuracy and stability of numerical algorithms", section 3.1). So each h
/// lies between two bounds, and what these leave open is decided by the distances themselves, added up in an order of our
/// own; of equal distances, the reference that comes first counts. The result is that of taking all distances in double: a
/// function of the vectors and the instruction set.
struct NearestNeighbours: Sendable {
  let k: Int
  let classes: Int
  /// One a reference.
  let labels: [Int32]
  private let kernels: KernelTable

  /// Products that may be taken for floats: beyond, nothing is said of them.
  private static let largest = 1e37

  init(k: Int, labels: [Int32], classes: Int, instructionSet: InstructionSet) {
    precondition(k > 0 && labels.allSatisfy { (0..<Int32(classes)).contains($0) }, "neighbours have classes")
    (self.k, self.labels, self.classes) = (k, labels, classes)
    kernels = instructionSet.kernels
    // Blocks of queries are shared out here; OpenBLAS's own threads would only be in their way.
    openblas_set_num_threads(1)
  }

  /// Consecutive references with what their bounds need.
  struct Block: Sendable {
    let rows: Rows
    /// The place of the first of them among all references.
    let first: Int
    /// Products of one query, with room for whole vectors.
    let width: Int
    /// |r|²/2 from below, and |r| from above; NaN, which is below nothing, past the end and of references that are not
    /// finite.
    fileprivate let halves: Memory
    fileprivate let norms: Memory
    fileprivate let greatestNorm: Double
  }

  /// A rounding to Float, with some units of room, either way.
  private static func below(_ x: Double) -> Float { Float(x - abs(x) * 0x1p-21) }
  private static func above(_ x: Double) -> Float { Float(x + abs(x) * 0x1p-21) }

  func block(_ rows: Rows, first: Int, pool: ThreadPool) -> Block {
    let width = Rows.stride(length: rows.count)
    let (halves, norms) = (Memory(count: width), Memory(count: width))
    halves.floats.update(repeating: .nan, count: width)
    norms.floats.update(repeating: .nan, count: width)
    pool.run(rows.count) { row in
      let square = kernels.c.sum_of_squares(Int64(rows.stride), rows[row])
      guard square.isFinite else { return }
      halves.floats[row] = Self.below(square / 2)
      norms.floats[row] = Self.above(square.squareRoot())
    }
    let greatest = (0..<rows.count).reduce(0) { max($0, norms.floats[$1].isNaN ? 0 : Double(norms.floats[$1])) }
    return Block(rows: rows, first: first, width: width, halves: halves, norms: norms, greatestNorm: greatest)
  }

  /// The products of some queries with all of a block's references, `(query, block.width)`.
  func multiply(
    _ queries: Rows, _ range: Range<Int>, _ block: Block, to products: UnsafeMutablePointer<Float>
  ) {
    guard !range.isEmpty, block.rows.count > 0 else { return }
    cblas_sgemm(
      CblasRowMajor, CblasNoTrans, CblasTrans, blasint(range.count), blasint(block.rows.count),
      blasint(queries.length), 1, queries[range.lowerBound], blasint(queries.stride), block.rows[0],
      blasint(block.rows.stride), 0, products, blasint(block.width))
  }

  /// A reference that may be among the nearest, and bounds of its h.
  struct Candidate {
    let reference: Int
    let lower: Double
    let upper: Double
  }

  /// All references of a block that may be among the k nearest; no others, as far as the bounds can tell.
  ///
  /// - Parameters:
  ///   - products: the query's row.
  ///   - itself: the query's place among all references, or -1.
  func candidates(
    _ query: UnsafePointer<Float>, _ block: Block, products: UnsafePointer<Float>, itself: Int,
    room: SearchRoom
  ) -> [Candidate] {
    let square = kernels.c.sum_of_squares(Int64(block.rows.stride), query)
    guard square.isFinite else { return [] }
    let norm = square.squareRoot()
    guard max(norm, block.greatestNorm) * block.greatestNorm < Self.largest else {
      return (0..<block.rows.count).compactMap { row in
        let isCandidate = !block.halves.floats[row].isNaN && block.first + row != itself
        return isCandidate ? Candidate(reference: block.first + row, lower: -.infinity, upper: .infinity) : nil
      }
    }
    let du = Double(block.rows.length) * 0x1p-24
    let gamma = du < 0.5 ? du / (1 - du) : .infinity
    let share = Self.above((gamma + 0x1p-20) * norm)
    // What products lose below the least normal number, and how far distances summed in double are from true ones, which
    // the bounds must not tell apart where these do not. The share of |r|² in the latter is within the room of `halves`.
    let length = Double(block.rows.length)
    let tiny = length * 0x1p-125 + (length + 8) * 0x1p-52 * square
    var nearest = BoundedHeap(k)
    var found: [Candidate] = []
    for start in stride(from: 0, to: block.width, by: SearchRoom.piece) {
      let count = min(SearchRoom.piece, block.width - start)
      let hits = kernels.c.below(
        Int32(count), products + start, block.halves.floats + start, block.norms.floats + start, share,
        Self.above(nearest.greatest + tiny), room.places)
      for hit in 0..<Int(hits) {
        let row = start + Int(room.places[hit])
        guard block.first + row != itself else { continue }
        let (half, slack) = (Double(block.halves.floats[row]), Double(share) * Double(block.norms.floats[row]) + tiny)
        let h = half - Double(products[row])
        let candidate = Candidate(
          reference: block.first + row, lower: h - slack, upper: h + slack + half * 0x1p-19)
        guard candidate.lower <= nearest.greatest else { continue }
        nearest.insert(candidate.upper)
        found.append(candidate)
      }
      if found.count > SearchRoom.most { found.removeAll { $0.lower > nearest.greatest } }
    }
    found.removeAll { $0.lower > nearest.greatest }
    return found
  }

  /// The class that most of the k nearest have, of several the lowest; -1 of no candidates.
  ///
  /// Distances are summed only where the outcome depends on them.
  func vote(_ candidates: [Candidate], _ query: UnsafePointer<Float>, _ block: Block, room: SearchRoom) -> Int32 {
    guard !candidates.isEmpty else { return -1 }
    room.clearCounts()
    guard candidates.count > k else {
      for candidate in candidates { room.count(labels[candidate.reference]) }
      return room.winner
    }
    // Whoever is above no more than k - 1 others' lower bounds is among the k nearest.
    let bar = candidates.map(\.lower).sorted()[k]
    let open = candidates.filter { !($0.upper < bar) }
    var left = k
    for candidate in candidates where candidate.upper < bar {
      room.count(labels[candidate.reference])
      left -= 1
    }
    if let winner = room.winner(whatever: left, of: open.lazy.map { labels[$0.reference] }) { return winner }
    let nearest = exact(open, query, block).sorted().prefix(left)
    for neighbour in nearest { room.count(labels[neighbour.reference]) }
    return room.winner
  }

  /// The exact distances of candidates.
  func exact(_ candidates: [Candidate], _ query: UnsafePointer<Float>, _ block: Block) -> [Neighbour] {
    candidates.map { candidate in
      let row = block.rows[candidate.reference - block.first]
      return Neighbour(
        distance: kernels.c.squared_distance(Int64(block.rows.stride), query, row), reference: candidate.reference)
    }
  }

  /// The class that most of these have.
  func vote(_ neighbours: [Neighbour], room: SearchRoom) -> Int32 {
    room.clearCounts()
    for neighbour in neighbours { room.count(labels[neighbour.reference]) }
    return neighbours.isEmpty ? -1 : room.winner
  }
}

/// A reference and its squared distance; the nearest is the least, of equally near ones the first.
struct Neighbour: Comparable, Sendable {
  let distance: Double
  let reference: Int

  static func < (a: Neighbour, b: Neighbour) -> Bool { (a.distance, a.reference) < (b.distance, b.reference) }
}
