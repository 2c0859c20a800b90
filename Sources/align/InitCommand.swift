import Alignments
import ArgumentParser
import Artefacts
import Figures
import Kernels
import Networks
import ToolKit
import Training

/// `align init`: alignment before training, by the scale of the first layer.
struct InitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init",
    abstract: "Alignment at initialisation over standard deviations of the first layer, without training.",
    discussion: Program.text(
      """
      Writes tab-separated values, a line a sigma, run and tensor. Weights are those
      that train begins with for the same options; the loss is cross-entropy.

        align init data.h5 --architecture 'mlp activation=sin' --sigmas 0.01,0.1,1
      """))

  @Argument(help: "A data set file; - is standard input, and the default.") var data = "-"

  @Option(
    help: ArgumentHelp(
      "The network: \(Architecture.knownNames); options follow in one word, as in \"mlp activation=sin\".",
      valueName: "name"))
  var architecture = "mlp activation=sin"

  @Option(help: ArgumentHelp("Standard deviations of the first weight tensor.", valueName: "list"))
  var sigmas = NumberSeries([0.001, 0.01, 0.1, 1, 10])

  @Option(help: ArgumentHelp("Which runs' initial weights, from A up to and without B, or one.", valueName: "A:B"))
  var runs = RunRange(0..<3)

  @Option(help: "Seed of the initialisation.")
  var seed: UInt64 = 0

  @Option(help: "per-channel or per-image.")
  var standardisation = Standardisation.perImage

  @OptionGroup var options: AlignOptions

  func validate() throws {
    guard sigmas.values.allSatisfy({ $0 >= 0 }) else { throw ValidationError("--sigmas takes numbers from 0 on") }
  }

  func run() throws {
    let instructionSet = try selectedInstructionSet()
    let network: Architecture
    do {
      network = try Architecture(architecture)
    } catch let error as ArchitectureError {
      throw Failure(.usage, nil, "\(error)")
    }
    let target = try options.output.place(for: .text, inputs: [data]).open()
    let dataset = try ImageDataset(ArtefactReader(Input(data)))
    let plan = try network.plan(for: dataset)
    let tensors = try AlignedTensors(options.tensors ?? AlignOptions.allTensors, of: plan)
    let images = try TrainingData(dataset)
    let aligner = try options.aligner(
      TrainedNetwork(plan: plan, standardisation: standardisation), data: images, tensors: tensors,
      instructionSet: instructionSet, pool: ThreadPool(threads: options.jobs.cores))
    let examples = (0..<Int32(images.classes)).map { c in
      (0..<Int32(images.train.count)).filter { images.train.label[Int($0)] == c }
    }
    let progress = Progress(
      "align init", total: Double(sigmas.values.count * runs.range.count), unit: "networks", quiet: options.common.quiet
    )
    var table = Table(
      name: "alignment-at-initialisation", title: "Alignment at initialisation",
      columns: [
        .init("sigma", .number(digits: 3)), .init("run", .integer), .init("tensor", .text),
        .init("in_class", .number(digits: 3)), .init("across_classes", .number(digits: 3)),
        .init("all", .number(digits: 3)),
      ])
    for sigma in sigmas.values {
      let initialisers = try initialisers(sigma, plan)
      for run in runs.range {
        let state = initialState(plan: plan, seed: seed, run: run, initialisers: initialisers)
        for (name, sums) in zip(tensors.names, aligner.sums(state: state, examples: examples)) {
          let single = AlignmentValues(sums, withPairs: false).single
          table.append(
            [.number(sigma), .integer(run), .text(name)]
              + ["mean_in_class", "across_classes", "all"].map { .number(single["/alignment/\($0)"] ?? .nan) })
        }
        progress.advance(by: 1)
      }
    }
    progress.finish()
    try target.write(Array(TSV.render(table).utf8))
    try target.commit()
  }

  private func initialisers(_ sigma: Double, _ plan: Plan) throws -> [String: Initialiser] {
    do {
      return try Initialisation(.architecture, firstLayerStd: sigma, layerStds: [:], of: plan).initialisers(of: plan)
    } catch let error as Initialisation.Impossible {
      throw Failure(.usage, nil, error.description)
    }
  }
}
