import Randomness

/// log softmax(z / T) of one row; NaN throughout where a logit is NaN or the greatest is infinite.
public func logSoftmax(_ logits: [Double], temperature: Double = 1) -> [Double] {
  var result = logits
  setLogSoftmax(logits, temperature: temperature, into: &result)
  return result
}

/// Writes log softmax(z / T) of one row over `result`, which has as many elements.
func setLogSoftmax(_ logits: [Double], temperature: Double, into result: inout [Double]) {
  for k in logits.indices { result[k] = logits[k] / temperature }
  let greatest = result.max() ?? 0
  var sum = 0.0
  for scaled in result { sum += Elementary.exp(scaled - greatest) }
  let logSum = Elementary.log(sum)
  for k in result.indices { result[k] = (result[k] - greatest) - logSum }
}

/// softmax(z / T) of each row.
///
/// - Parameters:
///   - logits: (example, class).
/// - Returns: (example, class), each row summing to 1.
public func softmax(_ logits: [Float], classes: Int, temperature: Double = 1) -> [Float] {
  precondition(logits.count % classes == 0, "whole rows of logits")
  var probabilities: [Float] = []
  probabilities.reserveCapacity(logits.count)
  var row = [Double](repeating: 0, count: classes)
  var logProbabilities = row
  for start in stride(from: 0, to: logits.count, by: classes) {
    for k in 0..<classes { row[k] = Double(logits[start + k]) }
    setLogSoftmax(row, temperature: temperature, into: &logProbabilities)
    for value in logProbabilities { probabilities.append(Float(Elementary.exp(value))) }
  }
  return probabilities
}

/// The class of the greatest logit of each row: the lowest of several, and -1 where any logit is NaN.
///
/// - Parameters:
///   - logits: (example, class).
/// - Returns: (example).
public func argmax(_ logits: [Float], classes: Int) -> [Int32] {
  precondition(logits.count % classes == 0, "whole rows of logits")
  return stride(from: 0, to: logits.count, by: classes).map { argmax(logits[$0..<$0 + classes]) }
}

/// The same of one row.
public func argmax(_ row: ArraySlice<Float>) -> Int32 {
  var best = row.startIndex
  for k in row.indices {
    if row[k].isNaN { return -1 }
    if row[k] > row[best] { best = k }
  }
  return Int32(best - row.startIndex)
}
