import Foundation
import TestSupport
import Testing
import ToolKit

/// `fetch-data` and the network: from a server on the loopback into a cache, and from there into a data set.
@Suite struct DownloadTests {
  let scratch: Scratch
  /// A packed set of a few records, and its checksum.
  let archive: [UInt8]
  let checksum: String

  init() throws {
    scratch = try Scratch()
    try CifarFiles.cifar10.write(to: scratch)
    try scratch.succeed(
      """
      tar czf packed.tar.gz \(CifarFiles.cifar10.folder); rm -r \(CifarFiles.cifar10.folder)
      fetch-data cifar10 --no-verify --from packed.tar.gz -o given.h5
      """)
    archive = try scratch.bytes("packed.tar.gz")
    let digest = Digest()
    digest.update(archive)
    checksum = "sha256:\(digest.finishHex())"
  }

  var cache: String { scratch.path("cache") }
  /// The name that a file with a checksum of its own has in the cache.
  var name: String { "\(checksum.dropFirst("sha256:".count).prefix(12))-cifar-10-binary.tar.gz" }

  func fetch(_ server: ScriptedServer?, _ options: String = "", before: String = "") throws -> Outcome {
    let url = server?.url("/cifar-10-binary.tar.gz") ?? "http://127.0.0.1:9/"
    return try scratch.shell(
      "\(before) fetch-data cifar10 --no-verify --url \(url) --checksum \(checksum) \(options) -o out.h5",
      environment: ["ROTE_CACHE": cache, "no_proxy": "127.0.0.1"])
  }

  /// Fails with one line, and without an output.
  func refuse(
    _ server: ScriptedServer?, _ status: Int32, _ text: String, _ options: String = "", before: String = "",
    cached: [String] = [], _ location: SourceLocation = #_sourceLocation
  ) throws {
    let outcome = try fetch(server, options, before: before)
    #expect(outcome.status == status, sourceLocation: location)
    #expect(
      outcome.lines.count == 1 && outcome.errors.hasPrefix("fetch-data: "), "\(outcome.errors)",
      sourceLocation: location)
    #expect(outcome.errors.contains(text), "\(outcome.errors)", sourceLocation: location)
    #expect(!scratch.exists("out.h5"), sourceLocation: location)
    #expect(try fileNames(in: cache) == cached, sourceLocation: location)
  }

  @Test func `A fetched archive gives the bytes that the given one gives, and is fetched once`() throws {
    let server = try ScriptedServer { [archive] request, connection in connection.serve(archive, request) }
    for _ in 0..<2 {
      let outcome = try fetch(server, "-q")
      #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
      #expect(scratch.areEqual("out.h5", "given.h5"))
    }
    #expect(server.requests.count == 1)
    #expect(server.requests.first?.path == "/cifar-10-binary.tar.gz")
    #expect(try fileNames(in: cache) == [name])
    #expect(try fetch(nil, "--offline").status == 0)
  }

  @Test func `A download that breaks off goes on in the same run, and after a kill in the next`() throws {
    let half = archive.count / 2
    let server = try ScriptedServer { [archive] request, connection in
      connection.serve(archive, request, upTo: request.number == 1 ? half : .max)
    }
    #expect(try fetch(server, "-q").status == 0)
    #expect(server.starts == [nil, half])

    try scratch.succeed("rm -r cache out.h5")
    let slow = try ScriptedServer { [archive] request, connection in
      connection.serve(archive, request, upTo: request.number == 1 ? half : .max)
      if request.number == 1 { connection.wait() }
    }
    let url = slow.url("/cifar-10-binary.tar.gz")
    let running = try scratch.start(
      "exec fetch-data cifar10 --no-verify --url \(url) --checksum \(checksum) -o out.h5",
      environment: ["ROTE_CACHE": cache, "no_proxy": "127.0.0.1"])
    for _ in 0..<1000 where (try? scratch.bytes("cache/\(name).part"))?.count != half { usleep(5000) }
    running.send(SIGKILL)
    #expect(try running.wait().status == 137)
    #expect(try fileNames(in: cache) == ["\(name).part"])
    #expect(try fetch(slow, "-q").status == 0)
    #expect(slow.starts == [nil, half])
    #expect(scratch.areEqual("out.h5", "given.h5"))
  }

  @Test func `Two commands that want one file fetch it once`() throws {
    let server = try ScriptedServer { [archive] request, connection in
      connection.head(200, ["Content-Length: \(archive.count)"])
      connection.send(archive.prefix(1000))
      usleep(300_000)
      connection.send(archive.dropFirst(1000))
    }
    let command =
      "fetch-data cifar10 -q --no-verify --url \(server.url("/cifar-10-binary.tar.gz")) --checksum \(checksum) -o"
    let outcome = try scratch.shell(
      "\(command) a.h5 & \(command) b.h5; wait $!", environment: ["ROTE_CACHE": cache, "no_proxy": "127.0.0.1"])
    #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
    #expect(server.requests.count == 1)
    #expect(scratch.areEqual("a.h5", "given.h5") && scratch.areEqual("b.h5", "given.h5"))
  }

  @Test func `What is not what was published never gets into the cache`() throws {
    var other = archive
    other[other.count / 2] ^= 1
    let wrong = try ScriptedServer { [other] request, connection in connection.serve(other, request) }
    try refuse(wrong, 65, "and \(checksum) is published")
    // The published file has a size, and this is another.
    let small = try ScriptedServer { [archive] request, connection in connection.serve(archive, request) }
    let outcome = try scratch.shell(
      "fetch-data cifar10 -q --url \(small.url("/")) -o out.h5",
      environment: [
        "ROTE_CACHE": cache, "no_proxy": "127.0.0.1", "http_proxy": "", "https_proxy": "http://127.0.0.1:9",
      ])
    #expect(outcome.errors.contains("offers a file of \(archive.count) bytes, and 170052171 are published"))
    #expect(outcome.status != 0 && !scratch.exists("out.h5"))
    #expect(try fileNames(in: cache).isEmpty)
    #expect(small.requests.first?.path == "/cifar-10-binary.tar.gz")
  }

  @Test func `Servers that will not give it are named with their answer`() throws {
    try refuse(try ScriptedServer { $1.head(404) }, 74, "answered with status 404")
    try refuse(try ScriptedServer { $1.head(302, ["Location: /round"]) }, 74, "cannot be fetched")
    try refuse(try ScriptedServer { $1.wait() }, 74, "no data came for 1 s", "--timeout 1")
    try refuse(nil, 74, "cannot be fetched")
    try refuse(nil, 74, "is not there, and --offline forbids to fetch it", "--offline")
  }

  @Test func `A full disk is told in one line, and the next run goes on`() throws {
    let server = try ScriptedServer { [archive] request, connection in connection.serve(archive, request) }
    // A limit on the size of files, in units of 1024 bytes, is met as the end of the disk is.
    try refuse(server, 74, "cannot write: File too large", before: "ulimit -f 2;", cached: ["\(name).part"])
    #expect(try scratch.bytes("cache/\(name).part") == Array(archive.prefix(2048)))
    #expect(try fetch(server, "-q").status == 0)
    #expect(server.starts == [nil, 2048])
    #expect(scratch.areEqual("out.h5", "given.h5"))
  }

  @Test func `A file in the cache that was damaged is fetched anew`() throws {
    let server = try ScriptedServer { [archive] request, connection in connection.serve(archive, request) }
    #expect(try fetch(server, "-q").status == 0)
    try scratch.succeed("printf x | dd of=cache/\(name) bs=1 seek=100 conv=notrunc status=none")
    let outcome = try fetch(server, "-q")
    #expect(outcome.status == 0 && outcome.errors.contains("fetching it again"))
    #expect(server.requests.count == 2)
    #expect(scratch.areEqual("out.h5", "given.h5"))
  }
}
