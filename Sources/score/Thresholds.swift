import ArgumentParser

/// Thresholds as an option: positive numbers, ascending, each once.
struct Thresholds: ExpressibleByArgument, CustomStringConvertible {
  let values: [Double]

  init(_ values: [Double]) { self.values = values }

  init?(argument: String) {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
    let values = parts.compactMap { Double($0) }.filter { $0 >= 1e-6 && $0 <= 2 }.sorted()
    // Files have them as f32, which must tell them apart.
    guard values.count == parts.count, Set(values.map { Float($0) }).count == parts.count, parts.count <= 100
    else { return nil }
    self.values = values
  }

  var description: String { values.map { "\($0)" }.joined(separator: ",") }
  var defaultValueDescription: String { description }
}
