import ArgumentParser

/// A number of bytes as `sort -S` takes it: 500M, 2G; K, M, G and T are powers of 1024.
public struct ByteCount: ExpressibleByArgument, Sendable, CustomStringConvertible {
  public let bytes: Int

  public init(_ bytes: Int) { self.bytes = bytes }

  /// Whole mebibytes that hold so many bytes, for messages.
  public init(covering bytes: Int) { self.bytes = (bytes + (1 << 20) - 1) / (1 << 20) * (1 << 20) }

  public init?(argument: String) {
    let units: [Character: Int] = ["K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40]
    let unit = argument.last.flatMap { units[$0] }
    guard let number = Int(unit == nil ? argument : String(argument.dropLast())), number > 0 else { return nil }
    let (bytes, overflow) = number.multipliedReportingOverflow(by: unit ?? 1)
    guard !overflow else { return nil }
    self.bytes = bytes
  }

  /// The largest unit that leaves a whole number; no less than is meant.
  public var description: String {
    for (name, unit) in [("G", 1 << 30), ("M", 1 << 20), ("K", 1 << 10)] where bytes % unit == 0 {
      return "\(bytes / unit)\(name)"
    }
    return "\(bytes)"
  }

  public var defaultValueDescription: String { description }
}
