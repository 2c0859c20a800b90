import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// Progress of long work on standard error: a line that is rewritten on a terminal, a line a minute elsewhere.
public final class Progress: Sendable {
  private struct State {
    var done = 0.0
    var detail = ""
    var lastPrint: Double
    var printed = false
  }

  private let label: String
  private let total: Double
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
    self.total = total
    self.unit = unit
    isQuiet = quiet
    isTerminal = isatty(2) == 1
    start = Machine.seconds
    state = Mutex(State(lastPrint: start))
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
      let line = describe(state, now)
      printError(isTerminal ? "\r\u{1B}[K\(line)" : "\(line)\n")
    }
  }

  /// Takes the line off a terminal.
  public func finish() {
    guard !isQuiet else { return }
    state.withLock { state in
      if isTerminal && state.printed { printError("\r\u{1B}[K") }
    }
  }

  private func describe(_ state: State, _ now: Double) -> String {
    let rate = state.done / max(1e-9, now - start)
    let left = rate > 0 ? (total - state.done) / rate : 0
    let share = total > 0 ? Int(100 * state.done / total) : 100
    let detail = state.detail.isEmpty ? "" : ", \(state.detail)"
    return "\(label): \(share) %, \(Int(rate)) \(unit)/s, \(Progress.time(left)) left\(detail)"
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
