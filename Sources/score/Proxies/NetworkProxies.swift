import Artefacts
import Kernels
import Measures
import Networks
import Probes
import ToolKit
import Training

/// The proxies that look into the trained networks of one configuration.
struct NetworkProxies {
  private let network: TrainedNetwork
  private let data: TrainingData
  private let proxies: Set<Proxy>
  private let scope: ProxyScope
  private let epoch: Int?
  private let seed: UInt64
  private let pool: ThreadPool
  private let instructionSet: InstructionSet

  static let needs: Set<Proxy.Need> = [.images, .earlyCheckpoint, .snapshots, .lastCheckpoint]

  /// nil where none of these proxies is chosen.
  init?(_ work: ProxyWork, _ member: RunsSet.Member) throws {
    let proxies = Set(work.proxies.filter { NetworkProxies.needs.contains($0.need) })
    guard !proxies.isEmpty, let dataset = work.dataset, let data = work.data else { return nil }
    (self.proxies, self.data) = (proxies, data)
    network = try TrainedNetwork(member, dataset: dataset)
    (scope, epoch, seed) = (work.scope, work.epoch, work.seed)
    (pool, instructionSet) = (work.pool, work.instructionSet)
  }

  /// Adds what one run's networks say, of the examples that count.
  func add(_ file: RunsFile, _ index: Int, run: Int, _ mask: [UInt8], to tally: inout ProxyTally) throws {
    let snapshots = try file.snapshots()
    let places = mask.indices.filter { scope.takes(mask[$0]) }.map(Int32.init)
    /// Values at `places`, spread over all examples.
    func spread(_ values: [Double]) -> [Float] {
      var all = [Float](repeating: .nan, count: mask.count)
      for (place, value) in zip(places, values) { all[Int(place)] = Float(value) }
      return all
    }
    func state(_ snapshot: Int) throws -> [Float] { try network.state(file, index: index, snapshot: snapshot) }
    // A run that ended early has no networks of the epochs after.
    let reached = try file.snapshotsReached(index: index)
    func reachedState(_ place: Int) throws -> [Float] { try state(reached[place]) }

    if let early = try ProxyChoice.early(snapshots, epoch).flatMap({ snapshots.firstIndex(of: Int32($0)) }) {
      if proxies.contains(.el2n) { tally.add(.el2n, run: run, el2n(try state(early)), mask: mask) }
      if proxies.contains(.grand) || proxies.contains(.grandLastLayer) {
        let values = GraNd(network, data: data, instructionSet: instructionSet, pool: pool)
          .values(state: try state(early), examples: places)
        if proxies.contains(.grand) { tally.add(.grand, run: run, spread(values.all), mask: mask) }
        if proxies.contains(.grandLastLayer) {
          tally.add(.grandLastLayer, run: run, spread(values.lastLayer), mask: mask)
        }
      }
    }
    if proxies.contains(.vog) || proxies.contains(.vogWithinClass) {
      let values = try VoG(network, data: data, instructionSet: instructionSet, pool: pool)
        .values(snapshots: reached.count, examples: places, state: reachedState)
      if proxies.contains(.vog) { tally.add(.vog, run: run, spread(values), mask: mask) }
      if proxies.contains(.vogWithinClass) {
        let labels = places.map { data.train.label[Int($0)] }
        tally.add(.vogWithinClass, run: run, spread(VoG.normalised(values, labels: labels)), mask: mask)
      }
    }
    if proxies.contains(.lossSensitivity) {
      let values = try LossSensitivity(network, data: data, instructionSet: instructionSet, pool: pool)
        .values(snapshots: reached.count, examples: places, state: reachedState)
      tally.add(.lossSensitivity, run: run, spread(values.euclidean), mask: mask)
    }
    if proxies.contains(.curvature) {
      let values = try InputCurvature(network, data: data, instructionSet: instructionSet, pool: pool, seed: seed)
        .values(snapshots: reached.count, examples: places, state: reachedState)
      tally.add(.curvature, run: run, spread(values), mask: mask)
    }
    if proxies.contains(.predictionDepth) {
      let values = PredictionDepth(network, data: data, instructionSet: instructionSet, pool: pool)
        .values(state: try state(snapshots.count - 1), inMask: mask, examples: places)
      tally.add(
        .predictionDepth, run: run, spread(values.depth), mask: mask,
        flags: spread(values.isUnresolved.map(Double.init)))
    }
  }

  /// Adds what is the same for all runs.
  func addConstants(to tally: inout ProxyTally) {
    guard proxies.contains(.inputNorm) else { return }
    tally.set(.inputNorm, constant: inputNorm(network, data: data, instructionSet: instructionSet))
  }

  private func el2n(_ state: [Float]) -> [Float] {
    var (values, scratch) = ([Float](), [Float]())
    let classes = data.classes
    EvaluationPass(network, data: data, instructionSet: instructionSet).run(state: state) { executor, count in
      executor.logits(count: count).withUnsafeBufferPointer { logits in
        for i in 0..<count {
          let row = UnsafeBufferPointer(rebasing: logits[i * classes..<(i + 1) * classes])
          let label = Int(data.train.label[values.count])
          values.append(Measures.el2n(logits: row, label: label, instructionSet.kernels, scratch: &scratch))
        }
      }
    }
    return values
  }
}

extension ProxyScope {
  /// Whether a run with this flag of the example counts.
  func takes(_ flag: UInt8) -> Bool {
    switch self {
    case .all: true
    case .inside: flag == 1
    case .outside: flag == 0
    }
  }
}
