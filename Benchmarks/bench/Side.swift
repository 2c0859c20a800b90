import ToolKit

/// One side of a comparison: a command that answers each line with a burst, in one copy or several at once.
struct Side {
  let name: String
  let words: [String]
  var environment: [String: String] = [:]
  var copies = 1

  func start() throws -> Running {
    Running(children: try (0..<copies).map { _ in try Child(words, environment: environment) })
  }

  /// What a burst gave, all copies together.
  struct Burst {
    var rate = 0.0
    var memory = 0.0
    /// Of the machine's multiply-add peak; only our side knows it.
    var share: Double?
  }

  struct Running {
    let children: [Child]

    /// - Returns: nil where a child has ended.
    func burst() throws -> Burst? {
      for child in children { child.send("go") }
      var burst = Burst()
      for child in children {
        guard let line = child.receive() else { return nil }
        let answer = try JSON(parsing: line, subject: "answer of a burst")
        burst.rate += answer["images_per_second"]?.double ?? .nan
        burst.memory += answer["peak_memory"]?.double ?? 0
        burst.share = answer["share_of_peak"]?.double
      }
      return burst
    }
  }
}

/// Ours against the best of some rivals; against nobody where there are none.
struct Comparison {
  /// Such as `train/resnet-20`.
  let name: String
  let ours: Side
  let rivals: [Side]

  struct Result {
    let ours: [Side.Burst]
    let theirs: (name: String, bursts: [Side.Burst])?

    /// Of our median to theirs, with the least and greatest of one round.
    var ratio: (ofMedians: Double, least: Double, greatest: Double)? {
      guard let theirs else { return nil }
      let rounds = zip(ours, theirs.bursts).map { $0.rate / $1.rate }
      return (
        median(ours.map(\.rate)) / median(theirs.bursts.map(\.rate)), rounds.min() ?? .nan, rounds.max() ?? .nan
      )
    }
  }

  /// Lets both sides take turns, ours first, after two bursts each that do not count.
  func run(rounds: Int) throws -> Result {
    let best = try fastest()
    let mine = try ours.start()
    var (our, their): ([Side.Burst], [Side.Burst]) = ([], [])
    for round in -2..<rounds {
      guard let burst = try mine.burst() else { throw Failure(.failed, name, "our side has ended") }
      if round >= 0 { our.append(burst) }
      guard let best else { continue }
      guard let burst = try best.running.burst() else { throw Failure(.failed, name, "\(best.name) has ended") }
      if round >= 0 { their.append(burst) }
    }
    return Result(ours: our, theirs: best.map { ($0.name, their) })
  }

  /// The rival with the fastest of two bursts, after one in which it compiles and fills its caches. It stays at hand.
  private func fastest() throws -> (name: String, running: Side.Running)? {
    var best: (name: String, running: Side.Running, rate: Double)?
    for rival in rivals {
      let running = try rival.start()
      let bursts = try (0..<3).compactMap { _ in try running.burst() }
      guard bursts.count == 3 else {
        printError("bench: \(name): \(rival.name) does not run here\n")
        continue
      }
      let rate = max(bursts[1].rate, bursts[2].rate)
      printError("bench: \(name): \(rival.name): \(Int(rate)) images/s\n")
      if rate > best?.rate ?? 0 { best = (rival.name, running, rate) }
    }
    guard best != nil || rivals.isEmpty else { throw Failure(.failed, name, "nothing to compare with runs here") }
    return best.map { ($0.name, $0.running) }
  }
}
