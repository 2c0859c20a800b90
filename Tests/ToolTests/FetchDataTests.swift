import Artefacts
import Foundation
import TestSupport
import Testing
import ToolKit

/// What `fetch-data` does to any set: selection, labels from elsewhere, plants, listing.
@Suite struct FetchDataTests {
  private func dataset(_ scratch: Scratch, _ name: String) throws -> ImageDataset {
    try ImageDataset(ArtefactReader(Input(scratch.path(name))))
  }

  @Test func `The list names every set with its terms and what is fetched`() throws {
    let text = try Scratch().succeed("fetch-data --list").text
    for (name, words) in [
      ("cifar10", "170,052,171 bytes"), ("cifar100", "20 superclasses"), ("svhn", "non-commercial"),
      ("tiny-imagenet", "tiny-imagenet-200.zip"), ("fashion-mnist", "terms: MIT"), ("folder", "a folder a class"),
      ("sprites", "known truth"),
    ] {
      let paragraph = text.components(separatedBy: "\n\n").first { $0.hasPrefix("\(name)\n") }
      #expect(paragraph?.contains(words) == true, "\(name)")
    }
  }

  @Test func `Changes to labels are recorded with their seed and keep what was published`() throws {
    let scratch = try Scratch()
    try CifarFiles.cifar10.write(to: scratch)
    let fetch = "fetch-data cifar10 --no-verify --from \(CifarFiles.cifar10.folder)"
    try scratch.succeed(
      """
      \(fetch) -o plain.h5
      \(fetch) --noise 0.25 --seed 5 -o noise.h5
      \(fetch) --shuffle-labels --canaries 2 --duplicates 3 -o planted.h5
      yes dog | head -20 > labels; \(fetch) --labels labels -o given.h5
      \(fetch) --noise-pairs 0.5 --pairs cat:dog -o pairs.h5
      """)
    let plain = try dataset(scratch, "plain.h5")
    for (name, options, wrong) in [
      ("noise.h5", #""changes":{"noise":0.25},"data":"cifar-10","seed":"5""#, 5),
      (
        "planted.h5", #""changes":{"canaries":2,"duplicates":3,"shuffle_labels":true},"data":"cifar-10","seed":"0""#,
        nil
      ),
      ("pairs.h5", #""changes":{"noise_pairs":0.5,"pairs":["cat:dog"]}"#, nil),
      ("given.h5", #""changes":{"labels_sha256":""#, nil),
    ] as [(String, String, Int?)] {
      let data = try dataset(scratch, name)
      #expect(try data.reader.requireText("options").contains(options), "\(name)")
      let truth = try #require(try data.integers("train", "true_label"))
      #expect(Array(truth.prefix(20)) == plain.train.label, "\(name)")
      if let wrong { #expect(zip(truth, data.train.label).count { $0 != $1 } == wrong) }
      #expect(try data.images("train", rows: 0..<20) == plain.images("train"), "\(name)")
      #expect(data.test?.label == plain.test?.label)
    }
    #expect(try dataset(scratch, "given.h5").train.label == [Int32](repeating: 5, count: 20))
    #expect(try !dataset(scratch, "given.h5").reader.requireText("options").contains("seed"))
    let planted = try dataset(scratch, "planted.h5")
    #expect(planted.train.example == (0..<23).map { Int64($0) })
    #expect(try planted.integers("train", "canary")?.prefix(20).reduce(0, +) == 2)
    #expect(try planted.integers("train", "copy_of")?.suffix(3).allSatisfy { (0..<20).contains($0) } == true)
  }

  @Test func `All tools take changed labels and plants as any others`() throws {
    let scratch = try Scratch()
    try CifarFiles.cifar10.write(to: scratch)
    try scratch.succeed(
      """
      fetch-data cifar10 --no-verify --from \(CifarFiles.cifar10.folder) --noise 0.1 --canaries 2 --duplicates 5 -o data.h5
      train data.h5 \(Fixtures.quick) --batch-size 5 --runs 0:4 -o runs.h5
      score memorisation runs.h5 -o scores.h5
      align data.h5 runs.h5 -o alignment.h5
      report data.h5 scores.h5 alignment.h5 runs.h5 > report.md
      report data.h5 scores.h5 runs.h5 --format html > report.html
      """)
    #expect(try RunsFile(ArtefactReader(Input(scratch.path("runs.h5")))).trainLabel.count == 25)
  }

  @Test func `Pictures in a folder become a set, and what is no picture is counted`() throws {
    let scratch = try Scratch()
    // A picture of one pixel: red, then blue.
    let png = { (blue: Bool) in Data(base64Encoded: blue ? Self.bluePNG : Self.redPNG) ?? Data() }
    try scratch.succeed("mkdir -p birds/wren birds/robin; echo > birds/notes.txt")
    try scratch.write("birds/wren/a.png", png(true))
    try scratch.write("birds/robin/b.png", png(false))
    let outcome = try scratch.shell("fetch-data folder --from birds --size 4 --filter lanczos -o birds.h5")
    #expect(outcome.status == 0)
    #expect(outcome.lines == ["fetch-data: birds: 1 file that is no .jpg, .jpeg or .png is passed over"])
    let data = try dataset(scratch, "birds.h5")
    #expect(data.classes == ["robin", "wren"] && data.test == nil)
    #expect(try data.images("train") == (0..<32).flatMap { $0 < 16 ? [255, 0, 0] as [UInt8] : [0, 0, 255] })
    try scratch.succeed(
      "mv birds elsewhere; fetch-data folder --from elsewhere -q --size 4 --filter lanczos -o again.h5")
    #expect(scratch.areEqual("birds.h5", "again.h5"))
  }

  static let redPNG =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
  private static let bluePNG =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGNgYPgPAAEDAQAIicLsAAAAAElFTkSuQmCC"
}
