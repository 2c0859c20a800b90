import CKernels
import Kernels

/// The inner products of all pairs of a batch's own gradients by each tensor.
///
/// Of a convolution the examples' gradients are made side by side, some output blocks at a time, and their products added
/// up; of a dense layer they are never made: <d_i a_iᵀ, d_j a_jᵀ> = <d_i, d_j> <a_i, a_j>.
struct ExampleProducts: Sendable {
  /// (tensor, example, example), of doubles.
  private let values: Memory
  /// A part of each example's gradient.
  private let rows: Scratch
  private let capacity: Int
  private let kernels: KernelTable

  /// - Parameter rowSize: floats of the largest part.
  init(capacity: Int, tensors: Int, rowSize: Int, _ kernels: KernelTable, _ ledger: MemoryLedger) {
    let doubles = capacity * capacity * tensors
    values = ledger.memory(\.values, doubles * MemoryLayout<Double>.stride / MemoryLayout<Float>.stride)
    rows = Scratch(floats: rowSize, places: capacity, ledger)
    (self.capacity, self.kernels) = (capacity, kernels)
  }

  /// Where a part of an example's gradient goes.
  func row(_ example: Int) -> UnsafeMutablePointer<Float> { rows(example) }

  private func products(_ tensor: TensorID) -> UnsafeMutablePointer<Double> {
    UnsafeMutableRawPointer(values.floats).assumingMemoryBound(to: Double.self) + tensor * capacity * capacity
  }

  /// (example, example) of one tensor; 0 where the logits do not depend on it.
  func values(_ tensor: TensorID, count: Int) -> [Double] {
    let all = products(tensor)
    return (0..<count * count).map { all[$0 / count * capacity + $0 % count] }
  }

  /// Adds the products of the parts that all examples have in their rows, from `offset` on.
  func add(_ tensor: TensorID, offset: Int = 0, length: Int, isFirst: Bool) -> Phase {
    .batch([]) { step in
      let pairs = PairProducts(kernels, count: step.count)
      pairs.forEachBlock(step.pool) { i, j, out in
        pairs.set(i, j, length: length, { UnsafePointer(rows($0) + offset) }, out)
        store(out, pairs, i, j, to: tensor, isFirst: isFirst)
      }
    }
  }

  /// Sets the products of outer products of two values, and of the second alone, for a bias.
  func outer(
    _ input: Slot, _ inputSize: Int, _ output: ValueID, _ outputSize: Int, weight: TensorID, bias: TensorID?
  ) -> Phase {
    .batch([input, .gradient(output)]) { step in
      let pairs = PairProducts(kernels, count: step.count)
      pairs.forEachBlock(step.pool) { i, j, out in
        pairs.set(i, j, length: outputSize, { UnsafePointer(step.gradient(output, $0)) }, out)
        if let bias { store(out, pairs, i, j, to: bias, isFirst: true) }
        withUnsafeTemporaryAllocation(of: Double.self, capacity: 16) { inputs in
          guard let base = inputs.baseAddress else { return }
          pairs.set(i, j, length: inputSize, { UnsafePointer(step.address(input, $0)) }, base)
          for k in 0..<16 { out[k] *= base[k] }
        }
        store(out, pairs, i, j, to: weight, isFirst: true)
      }
    }
  }

  private func store(
    _ block: UnsafePointer<Double>, _ pairs: PairProducts, _ i: Int, _ j: Int, to tensor: TensorID, isFirst: Bool
  ) {
    let target = products(tensor)
    pairs.forEachPlace(i, j) { a, b, place in
      let sum = isFirst ? block[place] : target[a * capacity + b] + block[place]
      target[a * capacity + b] = sum
      target[b * capacity + a] = sum
    }
  }
}
