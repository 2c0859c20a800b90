import Foundation
import Networks

/// Results that a script in Tests/torch stored: one tensor a line, whole or sampled, with its sum and norm.
struct TorchFixture {
  struct Entry {
    let quantity: String
    let tensor: String
    let stride: Int
    let count: Int
    let sum: Double
    let norm: Double
    let samples: [Double]
  }

  let entries: [Entry]

  init(_ name: String) throws {
    let url = Bundle.module.bundleURL.appendingPathComponent("Fixtures").appendingPathComponent(name)
    entries = try String(contentsOf: url, encoding: .utf8).split(separator: "\n").compactMap { line in
      let words = line.split(separator: " ")
      let numbers = words.dropFirst(4).compactMap { Double($0) }
      guard words.count > 6, numbers.count == words.count - 4, let stride = Int(words[2]),
        let count = Int(words[3])
      else { return nil }
      return Entry(
        quantity: String(words[0]), tensor: String(words[1]), stride: stride, count: count, sum: numbers[0],
        norm: numbers[1], samples: Array(numbers.dropFirst(2)))
    }
  }

  /// The entries of one quantity, in the order of the file.
  func entries(_ quantity: String) -> [Entry] { entries.filter { $0.quantity == quantity } }
}

extension TorchFixture.Entry {
  /// max |a - b| / max |b| over the samples, or the difference of norm or sum by the norm, whichever is
  /// greatest.
  func difference(of values: [Double]) -> Double {
    guard values.count == count else { return .nan }
    let sampled = Swift.stride(from: 0, to: count, by: stride).map { values[$0] }
    let sum = values.reduce(0, +)
    let norm = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
    let differences = [
      relativeDifference(sampled, from: samples), abs(norm - self.norm) / self.norm,
      abs(sum - self.sum) / self.norm,
    ]
    return differences.contains { $0.isNaN } ? .nan : differences.reduce(0) { max($0, $1) }
  }
}
