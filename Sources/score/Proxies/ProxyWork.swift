import Artefacts
import Kernels
import Measures
import Randomness
import Synchronization
import ToolKit
import Training

/// Computes proxies of one configuration after the other.
struct ProxyWork {
  let runSet: RunsSet
  let dataset: ImageDataset?
  /// Its images, where a chosen proxy looks at them.
  let data: TrainingData?
  let proxies: [Proxy]
  let scope: ProxyScope
  let epoch: Int?
  let splits: Int
  let seed: UInt64
  let pool: ThreadPool
  let instructionSet: InstructionSet
  let progress: Progress

  private var examples: Int { runSet.trainExample.count }

  func tally(_ member: RunsSet.Member) throws -> ProxyTally {
    var tally = ProxyTally(
      examples: examples, runs: try runSet.undiverged(member), splits: splits, seed: seed, scope: scope)
    if proxies.contains(.agreement) || proxies.contains(.ensembleConfidence) {
      try addLogits(member, to: &tally)
    }
    let networks = try NetworkProxies(self, member)
    var used = 0
    for entry in member.runs {
      defer { progress.advance(by: 1) }
      let file = try runSet.file(of: entry)
      guard try !file.isDiverged(index: entry.index) else { continue }
      let mask = try file.flags("/train/in_mask", index: entry.index, count: examples)
      if proxies.contains(.cScore) {
        let correct = try file.flags("/train/correct", index: entry.index, count: examples)
        tally.add(.cScore, run: used, correct.map(Float.init), mask: mask)
      }
      try addDynamics(file, entry.index, run: used, mask, to: &tally)
      try networks?.add(file, entry.index, run: used, mask, to: &tally)
      used += 1
    }
    networks?.addConstants(to: &tally)
    if proxies.contains(.random) { tally.set(.random, constant: random) }
    return tally
  }

  /// One number an example, by its published position: the same for any order of the examples.
  private var random: [Float] {
    runSet.trainExample.map { position in
      var stream = RandomStream(seed: seed, purpose: .proxyBaseline, index: Int(truncatingIfNeeded: position))
      return Float(stream.uniform())
    }
  }

  /// Reads each quantity of the dynamics once, epoch by epoch.
  private func addDynamics(
    _ file: RunsFile, _ index: Int, run: Int, _ mask: [UInt8], to tally: inout ProxyTally
  ) throws {
    for quantity in ["label_probability", "correct", "max_probability", "entropy", "loss", "margin"] {
      var measures = proxies.filter { $0.need == .dynamics(quantity) }
        .compactMap { proxy in proxy.dynamics(examples: examples).map { (proxy, $0) } }
      guard !measures.isEmpty else { continue }
      // Cumulative entropy counts as its negative, as in its source.
      let factor: Float = quantity == "entropy" ? -1 : 1
      try file.forEachEpoch(of: quantity, index: index) { values in
        if factor != 1 { for i in values.indices { values[i] *= factor } }
        for i in measures.indices { measures[i].1.add(UnsafeBufferPointer(values)) }
      }
      for (proxy, measure) in measures {
        tally.add(proxy, run: run, measure.values, mask: mask, flags: measure.neverLearned)
      }
    }
  }

  private func addLogits(_ member: RunsSet.Member, to tally: inout ProxyTally) throws {
    let agreement = Mutex(RunAgreement(examples: examples, classes: runSet.classes.count))
    let kernels = instructionSet.kernels
    let quiet = Progress("score proxies", total: 1, unit: "runs", quiet: true)
    let pass = LogitPass(flags: FlagPass(member, of: runSet, pool), kernels: kernels, progress: quiet)
    var used = 0
    var last: [UInt8]?
    try pass.forEachRun(
      piece: { piece in
        agreement.withLock { $0.set(from: piece.examples.lowerBound, logits: piece.logits, kernels) }
      },
      { run in
        let (confidence, divergence) = agreement.withLock { ($0.confidence, $0.divergence) }
        if proxies.contains(.ensembleConfidence) {
          tally.add(.ensembleConfidence, run: used, confidence, mask: run.mask)
        }
        if let last, proxies.contains(.agreement) {
          tally.add(.agreement, pair: used, divergence, masks: (last, run.mask))
        }
        last = run.mask
        used += 1
      })
  }
}
