import HDF5

/// The row of one run in each variable that has a row a run.
func row(_ index: Int, of path: String) throws -> [String: [UInt8]] {
  let file = try File.open(path)
  let runs = try file.dataset("/run").shape[0]
  var found: [String: [UInt8]] = [:]
  for path in [
    "/status", "/digest", "/kept_digest", "/train/in_mask", "/train/correct", "/test/correct", "/train/logit",
    "/test/logit", "/checkpoint/parameter", "/history/learning_rate", "/history/train_loss",
    "/history/train_accuracy", "/history/test_loss", "/history/test_accuracy", "/teacher_digest",
    "/teacher_out_accuracy",
  ] where try file.has(path) {
    let dataset = try file.dataset(path)
    precondition(dataset.shape[0] == runs, "a row a run")
    found[path] =
      try file.typeName(dataset) == UInt8.name
      ? dataset.read(UInt8.self, rows: index..<(index + 1))
      : dataset.read(Float.self, rows: index..<(index + 1)).withUnsafeBytes { Array($0) }
  }
  return found
}
