import Foundation
import Testing

@testable import ImageSets

/// A set in the published layout: classes of two pictures each, whose numbers tell colour (even) from grey (odd).
struct TinyImageNetFiles {
  var codes = ["n02000002", "n01000001", "n03000003"]
  var words = [
    "n01000001\tgoldfish, Carassius auratus", "n09000009\tsomething else", "n02000002\tcrane",
    "n03000003\tcrane, hoist",
  ]
  /// Name and class of each validation picture.
  var validation = [("val_0.JPEG", "n03000003"), ("val_3.JPEG", "n01000001"), ("val_12.JPEG", "n01000001")]
  var root = "tiny-imagenet-200/"
  let colour: [UInt8]
  let grey: [UInt8]

  init() throws {
    func bytes(_ name: String) throws -> [UInt8] {
      let url = try #require(Bundle.module.url(forResource: "Fixtures/tiny-imagenet/\(name)", withExtension: "jpg"))
      return [UInt8](try Data(contentsOf: url))
    }
    (colour, grey) = (try bytes("colour"), try bytes("grey"))
  }

  /// Paths and bytes, in the order that an archive would have them.
  var members: [(path: String, bytes: [UInt8])] {
    var members: [(String, [UInt8])] = [
      ("wnids.txt", Array((codes.joined(separator: "\n") + "\n").utf8)),
      ("words.txt", Array(words.joined(separator: "\n").utf8)),
    ]
    for code in codes {
      members.append(("train/\(code)/\(code)_boxes.txt", Array("0 1 2 3\n".utf8)))
      for number in [0, 1] {
        members.append(("train/\(code)/images/\(code)_\(number).JPEG", number == 0 ? colour : grey))
      }
    }
    let lines = validation.map { "\($0)\t\($1)\t0\t0\t10\t10\n" }
    members.append(("val/val_annotations.txt", Array(lines.joined().utf8)))
    members += validation.enumerated().map { ("val/images/\($1.0)", $0 == 1 ? grey : colour) }
    members.append(("test/images/test_0.JPEG", Array("not looked at".utf8)))
    return members.map { (root + $0, $1) }
  }

  func write(to scratch: Scratch) throws -> String {
    for member in members { _ = try scratch.write(member.bytes, "set/" + member.path) }
    return scratch.path + "/set"
  }
}

@Suite struct TinyImageNetTests {
  var files: TinyImageNetFiles
  let scratch: Scratch

  init() throws {
    files = try TinyImageNetFiles()
    scratch = try Scratch()
  }

  func pixels(_ bytes: [UInt8]) throws -> [UInt8] {
    try PictureDecoder(mostPixels: 4096).decode(bytes, of: "picture").pixels
  }

  @Test func `Classes are in the order of their codes and examples in that of their paths`() throws {
    let set = try TinyImageNet(from: try files.write(to: scratch), verify: false)
    #expect(set.header.classCodes == ["n01000001", "n02000002", "n03000003"])
    #expect(set.header.classes == ["goldfish", "crane (n02000002)", "crane (n03000003)"])
    let train = try whole(set, .train)
    #expect(train.position == Array(0..<6) && train.label == [0, 0, 1, 1, 2, 2])
    let (colour, grey) = (try pixels(files.colour), try pixels(files.grey))
    #expect(train.image == [colour, grey, colour, grey, colour, grey].flatMap { $0 })
    let test = try whole(set, .test)
    #expect(test.position == [0, 1, 2] && test.label == [2, 0, 0])
    #expect(test.image == [colour, grey, colour].flatMap { $0 })
    #expect(try set.labels() == BySplit(train: train.label, test: test.label))
  }

  @Test func `Grey pictures have three equal channels`() throws {
    let grey = try pixels(files.grey)
    for start in stride(from: 0, to: grey.count, by: 3) { #expect(Set(grey[start..<start + 3]).count == 1) }
    #expect(Set(grey).count > 50)
  }

  @Test func `Folder and archive, with and without a folder within, in any order, give the same`() throws {
    let folder = try files.write(to: scratch)
    let reference = try TinyImageNet(from: folder, verify: false)
    let train = try whole(reference, .train)
    var sources = [try TinyImageNet(from: folder + "/tiny-imagenet-200", verify: false, workers: 3, batch: 1)]
    for (root, name) in [("tiny-imagenet-200/", "a.zip"), ("", "b.zip")] {
      var other = files
      other.root = root
      let members = other.members.reversed().map { ZipMember($0.path, $0.bytes) }
      let path = try scratch.write(zip(members), name)
      sources.append(try TinyImageNet(from: path, verify: false, workers: 2, batch: 4))
    }
    for source in sources {
      #expect(source.header == reference.header)
      #expect(try whole(source, .train) == train)
      #expect(try whole(source, .test) == whole(reference, .test))
    }
  }

  @Test func `Only what is wanted is decoded`() throws {
    var other = files
    other.validation = []
    let path = try other.write(to: scratch)
    _ = try scratch.write(Array("no picture".utf8), "set/tiny-imagenet-200/train/n02000002/images/n02000002_1.JPEG")
    let set = try TinyImageNet(from: path, verify: false, workers: 2)
    #expect(set.header.test.count == 0)
    let classes = try PreparedSet(set, selection: Selection(classes: ["goldfish", "n03000003"]))
    #expect(classes.header.classes == ["goldfish", "crane (n03000003)"])
    #expect(classes.header.classCodes == ["n01000001", "n03000003"])
    let train = try whole(classes, .train)
    #expect(train.position == [0, 1, 4, 5] && train.label == [0, 0, 1, 1])
    #expect(
      failure { try whole(set, .train) } == "train/n02000002/images/n02000002_1.JPEG: is no whole JPEG: \(notJPEG)")
  }

  private let notJPEG = "Not a JPEG file: starts with 0x6e 0x6f; fetch it again, or leave it out"

  func failure(_ body: () throws -> ImageBatch) -> String {
    do {
      return "no error: \(try body().count)"
    } catch let error as ImageSetError {
      #expect(error.kind == .data)
      return error.description.replacing(scratch.path + "/set/tiny-imagenet-200/", with: "")
        .replacing(scratch.path + "/set", with: "set")
    } catch { return "\(error)" }
  }

  func failure(verify: Bool = false, _ change: (inout TinyImageNetFiles) -> Void) throws -> String {
    var other = files
    change(&other)
    let scratch = try Scratch()
    let path = try other.write(to: scratch)
    let text = failure { try whole(try TinyImageNet(from: path, verify: verify), .test) }
    return text.replacing(scratch.path + "/set/tiny-imagenet-200/", with: "")
      .replacing(scratch.path + "/set", with: "set")
  }

  @Test func `Layouts that do not hang together are named with file and line`() throws {
    #expect(try failure { $0.codes.append("n04000004") }.hasPrefix("words.txt: has no words for n04000004;"))
    #expect(try failure { $0.codes[0] = "n2" }.hasPrefix("wnids.txt: is no list of different WordNet codes"))
    #expect(
      try failure { $0.validation[0].1 = "n07000007" }
        .hasPrefix("val/val_annotations.txt: line 1: has class n07000007, which wnids.txt has not;"))
    #expect(try failure(verify: true) { _ in }.hasPrefix("set: has 3 classes, and 200 were published;"))
  }

  @Test func `A picture without a line, twice in the list, or not there is named`() throws {
    let path = try files.write(to: scratch) + "/tiny-imagenet-200/"
    let list = "set/tiny-imagenet-200/val/val_annotations.txt"
    for (lines, text) in [
      ("val_0.JPEG\tn03000003\n", "val/images/val_12.JPEG: has no line in val_annotations.txt;"),
      ("val_0.JPEG\tn03000003\nval_0.JPEG\tn03000003\n", "val/val_annotations.txt: line 2: names val_0.JPEG again;"),
      ("val_1.JPEG\tn03000003\n", "val/val_annotations.txt: line 1: names val_1.JPEG, which is not there;"),
      ("val_0.JPEG\n", "val/val_annotations.txt: line 1: has no picture and class;"),
    ] {
      _ = try scratch.write(Array(lines.utf8), list)
      #expect(failure { try whole(try TinyImageNet(from: path, verify: false), .test) }.contains(text))
    }
  }

  @Test func `Pictures of another size are refused`() throws {
    let other = try #require(PictureFixture.all("jpeg.txt").first { $0.name == "420.jpg" })
    let path = try files.write(to: scratch)
    _ = try scratch.write(other.bytes, "set/tiny-imagenet-200/train/n01000001/images/n01000001_0.JPEG")
    #expect(
      failure { try whole(try TinyImageNet(from: path, verify: false), .train) }
        .contains("n01000001_0.JPEG: is a picture of 35 x 21, not 64 x 64;"))
  }

  @Test func `Another archive than the published one needs no-verify`() throws {
    let path = try scratch.write(zip(files.members.map { ZipMember($0.path, $0.bytes) }), "t.zip")
    let error = #expect(throws: ImageSetError.self) { try TinyImageNet(from: path) }
    #expect(error?.kind == .data)
    #expect(error?.problem.hasSuffix("bytes, and 248100043 were published") == true)
  }
}
