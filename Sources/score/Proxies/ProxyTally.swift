import Artefacts
import Measures

/// What is collected of the proxies of one configuration, run by run.
struct ProxyTally {
  let scope: ProxyScope
  let halves: RunHalves?
  /// `(split, run)`: the half that each used run is in.
  private let sides: [[UInt8]]
  private var means: [Proxy: ProxyMeans] = [:]
  private var flagged: [Proxy: ProxyMeans] = [:]
  private let examples: Int

  /// - Parameter runs: those that are used.
  init(examples: Int, runs: Int, splits: Int, seed: UInt64, scope: ProxyScope) {
    (self.examples, self.scope) = (examples, scope)
    let halves = runs >= 2 && splits > 0 ? RunHalves(seed: seed, runs: runs, splits: splits) : nil
    self.halves = halves
    sides = halves.map { halves in (0..<halves.splits).map { halves.sides($0) } } ?? []
  }

  private func side(_ split: Int, _ run: Int) -> Int { Int(sides[split][run]) }

  /// Adds a run's values, of the examples that count.
  ///
  /// - Parameter run: its place among those that are used.
  mutating func add(_ proxy: Proxy, run: Int, _ values: [Float], mask: [UInt8], flags: [Float]? = nil) {
    let sides = sides.indices.map { Optional(side($0, run)) }
    // A C-score is of runs without the example, whatever the others are of.
    let scope = proxy == .cScore ? .outside : scope
    means[proxy, default: ProxyMeans(examples: examples, splits: sides.count)]
      .add(scope.restrict(values, mask), sides: sides)
    if let flags {
      flagged[proxy, default: ProxyMeans(examples: examples, splits: 0)].add(scope.restrict(flags, mask), sides: [])
    }
  }

  /// Adds what two neighbouring runs say together; only splits that have both in one half count it.
  mutating func add(_ proxy: Proxy, pair run: Int, _ values: [Float], masks: (last: [UInt8], this: [UInt8])) {
    let sides = sides.indices.map { side($0, run) == side($0, run - 1) ? side($0, run) : nil }
    let restricted = scope.restrict(scope.restrict(values, masks.last), masks.this)
    means[proxy, default: ProxyMeans(examples: examples, splits: sides.count)].add(restricted, sides: sides)
  }

  /// Sets values that are the same for all runs: baselines.
  mutating func set(_ proxy: Proxy, constant values: [Float]) {
    var mean = ProxyMeans(examples: examples, splits: sides.count)
    for side in 0..<2 { mean.add(values, sides: sides.map { _ in side }) }
    means[proxy] = mean
  }

  /// Whether any run had values.
  func has(_ proxy: Proxy) -> Bool { means[proxy] != nil }

  /// Appends this configuration's rows to a proxy of the file.
  func append(_ proxy: Proxy, to rows: inout ProxiesFile.Proxy) {
    let mean = means[proxy] ?? ProxyMeans(examples: examples, splits: sides.count)
    rows.mean += mean.mean
    rows.standardError += mean.standardError
    if let flagged = flagged[proxy] { rows.flagged = (rows.flagged ?? []) + flagged.mean }
    rows.halfMeans = (rows.halfMeans ?? []) + mean.halfMeans
  }
}
