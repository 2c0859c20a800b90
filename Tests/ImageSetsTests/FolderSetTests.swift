import Foundation
import Testing

@testable import ImageSets

@Suite struct FolderSetTests {
  let scratch: Scratch
  let jpeg: [UInt8]
  let png: [UInt8]
  let pictures = PictureFixture.all("jpeg.txt") + PictureFixture.all("png.txt")

  init() throws {
    scratch = try Scratch()
    jpeg = try #require(pictures.first { $0.name == "420.jpg" }).bytes
    png = try #require(pictures.first { $0.name == "rgb-8.png" }).bytes
  }

  func set(_ paths: [String], side: Int = 16, in folder: String = "f") throws -> FolderSet {
    for path in paths { _ = try scratch.write(path.lowercased().hasSuffix("png") ? png : jpeg, "\(folder)/\(path)") }
    return try FolderSet(from: "\(scratch.path)/\(folder)", side: side, workers: 2, batch: 2)
  }

  func failure(_ paths: [String], side: Int = 16, in folder: String) -> String {
    do {
      _ = try set(paths, side: side, in: folder)
      return "no error"
    } catch let error as ImageSetError {
      return error.description.replacing(scratch.path + "/", with: "")
    } catch { return "\(error)" }
  }

  @Test func `Classes are folders and examples files, in byte order`() throws {
    let set = try set(["b/10.jpg", "b/9.JPEG", "a/x.png", "B/deep/er/y.PNG", "a/notes.txt", "a/.hidden.jpg", "c.md"])
    #expect(set.header.classes == ["B", "a", "b"])
    #expect(set.header.test.count == 0 && set.passedOver == 2)
    let train = try whole(set, .train)
    #expect(train.label == [0, 1, 2, 2])
    let resizer = Resizer(side: 16, filter: .bilinear, fit: .crop)
    func square(_ bytes: [UInt8]) throws -> [UInt8] {
      let picture = try PictureDecoder(mostPixels: 10_000).decode(bytes, of: "")
      return [UInt8](unsafeUninitializedCapacity: 768) { pixels, count in
        resizer.resize(picture, into: UnsafeMutableBufferPointer(rebasing: pixels[..<768]))
        count = 768
      }
    }
    #expect(try train.image == [png, png, jpeg, jpeg].flatMap(square))
  }

  @Test func `Folders train and test, or val, are the splits`() throws {
    for test in ["test", "val", "valid", "validation"] {
      let set = try set(["train/a/1.jpg", "train/b/2.jpg", "\(test)/b/3.jpg", "\(test)/a/0.png"], in: test)
      #expect(set.header.classes == ["a", "b"])
      #expect(set.header.train.count == 2)
      #expect(try whole(set, .test).label == [0, 1])
    }
    #expect(try set(["train/a/1.jpg", "train/b/2.jpg"], in: "alone").header.classes == ["a", "b"])
    // CIFAR-100 has a class of that name.
    #expect(try set(["train/1.jpg", "truck/2.jpg"], in: "vehicles").header.classes == ["train", "truck"])
  }

  @Test func `Classes and pictures are in ImageFolder's order, which is not that of whole paths`() throws {
    // "-" comes before "/" and "." before "1": whole paths would mix classes and folders.
    let set = try set(["cat-wild/1.jpg", "cat/z.jpg", "cat/sub/a.jpg", "cat/sub.1/a.jpg"])
    #expect(set.header.classes == ["cat", "cat-wild"])
    #expect(try set.labels().train == [0, 0, 0, 1])
    _ = try scratch.write(png, "f/cat/sub/a.jpg")
    let train = try whole(set, .train)
    let images = (0..<4).map { Array(train.image[($0 * 768)..<(($0 + 1) * 768)]) }
    #expect(images[1] != images[0] && images[0] == images[2] && images[2] == images[3])
  }

  @Test func `Names that only look alike are different classes`() throws {
    let set = try set(["caf\u{E9}/1.jpg", "cafe\u{301}/2.jpg", "d/\u{301}x.jpg"])
    #expect(set.header.classes.count == 3 && set.header.train.count == 3)
  }

  @Test func `A zip archive, with a folder of its own or not, gives what the folder gives`() throws {
    let paths = ["a/1.jpg", "a/2.png", "b/3.jpg"]
    let folder = try set(paths)
    for root in ["", "birds/", "x/birds/"] {
      let members = paths.map { ZipMember(root + $0, $0.hasSuffix("png") ? png : jpeg) }
      let archive = try FolderSet(from: try scratch.write(zip(members), "a.zip"), side: 16)
      #expect(archive.header == folder.header)
      #expect(try whole(archive, .train) == whole(folder, .train))
    }
  }

  @Test func `Trees without classes are refused by name`() throws {
    #expect(
      failure(["a/1.txt"], in: "text")
        == "text: has no .jpg, .jpeg or .png; give a folder or zip archive with a folder a class")
    #expect(failure(["1.jpg", "2.jpg"], in: "flat") == "flat/1.jpg: lies in the folder of no class; move it into one")
    #expect(
      failure(["a/1.jpg", "2.jpg"], in: "mixed") == "mixed/2.jpg: lies in the folder of no class; move it into one")
    #expect(
      failure(["train/a/1.jpg", "train/b/1.jpg", "test/c/1.jpg"], in: "more").hasPrefix(
        "more/test/c/1.jpg: is of class c, which has no training pictures;"))
    #expect(
      failure(["train/a/1.jpg", "train/b/1.jpg", "test/a/1.jpg", "val/a/1.jpg"], in: "both").hasPrefix(
        "both: has pictures in test and in val;"))
    #expect(failure(["train/a/1.jpg", "val/a/1.jpg"], in: "one").hasPrefix("one: has pictures of one class alone, a;"))
    #expect(failure(["a/1.jpg", "b/1.jpg"], side: 0, in: "s").hasPrefix("--size 0: is no side of a square;"))
  }

  @Test func `A picture that is none, and one of absurd size, are named`() throws {
    let set = try set(["a/1.jpg", "b/2.jpg"])
    _ = try scratch.write(Array("GIF89a".utf8), "f/b/2.jpg")
    var error = #expect(throws: ImageSetError.self) { try whole(set, .train) }
    #expect(error?.description.hasSuffix("f/b/2.jpg: is neither JPEG nor PNG; convert it, or leave it out") == true)
    var huge = jpeg
    let frame = try #require(huge.indices.first { huge[$0...].starts(with: [0xFF, 0xC0, 0, 17, 8]) })
    huge.replaceSubrange(frame + 5..<frame + 9, with: [0xFF, 0xDC, 0xFF, 0xDC])
    _ = try scratch.write(huge, "f/b/2.jpg")
    error = #expect(throws: ImageSetError.self) { try whole(set, .train) }
    #expect(error?.description.contains("claims 65500 x 65500 pixels, more than the limit of 16777216") == true)
  }

  @Test func `A link to a folder above does not go on for ever`() throws {
    _ = try set(["a/1.jpg", "b/2.jpg"])
    try FileManager.default.createSymbolicLink(atPath: "\(scratch.path)/f/a/up", withDestinationPath: "..")
    let error = #expect(throws: ImageSetError.self) { try FolderSet(from: "\(scratch.path)/f", side: 8) }
    #expect(error?.problem == "has folders within folders without end")
  }
}
