import CFileDriver

/// An HDF5 file, written once from the start or read.
///
/// Files are made with format bounds V110..V110 and compact links and attributes only: every structure of such a file is
/// covered by a checksum, and the same calls give the same bytes.
public final class File {
  public let path: String
  let handle: Handle

  private init(path: String, handle: Handle) {
    self.path = path
    self.handle = handle
  }

  private static func access(_ path: String) throws -> Handle {
    rote_h5_quiet()
    let list = try Handle(H5Pcreate(rote_h5_file_access()), "set up", "file access", close: H5Pclose)
    try check(H5Pset_libver_bounds(list.id, H5F_LIBVER_V110, H5F_LIBVER_V110), "set up", "format bounds")
    try check(rote_driver_set(list.id), "set up", "the driver")
    return list
  }

  /// Makes a file, replacing what is at `path`.
  public static func create(_ path: String) throws -> File {
    let access = try access(path)
    try check(H5Pset_fclose_degree(access.id, H5F_CLOSE_STRONG), "set up", "closing")
    let creation = try Handle(H5Pcreate(rote_h5_file_create()), "set up", "file creation", close: H5Pclose)
    try compact(creation)
    let handle = try Handle(
      H5Fcreate(path, UInt32(ROTE_H5_TRUNC), creation.id, access.id), "create", path, close: H5Fclose)
    return File(path: path, handle: handle)
  }

  /// Opens a file for reading.
  public static func open(_ path: String) throws -> File {
    let access = try access(path)
    let handle = try Handle(
      H5Fopen(path, UInt32(ROTE_H5_RDONLY), access.id), "open", path, close: H5Fclose)
    return File(path: path, handle: handle)
  }

  /// Writes everything that libhdf5 still holds, and closes the file and all that is open in it. Until then the file is
  /// marked as being written, and cannot be opened by others.
  ///
  /// - Throws: where anything of the file was not written since it was made, whoever asked for it.
  public func close() throws {
    try check(H5Fflush(handle.id, H5F_SCOPE_GLOBAL), "write", path)
    let code = rote_driver_write_error(handle.id)
    try check(H5Fclose(handle.id), "write", path)
    guard code == 0 else { throw HDF5Error.system("write", path, code) }
  }

  /// The length of the file in bytes: no variable or attribute can hold more, but for what deflate saves.
  func size() throws -> Int {
    var size: hsize_t = 0
    try check(H5Fget_filesize(handle.id, &size), "read", path)
    return Int(clamping: size)
  }

  /// Links and attributes stay inside checksummed object headers, whatever their number; no object times.
  static func compact(_ creation: Handle) throws {
    try check(H5Pset_link_phase_change(creation.id, 65_535, 0), "set up", "links")
    try check(H5Pset_attr_phase_change(creation.id, 65_535, 0), "set up", "attributes")
    try check(H5Pset_obj_track_times(creation.id, false), "set up", "object times")
  }

  public func createGroup(_ path: String) throws {
    let creation = try Handle(H5Pcreate(rote_h5_group_create()), "set up", path, close: H5Pclose)
    try File.compact(creation)
    _ = try Handle(
      H5Gcreate2(handle.id, path, hid_t(ROTE_H5_DEFAULT), creation.id, hid_t(ROTE_H5_DEFAULT)),
      "create", path, close: H5Gclose)
  }

  /// Whether an object lies at `path` that is reached through plain links of this file alone.
  ///
  /// Soft and external links are never followed: a file that we did not write must not lead out of itself.
  public func has(_ path: String) throws -> Bool {
    // The setting belongs to a thread, and a file may have been opened on another.
    rote_h5_quiet()
    var prefix = ""
    for part in path.split(separator: "/") {
      prefix += "/\(part)"
      guard try check(H5Lexists(handle.id, prefix, hid_t(ROTE_H5_DEFAULT)), "look up", prefix) > 0 else {
        return false
      }
      guard try check(rote_h5_is_hard_link(handle.id, prefix), "look up", prefix) > 0 else {
        throw HDF5Error(action: "look up", object: prefix, reason: "a link that leads elsewhere")
      }
    }
    return true
  }

  /// The names in a group, in byte order.
  public func names(in group: String) throws -> [String] {
    let handle = try Handle(
      H5Gopen2(handle.id, group, hid_t(ROTE_H5_DEFAULT)), "open", group, close: H5Gclose)
    var info = H5G_info_t()
    try check(H5Gget_info(handle.id, &info), "read", group)
    return try (0..<info.nlinks).map { i in
      func name(_ buffer: UnsafeMutablePointer<CChar>?, _ count: Int) throws -> Int {
        try check(
          H5Lget_name_by_idx(
            handle.id, ".", H5_INDEX_NAME, H5_ITER_INC, i, buffer, count, hid_t(ROTE_H5_DEFAULT)),
          "read", group)
      }
      let length = try name(nil, 0)
      var bytes = [CChar](repeating: 0, count: length + 1)
      _ = try name(&bytes, length + 1)
      return String(decoding: bytes.prefix(length).map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
  }

  /// The groups in a group, in byte order. Links that lead elsewhere are passed over.
  public func groups(in group: String) throws -> [String] {
    try names(in: group).filter { name in
      let path = group == "/" ? "/\(name)" : "\(group)/\(name)"
      return try check(rote_h5_is_hard_link(handle.id, path), "look up", path) > 0 && isGroup(path)
    }
  }

  /// The paths of all variables, each group's in byte order. Links that lead elsewhere are refused.
  public func variables() throws -> [String] {
    // Groups may hold themselves. No path of ours is so long, and no file of ours has so many objects.
    let (deepest, most) = (16, 100_000)
    var paths: [String] = []
    var waiting = ["/"]
    var seen = 0
    while let group = waiting.popLast() {
      var inside: [String] = []
      for name in try names(in: group) {
        let path = group == "/" ? "/\(name)" : "\(group)/\(name)"
        func refuse(_ reason: String) -> HDF5Error { HDF5Error(action: "read", object: path, reason: reason) }
        guard try has(path) else { throw refuse("its name is no text") }
        seen += 1
        guard seen <= most else { throw refuse("the file holds more than \(most) objects") }
        if try isGroup(path) { inside.append(path) } else { paths.append(path) }
        guard path.utf8.filter({ $0 == UInt8(ascii: "/") }).count <= deepest else {
          throw refuse("more than \(deepest) groups lie in one another")
        }
      }
      waiting += inside.reversed()
    }
    return paths
  }

  /// Whether a data set is netCDF's dimension without a variable: a scale that holds no values.
  public func isDimensionAlone(_ path: String) throws -> Bool {
    try text("NAME", of: path)?.hasPrefix(File.dimensionAlone) ?? false
  }

  /// Whether `path` is a group (else it is a data set, or no object that we know).
  public func isGroup(_ path: String) throws -> Bool {
    let object = try Handle(
      H5Oopen(handle.id, path, hid_t(ROTE_H5_DEFAULT)), "open", path, close: H5Oclose)
    return H5Iget_type(object.id) == H5I_GROUP
  }
}

/// The versions of libhdf5 in use, as "1.10.8".
public func libraryVersion() -> String {
  rote_h5_quiet()
  var (major, minor, release): (UInt32, UInt32, UInt32) = (0, 0, 0)
  _ = H5get_libversion(&major, &minor, &release)
  return "\(major).\(minor).\(release)"
}
