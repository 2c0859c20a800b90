import ArgumentParser
import ToolKit

@main
struct Bench: Tool {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "How fast networks and decoders run, beside PyTorch, oneDNN, libjpeg-turbo and the machine's limits.",
    subcommands: [
      TableCommand.self, SpeedCommand.self, PeakCommand.self, ConvolutionsCommand.self, ErrorsCommand.self,
      LossesCommand.self, DumpCommand.self, PicturesCommand.self, ProbesCommand.self, AlignmentCommand.self,
      DistillCommand.self,
    ])
}

/// The middle value, or the mean of the two in the middle; NaN of none.
func median(_ values: [Double]) -> Double {
  guard !values.isEmpty else { return .nan }
  let sorted = values.sorted()
  return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
}

/// The median time of `repeats` calls, in seconds, after one that does not count.
func seconds(repeats: Int, _ body: () -> Void) -> Double {
  body()
  return median(
    (0..<repeats).map { _ in
      let start = Machine.seconds
      body()
      return Machine.seconds - start
    })
}
