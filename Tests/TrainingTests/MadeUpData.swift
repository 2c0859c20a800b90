import Artefacts
import Foundation
import Networks
import Randomness
import ToolKit
import Training

/// A data set of random images, by way of a file as the tools do it.
struct MadeUpData {
  var train: (image: [UInt8], label: [Int32])
  var test: (image: [UInt8], label: [Int32])
  static let (side, channels, classes) = (6, 3, 4)
  static var imageCount: Int { side * side * channels }

  init(train: Int = 60, test: Int = 12, seed: UInt64 = 1) {
    var stream = RandomStream(seed: seed, purpose: .test)
    func split(_ count: Int) -> (image: [UInt8], label: [Int32]) {
      let labels = (0..<count).map { _ in Int32(stream.below(Self.classes)) }
      // Channels of different means and spreads, which standardisation must even out.
      let images = (0..<count * Self.imageCount).map { i in
        UInt8(stream.below(60 + 60 * (i % Self.channels)) + 20 * (i % Self.channels))
      }
      return (images, labels)
    }
    self.train = split(train)
    self.test = split(test)
  }

  func image(_ example: Int) -> ArraySlice<UInt8> {
    train.image[(example * Self.imageCount)..<((example + 1) * Self.imageCount)]
  }

  /// The data set as it is read back.
  func dataset() throws -> ImageDataset {
    let path = NSTemporaryDirectory() + "rote-test-\(UUID().uuidString).h5"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let (side, channels) = (Self.side, Self.channels)
    let writer = try DatasetFile.Writer(
      Output(path),
      layout: DatasetFile.Layout(
        name: "made up", source: "random", classes: (0..<Self.classes).map { "class \($0)" }, height: side,
        width: side, channels: channels, train: train.label.count, test: test.label.count, options: [:]))
    for (name, split) in [("train", train), ("test", test)] {
      try writer.append(
        DatasetFile.Batch(
          position: (0..<Int64(split.label.count)).map { $0 }, image: split.image, label: split.label, columns: []),
        to: name)
    }
    try writer.finish()
    return try ImageDataset(ArtefactReader(Input(path)))
  }

  func trainingData() throws -> TrainingData { try TrainingData(dataset()) }
}

/// A configuration on made-up data.
func cell(
  _ recipe: Recipe, _ architecture: String = "mlp width=8", teachers: TeacherConfiguration? = nil
) throws -> Cell {
  let architecture = try Architecture(architecture)
  let (side, channels, classes) = (MadeUpData.side, MadeUpData.channels, MadeUpData.classes)
  return Cell(
    architecture: architecture,
    plan: architecture.family.plan(
      image: Shape(channels: channels, height: side, width: side), classes: classes, label: architecture.label),
    recipe: recipe, seed: 3, subset: ["ratio": 0.7], teachers: teachers)
}

/// Every example but each third.
func thirdsLeftOut(_ count: Int) -> [UInt8] { (0..<count).map { $0 % 3 == 2 ? 0 : 1 } }
