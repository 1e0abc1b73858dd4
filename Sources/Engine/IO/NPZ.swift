import CKernels

/// NumPy's `.npz`: a zip archive of `.npy` files, each named after its array.
///
/// Read: stored and deflated members, as `numpy.savez` and `savez_compressed` write them. Written:
/// stored members, always the same bytes for the same arrays.
public enum NPZ {
  /// Reads all arrays by name, where names are keys and never paths.
  ///
  /// - Throws: ``EngineError/file(path:reason:)``.
  public static func read(_ path: String) throws(EngineError) -> [String: Tensor] {
    try decode(FileBytes(reading: path))
  }

  /// Reads the bytes of a file; `path` names them in errors.
  ///
  /// - Throws: ``EngineError/file(path:reason:)``.
  public static func decode(_ bytes: [UInt8], path: String) throws(EngineError) -> [String: Tensor]
  {
    try decode(FileBytes(bytes, path: path))
  }

  /// Writes a file, atomically.
  ///
  /// - Throws: ``EngineError/file(path:reason:)``, or what computing the tensors throws.
  public static func write(_ tensors: [String: Tensor], to path: String) throws(EngineError) {
    try AtomicFile.write(encode(tensors, path: path), to: path)
  }

  /// The bytes of a file, members in the order of their names; `path` names them in errors.
  ///
  /// - Throws: ``EngineError/file(path:reason:)`` for a name or size that zip cannot hold, or what
  ///   computing the tensors throws.
  public static func encode(_ tensors: [String: Tensor], path: String = "npz")
    throws(EngineError) -> [UInt8]
  {
    var writer = ZipWriter(path: path)
    for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
      try writer.add(name + ".npy", NPY.encode(tensor))
    }
    return try writer.finish()
  }

  private static func decode(_ file: FileBytes) throws(EngineError) -> [String: Tensor] {
    let archive = try ZipReader(file)
    guard !archive.members.isEmpty else { throw file.fail("expected arrays, the archive is empty") }
    var tensors: [String: Tensor] = [:]
    for member in archive.members {
      let name = member.name.hasSuffix(".npy") ? String(member.name.dropLast(4)) : member.name
      guard tensors[name] == nil else {
        throw file.fail("array \(printable(name)) is there twice")
      }
      let label = "\(file.path), member \(printable(member.name))"
      tensors[name] = try NPY.decode(try archive.content(of: member), path: label)
    }
    return tensors
  }
}
