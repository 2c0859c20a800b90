/// Named arrays in one `.npz` file, a zip archive of `.npy` files: what `numpy.savez` and `savez_compressed` write.
///
/// Only what is asked for is read.
public struct NumPyArchive {
  private let archive: ZipArchive
  private let reader: ZipReader

  /// The names of the arrays, in their order.
  public var names: [String] {
    archive.entries.compactMap { $0.path.hasSuffix(".npy") ? String($0.path.dropLast(4)) : nil }
  }

  /// - Throws: `ImageSetError`.
  public init(path: String) throws {
    archive = try ZipArchive(path: path)
    reader = try ZipReader(archive)
  }

  /// The array of that name.
  ///
  /// - Parameter limit: the most bytes that it may have.
  /// - Throws: `ImageSetError` where there is none, or it is damaged or too large.
  public func array(_ name: String, limit: Int) throws -> NumPyArray {
    guard let entry = archive.entries.first(where: { $0.path == "\(name).npy" }) else {
      let known = names.isEmpty ? "no arrays" : names.prefix(20).joined(separator: ", ")
      throw ImageSetError(
        .data, archive.file.path, "has no array \(name), but \(known)", "name the file that --from is the format of")
    }
    return try reader.read(entry, limit: limit) { try NumPyArray($0, subject: archive.subject(entry)) }
  }
}
