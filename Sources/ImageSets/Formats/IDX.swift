/// An IDX file of bytes, as those of MNIST: items of one shape, one after the other; plain or gzip.
///
/// - Source: LeCun, Cortes and Burges, "The MNIST database of handwritten digits", section on file formats.
final class IDXFile {
  /// The number of items.
  let count: Int
  /// Its bytes before the first item.
  let header: [UInt8]
  private let stream: ByteStream
  private let path: String
  private let itemBytes: Int
  private var given = 0

  /// The published sets have 60,000; gzip makes endless items of a small file.
  private static let mostItems = 1_000_000

  /// - Parameter shape: what each item must be; none for single numbers.
  /// - Throws: `ImageSetError`.
  init(path: String, shape: [Int]) throws {
    self.path = path
    itemBytes = shape.reduce(1, *)
    stream = try ByteStream(path: path, inflating: true)
    let magic = try stream.read(4, of: "its IDX header")
    guard magic[0] == 0, magic[1] == 0, magic[3] > 0 else {
      throw ImageSetError(.data, path, "is no IDX file, plain or in gzip", "give the published file")
    }
    guard magic[2] == 8 else {
      throw ImageSetError(
        .data, path, "is an IDX file of type \(magic[2]), not of unsigned bytes (8)", "give the published file")
    }
    let sizes = try stream.read(4 * Int(magic[3]), of: "its IDX header")
    let dimensions = (0..<Int(magic[3])).map { Int(sizes.number(at: 4 * $0, as: UInt32.self, bigEndian: true)) }
    guard dimensions.dropFirst().elementsEqual(shape) else {
      func text(_ shape: [Int]) -> String { (["N"] + shape.map(String.init)).joined(separator: "x") }
      throw ImageSetError(
        .data, path, "is \(text(Array(dimensions.dropFirst()))), not \(text(shape))", "give the published file")
    }
    header = magic + sizes
    count = dimensions[0]
    guard count <= Self.mostItems else {
      throw ImageSetError(
        .data, path, "claims \(count) items, more than the limit of \(Self.mostItems)", "give a smaller subset")
    }
  }

  /// The next `wanted` items, or as many as are left.
  ///
  /// When the last is given, the end of the file has been checked.
  func read(_ wanted: Int) throws -> [UInt8] {
    let items = min(wanted, count - given)
    let bytes = try stream.read(items * itemBytes, of: "its \(count) items")
    given += items
    if given == count, try !stream.read(upTo: 1).isEmpty {
      throw ImageSetError(.data, path, "goes on after its \(count) items", "fetch it again")
    }
    return bytes
  }
}
