import Kernels
import Networks
import Testing
import Training

/// What a network sees of an image.
@Suite struct PreparationTests {
  /// The inputs that a network gets in evaluation, (example, channel, y, x).
  private func inputs(_ data: TrainingData, _ standardisation: Standardisation, _ architecture: String) throws
    -> [Float]
  {
    let plan = try Architecture(architecture).plan(image: data.shape, classes: data.classes)
    let isa = try InstructionSet.selected()
    var values: [Float] = []
    EvaluationPass(TrainedNetwork(plan: plan, standardisation: standardisation), data: data, instructionSet: isa)
      .run(state: initialState(plan: plan, seed: 0, run: 0)) { executor, count in
        values += executor.value(0, count: count)
      }
    return values
  }

  @Test func `Each channel has mean 0 and deviation 1 over all training images`() throws {
    let made = MadeUpData(train: 150)
    let values = try inputs(made.trainingData(), .perChannel, "resnet-8 width=0.0625")
    let area = MadeUpData.side * MadeUpData.side
    for channel in 0..<MadeUpData.channels {
      let own = values.enumerated().filter { $0.offset / area % MadeUpData.channels == channel }.map {
        Double($0.element)
      }
      try #require(own.count == 150 * area)
      let mean = own.reduce(0, +) / Double(own.count)
      let variance = own.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(own.count)
      #expect(abs(mean) < 1e-5 && abs(variance - 1) < 1e-5)
    }
  }

  @Test func `Each image has mean 0 and deviation 1 by itself where that is asked for`() throws {
    var made = MadeUpData(train: 8)
    // One image is the same all over: its deviation counts as 1/sqrt(values), and nothing is divided by 0.
    made.train.image.replaceSubrange(0..<MadeUpData.imageCount, with: repeatElement(77, count: MadeUpData.imageCount))
    let values = try inputs(made.trainingData(), .perImage, "mlp width=4")
    for example in 0..<8 {
      let own = values[(example * MadeUpData.imageCount)..<((example + 1) * MadeUpData.imageCount)].map(Double.init)
      let mean = own.reduce(0, +) / Double(own.count)
      let variance = own.reduce(0) { $0 + $1 * $1 } / Double(own.count)
      #expect(abs(mean) < 1e-5)
      #expect(abs(variance - (example == 0 ? 0 : 1)) < 1e-4)
    }
  }

  @Test func `A flat network sees pixels as row, column and channel, another sees planes`() throws {
    let made = MadeUpData(train: 5)
    let data = try made.trainingData()
    let (side, channels) = (MadeUpData.side, MadeUpData.channels)
    let flat = try inputs(data, .perChannel, "mlp width=4")
    let planes = try inputs(data, .perChannel, "resnet-8 width=0.0625")
    for (i, byte) in made.train.image.enumerated() {
      let channel = i % channels
      let (example, y, x) = (i / MadeUpData.imageCount, i / channels / side % side, i / channels % side)
      let expected = Float((Double(byte) - data.mean[channel]) / data.deviation[channel])
      #expect(abs(flat[i] - expected) < 1e-5)
      #expect(abs(planes[((example * channels + channel) * side + y) * side + x] - expected) < 1e-5)
    }
  }

  private func cut(run: Int = 2, epoch: Int = 3, position: Int64 = 4, seed: UInt64 = 1) -> InputWriter.Cut {
    InputWriter.Cut(.padCropFlip, seed: seed, run: run, epoch: epoch, position: position)
  }

  /// 4,000 draws of 9 x 9 x 2 places: each is expected 25 times; 81 rows and columns, 49 times each.
  @Test func `Crops move by up to four pixels each way and half of them are mirrored`() {
    let cuts = (0..<4000).map { cut(position: Int64($0)) }
    #expect(Set(cuts.map(\.row)) == Set(-4...4))
    #expect(Set(cuts.map(\.column)) == Set(-4...4))
    #expect(Set(cuts).count == 162)
    // Binomial, 2000 with s.d. 32.
    #expect((1850...2150).contains(cuts.filter(\.isFlipped).count))
  }

  @Test func `A crop depends on seed, run, epoch and position and on nothing else`() {
    let others = [cut(run: 3), cut(epoch: 4), cut(position: 5), cut(seed: 2)]
    #expect(cut() == cut())
    // Any one may fall on the same place by chance, 1 in 162; all four do not.
    #expect(others.contains { $0 != cut() })
    let forward = (0..<50).map { cut(position: Int64($0)) }
    let backward = (0..<50).reversed().map { cut(position: Int64($0)) }
    #expect(forward == backward.reversed())
    #expect(InputWriter.Cut(.none, seed: 1, run: 2, epoch: 3, position: 4) == cutOfWholeImage)
  }

  private var cutOfWholeImage: InputWriter.Cut {
    var whole = cut()
    (whole.row, whole.column, whole.isFlipped) = (0, 0, false)
    return whole
  }
}
