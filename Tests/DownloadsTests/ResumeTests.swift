import Foundation
import TestSupport
import Testing
import ToolKit

@testable import Downloads

@Suite struct ResumeTests {
  let setting = Setting()
  let file = Setting.file

  @Test func `What a killed process left is continued`() throws {
    let server = try ScriptedServer { $1.serve(Setting.file, $0) }
    try setting.put(file.prefix(70_000), at: setting.part)
    _ = try setting.fetch([server.url()])
    try setting.expectWhole()
    #expect(server.starts == [70_000])
  }

  @Test(arguments: [true, false])
  func `A transfer that is cut goes on by itself from where it was`(isReset: Bool) throws {
    let server = try ScriptedServer { request, connection in
      guard request.number == 1 else { return connection.serve(Setting.file, request) }
      connection.serve(Setting.file, request, upTo: 40_000)
      // A reset may overtake what was sent before it.
      if isReset {
        Thread.sleep(forTimeInterval: 0.1)
        connection.reset()
      }
    }
    _ = try setting.fetch([server.url()])
    try setting.expectWhole()
    #expect(server.starts == [nil, 40_000])
    #expect(setting.notes.count == 1)
    #expect(setting.notes.first?.hasPrefix("\(server.url()): broke off after 40000 of 100000 bytes: ") == true)
    #expect(setting.notes.first?.hasSuffix("; going on") == true)
  }

  @Test func `A transfer that is cut each time fails after five requests, and the next run goes on`() throws {
    let server = try ScriptedServer { $1.serve(Setting.file, $0, upTo: 15_000) }
    let cut = failure { try setting.fetch([server.url()]) }
    #expect(cut?.status == .inputOutput)
    #expect(cut?.remedy == "the next run goes on from byte 75000")
    try setting.expectPart(75_000)
    #expect(server.starts == [nil, 15_000, 30_000, 45_000, 60_000])
    _ = try setting.fetch([server.url()])
    try setting.expectWhole()
    #expect(server.requests.count == 7)
  }

  @Test func `A break that brought nothing is not tried again, and what was there stays`() throws {
    let server = try ScriptedServer { $1.serve(Setting.file, $0, upTo: 0) }
    try setting.put(file.prefix(10), at: setting.part)
    #expect(failure { try setting.fetch([server.url()]) }?.status == .inputOutput)
    try setting.expectPart(10)
    #expect(server.requests.count == 1)
  }

  @Test func `A mirror goes on where another address broke off`() throws {
    let server = try ScriptedServer { request, connection in
      if request.number == 1 { return connection.serve(Setting.file, request, upTo: 25_000) }
      request.path == "/file" ? connection.head(503) : connection.serve(Setting.file, request)
    }
    _ = try setting.fetch([server.url(), server.url("/mirror")])
    try setting.expectWhole()
    #expect(server.starts == [nil, 25_000, 25_000])
  }

  @Test func `A server without ranges sends all, and it replaces what was there`() throws {
    let server = try ScriptedServer { $1.whole(Setting.file) }
    try setting.put([UInt8](repeating: 1, count: 70_000), at: setting.part)
    _ = try setting.fetch([server.url()])
    try setting.expectWhole()
    #expect(server.starts == [70_000])
  }

  @Test func `A server that refuses ranges, or gives another one, is asked for all`() throws {
    let answers: [ScriptedServer.Script] = [
      { $1.head(416) },
      {
        $1.head(206, ["Content-Length: 3", "Content-Range: bytes 0-2/100000"])
        $1.send(Setting.file.prefix(3))
      },
      {
        $1.head(206, ["Content-Length: 30000"])
        $1.send(Setting.file.suffix(30_000))
      },
    ]
    for answer in answers {
      let setting = Setting()
      let server = try ScriptedServer { request, connection in
        request.start == nil ? connection.whole(Setting.file) : answer(request, connection)
      }
      try setting.put(file.prefix(70_000), at: setting.part)
      _ = try setting.fetch([server.url()])
      try setting.expectWhole()
      #expect(server.starts == [70_000, nil])
      #expect(
        setting.notes == ["\(server.url()): does not go on from byte 70000; starting again from the first byte"])
    }
  }

  @Test func `A beginning of something else is found out by the checksum, and all is fetched again, once`() throws {
    let server = try ScriptedServer { $1.serve(Setting.file, $0) }
    try setting.put([UInt8](repeating: 1, count: 70_000), at: setting.part)
    _ = try setting.fetch([server.url()])
    try setting.expectWhole()
    #expect(server.starts == [70_000, nil])

    let other = Setting()
    let wrong = try ScriptedServer { $1.serve(Setting.file.reversed(), $0) }
    try other.put(file.prefix(70_000), at: other.part)
    #expect(failure { try other.fetch([wrong.url()]) }?.status == .badData)
    #expect(other.names.isEmpty)
    #expect(wrong.starts == [70_000, nil])
  }

  @Test func `A server that is wrong whenever it goes on is not asked for ever`() throws {
    let server = try ScriptedServer { request, connection in
      if request.start == nil { return connection.serve(Setting.file, request, upTo: 40_000) }
      connection.serve(Setting.file.reversed(), request)
    }
    #expect(failure { try setting.fetch([server.url()]) }?.status == .badData)
    #expect(setting.names.isEmpty)
    #expect(server.starts == [nil, 40_000, nil, 40_000])
  }

  @Test func `A break after the last byte is none`() throws {
    let server = try ScriptedServer { _, connection in
      connection.head(200, ["Transfer-Encoding: chunked"])
      connection.chunk(Setting.file)
    }
    _ = try setting.fetch([server.url()])
    try setting.expectWhole()
    #expect(setting.notes.isEmpty)
  }

  @Test func `A beginning that is longer than the file is not asked about`() throws {
    let server = try ScriptedServer { $1.serve(Setting.file, $0) }
    try setting.put(file + [0], at: setting.part)
    _ = try setting.fetch([server.url()])
    try setting.expectWhole()
    #expect(server.starts == [nil])
  }

  @Test func `A beginning that is the whole file needs no network; a wrong one as long is fetched again`() throws {
    let server = try ScriptedServer { $1.serve(Setting.file, $0) }
    try setting.put(file, at: setting.part)
    _ = try setting.fetch(["http://127.0.0.1:1/file"])
    try setting.expectWhole()

    let other = Setting()
    try other.put(file.reversed(), at: other.part)
    _ = try other.fetch([server.url()])
    try other.expectWhole()
    #expect(server.starts == [nil])
  }

  @Test func `Without a published size the server tells that the beginning is the whole file`() throws {
    let server = try ScriptedServer { $1.serve(Setting.file, $0) }
    try setting.put(file, at: setting.part)
    _ = try setting.fetch([server.url()], size: nil)
    try setting.expectWhole()
    #expect(server.starts == [100_000])
  }

  @Test func `A server that says nothing for the time allowed is a break`() throws {
    let server = try ScriptedServer { request, connection in
      if request.number == 1 { connection.serve(Setting.file, request, upTo: 60_000) }
      connection.wait()
    }
    let start = Date()
    let stalled = failure { try setting.fetch([server.url()], timeout: 1) }
    // Twice a second, each noticed within another one; the rest is for a machine that is busy.
    #expect((2...9).contains(Date().timeIntervalSince(start)))
    #expect(stalled?.status == .inputOutput)
    #expect(stalled?.problem == "cannot be fetched: no data came for 1 s")
    #expect(stalled?.remedy == "the next run goes on from byte 60000")
    try setting.expectPart(60_000)
    #expect(server.starts == [nil, 60_000])
  }

  @Test func `A slow server is waited for as long as it sends`() throws {
    let server = try ScriptedServer { _, connection in
      connection.whole(Setting.file, upTo: 0)
      for start in stride(from: 0, to: 100_000, by: 12_500) {
        Thread.sleep(forTimeInterval: 0.2)
        connection.send(Setting.file[start..<start + 12_500])
      }
    }
    // 1.6 s in all, and never 1 s without data.
    _ = try setting.fetch([server.url()], timeout: 1)
    try setting.expectWhole()
    #expect(server.requests.count == 1)
  }

  @Test func `A disk that takes no more leaves what it took, and says so`() throws {
    // The limit on the size of files stands in for the disk. It holds for the whole process: so it is far above what
    // other tests write, and a file with a hole reaches up to it.
    let (limit, before) = (1 << 30, 100)
    let server = try ScriptedServer { request, connection in
      let (start, total) = (request.start ?? 0, limit + 900)
      connection.head(
        206, ["Content-Length: \(total - start)", "Content-Range: bytes \(start)-\(total - 1)/\(total)"])
      connection.send([UInt8](repeating: 1, count: total - start))
    }
    try setting.put([], at: setting.part)
    truncate(setting.part, limit - before)
    var old = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &old)
    var new = old
    new.rlim_cur = rlim_t(limit)
    signal(SIGXFSZ, SIG_IGN)
    setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &new)
    defer { setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &old) }
    let full = failure { try setting.fetch([server.url()], size: limit + 900) }
    #expect(full?.status == .inputOutput && full?.subject == setting.part)
    #expect(full?.problem == "cannot write: File too large")
    #expect(full?.remedy?.hasSuffix("the next run goes on from byte \(limit)") == true)
    #expect(setting.names == ["file.part"])
    #expect(server.requests.count == 1)
  }
}
