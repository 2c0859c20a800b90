import Alignments
import ArgumentParser
import Kernels
import Networks
import ToolKit
import Training

/// What both ways of aligning networks take.
struct AlignOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      Gradients by the logits, by the parameters (each tensor, and all), representation (of the last layer) or \
      representations (of all); or names of tensors. (default: logits,parameters,representation)
      """, valueName: "list"))
  var tensors: String?

  @Option(
    help: ArgumentHelp(
      "Memory to work in, beside the data set: 500M, 2G. (default: 384M, or as much more as the network needs)",
      valueName: "bytes"))
  var memory: ByteCount?

  @OptionGroup var output: OutputOptions
  @OptionGroup var jobs: JobsOptions
  @OptionGroup var common: CommonOptions

  /// The bytes to work in: those that were asked for, or the usual ones.
  ///
  /// - Parameters:
  ///   - work: what needs them, for the message.
  ///   - remedy: what needs fewer.
  /// - Throws: where the machine has fewer. What is usual never depends on what the machine has, so that the same options
  ///   give the same bytes everywhere.
  func bytes(usual: Int, for work: String, remedy: String) throws -> Int {
    if let memory { return memory.bytes }
    guard usual <= Machine.memory else {
      throw Failure(
        .inputOutput, nil,
        "\(work) needs \(ByteCount(covering: usual)) of memory, and this machine has \(ByteCount(covering: Machine.memory))",
        remedy: remedy)
    }
    return usual
  }

  /// An aligner of a whole set.
  func aligner(
    _ network: TrainedNetwork, data: TrainingData, tensors: AlignedTensors, instructionSet: InstructionSet,
    pool: ThreadPool
  ) throws -> Aligner {
    let usual = Aligner.usualMemory(network, data: data, tensors: tensors, instructionSet: instructionSet)
    let least = Aligner.leastMemory(network, tensors: tensors, instructionSet: instructionSet)
    let memory = try bytes(
      usual: usual, for: network.plan.architecture,
      remedy: least <= Machine.memory
        ? "--memory \(ByteCount(covering: least)) has smaller batches" : "--tensors logits needs less")
    return try Aligner(
      network, data: data, tensors: tensors, memory: memory, instructionSet: instructionSet, pool: pool)
  }

  static let allTensors = "logits,parameters,representation"
}
