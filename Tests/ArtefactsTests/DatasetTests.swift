import Artefacts
import HDF5
import TestSupport
import Testing
import ToolKit

@Suite(.serialized) struct DatasetTests {
  let samples: Samples
  init() throws { samples = try Samples() }

  @Test func `A data set reads back as it was written`() throws {
    let data = try samples.dataset()
    #expect(data.name == "tiny")
    #expect(data.classes == ["cat", "dog", "猫"])
    #expect([data.height, data.width, data.channels, data.imageCount] == [2, 3, 1, 6])
    #expect(data.train.example == [10, 11, 12, 13, 14])
    #expect(data.train.label == [0, 1, 2, 0, 1])
    #expect(data.test?.label == [0, 1])
    #expect(try data.images("train") == (0..<5).flatMap(Samples.pixels))
    #expect(try data.images("test", rows: 1..<(1 + 1)) == Samples.pixels(1))
    #expect(try data.integers("train", "coarse_label") == [0, 0, 1, 1, 2])
    #expect(try data.integers("train", "true_label") == nil)
    #expect(try data.reader.read("/train/difficulty", Float.self).values == [0, 0.25, 0.5, 0.75, 1])
    #expect(data.content == data.reader.content)
  }

  @Test func `The same data set gives the same bytes, and each change another content`() throws {
    _ = try samples.dataset("a.h5")
    let content = try samples.dataset("b.h5").content
    #expect(try bytes(of: samples.scratch("a.h5")) == bytes(of: samples.scratch("b.h5")))
    var layouts = [Samples.Layout](repeating: .init(), count: 5)
    layouts[0].firstLabel = 1
    layouts[1].firstPosition = 11
    layouts[2].classes[2] = "bird"
    layouts[3].test = 3
    layouts[4].test = 0
    let contents = try layouts.map { try samples.dataset("c.h5", $0).content }
    #expect(Set(contents + [content]).count == 6)
  }

  @Test func `The test split may be absent`() throws {
    var layout = Samples.Layout()
    layout.test = 0
    #expect(try samples.dataset("a.h5", layout).test == nil)
  }

  @Test func `A label that was changed later is caught by its digest, and accepted without one`() throws {
    _ = try samples.dataset()
    samples.overwrite("data.h5", "/train/label", [1, 1, 2, 0, 1] as [Int32])
    let failure = try #require(failure { try ImageDataset(samples.open("data.h5")) })
    #expect(failure.status == .badData)
    #expect(failure.description.contains("/train/label: its values are not those that were written"))
    samples.removeAttribute("data.h5", "sha256", of: "/train/label")
    #expect(try ImageDataset(samples.open("data.h5")).train.label == [1, 1, 2, 0, 1])
  }

  @Test(arguments: [Int32(3), -1, .max])
  func `A label outside of the classes is refused`(label: Int32) throws {
    var layout = Samples.Layout()
    layout.firstLabel = label
    let failure = failure { try samples.dataset("a.h5", layout) }
    #expect(failure?.description.contains("label \(label) is outside of the 3 classes") == true)
  }

  @Test func `A file without a content digest gets one that depends on its values`() throws {
    var layout = Samples.Layout()
    var contents: [String] = []
    for position in [Int64(10), 11] {
      layout.firstPosition = position
      _ = try samples.dataset("a.h5", layout)
      samples.removeAttribute("a.h5", "content")
      contents.append(try ImageDataset(samples.open("a.h5")).content)
    }
    #expect(contents[0].count == 64 && contents[0] != contents[1])
  }

  @Test func `Too few and too many examples are refused by the name of the data set`() throws {
    func write(_ count: Int) throws {
      let writer = try DatasetFile.Writer(
        Output(samples.scratch("a.h5")),
        layout: .init(
          name: "tiny", source: "", classes: ["a"], height: 1, width: 1, channels: 1, train: 2, test: 0,
          options: [:]))
      try writer.append(
        .init(
          position: (0..<count).map { Int64($0) }, image: [UInt8](repeating: 0, count: count),
          label: [Int32](repeating: 0, count: count), columns: []), to: "train")
      try writer.finish()
    }
    #expect(failure { try write(1) }?.description == "tiny: 1 train examples instead of 2")
    #expect(failure { try write(3) }?.subject == "tiny")
    #expect(try fileNames(in: samples.scratch.path).isEmpty)
    try write(2)
  }

  @Test func `Every variable's dimensions have names that netCDF and xarray read`() throws {
    _ = try samples.dataset()
    let file = H5Fopen(samples.scratch("data.h5"), 0, 0)
    defer { H5Fclose(file) }
    let image = H5Dopen2(file, "/train/image", 0)
    defer { H5Dclose(image) }
    for (i, path) in ["/train/example", "/y", "/x", "/channel"].enumerated() {
      let scale = H5Dopen2(file, path, 0)
      #expect(H5DSis_attached(image, scale, UInt32(i)) == 1, "\(path)")
      H5Dclose(scale)
    }
  }
}
