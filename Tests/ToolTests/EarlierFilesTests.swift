import Foundation
import HDF5
import Testing

/// Files and folders of unfinished runs that an earlier build made (Fixtures/earlier.sh): this one reads them, goes on with
/// them and scores them to the same bytes.
@Suite struct EarlierFilesTests {
  /// Where the same bytes, and not only the same contents, can be asked for: libhdf5 has a part in both.
  private static let isSameLibrary = HDF5.libraryVersion() == "1.10.8"

  private static func scratch() throws -> Scratch {
    let archive = Bundle.module.bundleURL.appendingPathComponent("Fixtures/earlier.tar.gz").path
    let scratch = try Scratch()
    try scratch.succeed("tar xzf '\(archive)'")
    return scratch
  }

  private func content(_ file: String, in scratch: Scratch) throws -> String {
    try scratch.succeed("report show \(file) --format tsv | awk -F'\\t' '$1 == \"Content\" { print $2 }'").text
  }

  @Test func `Files of each kind are whole`() throws {
    let scratch = try Self.scratch()
    try scratch.succeed("report check data.h5 runs.h5 students.h5 scores.h5 alignment.h5 > checked")
    try scratch.succeed("report data.h5 runs.h5 students.h5 scores.h5 alignment.h5 --format html -q -o page.html")
  }

  @Test func `Runs are scored to the same bytes`() throws {
    let scratch = try Self.scratch()
    try scratch.succeed("score memorisation runs.h5 students.h5 -q -o again.h5")
    #expect(try content("again.h5", in: scratch) == content("scores.h5", in: scratch))
    if Self.isSameLibrary { #expect(scratch.areEqual("again.h5", "scores.h5")) }
  }

  @Test(arguments: [
    ("trained", "train data.h5 --architecture 'resnet-8 width=0.25'"),
    ("distilled", "distill data.h5 runs.h5 --architecture 'mlp width=1'"),
  ])
  func `A stopped job goes on, makes no finished run again, and comes to the same bytes`(
    name: String, command: String
  ) throws {
    let scratch = try Self.scratch()
    let (file, log) = ("\(name).h5", "log.jsonl")
    let finished = try scratch.names().count { $0.hasPrefix("\(file).partial/") && $0.hasSuffix(".h5") }
    try #require(finished > 0)
    let options =
      "--epochs 40 --batch-size 3 --snapshots every:20 --dynamics training --save-every 0 -j 1 -q --runs 0:3"
    try scratch.succeed("\(command) \(options) --log \(log) -o \(file)", environment: ["ROTE_ISA": "portable"])
    let digests = String(decoding: try scratch.bytes("\(name).whole"), as: UTF8.self)
    let whole = digests.split(whereSeparator: \.isWhitespace)
    #expect(try content(file, in: scratch).dropLast() == whole[1])
    guard Self.isSameLibrary else { return }
    let digest = try scratch.succeed("sha256sum < \(file) | cut -d ' ' -f 1").text
    #expect(digest.dropLast() == whole[0])
    let events = String(decoding: try scratch.bytes(log), as: UTF8.self).split(separator: "\n")
    #expect(events.count { $0.contains("\"event\":\"done\"") && $0.contains("\"run\":") } == 3 - finished)
    #expect(events.count { $0.contains("\"event\":\"resumed\"") } == 1)
    #expect(!scratch.exists("\(file).partial"))
  }
}
