import Artefacts
import Testing
import ToolKit

/// `score import`, as a shell drives it.
@Suite struct ImportTests {
  /// A zip archive of members as they are, as `numpy.savez` makes them.
  private func archive(_ members: [(name: String, bytes: [UInt8])]) -> [UInt8] {
    func little<T: FixedWidthInteger>(_ value: T) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { Array($0) } }
    var (file, directory): ([UInt8], [UInt8]) = ([], [])
    for (name, bytes) in members {
      let sizes = little(checksum(bytes)) + little(UInt32(bytes.count)) + little(UInt32(bytes.count))
      let start = little(UInt16(20)) + [0, 0, 0, 0, 0, 0, 0, 0] + sizes + little(UInt16(name.utf8.count)) + [0, 0]
      directory += little(UInt32(0x0201_4b50)) + little(UInt16(20)) + start
      directory += [UInt8](repeating: 0, count: 10) + little(UInt32(file.count)) + Array(name.utf8)
      file += little(UInt32(0x0403_4b50)) + start + Array(name.utf8) + bytes
    }
    let count = little(UInt16(members.count))
    return file + directory + little(UInt32(0x0605_4b50)) + [0, 0, 0, 0] + count + count
      + little(UInt32(directory.count)) + little(UInt32(file.count)) + [0, 0]
  }

  /// CRC-32, bit by bit.
  private func checksum(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(~0 as UInt32) { sum, byte in
      (0..<8).reduce(sum ^ UInt32(byte)) { sum, _ in sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1 }
    }
  }

  private func array<T>(_ values: [T], _ type: String, shape: String? = nil) -> [UInt8] {
    let header = "{'descr': '\(type)', 'fortran_order': False, 'shape': \(shape ?? "(\(values.count),)"), }\n"
    return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count), 0] + Array(header.utf8)
      + values.withUnsafeBytes { Array($0) }
  }

  private func dataset(in scratch: Scratch) throws -> ImageDataset {
    try ImageDataset(ArtefactReader(Input(scratch.path("sprites.h5"))))
  }

  private func scores(_ name: String, in scratch: Scratch) throws -> [Float] {
    let scores = try Scores(ArtefactReader(Input(scratch.path(name))))
    return try #require(try scores.rows("/imported/score"))[0]
  }

  private func refuse(
    _ script: String, in scratch: Scratch, status: Int32 = 65, saying text: String,
    _ location: SourceLocation = #_sourceLocation
  ) throws {
    let before = try scratch.names()
    let outcome = try scratch.shell("\(script) -o out.h5", location)
    #expect(outcome.status == status, "\(script): \(outcome.errors)", sourceLocation: location)
    #expect(
      outcome.lines.count == 1 && outcome.errors.hasPrefix("score: ") && outcome.errors.contains(text),
      "\(script): \(outcome.errors)", sourceLocation: location)
    #expect(try scratch.names() == before && scratch.temporaryNames() == [], sourceLocation: location)
  }

  @Test func `scores of each format become the same numbers by position`() throws {
    let scratch = try Scratch(with: ["sprites.h5"])
    let data = try dataset(in: scratch)
    let values = data.train.label.indices.map { Float($0) / 512 }
    let labels = data.train.label
    try scratch.write(
      "fz.npz",
      archive([
        ("tr_labels.npy", array(labels.map(Int64.init), "<i8")), ("tr_mem.npy", array(values, "<f4")),
        ("infl_matrix_class0.npy", array([1, 2] as [Float], "<f4")),
      ]))
    try scratch.write(
      "c.npz",
      archive([
        ("labels.npy", array(labels.map { UInt8($0) }, "|u1")), ("scores.npy", array(values.map(Double.init), "<f8")),
      ]))
    // Backwards, with a column more, and the first class by name.
    let rows = labels.indices.reversed().map { i in
      "\(values[i]),x,\(labels[i] == 0 ? data.classes[0] : "\(labels[i])"),\(data.train.example[i])\r\n"
    }
    try scratch.write("a.csv", Array(("score,note,label,example\r\n" + rows.joined()).utf8))
    try scratch.succeed(
      """
      score import fz.npz --from feldman-zhang --data sprites.h5 -o fz.h5
      cat fz.npz | score import - --from feldman-zhang --data sprites.h5 | cat > piped.h5
      score import c.npz --from c-score --data sprites.h5 --name 'C, 2021' -o c.h5
      score import a.csv --from csv --data sprites.h5 -o a.h5
      """)
    #expect(scratch.areEqual("fz.h5", "piped.h5"))
    for name in ["fz.h5", "c.h5", "a.h5"] { #expect(try scores(name, in: scratch) == values) }
    let file = try Scores(ArtefactReader(Input(scratch.path("c.h5"))))
    #expect(file.cells == ["C, 2021"] && file.data == data.content && file.trainLabel == labels && file.runs == [0])
    #expect(file.configs[0]["imported"]?["from"] == "c-score")
  }

  @Test func `a part of the data set takes its positions, and what has no score is NaN and said`() throws {
    let scratch = try Scratch()
    try scratch.succeed("fetch-data sprites --train 100:300 --test 0:50 -o sprites.h5")
    let data = try dataset(in: scratch)
    #expect(data.train.example.first == 100)
    var rows = zip(data.train.example, data.train.label).dropFirst(50).map { "\($0),\($1),\(Double($0) / 512)\n" }
    rows.insert("7,3,0.5\n", at: 0)  // No example of this part.
    // The example in row 52 has none either.
    rows[3] = "\(data.train.example[52]),\(data.train.label[52]),nan\n"
    try scratch.write("a.csv", Array(("example,label,score\n" + rows.joined()).utf8))
    let outcome = try scratch.shell("score import a.csv --from csv --data sprites.h5 -o a.h5")
    #expect(outcome.status == 0 && outcome.lines == ["score: a.csv: 51 of 200 examples have no score there"])
    let found = try scores("a.h5", in: scratch)
    for (i, position) in data.train.example.enumerated() {
      #expect(i < 50 || i == 52 ? found[i].isNaN : found[i] == Float(Double(position) / 512), "\(i)")
    }
    try scratch.succeed("score import a.csv --from csv --data sprites.h5 -q -o a.h5")
  }

  @Test func `labels that differ are refused with the first and their number`() throws {
    let scratch = try Scratch(with: ["sprites.h5"])
    let labels = try dataset(in: scratch).train.label
    var changed = labels
    for i in [17, 40, 299] { changed[i] = (changed[i] + 1) % 10 }
    try scratch.write(
      "c.npz",
      archive([("labels.npy", array(changed, "<i4")), ("scores.npy", array(changed.map { Float($0) }, "<f4"))]))
    try refuse(
      "score import c.npz --from c-score --data sprites.h5", in: scratch,
      saying: "label \(changed[17]) for example 17, which is \(labels[17]) in sprites.h5, and 3 of 300 labels differ")
  }

  @Test func `hostile and wrong files are refused in one line`() throws {
    let scratch = try Scratch(with: ["sprites.h5", "runs.h5"])
    let three: [Int64] = [1, 2, 3]
    let labels = ("labels.npy", array(three, "<i8"))
    let archives: [([UInt8], String)] = [
      (Array("not an archive".utf8), "no whole zip archive"),
      (archive([labels]), "has no array scores, but labels"),
      (archive([labels, ("scores.npy", array([1, 2] as [Float], "<f4"))]), "not a label and a score"),
      (archive([labels, ("scores.npy", array(three, "<i8"))]), "not a label and a score"),
      (
        archive([("labels.npy", array([1.5] as [Float], "<f4")), ("scores.npy", array([1] as [Float], "<f4"))]), "not a"
      ),
      (archive([("labels.npy", array([UInt8(0)], "|u1")), ("scores.npy", array([Float.infinity], "<f4"))]), "finite"),
      (
        archive([labels, ("scores.npy", array([1] as [Float], "<f4", shape: "(4611686018427387904, 4)"))]),
        "more elements than there are numbers"
      ),
      (
        archive([labels, ("scores.npy", array([1] as [Float], "<f4", shape: "(1000000,)"))]), "claims 1000000 elements"
      ),
      (archive([labels, ("scores.npy", array([1] as [Float], ">f4"))]), "is of type >f4"),
      (archive([("labels.npy", [1, 2, 3]), ("scores.npy", [])]), "no NumPy array"),
      (Array(archive([labels, labels]).dropLast(30)), "zip archive"),
    ]
    for (bytes, text) in archives {
      try scratch.write("x.npz", bytes)
      try refuse("score import x.npz --from c-score --data sprites.h5", in: scratch, saying: text)
    }
    let tables: [(String, String)] = [
      ("example,score\n1,2\n", "no columns example, label and score"),
      ("example,label,score\n", "a score for none of the examples"),
      ("example,label,score\n1,2\n", "x.csv:2: has 2 fields"),
      ("example,label,score\n-1,2,3\n", "x.csv:2: -1 is no position"),
      ("example,label,score\n1,nobody,3\n", "x.csv:2: nobody is no class"),
      ("example,label,score\n1,2,much\n", "x.csv:2: much is no number"),
      ("example,label,score\n1,2,inf\n", "not finite"),
      ("example,label,score\n1,2,1e300\n", "not finite"),
      ("example,label,score\n100000,2,3\n", "a score for none"),
      ("\u{0}\u{1}", "no columns"),
    ]
    for (table, text) in tables {
      try scratch.write("x.csv", Array(table.utf8))
      try refuse("score import x.csv --from csv --data sprites.h5", in: scratch, saying: text)
    }
    try scratch.write("twice.csv", Array("example,label,score\n5,2,3\n5,2,3\n".utf8))
    try refuse(
      "score import twice.csv --from csv --data sprites.h5", in: scratch,
      saying: "twice.csv:3: example 5 is there twice")
    try refuse("score import missing --from csv --data sprites.h5", in: scratch, status: 74, saying: "No such file")
    try refuse("score import x.csv --from csv --data runs.h5", in: scratch, saying: "not a data set file")
    try refuse("score import x.csv --from other --data sprites.h5", in: scratch, status: 64, saying: "--from")
    try refuse("score import x.csv --from csv", in: scratch, status: 64, saying: "--data")
    try refuse("score import - --from csv --data - < x.csv", in: scratch, status: 64, saying: "only once")
    try refuse("score import x.csv --from csv --data sprites.h5 --name ''", in: scratch, status: 64, saying: "--name")
  }
}
