import ArgumentParser
import CBench
import Figures
import ImageSets
import Kernels
import ToolKit

#if canImport(Glibc)
  import Glibc
#endif

struct PicturesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pictures", abstract: "How fast Tiny-ImageNet is decoded, beside a bare loop around libjpeg-turbo.")

  @Option(help: ArgumentHelp("The archive, or one in its layout.", valueName: "zip"))
  var archive: String

  @Option(help: ArgumentHelp("The folder that it unpacks to: the bare loop takes its pictures.", valueName: "folder"))
  var folder: String

  @Option(help: "Threads; 0 for all cores.")
  var threads = 0

  @Option(help: "Rounds, of which the median counts; what is compared takes turns.")
  var rounds = 9

  func run() throws {
    let threads = threads > 0 ? threads : Machine.cores
    let pool = ThreadPool(threads: threads)
    let pictures = try Pictures(below: folder)
    let sets = try [archive, folder].map { try TinyImageNet(from: $0, verify: false, workers: threads) }
    var rates = [[Double]](repeating: [], count: 4)
    for _ in 0..<rounds {
      rates[0].append(rate(pictures.count) { pictures.decodeBare(on: pool) })
      rates[1].append(rate(pictures.count) { pictures.decode(on: pool) })
      for (index, set) in sets.enumerated() {
        let count = set.header.train.count + set.header.test.count
        rates[2 + index].append(try rate(count) { try set.read { _ in } })
      }
    }
    let names = [
      "bare loop, from memory", "our decoder, from memory", "the set, from its archive", "the set, from its folder",
    ]
    let medians = rates.map(median)
    var table = Table(
      name: "pictures", title: "Decoding Tiny-ImageNet",
      caption: "\(pictures.count) pictures, \(threads) threads, medians of \(rounds) rounds in turns.",
      columns: [
        .init("what", .text), .init("rate", heading: "pictures/s", .number(digits: 0)),
        .init("ratio", heading: "of the bare loop", .number(digits: 2)),
      ])
    for (name, rate) in zip(names, medians) {
      table.append([.text(name), .number(rate), .number(rate / medians[0])])
    }
    try StandardOutput.write(Array(Markdown.render(table).utf8))
  }

  private func rate(_ count: Int, _ body: () throws -> Void) rethrows -> Double {
    let start = Machine.seconds
    try body()
    return Double(count) / (Machine.seconds - start)
  }
}

/// The JPEG pictures below a folder, one behind the other in memory.
private struct Pictures: Sendable {
  private var bytes: [UInt8] = []
  private var starts = [0]

  var count: Int { starts.count - 1 }

  init(below folder: String) throws { try add(folder) }

  private mutating func add(_ path: String) throws {
    for name in try fileNames(in: path) {
      let inner = "\(path)/\(name)"
      if name.hasSuffix(".JPEG") {
        let input = try Input(inner)
        bytes += try input.head(try input.size())
        starts.append(bytes.count)
      } else if !isRegularFile(inner) {
        try add(inner)
      }
    }
  }

  private static let room = Int(BENCH_PICTURE_BYTES)

  func decodeBare(on pool: ThreadPool) {
    pool.run(pool.threads) { thread in
      var pixels = [UInt8](repeating: 0, count: Self.room)
      let failed = bench_decode(bytes, starts, Int32(thread), Int32(pool.threads), Int32(count), &pixels)
      precondition(failed == 0, "\(failed) pictures cannot be decoded")
    }
  }

  func decode(on pool: ThreadPool) {
    pool.run(pool.threads) { thread in
      guard let decoder = try? JPEGDecoder(mostPixels: Self.room / 3) else { preconditionFailure() }
      var pixels = [UInt8](repeating: 0, count: Self.room)
      bytes.withUnsafeBufferPointer { bytes in
        pixels.withUnsafeMutableBufferPointer { pixels in
          for i in stride(from: thread, to: count, by: pool.threads) {
            let file = UnsafeBufferPointer(rebasing: bytes[starts[i]..<starts[i + 1]])
            guard let header = try? decoder.header(file, of: "\(i)") else { preconditionFailure("picture \(i)") }
            let here = UnsafeMutableBufferPointer(rebasing: pixels[..<header.size.bytes])
            guard (try? decoder.decode(file, header, into: here, of: "\(i)")) != nil else {
              preconditionFailure("picture \(i)")
            }
          }
        }
      }
    }
  }
}
