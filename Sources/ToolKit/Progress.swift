import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// Progress of long work on standard error: a line that is rewritten on a terminal, a line a minute elsewhere.
public final class Progress: Sendable {
  private struct State {
    var total: Double
    var done = 0.0
    /// Of `done`, what was done before the start.
    var skipped = 0.0
    var detail = ""
    var lastPrint: Double
    var printed = false
  }

  private let label: String
  private let unit: String
  private let isTerminal: Bool
  private let isQuiet: Bool
  private let start: Double
  private let state: Mutex<State>

  /// - Parameters:
  ///   - total: the amount of work, in `unit`s.
  ///   - unit: what the rate counts, in the plural: "images", "runs".
  public init(_ label: String, total: Double, unit: String, quiet: Bool) {
    self.label = label
    self.unit = unit
    isQuiet = quiet
    isTerminal = isatty(2) == 1
    start = Machine.seconds
    state = Mutex(State(total: total, lastPrint: start))
  }

  /// Counts work done, and prints where it is time to.
  public func advance(by amount: Double, detail: String? = nil) {
    guard !isQuiet else { return }
    let now = Machine.seconds
    state.withLock { state in
      state.done += amount
      if let detail { state.detail = detail }
      guard now - state.lastPrint >= (isTerminal ? 0.2 : 60) else { return }
      state.lastPrint = now
      state.printed = true
      let line = Progress.line(
        label, done: state.done, of: state.total, unit: unit, after: now - start, skipped: state.skipped,
        detail: state.detail)
      printError(isTerminal ? "\r\u{1B}[K\(line)" : "\(line)\n")
    }
  }

  /// Counts work that was done before the start: it is part of the whole, and not of the rate.
  public func skip(_ amount: Double) {
    state.withLock { state in
      state.done += amount
      state.skipped += amount
    }
  }

  /// Takes off the whole what will not be done.
  public func drop(_ amount: Double) { state.withLock { $0.total -= amount } }

  /// Takes the line off a terminal.
  public func finish() {
    guard !isQuiet else { return }
    state.withLock { state in
      if isTerminal && state.printed { printError("\r\u{1B}[K") }
    }
  }

  /// The line after `seconds` of work, such as "train: 25 %, 900 images/s, 3:07 left, 2 of 8 runs done".
  ///
  /// - Parameter skipped: of what is done, what was before these seconds.
  public static func line(
    _ label: String, done: Double, of total: Double, unit: String, after seconds: Double, skipped: Double = 0,
    detail: String = ""
  ) -> String {
    let rate = (done - skipped) / max(1e-3, seconds)
    let left = rate > 0 ? "\(time((total - done) / rate)) left" : "no end in sight"
    let share = total > 0 ? Int(100 * min(1, done / total)) : 100
    // Slow work counts in hours: "0 runs/s" says nothing.
    let speed = rate >= 1 || rate == 0 ? "\(Int(rate)) \(unit)/s" : "\(Int(rate * 3600)) \(unit)/h"
    return "\(label): \(share) %, \(speed), \(left)" + (detail.isEmpty ? "" : ", \(detail)")
  }

  /// Seconds as "42 s", "3:07" or "2:03:07".
  static func time(_ seconds: Double) -> String {
    let s = Int(max(0, min(seconds, 1e9)).rounded())
    func two(_ n: Int) -> String { n < 10 ? "0\(n)" : "\(n)" }
    if s < 60 { return "\(s) s" }
    if s < 3600 { return "\(s / 60):\(two(s % 60))" }
    return "\(s / 3600):\(two(s / 60 % 60)):\(two(s % 60))"
  }
}
