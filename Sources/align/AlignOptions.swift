import ArgumentParser
import ToolKit

/// What both ways of aligning networks take.
struct AlignOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      Gradients by the logits, by the parameters (each tensor, and all), representation (of the last layer) or \
      representations (of all); or names of tensors. (default: logits,parameters,representation)
      """, valueName: "list"))
  var tensors: String?

  @Option(help: "Memory to work in, beside the data set: 500M, 2G.")
  var memory = ByteCount(384 << 20)

  @OptionGroup var output: OutputOptions
  @OptionGroup var jobs: JobsOptions
  @OptionGroup var common: CommonOptions

  static let allTensors = "logits,parameters,representation"
}
