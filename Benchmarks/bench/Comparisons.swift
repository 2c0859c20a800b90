import Kernels
import ToolKit

/// The rows of the table.
struct Comparisons {
  /// This program, and the one that runs PyTorch's side, if any.
  let bench: String
  let python: (program: String, script: String)?
  /// What is put before PyTorch's allocator, if it is installed.
  let preload: String?
  let threads: Int
  let seconds: Double
  /// Whether PyTorch may compile for training too, which takes it minutes.
  let compilesTraining: Bool

  func all() throws -> [Comparison] {
    let best = try InstructionSet.selected()
    var rows = Self.networks.map { row(.init(mode: .train, network: $0), variants: variants("", .train)) }
    let resNet = Job(mode: .train, network: Self.resNet)
    rows.append(row(resNet, "bf16", variants: variants("bf16+", .train)))

    var pair = resNet
    (pair.runs, pair.threads) = (2, 1)
    rows.append(row(pair, "two-runs", variants: variants("", .train)))

    for set in InstructionSet.available where set.lanes < best.lanes {
      rows.append(
        Comparison(
          name: "train/resnet-20/\(set)", ours: ours(resNet, set), rivals: [ours(resNet, best)]))
    }
    for network in Self.networks {
      let isResNet = network.model == Self.resNet.model
      rows.append(row(.init(mode: .infer, network: network), variants: isResNet ? variants("", .infer) : []))
    }
    let inference = Job(mode: .infer, network: Self.resNet)
    rows.append(row(inference, "bf16", variants: variants("bf16+", .infer)))
    // A row that differs from others by its rivals alone.
    return rows.filter { python != nil || !$0.name.hasSuffix("/bf16") }
  }

  private struct Network {
    let model: String
    let batch: Int
    /// Height and width of the images.
    var size = 32
  }

  private static let resNet = Network(model: "resnet-20", batch: 128)

  /// Batches are those of studies, or as large as lets a burst have several: 64 where an image takes long.
  private static let networks = [
    Network(model: "resnet-8", batch: 128), resNet, Network(model: "resnet-56", batch: 128),
    Network(model: "mlp", batch: 256), Network(model: "convnet", batch: 128),
    Network(model: "densenet-121", batch: 64), Network(model: "mobilenet-v3-small", batch: 64, size: 64),
    Network(model: "resnet-18", batch: 64, size: 64),
  ]

  private struct Job {
    let mode: SpeedMode
    let network: Network
    var runs = 1
    /// Of each run; all that there are unless given.
    var threads: Int?
  }

  private func row(_ job: Job, _ detail: String? = nil, variants: [String]) -> Comparison {
    Comparison(
      name: [job.mode.rawValue, job.network.model, detail].compactMap(\.self).joined(separator: "/"), ours: ours(job),
      rivals: variants.compactMap { theirs(job, $0) })
  }

  /// PyTorch's variants, each of the type that the prefix names.
  private func variants(_ type: String, _ mode: SpeedMode) -> [String] {
    let eager = ["fp32", "channels-last"]
    let compiled = ["compiled", "compiled+channels-last"]
    let frozen = ["frozen", "frozen+channels-last"]
    let layouts =
      switch mode {
      case .train: eager + (compilesTraining ? compiled : [])
      case .infer: eager + compiled + frozen
      }
    return layouts.map { type.isEmpty || $0 != "fp32" ? type + $0 : String(type.dropLast()) }
  }

  private func options(_ job: Job) -> [String] {
    // Of runs side by side one goes on alone when the others have done, so their bursts are longer.
    let seconds = job.runs > 1 ? 4 * seconds : seconds
    return [
      job.network.model, "--batch", "\(job.network.batch)", "--size", "\(job.network.size)", "--mode",
      job.mode.rawValue, "--threads", "\(job.threads ?? threads)", "--seconds", "\(seconds)",
    ]
  }

  private func ours(_ job: Job, _ set: InstructionSet? = nil) -> Side {
    Side(
      name: "rote" + (set.map { ", \($0)" } ?? ""),
      words: [bench, "speed"] + options(job) + ["--runs", "\(job.runs)"],
      environment: set.map { ["ROTE_ISA": $0.rawValue] } ?? [:])
  }

  private func theirs(_ job: Job, _ variant: String) -> Side? {
    guard let python else { return nil }
    var environment = ["OMP_NUM_THREADS": "\(job.threads ?? threads)"]
    environment["LD_PRELOAD"] = preload
    return Side(
      name: "PyTorch, \(variant)", words: [python.program, python.script] + options(job) + ["--variant", variant],
      environment: environment, copies: job.runs)
  }
}
