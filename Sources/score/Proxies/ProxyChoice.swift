import Artefacts
import ToolKit

/// The proxies that are asked for and that the files allow.
struct ProxyChoice {
  /// In the order of `Proxy.allCases`.
  let proxies: [Proxy]
  /// A line for each proxy that was not asked for by name and that the files do not allow.
  let missing: [String]
  /// The epoch that EL2N and GraNd are taken after; nil where none of them is chosen.
  let earlyEpoch: Int?

  /// - Throws: `Failure` where a proxy is asked for by name and something is missing for it.
  init(_ names: [Proxy]?, of set: RunsSet, data: ImageDataset?, epoch: Int?) throws {
    var proxies: [Proxy] = []
    var missing: [String] = []
    for proxy in Proxy.allCases where names?.contains(proxy) ?? true {
      guard let lack = try ProxyChoice.lack(proxy.need, of: set, data: data, epoch: epoch) else {
        proxies.append(proxy)
        continue
      }
      guard names == nil else {
        throw Failure(.usage, nil, "\(proxy.rawValue) needs \(proxy.need.words): \(lack)")
      }
      missing.append("without \(proxy.rawValue), which needs \(proxy.need.words): \(lack)")
    }
    guard !proxies.isEmpty else { throw Failure(.usage, nil, "no proxy is named") }
    self.proxies = proxies
    self.missing = missing
    earlyEpoch =
      proxies.contains { $0.need == .earlyCheckpoint }
      ? try ProxyChoice.early(try set.file(of: set.members[0].runs[0]).snapshots(), epoch) : nil
  }

  /// The snapshot epoch that is meant by `--epoch`; nil where there is none.
  static func early(_ snapshots: [Int32], _ epoch: Int?) throws -> Int? {
    snapshots.map(Int.init).first { snapshot in epoch.map { snapshot == $0 } ?? (snapshot > 0) }
  }

  /// What is missing for a need, by file; nil where nothing is.
  private static func lack(_ need: Proxy.Need, of set: RunsSet, data: ImageDataset?, epoch: Int?) throws -> String? {
    let needsImages = [.images, .earlyCheckpoint, .snapshots, .lastCheckpoint].contains(need)
    if needsImages, data == nil { return "no data set is named" }
    for member in set.members {
      for entry in member.runs {
        let file = try set.file(of: entry)
        let snapshots = try file.snapshots()
        switch need {
        case .dynamics(let quantity):
          if try !file.has("/dynamics/train/\(quantity)") { return "\(file.name) has no dynamics" }
        case .logits: if try !file.hasLogits(of: .train) { return "\(file.name) has no logits" }
        case .lastCheckpoint: if snapshots.isEmpty { return "\(file.name) has no checkpoints" }
        case .earlyCheckpoint:
          if try early(snapshots, epoch) == nil {
            return "\(file.name) has no checkpoint of \(epoch.map { "epoch \($0)" } ?? "an epoch after the start")"
          }
        case .snapshots: if snapshots.count < 2 { return "\(file.name) has fewer than two snapshots" }
        case .correctness, .images, .nothing: break
        }
      }
    }
    return nil
  }
}
