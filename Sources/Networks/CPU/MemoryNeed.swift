import Kernels
import Synchronization

/// The bytes that an executor takes, by what they are for.
public struct MemoryNeed: Sendable, Hashable {
  /// Weights and statistics; in training gradients, each shard's share of them, and momenta.
  public internal(set) var parameters = 0
  /// The input, activations, and gradients by them.
  public internal(set) var values = 0
  /// What operations work in: weights in other forms, inputs put together, a thread's room.
  public internal(set) var scratch = 0
  /// What another executor may work in between steps: most of `values`.
  public internal(set) var lendable = 0

  public var total: Int { parameters + values + scratch }
}

/// Gives an executor its memory and writes down how much: what is planned and what is taken cannot differ.
final class MemoryLedger: Sendable {
  private struct State {
    var need = MemoryNeed()
    /// Floats of `lent` that are in use.
    var used = 0
  }

  private let isReal: Bool
  private let lent: Memory?
  private let state = Mutex(State())

  /// - Parameters:
  ///   - isReal: whether the memory will be used, or only counted.
  ///   - lent: another's, to use first; it does not count.
  init(isReal: Bool, lent: Memory? = nil) { (self.isReal, self.lent) = (isReal, lent) }

  var need: MemoryNeed { state.withLock { $0.need } }

  func memory(_ purpose: WritableKeyPath<MemoryNeed, Int> & Sendable, _ count: Int) -> Memory {
    state.withLock { state in
      let end = state.used + (count + 15) / 16 * 16
      if let lent, end <= lent.count {
        defer { state.used = end }
        return Memory(of: lent, state.used..<state.used + count)
      }
      state.need[keyPath: purpose] += count * MemoryLayout<Float>.stride
      return Memory(count: count, isReal: isReal)
    }
  }

  func canLend(_ count: Int) { state.withLock { $0.need.lendable = count * MemoryLayout<Float>.stride } }
}
