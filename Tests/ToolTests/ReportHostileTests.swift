import Artefacts
import Testing
import ToolKit

/// `report` on text that would be markup, and on studies of which parts are missing.
@Suite struct ReportHostileTests {
  private static let texts = [
    "<script>alert(1)</script>", "\"quoted\" & 'quoted'", "50 % of $x_1^2$ \\input{/etc/passwd} #~{}",
    "שלום \u{202E}evil", "line\nbreak\ttab", String(repeating: "x", count: 10_000), "=cmd|' /C calc'!A0",
    "|pipe| `code` *bold* [link](http://example.com)", "]]> --> </style>", "NaN", "",
  ]

  /// Scores by a cell for each text, of sprites.
  private func scratch() throws -> Scratch {
    let scratch = try Scratch(with: ["sprites.h5"])
    let texts = Self.texts
    let dataset = try ImageDataset(ArtefactReader(Input(scratch.path("sprites.h5"))))
    let cells = texts.enumerated().map { i, text in
      ScoresFile.CellRecord(
        label: text, config: .object(["architecture": .string(text), "seed": .number(Double(i))]),
        parameterCount: 100 + i, runs: 10, diverged: 0, content: "")
    }
    let writer = try ScoresFile.Writer(
      Output(scratch.path("hostile.h5")), of: ScoresFile.Examples(dataset), cells: cells)
    let values = (0..<dataset.train.count * texts.count).map { Float($0 % 7) / 7 }
    try writer.write(
      ScoresFile.Measure(
        group: "memorisation",
        floats: ["score", "lower", "upper", "in_accuracy", "out_accuracy"].map { ($0, "made up", values) }, counts: []))
    try writer.write(
      ScoresFile.Summary(
        name: "memorisation", definition: "made up", value: [Float](repeating: 0.5, count: texts.count)))
    try writer.finish(options: [:], inputs: [])
    return scratch
  }

  @Test func `Text stays text in every format`() throws {
    let scratch = try scratch()
    try scratch.succeed(
      """
      report -q hostile.h5 --format html -o page.html
      report -q hostile.h5 --format json -o page.json
      report -q hostile.h5 --format latex -o tables.tex
      report -q hostile.h5 --format markdown -o page.md
      for t in memorisation scores; do
        for f in csv tsv; do report -q hostile.h5 --table $t --format $f -o $t.$f; done
      done
      for f in memorisation-by-cell score-histograms; do
        report -q hostile.h5 --figure $f -o $f.svg
        report -q hostile.h5 --figure $f --format vega-lite -o $f.json
      done
      """)
    func text(_ name: String) throws -> String { String(decoding: try scratch.bytes(name), as: UTF8.self) }
    for name in ["page.html", "memorisation-by-cell.svg", "score-histograms.svg"] {
      let markup = try text(name)
      #expect(!markup.contains("<script") && !markup.contains("\u{202E}"), "\(name)")
      #expect(markup.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "\(name)")
      try scratch.succeed("python3 -c 'import xml.dom.minidom as m; m.parse(\"\(name)\")'")
    }
    for name in ["page.json", "memorisation-by-cell.json", "score-histograms.json"] {
      #expect(try JSON(parsing: try text(name), subject: name).canonical.contains("\u{202E}evil"), "\(name)")
    }
    // As another program reads it back: just these names, in one row each.
    try scratch.write("names.json", JSON.array(Self.texts.map { .string($0) }).canonical.utf8)
    try scratch.succeed(
      """
      python3 - <<'END'
      import csv, json
      names = json.load(open("names.json"))
      for table in ("memorisation", "scores"):
          rows = list(csv.DictReader(open(table + ".csv", newline="")))
          assert [row["cell"] for row in rows] == names, [row["cell"][:40] for row in rows]
          lines = open(table + ".tsv", newline="").read().split("\\n")
          assert len(lines) == len(names) + 2 and lines[-1] == ""
          assert len({line.count("\\t") for line in lines[:-1]}) == 1
      END
      """)
    let latex = try text("tables.tex")
    for command in ["\\input{", " $x", " % of", " #~"] { #expect(!latex.contains(command), "\(command)") }
    let markdown = try text("page.md")
    for mark in ["<script", "|pipe|", "[link](", "\u{0}"] { #expect(!markdown.contains(mark), "\(mark)") }
  }

  /// Small pictures of classes with such names, 30 training images and no test split: `birds.h5`.
  private func birds() throws -> Scratch {
    let scratch = try Scratch(with: [])
    // A name of a folder has no slash, and 255 bytes at most.
    try scratch.succeed(
      #"""
      python3 - <<'END'
      import os, struct, zlib
      names = ["<script>alert(1)<script>", "\"q\" & 'q'", "50 % $x_1^2$ \\input #~{}", "\u05e9\u05dc \u202eevil", "x" * 255]
      def chunk(kind, data):
          return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
      for c, name in enumerate(names):
          os.makedirs("birds/" + name)
          for i in range(6):
              rows = b"".join(b"\0" + bytes((37 * c + 11 * i + 5 * x + y) % 256 for x in range(24)) for y in range(8))
              png = (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0))
                     + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
              open(f"birds/{name}/{i}.png", "wb").write(png)
      END
      fetch-data folder --from birds --size 8 -q -o birds.h5
      """#)
    return scratch
  }

  @Test func `Names of classes stay text beside their images`() throws {
    let scratch = try birds()
    try scratch.succeed(
      """
      train birds.h5 --architecture 'mlp width=8' --epochs 2 --batch-size 10 --runs 0:10 -q -o r.h5
      score memorisation r.h5 -q -o s.h5
      report birds.h5 s.h5 -q --format html -o page.html
      report birds.h5 s.h5 -q --figure most-memorised -o grid.svg
      python3 -c 'import xml.dom.minidom as m; m.parse("page.html"); m.parse("grid.svg")'
      """)
    for name in ["page.html", "grid.svg"] {
      let markup = String(decoding: try scratch.bytes(name), as: UTF8.self)
      #expect(!markup.contains("<script") && !markup.contains("\u{202E}"), "\(name)")
      for text in ["&lt;script&gt;alert(1)&lt;script&gt;", "&quot;q&quot; &amp; &#39;q&#39;", "\\input"] {
        #expect(markup.contains(text), "\(name): \(text)")
      }
    }
  }

  // MARK: Missing parts

  @Test(arguments: [
    ("no test split", "cp birds.h5 d.h5", "--runs 0:10", "no test split"),
    ("one run", "fetch-data sprites --train 0:300 --test 0:50 -q -o d.h5", "--runs 0:1", "train more runs"),
    (
      "diverged runs", "fetch-data sprites --train 0:300 --test 0:50 -q -o d.h5",
      "--runs 0:4 --loss squared --learning-rate 1e6", "a lower --learning-rate"
    ),
  ])
  func `Without some part the rest is there, and what would make it is said`(
    part: String, data: String, options: String, words: String
  ) throws {
    let scratch = try birds()
    try scratch.succeed(
      """
      \(data)
      train d.h5 --architecture 'mlp width=16' --epochs 2 --batch-size 10 \(options) -q -o r.h5 2> /dev/null
      score memorisation r.h5 -q -o s.h5 2> /dev/null
      """)
    for files in ["d.h5 r.h5 s.h5", "r.h5 s.h5", "r.h5", "s.h5"] {
      for format in ["html", "markdown", "json", "tsv", "latex"] {
        try scratch.succeed("report \(files) -q --format \(format) -o page.\(format); rm page.\(format)")
      }
    }
    let text = try scratch.succeed("report d.h5 r.h5 s.h5 -q").text
    #expect(text.contains("## What is missing") && text.contains(words), "\(part): \(text.suffix(2000))")
    #expect(text.contains("| mlp width=16 |"), "\(part)")
    let page = try scratch.succeed("report d.h5 r.h5 s.h5 -q --format html").text
    #expect(!page.contains("NaN\"") && !page.contains("inf\""))
  }

  @Test func `A page without a data set has no images and says which command makes one`() throws {
    let scratch = try Scratch(with: ["scores.h5"])
    let page = try scratch.succeed("report scores.h5 -q --format html").text
    #expect(!page.contains("<img") && page.contains("fetch-data"))
  }
}
