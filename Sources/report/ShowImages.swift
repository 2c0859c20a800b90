import Artefacts
import Figures
import ToolKit

/// The training images of a data set, read once in blocks: how often each value occurs, and some of them whole.
struct TrainingImages {
  /// (channel, value): pixels.
  private(set) var counts: [[Int]]
  /// By row.
  private(set) var kept: [Int: RGBImage] = [:]

  /// - Parameter rows: those to keep; there must be 1 or 3 channels for that.
  init(_ dataset: ImageDataset, keeping rows: [Int], quiet: Bool) throws {
    let (count, size, channels) = (dataset.train.count, dataset.imageCount, dataset.channels)
    counts = [[Int]](repeating: [Int](repeating: 0, count: 256), count: channels)
    let rows = Set(rows)
    let block = dataset.rowsPerChunk
    let progress = Progress("report", total: Double(count), unit: "images", quiet: quiet)
    defer { progress.finish() }
    for start in stride(from: 0, to: count, by: block) {
      let here = start..<min(start + block, count)
      let pixels = try dataset.images("train", rows: here)
      for channel in 0..<channels { tally(pixels, channel, of: channels) }
      for row in here where rows.contains(row) {
        let image = Array(pixels[(row - start) * size..<(row - start + 1) * size])
        kept[row] = RGBImage(
          width: dataset.width, height: dataset.height,
          pixels: channels == 3 ? image : image.flatMap { [$0, $0, $0] })
      }
      progress.advance(by: Double(here.count))
    }
  }

  private mutating func tally(_ pixels: [UInt8], _ channel: Int, of channels: Int) {
    pixels.withUnsafeBufferPointer { pixels in
      counts[channel].withUnsafeMutableBufferPointer { counts in
        for i in stride(from: channel, to: pixels.count, by: channels) { counts[Int(pixels[i])] += 1 }
      }
    }
  }

  /// Mean, standard deviation and extremes of each channel.
  var table: Table {
    let names = [1: ["grey"], 3: ["red", "green", "blue"]][counts.count] ?? counts.indices.map { "\($0)" }
    return Table(
      name: "pixels", title: "Pixels of the training images.",
      caption: "0 to 255, over all of them; s.d. is the standard deviation, by their number.",
      columns: [
        .init("channel", heading: "Channel", .text), .init("mean", heading: "Mean", .number(digits: 2)),
        .init("sd", heading: "s.d.", .number(digits: 2)), .init("mean_255", heading: "Mean / 255", .number(digits: 4)),
        .init("sd_255", heading: "s.d. / 255", .number(digits: 4)), .init("minimum", heading: "Minimum", .integer),
        .init("maximum", heading: "Maximum", .integer),
      ],
      rows: zip(names, counts).map { name, counts in
        let total = Double(counts.reduce(0, +))
        let mean = counts.enumerated().reduce(0) { $0 + Double($1.offset) * Double($1.element) } / total
        let squares = counts.enumerated().reduce(0) { sum, entry in
          sum + (Double(entry.offset) - mean) * (Double(entry.offset) - mean) * Double(entry.element)
        }
        let deviation = (squares / total).squareRoot()
        return [
          .text(name), .number(mean), .number(deviation), .number(mean / 255), .number(deviation / 255),
          .integer(counts.firstIndex { $0 > 0 } ?? 0), .integer(counts.lastIndex { $0 > 0 } ?? 0),
        ]
      })
  }
}

/// The examples of a contact sheet: training examples of each class, spread evenly over it.
struct SheetExamples {
  /// (class): rows of the file.
  let rows: [[Int]]
  private let title: String
  private let classes: [String]
  private let notes: [Int: String]

  init(of dataset: ImageDataset, perClass: Int) throws {
    guard [1, 3].contains(dataset.channels) else {
      throw Failure(
        .badData, dataset.reader.name, "has images of \(dataset.channels) channels, which --sheet cannot show",
        remedy: "give one of 1 or 3 channels")
    }
    var all = [[Int]](repeating: [], count: dataset.classes.count)
    for (row, label) in dataset.train.label.enumerated() { all[Int(label)].append(row) }
    // The first alone would mislead: in a set in the order of its classes they have all the wrong labels of the first.
    let rows = all.map { rows in
      rows.count <= perClass ? rows : (0..<perClass).map { rows[$0 * rows.count / perClass] }
    }
    let truth = try dataset.integers("train", "true_label")
    notes = Dictionary(
      uniqueKeysWithValues: rows.joined().map { row in
        let label = Int(dataset.train.label[row])
        let real = truth.flatMap { $0.indices.contains(row) ? Int($0[row]) : nil } ?? label
        let isKnown = real != label && dataset.classes.indices.contains(real)
        let remark = isKnown ? ", published as \(dataset.classes[real])" : ""
        return (row, "№\u{A0}\(dataset.train.example[row])\(remark)")
      })
    title = "\(dataset.name): training examples of each class, evenly spread"
    classes = dataset.classes
    self.rows = rows
  }

  func sheet(_ images: TrainingImages) -> ContactSheet {
    ContactSheet(
      title: title,
      rows: zip(classes, rows).map { name, rows in
        .init(name, rows.compactMap { row in images.kept[row].map { .init($0, note: notes[row] ?? "") } })
      })
  }
}
