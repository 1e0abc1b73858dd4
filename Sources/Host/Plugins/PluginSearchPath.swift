import Engine
import Foundation

/// The folders plugins are looked for in, first match first.
public struct PluginSearchPath: Sendable {
  /// Where names are looked for: the recipe's folder, `./plugins`, the folders of
  /// `MOONGLASS_PLUGINS`, the shipped plugins.
  public var folders: [String]
  /// Where relative paths are looked for.
  public var roots: [String]

  /// Uses these folders only.
  public init(folders: [String], roots: [String] = []) {
    self.folders = folders
    self.roots = roots
  }

  /// The usual folders.
  ///
  /// - Parameters:
  ///   - environment: for `MOONGLASS_PLUGINS` (folders, colon-separated) and `MOONGLASS_HOME` (the
  ///     folder
  ///     that holds the shipped `plugins`).
  ///   - executable: the running program; the shipped plugins are looked for upwards from it.
  public init(
    environment: [String: String] = ProcessInfo.processInfo.environment,
    executable: String? = Bundle.main.executablePath
  ) {
    let listed = (environment["MOONGLASS_PLUGINS"] ?? "").split(separator: ":").map(String.init)
    let shipped = PluginSearchPath.shipped(
      home: environment["MOONGLASS_HOME"], executable: executable)
    folders = ["plugins"] + listed + (shipped.map { [$0] } ?? [])
    roots = ["."]
  }

  /// The same folders, and before them the one a recipe lies in.
  public func beside(recipe: String) -> PluginSearchPath {
    let own = [recipe.parentFolder]
    return PluginSearchPath(folders: own + folders, roots: own + roots)
  }

  /// The file a path names.
  public func file(atPath path: String) -> String? {
    let candidates = path.hasPrefix("/") ? [path] : roots.map { join($0, path) }
    return candidates.first(where: PluginSearchPath.isFile)
  }

  /// The files that may define `name`, in order: `NAME.lua` and `NAME/init.lua` of each folder and of
  /// its `SUBFOLDER`.
  public func files(named name: String, subfolder: String) -> [String] {
    folders.flatMap { [$0, join($0, subfolder)] }
      .flatMap { [join($0, "\(name).lua"), join($0, "\(name)/init.lua")] }
      .filter(PluginSearchPath.isFile)
  }

  /// The names that `SUBFOLDER` of the folders offers: files, and folders with an `init.lua`.
  public func names(subfolder: String) -> [String] {
    let names = folders.flatMap { folder -> [String] in
      let place = join(folder, subfolder)
      let entries = (try? FileManager.default.contentsOfDirectory(atPath: place)) ?? []
      return entries.compactMap { entry in
        if entry.hasSuffix(".lua") { return String(entry.dropLast(4)) }
        return PluginSearchPath.isFile(join(place, "\(entry)/init.lua")) ? entry : nil
      }
    }
    return Set(names).sorted()
  }

  /// Where a plugin's `require` looks: beside it, then in the plugin folders.
  func moduleFolders(for file: String) -> [String] {
    let own = file.parentFolder
    return [own] + folders.filter { $0 != own }
  }

  private func join(_ folder: String, _ path: String) -> String {
    folder == "." ? path : (folder as NSString).appendingPathComponent(path)
  }

  private static func isFile(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
      && !isFolder.boolValue
  }

  private static func shipped(home: String?, executable: String?) -> String? {
    if let home { return (home as NSString).appendingPathComponent("plugins") }
    var folder = ((executable ?? "") as NSString).resolvingSymlinksInPath
    while folder.count > 1 {
      folder = folder.parentFolder
      let plugins = (folder as NSString).appendingPathComponent("plugins")
      let mark = (plugins as NSString).appendingPathComponent("constraints")
      if FileManager.default.fileExists(atPath: mark) { return plugins }
    }
    return nil
  }
}
