import Foundation
import Testing

/// The networks of `train`, by name, as a shell has them.
@Suite struct ArchitectureTests {
  @Test func `train --list says what each architecture costs, for 32 x 32 images or for those of a data set`() throws {
    let scratch = try Scratch(with: ["sprites.h5"])
    let standard = try scratch.succeed("train --list").text
    let rows = standard.split(separator: "\n").map { $0.split(separator: " ", omittingEmptySubsequences: true) }
    func row(_ name: String) -> [Substring]? { rows.first { $0.first.map(String.init) == name } }
    // 3 x 5 x 5 x 32 weights on 1,024 pixels, 32 x 5 x 5 x 64 on 11 x 11, 1,600 x 1,024 and 1,024 x 10: two operations each.
    #expect(row("convnet")?.dropFirst().prefix(2) == ["1703370", "20.6"])
    #expect(row("resnet-50")?.dropFirst().first == "23528522")
    for name in ["mlp", "resnet-110", "resnet-20-v2", "resnet-152", "densenet-121", "mobilenet-v3-large"] {
      #expect(row(name) != nil, "\(name)")
    }
    // Sprites are 32 x 32, and of 10 classes.
    #expect(try scratch.succeed("train sprites.h5 --list").text == standard)
    #expect(try scratch.succeed("train --list - < sprites.h5").text == standard)
  }

  @Test(arguments: [
    "convnet", "'resnet-8-v2 shortcut=B'", "resnet-18", "densenet-121", "'mobilenet-v3-small width=0.35'",
  ])
  func `A network trains to the same bytes on one core and on two`(name: String) throws {
    let scratch = try Scratch(with: ["sprites.h5"])
    let train = "train sprites.h5 --architecture \(name) --epochs 1 --batch-size 35 --runs 0:1 -q --test-every 1"
    try scratch.succeed("\(train) -j 1 -o one.h5 && \(train) -j 2 -o two.h5 && cmp one.h5 two.h5")
  }

  @Test func `Images too small for a network are refused in one line, and nothing is left behind`() throws {
    let scratch = try Scratch()
    try scratch.succeed("mkdir -p birds/wren birds/robin")
    for name in ["birds/wren/a.png", "birds/robin/b.png"] {
      try scratch.write(name, Data(base64Encoded: FetchDataTests.redPNG) ?? Data())
    }
    try scratch.succeed("fetch-data folder --from birds --size 28 -o birds.h5")
    let outcome = try scratch.shell("train birds.h5 --architecture densenet-121 --batch-size 1 -o runs.h5")
    #expect(outcome.status == 65)
    #expect(
      outcome.lines == [
        "train: the data set: densenet-121 takes images of 29x29 or more, not 28x28; choose another architecture, or "
          + "stem=small"
      ])
    #expect(try scratch.names().filter { $0.contains("runs") } == [])
  }
}
