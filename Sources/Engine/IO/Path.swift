extension String {
  /// The folder in which a path's file lies: "." for a name alone, "/" at the root.
  ///
  /// Foundation's `deletingLastPathComponent` traps on names of one character.
  package var parentFolder: String {
    let path = trimmingSlashes
    guard let slash = path.lastIndex(of: "/") else { return "." }
    let folder = String(path[..<slash]).trimmingSlashes
    return folder.isEmpty ? "/" : folder
  }

  private var trimmingSlashes: String {
    var text = self[...]
    while text.hasSuffix("/") { text.removeLast() }
    return String(text)
  }
}
