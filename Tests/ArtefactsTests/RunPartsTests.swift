import Artefacts
import Foundation
import TestSupport
import Testing
import ToolKit

@Suite(.serialized) struct RunPartsTests {
  let samples: Samples
  init() throws { samples = try Samples() }

  func parts(_ schema: RunSchema, _ dependencies: [String] = ["avx2"], target: String = "out.h5") throws
    -> RunParts
  {
    try RunParts(
      target: Output.regularPath(of: samples.scratch(target)), schema: schema, dependencies: dependencies)
  }

  var partial: String { samples.scratch("out.h5.partial") }

  /// The part of a run, wherever its key has put it.
  func path(_ name: String) throws -> String {
    let key = try #require(fileNames(in: partial).first { $0 != "lock" })
    return "\(partial)/\(key)/\(name)"
  }

  @Test func `Finished runs are found again, put together in order, and the folder goes`() throws {
    let schema = samples.schema(try samples.dataset(), .init(keep: [.checkpoint, .logit]))
    do {
      let parts = try parts(schema)
      #expect(try parts.finished(of: [0, 1, 2]) == [])
      for run in [2, 0] { try parts.add(samples.rows(run, schema)) }
    }
    do {
      let again = try parts(schema)
      #expect(try again.finished(of: [0, 1, 2]) == [0, 2])
      try again.add(samples.rows(1, schema))
      try again.assemble([0, 1, 2], into: Output(samples.scratch("out.h5")))
    }
    #expect(try !fileNames(in: samples.scratch.path).contains("out.h5.partial"))
    // As if they had been written at once.
    try samples.write("whole.h5", schema, runs: [0, 1, 2])
    #expect(try bytes(of: samples.scratch("out.h5")) == bytes(of: samples.scratch("whole.h5")))
  }

  @Test func `A part that is damaged, cut short, empty or another's counts as not there`() throws {
    let schema = samples.schema(try samples.dataset())
    let parts = try parts(schema)
    for run in 0..<6 { try parts.add(samples.rows(run, schema)) }
    let whole = try bytes(of: path("000001.h5"))
    var flipped = whole
    flipped[whole.count - 40] ^= 4
    try write(flipped, to: path("000001.h5"))
    try write(Array(whole.dropLast(9)), to: path("000002.h5"))
    try write([], to: path("000003.h5"))
    try write(try bytes(of: path("000000.h5")), to: path("000004.h5"))
    #expect(try parts.finished(of: Array(0..<7)) == [0, 5])
  }

  @Test func `Parts of another configuration, build of kernels or set of kept rows are not taken`() throws {
    let data = try samples.dataset()
    let schema = samples.schema(data)
    try parts(schema).add(samples.rows(0, schema))
    #expect(try parts(schema).finished(of: [0]) == [0])
    #expect(try parts(schema, ["avx512"]).finished(of: [0]) == [])
    for job in [Samples.Job(ratio: 0.7), .init(keep: [.logit])] {
      #expect(try parts(samples.schema(data, job)).finished(of: [0]) == [])
    }
  }

  @Test func `Finished runs that were not asked for stay`() throws {
    let schema = samples.schema(try samples.dataset())
    let parts = try parts(schema)
    for run in 0..<4 { try parts.add(samples.rows(run, schema)) }
    try parts.assemble([1, 2], into: Output(samples.scratch("out.h5")), replacesOthers: true)
    #expect(try parts.finished(of: [0, 1, 2, 3]) == [0, 3])
  }

  @Test func `A part that another teacher taught is not taken`() throws {
    let schema = samples.schema(try samples.dataset(), .init(teacher: ["architecture": "resnet"]))
    let rows = samples.rows(0, schema)
    let digest = try #require(rows.rows["/teacher_digest"])
    try parts(schema).add(rows)
    #expect(try parts(schema).finished(of: [0], teachers: [0: digest]) == [0])
    #expect(try parts(schema).finished(of: [0], teachers: [0: digest.map { ~$0 }]) == [])
  }

  @Test func `Where there is no place for parts, runs wait without a name and come out the same`() throws {
    let schema = samples.schema(try samples.dataset(), .init(keep: [.checkpoint, .dynamics]))
    mkfifo(samples.scratch("fifo"), 0o600)
    let reader = open(samples.scratch("fifo"), O_RDWR | O_NONBLOCK)
    defer { close(reader) }
    _ = fcntl(reader, setPipeSize, 1 << 20)
    let parts = try parts(schema, target: "fifo")
    for run in [1, 0] { try parts.add(samples.rows(run, schema)) }
    #expect(try parts.finished(of: [0, 1]) == [])
    try parts.assemble([0, 1], into: Output(samples.scratch("fifo")))
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    let count = max(0, read(reader, &buffer, buffer.count))
    try samples.write("whole.h5", schema, runs: [0, 1])
    #expect(try Array(buffer.prefix(count)) == bytes(of: samples.scratch("whole.h5")))
    #expect(try Set(fileNames(in: samples.scratch.path)) == ["data.h5", "fifo", "whole.h5"])
  }

  @Test func `A part that the system does not let be read is an error, and not one that is not there`() throws {
    let schema = samples.schema(try samples.dataset())
    let parts = try parts(schema)
    for run in 0..<2 { try parts.add(samples.rows(run, schema)) }
    let part = try path("000001.h5")
    try FileManager.default.removeItem(atPath: part)
    try FileManager.default.createDirectory(atPath: part, withIntermediateDirectories: false)
    #expect(failure { try parts.finished(of: [0, 1]) }?.status == .inputOutput)
    #expect(try parts.finished(of: [0]) == [0])
  }

  @Test func `The folder is one command's at a time, and goes without parts`() throws {
    let schema = samples.schema(try samples.dataset())
    struct Waited: Error {}
    do {
      let first = try parts(schema)
      #expect(throws: Waited.self) {
        try RunParts(
          target: Output.regularPath(of: samples.scratch("out.h5")), schema: schema, dependencies: [],
          waiting: { throw Waited() })
      }
      #expect(try first.finished(of: [0]) == [])
    }
    #expect(try !fileNames(in: samples.scratch.path).contains("out.h5.partial"))
    try parts(schema).add(samples.rows(0, schema))
    #expect(try fileNames(in: partial).count == 1, "the lock stays")
  }
}
