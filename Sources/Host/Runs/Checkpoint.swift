import Engine
import Foundation

/// Everything needed to go on with a run: a directory `ckpt-000123` that is whole or not there.
///
/// It holds one `.safetensors` file a group of tensors, `state.json`, and `manifest.json` with the size and
/// SHA-256 of the others. All are written and flushed under a temporary name, which is then moved into
/// place, and the move is flushed too: only then does a save return. No clock is in any name.
public enum Checkpoint {
  /// A checkpoint that was read back.
  public struct Loaded<State> {
    /// The step it was saved at.
    public let step: Int
    /// Tensors by group and name.
    public let groups: [String: [String: Tensor]]
    /// What else was saved.
    public let state: State
    /// A sentence for every newer checkpoint that was damaged and passed over.
    public let warnings: [String]
  }

  struct Manifest: Codable {
    struct File: Codable {
      let size: Int
      let sha256: String
    }
    var version = 1
    let step: Int
    let files: [String: File]
  }

  private static let manifestName = "manifest.json"
  private static let stateName = "state.json"

  /// Saves a checkpoint, then removes all but the newest `count` up to its step.
  ///
  /// - Parameters:
  ///   - step: number of finished steps; saving a step again makes a newer one.
  ///   - groups: tensors by group and name; a group's name becomes a file's and must be a plain word.
  ///   - state: everything that is not a tensor.
  ///   - directory: the run's directory.
  ///   - count: how many to keep, at least two.
  /// - Throws: ``EngineError/file(path:reason:)``; older checkpoints are untouched then.
  public static func save(
    step: Int, groups: [String: [String: Tensor]], state: some Encodable, in directory: URL,
    keeping count: Int = 2
  ) throws(EngineError) {
    let before = names(in: directory).last { $0.step == step }
    let name = Name(step: step, revision: before.map { $0.revision + 1 } ?? 0)
    let place = directory.appendingPathComponent(name.text)
    let temporary = directory.appendingPathComponent("\(name.text).tmp.\(getpid())")
    guard step >= 0, groups.keys.allSatisfy(isPlainWord) else {
      throw .file(path: place.path, reason: "the step is negative or a group's name is not a word")
    }
    remove(temporary)
    guard mkdir(temporary.path, 0o777) == 0 else {
      throw .file(
        path: temporary.path, reason: "cannot create: \(String(cString: strerror(errno)))")
    }
    do throws(EngineError) {
      try fill(temporary, step: step, groups: groups, state: state)
      guard rename(temporary.path, place.path) == 0 else {
        throw .file(
          path: place.path, reason: "cannot move into place: \(String(cString: strerror(errno)))")
      }
    } catch {
      remove(temporary)
      throw error
    }
    try AtomicFile.synchronizeDirectory(directory.path)
    // Later steps are left alone and not counted: they were damaged, or this run would have begun there.
    for old in names(in: directory).filter({ $0 <= name }).dropLast(max(count, 2)) {
      remove(directory.appendingPathComponent(old.text))
    }
  }

  /// Loads the newest checkpoint that is whole; `nil` where none was ever saved.
  ///
  /// - Throws: ``EngineError/file(path:reason:)`` where there are checkpoints and all are damaged.
  public static func loadLatest<State: Decodable>(
    _ type: State.Type, in directory: URL
  ) throws(EngineError) -> Loaded<State>? {
    var warnings: [String] = []
    for name in names(in: directory).reversed() {
      let place = directory.appendingPathComponent(name.text)
      do throws(EngineError) {
        let (groups, state) = try load(type, from: place, step: name.step)
        return Loaded(step: name.step, groups: groups, state: state, warnings: warnings)
      } catch {
        warnings.append("\(error.message); trying the checkpoint before it")
      }
    }
    guard let last = warnings.last else { return nil }
    throw .file(
      path: directory.path,
      reason: "none of the \(warnings.count) checkpoints is whole; the oldest: \(last)")
  }

  // MARK: - Saving

  private static func fill(
    _ directory: URL, step: Int, groups: [String: [String: Tensor]], state: some Encodable
  ) throws(EngineError) {
    var files: [String: Manifest.File] = [:]
    func add(_ name: String, _ bytes: [UInt8]) throws(EngineError) {
      try AtomicFile.create(bytes, at: directory.appendingPathComponent(name).path)
      files[name] = Manifest.File(size: bytes.count, sha256: SHA256.hexDigest(of: bytes))
    }
    for (group, tensors) in groups.sorted(by: { $0.key < $1.key }) {
      try add(group + ".safetensors", Safetensors.encode(tensors, metadata: ["step": "\(step)"]))
    }
    try add(stateName, SafeFile.json(state, for: directory.appendingPathComponent(stateName)))
    let manifest = directory.appendingPathComponent(manifestName)
    try AtomicFile.create(
      SafeFile.json(Manifest(step: step, files: files), for: manifest), at: manifest.path)
    try AtomicFile.synchronizeDirectory(directory.path)
  }

  // MARK: - Loading

  private static func load<State: Decodable>(
    _ type: State.Type, from place: URL, step: Int
  ) throws(EngineError) -> ([String: [String: Tensor]], State) {
    let manifest = try SafeFile.read(
      Manifest.self, from: place.appendingPathComponent(manifestName))
    guard manifest.version == 1, manifest.step == step else {
      throw .file(
        path: place.path,
        reason: "expected version 1 and step \(step), the manifest says "
          + "version \(manifest.version) and step \(manifest.step)")
    }
    guard manifest.files[stateName] != nil else {
      throw .file(path: place.path, reason: "the manifest lists no \(stateName)")
    }
    var groups: [String: [String: Tensor]] = [:]
    var state: State?
    for (name, expected) in manifest.files.sorted(by: { $0.key < $1.key }) {
      let bytes = try verified(place, name, expected)
      let path = place.appendingPathComponent(name).path
      if name == stateName {
        state = try SafeFile.decode(type, bytes, path: path)
      } else {
        groups[String(name.dropLast(".safetensors".count))] =
          try Safetensors.decode(bytes, path: path).tensors
      }
    }
    guard let state else { throw .file(path: place.path, reason: "\(stateName) is missing") }
    return (groups, state)
  }

  private static func verified(
    _ place: URL, _ name: String, _ expected: Manifest.File
  ) throws(EngineError) -> [UInt8] {
    // A name in a file must never lead out of the directory.
    guard name == stateName || name.hasSuffix(".safetensors"),
      name == stateName || isPlainWord(String(name.dropLast(".safetensors".count)))
    else { throw .file(path: place.path, reason: "the manifest names a file that cannot be ours") }
    let bytes = try SafeFile.bytes(of: place.appendingPathComponent(name))
    guard bytes.count == expected.size, SHA256.hexDigest(of: bytes) == expected.sha256 else {
      throw .file(
        path: place.appendingPathComponent(name).path,
        reason: "the checkpoint is damaged: size or SHA-256 differ from its manifest")
    }
    return bytes
  }

  // MARK: - Names

  /// `ckpt-000123`, or `ckpt-000123-2` for the third time that step was saved: nothing is ever replaced.
  private struct Name: Comparable {
    let step: Int
    var revision = 0

    var text: String {
      let digits = String(step)
      let padding = String(repeating: "0", count: max(0, 6 - digits.count))
      return "ckpt-\(padding)\(digits)" + (revision == 0 ? "" : "-\(revision)")
    }

    init(step: Int, revision: Int) { (self.step, self.revision) = (step, revision) }

    init?(_ entry: String) {
      let parts = entry.split(separator: "-", omittingEmptySubsequences: false)
      guard parts.count == 2 || parts.count == 3, let step = Int(parts[1]) else { return nil }
      self.init(step: step, revision: parts.count == 3 ? Int(parts[2]) ?? -1 : 0)
      guard (0...Int(UInt32.max)).contains(step), (0...Int(Int32.max)).contains(revision),
        text == entry
      else { return nil }
    }

    static func < (a: Name, b: Name) -> Bool { (a.step, a.revision) < (b.step, b.revision) }
  }

  private static func names(in directory: URL) -> [Name] {
    let entries = (try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []
    return entries.compactMap(Name.init).sorted()
  }

  private static func isPlainWord(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.count <= 64
      && text.utf8.allSatisfy {
        (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
          || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-")
      }
  }

  private static func remove(_ url: URL) {
    try? FileManager.default.removeItem(at: url)
  }
}
