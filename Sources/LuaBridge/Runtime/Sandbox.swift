/// What the sandbox leaves out, for the messages of those who look for it.
enum Sandbox {
  static let missing: [String: String] = [
    "coroutine": "coroutines are not available in plugins; use a closure or a loop",
    "io": "plugins cannot open files",
    "os": "plugins cannot reach the operating system",
    "debug": "the debug library is not available in plugins",
    "package": "modules beside the plugin are loaded with require",
    "load": "plugins cannot compile code at run time",
    "loadstring": "plugins cannot compile code at run time",
    "dofile": "modules beside the plugin are loaded with require",
    "loadfile": "modules beside the plugin are loaded with require",
    "collectgarbage": "memory is looked after by the host",
    "getmetatable": "metatables can be set with setmetatable, not read",
    "rawget": "raw access to tables is not available in plugins",
    "rawset": "raw access to tables is not available in plugins",
  ]

  /// A hint for an error that comes from using something left out.
  static func hint(for message: String) -> String? {
    for (name, hint) in missing where message.contains("(global '\(name)')") { return hint }
    if message.contains("(field 'random')") || message.contains("(field 'randomseed')") {
      return "math.random is left out so that results repeat; a distance must not depend on chance"
    }
    return nil
  }
}
