import Artefacts
import HDF5
import ToolKit

/// Files that are whole, and wrong.
enum HostileFiles {
  /// Of a format that is yet to come.
  static func newer(_ path: String, kind: String) throws {
    let file = try File.create(path)
    try file.set("kind", to: kind)
    try file.set("format", to: Int64(Provenance.format + 1))
    try file.close()
  }

  /// HDF5, but none of ours.
  static func foreign(_ path: String) throws {
    let file = try File.create(path)
    try file.set("title", to: "somebody else's")
    try file.close()
  }

  /// A data set file of 20 grey images, the last with this label: written there by another program, since ours reads back what
  /// it writes.
  static func data(_ path: String, label: Int32, side: Int = 8) throws {
    let count = 20
    let writer = try DatasetFile.Writer(
      Output(path),
      layout: DatasetFile.Layout(
        name: "grey", source: "made up", classes: (0..<10).map { "class \($0)" }, height: side, width: side,
        channels: 3, train: count, test: 0, options: [:]))
    try writer.append(
      DatasetFile.Batch(
        position: (0..<Int64(count)).map { $0 }, image: [UInt8](repeating: 128, count: count * side * side * 3),
        label: [Int32](repeating: 3, count: count), columns: []),
      to: "train")
    try writer.finish()
    // Reading and writing.
    let file = H5Fopen(path, 1, 0)
    let labels = H5Dopen2(file, "/train/label", 0)
    H5Dwrite(labels, rote_h5_i32(), 0, 0, 0, [Int32](repeating: 3, count: count - 1) + [label])
    H5Adelete(labels, "sha256")
    H5Adelete(file, "content")
    H5Dclose(labels)
    H5Fclose(file)
  }

  /// As much of a runs file as is read before its labels are looked at; the last one is this.
  static func runs(_ path: String, label: Int32) throws {
    let file = try File.create(path)
    try file.set("kind", to: "runs")
    try file.set("format", to: Int64(Provenance.format))
    try file.set("config", to: "{}")
    try file.set("architecture", to: "mlp")
    try file.set("data", to: "0")
    try file.set("parameter_count", to: Int64(1))
    try file.createText("/class", count: 10).write(text: (0..<10).map { "class \($0)" })
    try file.createGroup("/train")
    func write<T: Element>(_ path: String, _ values: [T]) throws {
      try file.create(path, T.self, shape: [values.count], chunk: [values.count], compressed: false, fill: nil)
        .write(values)
    }
    try write("/run", [Int64(0)])
    try write("/train/example", [Int64(0), 1, 2])
    try write("/train/label", [1, 2, label])
    try file.close()
  }
}
