import Kernels
import Networks

/// What `train --list` prints: each architecture with what it costs for one size of image.
public enum ArchitectureList {
  /// Names with the options that make another network of each.
  public static let labels: [String] =
    ["mlp", "mlp activation=sin", "mlp activation=sigmoid", "mlp activation=linear", "mlp width=128", "convnet"]
    + [8, 14, 20, 32, 44, 56, 110].map { "resnet-\($0)" }
    + ["resnet-20-v2", "resnet-20 shortcut=B", "resnet-20 width=2"]
    + [18, 34, 50, 101, 152].map { "resnet-\($0)" } + [
      "resnet-18 stem=small", "densenet-121", "densenet-121 stem=small",
    ]
    + ["small", "large"].flatMap { size in
      [0.35, 0.5, 0.75, 1, 1.25].map { "mobilenet-v3-\(size)" + ($0 == 1 ? "" : " width=\($0)") }
    }

  /// A line for each architecture: label, parameters, operations and bytes of activations an image; a header first.
  ///
  /// Activations are what training keeps of an image at a batch of 128 examples, read from the memory that it would take.
  public static func text(image: Shape, classes: Int, instructionSet: InstructionSet) throws -> String {
    let batch = 128
    var rows = [["architecture", "parameters", "MFLOP an image", "activations, kB an image"]]
    for label in labels {
      let architecture = try Architecture(label)
      guard let plan = try? architecture.plan(image: image, classes: classes) else {
        let least = architecture.family.smallestImage
        rows.append([label, "takes images of \(least)x\(least) or more", "", ""])
        continue
      }
      let need = CPUExecutor.memoryNeed(
        plan: plan, capacity: batch, mode: .training, threads: 1, instructionSet: instructionSet, keeping: [])
      rows.append([
        label, "\(plan.parameterCount)", decimal(Double(plan.forwardFLOPs) / 1e6),
        decimal(Double(need.values) / Double(batch) / 1000),
      ])
    }
    let widths = (0..<4).map { column in rows.lazy.filter { $0[2] != "" }.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      let cells = row.enumerated().map { column, text in
        let space = String(repeating: " ", count: max(0, widths[column] - text.count))
        return column == 0 || row[2] == "" ? text + space : space + text
      }
      var line = cells.joined(separator: "  ")
      while line.hasSuffix(" ") { line.removeLast() }
      return line + "\n"
    }.joined()
  }
}
