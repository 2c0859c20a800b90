import CToolKit

#if canImport(Glibc)
  import Glibc
#endif

/// A file to which what happens is appended as it happens, one JSON object a line. The only place where clocks appear.
public final class EventLog: Sendable {
  private let name: String
  private let descriptor: Int32
  private let start = Machine.seconds

  public init(_ path: String) throws {
    name = path
    descriptor = rote_open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw Failure.system(path, "cannot write") }
  }

  deinit { close(descriptor) }

  /// Appends a line: the event, the time of day, the seconds since the start, and what else there is to say.
  ///
  /// It is one write, so that lines of several processes do not mix.
  public func write(_ event: String, _ members: [String: JSON] = [:]) throws {
    let own: [String: JSON] = [
      "event": .string(event), "time": .string(EventLog.now()), "elapsed": .measured(Machine.seconds - start),
    ]
    let line = JSON.object(members.merging(own) { $1 }).canonical + "\n"
    try Array(line.utf8).withUnsafeBytes { try writeAll($0, to: descriptor, subject: name) }
  }

  /// The time of day in UTC, as ISO 8601 has it.
  private static func now() -> String {
    var now = time(nil)
    var parts = tm()
    gmtime_r(&now, &parts)
    var text = [CChar](repeating: 0, count: 32)
    let count = strftime(&text, text.count, "%Y-%m-%dT%H:%M:%SZ", &parts)
    return String(decoding: text.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}

extension JSON {
  /// A measured number with six significant digits; null where it is not finite.
  public static func measured(_ value: Double) -> JSON {
    guard value.isFinite else { return .null }
    guard value != 0 else { return 0 }
    let magnitude = Int(log10(abs(value)).rounded(.down))
    let scale = pow(10, Double(5 - magnitude))
    let rounded = scale.isFinite ? (value * scale).rounded() / scale : 0
    return .number(rounded.isFinite ? rounded : value)
  }
}
