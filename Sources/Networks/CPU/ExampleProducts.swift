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
      forEachBlock(step) { i, j, out in
        block(i, j, count: step.count, length: length, { rows($0) + offset }, out)
        store(out, i, j, to: tensor, count: step.count, isFirst: isFirst)
      }
    }
  }

  /// Sets the products of outer products of two values, and of the second alone, for a bias.
  func outer(
    _ input: Slot, _ inputSize: Int, _ output: ValueID, _ outputSize: Int, weight: TensorID, bias: TensorID?
  ) -> Phase {
    .batch([input, .gradient(output)]) { step in
      forEachBlock(step) { i, j, out in
        block(i, j, count: step.count, length: outputSize, { step.gradient(output, $0) }, out)
        if let bias { store(out, i, j, to: bias, count: step.count, isFirst: true) }
        withUnsafeTemporaryAllocation(of: Double.self, capacity: 16) { inputs in
          guard let base = inputs.baseAddress else { return }
          block(i, j, count: step.count, length: inputSize, { step.address(input, $0) }, base)
          for k in 0..<16 { out[k] *= base[k] }
        }
        store(out, i, j, to: weight, count: step.count, isFirst: true)
      }
    }
  }

  /// Calls `body` with each pair of blocks of four examples, the second not before the first, and room for 16 numbers.
  private func forEachBlock(_ step: Step, _ body: @Sendable (Int, Int, UnsafeMutablePointer<Double>) -> Void) {
    let blocks = (step.count + 3) / 4
    step.pool.run(blocks) { i in
      withUnsafeTemporaryAllocation(of: Double.self, capacity: 16) { room in
        guard let out = room.baseAddress else { return }
        for j in i..<blocks { body(i, j, out) }
      }
    }
  }

  /// What is past the last example stands for that one.
  private func block(
    _ i: Int, _ j: Int, count: Int, length: Int, _ vector: (Int) -> UnsafeMutablePointer<Float>,
    _ out: UnsafeMutablePointer<Double>
  ) {
    withUnsafeTemporaryAllocation(of: UnsafePointer<Float>.self, capacity: 8) { vectors in
      guard let base = vectors.baseAddress else { return }
      for k in 0..<4 {
        (base + k).initialize(to: UnsafePointer(vector(min(4 * i + k, count - 1))))
        (base + 4 + k).initialize(to: UnsafePointer(vector(min(4 * j + k, count - 1))))
      }
      kernels.c.products(Int64(length), base, base + 4, out)
    }
  }

  private func store(
    _ block: UnsafePointer<Double>, _ i: Int, _ j: Int, to tensor: TensorID, count: Int, isFirst: Bool
  ) {
    let target = products(tensor)
    for a in 4 * i..<min(4 * i + 4, count) {
      for b in 4 * j..<min(4 * j + 4, count) {
        let product = block[a % 4 * 4 + b % 4]
        let sum = isFirst ? product : target[a * capacity + b] + product
        target[a * capacity + b] = sum
        target[b * capacity + a] = sum
      }
    }
  }
}
