/// One split of Fashion-MNIST as it was published: a file of images and one of labels.
struct FashionMnistPart: Sendable {
  struct File: Sendable {
    /// Without `.gz`.
    let name: String
    let published: PublishedFile
    /// Of what the file holds once inflated. The published sum is of the packed file; these are of the files in
    /// Debian's package, which are the published ones bit by bit but for the name and time in gzip's header
    /// (Tests/python/fashion_mnist_checksums.py).
    let inflatedMD5: String

    /// - Throws: a data error where the inflated bytes of the file at `path` had another digest.
    func check(_ digest: MD5, _ path: String) throws {
      let found = digest.hexadecimal()
      if found == inflatedMD5 { return }
      throw ImageSetError(
        .data, path, "holds data of MD5 \(found), and \(inflatedMD5) was published",
        "fetch it again, or go without verification")
    }
  }

  let split: Split
  let items: Int
  let images: File
  let labels: File

  /// - Throws: a data error where a file has another number of items.
  func check(_ found: Int, _ path: String) throws {
    if found == items { return }
    throw ImageSetError(
      .data, path, "has \(found) items, and \(items) were published", "fetch it again, or go without verification")
  }

  static let address = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com"

  static let all = [
    FashionMnistPart(
      split: .train, items: 60_000,
      images: File(
        "train-images-idx3-ubyte", bytes: 26_421_880, md5: "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        inflatedMD5: "f4a8712d7a061bf5bd6d2ca38dc4d50a"),
      labels: File(
        "train-labels-idx1-ubyte", bytes: 29_515, md5: "25c81989df183df01b3e8a0aad5dffbe",
        inflatedMD5: "9018921c3c673c538a1fc5bad174d6f9")),
    FashionMnistPart(
      split: .test, items: 10_000,
      images: File(
        "t10k-images-idx3-ubyte", bytes: 4_422_102, md5: "bef4ecab320f06d8554ea6380940ec79",
        inflatedMD5: "8181f5470baa50b63fa0f6fddb340f0a"),
      labels: File(
        "t10k-labels-idx1-ubyte", bytes: 5_148, md5: "bb300cfdad3c16e7a12a480ee83cd310",
        inflatedMD5: "15d484375f8d13e6eb1aabb0c3f46965")),
  ]
}

extension FashionMnistPart.File {
  fileprivate init(_ name: String, bytes: Int, md5: String, inflatedMD5: String) {
    self.init(
      name: name,
      published: PublishedFile(address: "\(FashionMnistPart.address)/\(name).gz", bytes: bytes, md5: md5),
      inflatedMD5: inflatedMD5)
  }
}
