import HDF5
import ToolKit

/// Reads a file back that was just written and closed, before it gets its name: what the system, the disk or libhdf5 lost
/// without a word shows here, while what the file is made from is still there.
enum ReadBack {
  /// - Parameter content: the digest of what was written.
  /// - Throws: a failure to write, where the file is not what was written. Of runs, scores and alignment all digests are
  ///   computed anew; of data sets, whose archives stay, the structure, labels and columns are read and no image.
  static func confirm(_ output: Output, content: String) throws {
    let reader: ArtefactReader
    do {
      reader = try ArtefactReader(Input(writtenTo: output))
      guard reader.content == content else { throw Failure(.badData, nil, "its content is another") }
      if reader.kind == .data {
        _ = try ImageDataset(reader)
      } else if let problem = FileCheck.problems(in: reader).first {
        throw problem
      }
    } catch let failure as Failure {
      throw Failure(
        .inputOutput, output.name, "what was written cannot be read back: \(failure.problem)",
        remedy: "check the disk, and start the same command again")
    }
  }
}
