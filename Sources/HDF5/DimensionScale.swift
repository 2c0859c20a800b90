/// Named dimensions, as HDF5's dimension scales and so as netCDF and xarray see them.
extension File {
  /// Makes a data set a scale: its own name is the dimension's.
  public func makeScale(_ dataset: Dataset) throws {
    let name = dataset.path.split(separator: "/").last.map(String.init) ?? dataset.path
    try check(H5DSset_scale(dataset.handle.id, name), "make a scale of", dataset.path)
  }

  /// How netCDF begins the name of a scale that is a dimension alone.
  static let dimensionAlone = "This is a netCDF dimension but not a netCDF variable."

  /// A dimension without coordinates, in netCDF's way: a scale that holds no values.
  public func createDimension(_ path: String, length: Int) throws {
    let chunk = max(1, min(length, 1 << 18))
    let dataset = try create(path, Float.self, shape: [length], chunk: [chunk], compressed: false)
    let digits = String(length)
    let label =
      File.dimensionAlone
      + String(repeating: " ", count: max(0, 10 - digits.count)) + digits
    try check(H5DSset_scale(dataset.handle.id, label), "make a scale of", path)
  }

  /// Names the dimensions of a variable by the scales at these paths, one each.
  public func attach(_ scales: [String], to dataset: Dataset) throws {
    precondition(scales.count == dataset.shape.count)
    for (i, path) in scales.enumerated() where path != dataset.path {
      let scale = try Handle(
        H5Dopen2(handle.id, path, hid_t(ROTE_H5_DEFAULT)), "open", path, close: H5Dclose)
      try check(
        H5DSattach_scale(dataset.handle.id, scale.id, UInt32(i)), "name the dimensions of", dataset.path)
    }
  }
}
