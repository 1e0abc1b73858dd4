import Foundation

/// What `require` may load: Lua source in the plugin's own folder and in the plugin folders.
enum Modules {
  static let loader = BoundFunction("require", .moduleLoader) { values, caller in
    guard let name = values.first?.string else {
      throw LuaError(.argument, "require: a module's name is needed")
    }
    if values.count > 1 {
      try checkVersion(of: name, file: values[1], version: values[2], wanted: values.last ?? .nil)
      return []
    }
    let file = try find(name, in: caller.runtime.moduleFolders)
    let source = try caller.runtime.readSource(file)
    caller.runtime.didLoad(module: file)
    return [.string(file), .string(source)]
  }

  /// The file of a module: `NAME.lua` or `NAME/init.lua`, where dots in the name are folders.
  private static func find(_ name: String, in folders: [String]) throws(LuaError) -> String {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    let isValid = parts.allSatisfy { part in
      !part.isEmpty
        && part.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == "-") }
    }
    guard isValid else {
      throw LuaError(
        .argument, "require: '\(name)' is not the name of a module",
        hint: "a name has letters, digits, _ and -; dots lead into folders: require \"shapes.disk\""
      )
    }
    let path = parts.joined(separator: "/")
    for folder in folders {
      for candidate in ["\(path).lua", "\(path)/init.lua"] {
        let file = folder == "." ? candidate : folder + "/" + candidate
        guard FileManager.default.fileExists(atPath: file) else { continue }
        guard isInside(file, folder) else {
          throw LuaError(.file, "require: '\(name)' leads out of the plugin folder \(folder)")
        }
        return file
      }
    }
    throw LuaError(
      .file, "require: there is no module '\(name)'",
      hint: folders.isEmpty
        ? "there is no folder to look in"
        : "looked for \(path).lua and \(path)/init.lua in \(folders.joined(separator: ", "))")
  }

  /// Whether a file really lies below a folder, links followed.
  private static func isInside(_ file: String, _ folder: String) -> Bool {
    func real(_ path: String) -> [String] {
      URL(fileURLWithPath: path).resolvingSymlinksInPath().standardizedFileURL.pathComponents
    }
    return real(file).starts(with: real(folder))
  }

  private static func checkVersion(
    of name: String, file: LuaValue, version: LuaValue, wanted: LuaValue
  ) throws(LuaError) {
    guard let text = wanted.string, let requirement = VersionRequirement(text) else {
      throw LuaError(
        .argument, "require: '\(wanted.string ?? wanted.summary)' is not a version requirement",
        hint: "write require(\"\(name)\", \">=1.2\")")
    }
    guard let given = version.string, let version = Version(given) else {
      throw LuaError(
        .definition, "require: module '\(name)' has no version, \(text) is wanted",
        hint: "put version = \"1.0\" into the table that \(file.string ?? name) returns")
    }
    guard requirement.isMet(by: version) else {
      throw LuaError(
        .definition,
        "require: module '\(name)' is version \(given) (\(file.string ?? "")), \(text) is wanted")
    }
  }
}
