import Artefacts
import Foundation
import Testing
import ToolKit

/// `report show`: tables and contact sheets of one file.
@Suite struct ShowTests {
  /// The rows of one table in TSV, without its header.
  private func rows(_ name: String, in text: String) -> [[String]] {
    text.components(separatedBy: "\n\n").first { $0.hasPrefix("# \(name)\n") }?
      .split(separator: "\n").dropFirst(2).map { $0.components(separatedBy: "\t") } ?? []
  }

  /// A file of 12 images of 2 x 1 pixels in 3 classes: the channels of image i are i, 2i and 200.
  private func planted(_ path: String, channels: Int = 3) throws {
    let count = 12
    let writer = try DatasetFile.Writer(
      Output(path),
      layout: DatasetFile.Layout(
        name: "planted", source: "made up", classes: ["a|b", "<c>", "empty"], height: 1, width: 2, channels: channels,
        train: count, test: 0, options: ["noise": 0.2, "seed": "7", "more": ["none": nil, "kept": "x"]]))
    let marks: [(String, [Int32])] = [
      ("true_label", [1] + [Int32](repeating: 0, count: 6) + [Int32](repeating: 1, count: 5)),
      ("canary", [1] + [Int32](repeating: 0, count: count - 1)),
      ("copy_of", [Int32](repeating: -1, count: count - 2) + [7, 8]),
    ]
    try writer.append(
      DatasetFile.Batch(
        position: (0..<Int64(count)).map { $0 + 100 },
        image: (0..<count).flatMap { i in
          [UInt8](repeating: 0, count: 2 * channels).enumerated().map { place, _ in
            [UInt8(i), UInt8(2 * i), 200, 4][place % channels]
          }
        },
        label: [Int32](repeating: 0, count: 7) + [Int32](repeating: 1, count: 5),
        columns: marks.map { .init(name: $0, description: "a mark", values: .integers($1)) }),
      to: "train")
    try writer.finish()
  }

  @Test func `Counts are those of the labels and of the columns that mark examples`() throws {
    let scratch = try Scratch()
    try planted(scratch.path("data.h5"))
    let text = try scratch.succeed("report show data.h5 --format tsv").text
    // Class, training examples, changed labels, canaries, copies.
    #expect(
      rows("classes", in: text)
        == [["a|b", "7", "1", "1", "0"], ["<c>", "5", "0", "0", "2"], ["empty", "0", "0", "0", "0"]])
    let file = Dictionary(uniqueKeysWithValues: rows("file", in: text).map { ($0[0], $0[1]) })
    for (name, value) in [
      ("Name", "planted"), ("Source", "made up"), ("Images", "2 × 1, RGB"), ("Training examples", "12"),
      ("Test examples", nil), ("Changed labels", "1"), ("Canaries", "1"), ("Copies", "2"),
    ] {
      #expect(file[name] == value)
    }
    #expect(rows("options", in: text) == [["more.kept", "x"], ["noise", "0.2"], ["seed", "7"]])
  }

  @Test func `Means and deviations are over all pixels`() throws {
    let scratch = try Scratch()
    try planted(scratch.path("data.h5"))
    let pixels = rows("pixels", in: try scratch.succeed("report show data.h5 --format tsv").text)
    // Of 0...11 the mean is 5.5 and the variance (12² - 1) / 12.
    let deviation = (143.0 / 12).squareRoot()
    for (row, (name, mean, sd, range)) in zip(
      pixels,
      [
        ("red", 5.5, deviation, ["0", "11"]), ("green", 11, 2 * deviation, ["0", "22"]),
        ("blue", 200, 0, ["200", "200"]),
      ])
    {
      try #require(row.count == 7)
      #expect(row[0] == name && Array(row[5...]) == range)
      for (text, value) in zip(row[1...4], [mean, sd, mean / 255, sd / 255]) {
        #expect(abs((Double(text) ?? .nan) - value) < 1e-12)
      }
    }
    #expect(pixels.count == 3)
  }

  @Test func `Blocks of many chunks add up`() throws {
    let scratch = try Scratch()
    // A chunk has at most 341 images of 3,072 bytes.
    try scratch.succeed("fetch-data sprites --train 0:1000 --test 0:10 -o many.h5")
    let values = try ImageDataset(ArtefactReader(Input(scratch.path("many.h5")))).images("train")
    let pixels = rows("pixels", in: try scratch.succeed("report show many.h5 --format tsv").text)
    for channel in 0..<3 {
      let own = stride(from: channel, to: values.count, by: 3).map { Double(values[$0]) }
      let mean = own.reduce(0, +) / Double(own.count)
      #expect(abs((Double(pixels[channel][1]) ?? .nan) - mean) < 1e-9)
    }
  }

  @Test func `Columns that are not there have no place in the tables`() throws {
    let scratch = try Scratch(with: ["sprites.h5"])
    let text = try scratch.succeed("report show sprites.h5").text
    #expect(text.contains("| Class   | Training examples | Test examples | Changed labels |"))
    #expect(!text.contains("Canaries") && !text.contains("Copies"))
    #expect(text.hasPrefix("## A data set file\n"))
  }

  @Test func `The sheet has examples of each class, spread evenly`() throws {
    let scratch = try Scratch()
    try planted(scratch.path("data.h5"))
    try scratch.succeed("report show data.h5 -o t.md --sheet s.svg --per-class 6")
    try scratch.succeed("report show data.h5 --sheet s.png > u.md")
    #expect(scratch.areEqual("t.md", "u.md"))
    let svg = String(decoding: try scratch.bytes("s.svg"), as: UTF8.self)
    #expect(svg.components(separatedBy: "<image").count == 1 + 6 + 5)
    #expect(svg.contains("№\u{A0}100, published as &lt;c&gt;</title>") && svg.contains("№\u{A0}111</title>"))
    #expect(!svg.contains("№\u{A0}106</title>"))
    // Three of the seven of a class: the numbers 0, 2 and 4 of them.
    try scratch.succeed("report show data.h5 -o t.md --sheet spread.svg --per-class 3")
    let spread = String(decoding: try scratch.bytes("spread.svg"), as: UTF8.self)
    for number in 100..<107 { #expect(spread.contains("№\u{A0}\(number)") == [100, 102, 104].contains(number)) }
    try scratch.succeed("python3 -c 'import xml.dom.minidom as m; m.parse(\"s.svg\")'")
    // 7 and 5 pictures and none, of 2 x 1 with gaps of 2.
    let sizes = try scratch.bytes("s.png").prefix(24).suffix(8)
    let (width, height) = (UInt8(7 * 4 - 2), UInt8(3 * 3 - 2))
    #expect(Array(sizes) == [0, 0, 0, width, 0, 0, 0, height])
  }

  @Test func `Images of one channel are grey and of two have no sheet`() throws {
    let scratch = try Scratch()
    try planted(scratch.path("grey.h5"), channels: 1)
    try planted(scratch.path("two.h5"), channels: 2)
    let text = try scratch.succeed("report show grey.h5 --format tsv --sheet s.png").text
    #expect(rows("pixels", in: text).map { $0[0] } == ["grey"])
    #expect(rows("pixels", in: try scratch.succeed("report show two.h5 --format tsv").text).count == 2)
    let refused = try scratch.shell("report show two.h5 --sheet t.png -o t.md")
    #expect(refused.status == 65 && refused.errors.contains("two.h5: has images of 2 channels"))
    #expect(try scratch.names() == ["grey.h5", "s.png", "two.h5"])
  }

  @Test func `Other files say what is in them`() throws {
    let scratch = try Scratch(with: ["runs.h5", "students.h5", "scores.h5", "alignment.h5"])
    func file(_ name: String) throws -> [String: String] {
      let text = try scratch.succeed("report show --format tsv < \(name)").text
      return Dictionary(uniqueKeysWithValues: rows("file", in: text).map { ($0[0], $0[1]) })
    }
    let runs = try file("runs.h5")
    for (name, value) in [
      ("Architecture", "mlp width=16"), ("Runs", "10"), ("Run numbers", "0:10"), ("Epochs", "2"),
      ("Training examples", "300"), ("Distilled from", nil),
    ] {
      #expect(runs[name] == value)
    }
    #expect(try file("students.h5")["Distilled from"] == "mlp width=16")
    #expect(try file("scores.h5")["Configurations"] == "2")
    #expect(try file("alignment.h5")["Runs"] == "10")
    let cells = rows("cells", in: try scratch.succeed("report show scores.h5 --format tsv").text)
    #expect(cells.map { $0[2] } == ["10", "10"])
  }

  @Test(arguments: [
    ("show sprites.h5 --sheet a.gif", "ends in .svg or .png", 64),
    ("show sprites.h5 --per-class 3", "--per-class goes with --sheet", 64),
    ("show sprites.h5 --sheet a.png --per-class 0", "--per-class takes 1 to 1000", 64),
    ("show runs.h5 --sheet a.png", "runs.h5: is no data set file", 64),
    ("show none.h5", "none.h5: cannot read", 74),
    ("show sprites.h5 --sheet none/a.png", "none/a.png: cannot write", 74),
    ("show sprites.h5 runs.h5", "Unexpected argument 'runs.h5'", 64),
    ("show broken.h5 --sheet a.png -o a.md", "broken.h5: /train/image", 65),
  ])
  func `What cannot be shown is refused in one line`(arguments: String, message: String, status: Int32) throws {
    let scratch = try Scratch(with: ["sprites.h5", "runs.h5"])
    var bytes = try scratch.bytes("sprites.h5")
    // In the images, which are most of the file.
    bytes[bytes.count / 2] ^= 1
    try scratch.write("broken.h5", bytes)
    let before = try scratch.names()
    let outcome = try scratch.shell("report \(arguments)")
    #expect(outcome.status == status)
    #expect(outcome.lines.count == 1 && outcome.errors.contains(message), "\(outcome.errors)")
    #expect(try scratch.names() == before)
  }
}
