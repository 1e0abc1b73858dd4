import Engine
import LuaBridge

/// The main function of a plugin with its parameters: what Lua-backed constraints and operators call.
struct BoundFunction: Sendable {
  let definition: LuaDefinition
  /// The values of all parameters.
  let parameters: LuaTable
  private let function: LuaFunctionReference

  /// Binds parameters to a definition.
  ///
  /// - Throws: ``LuaError`` for parameters it does not have or that are out of range, ``PluginError`` for a
  ///   definition of another kind.
  init(_ definition: LuaDefinition, kind: LuaDefinition.Kind, parameters given: LuaTable) throws {
    guard definition.kind == kind, let function = definition.function else {
      throw PluginError.wrongResult(
        file: definition.file, expected: [kind.rawValue],
        got: "mg.\(definition.kind.rawValue){…}")
    }
    self.definition = definition
    self.function = function
    parameters = try definition.values(for: given)
  }

  /// Where the function is written: `plugins/flux.lua:7`.
  var source: String { "\(function.file):\(function.line)" }

  /// Builds the result for images by calling the script.
  ///
  /// - Parameter expected: what messages say it must return.
  /// - Throws: ``LuaError`` naming the script's line: its own errors, and of kind `result` unless it
  ///   returns a floating tensor.
  func callAsFunction(_ x: Tensor, returning expected: String) throws -> Tensor {
    let name = definition.kind.functionKey ?? ""
    let values = try function.call([.tensor(x), .table(parameters)])
    guard let result = values.first?.tensor else {
      throw problem(
        "\(name) must return \(expected), got \(values.first?.summary ?? "nothing")")
    }
    guard result.dtype.isFloating else {
      throw problem("\(name) must return a floating tensor, got \(result.dtype.rawValue)")
    }
    return result
  }

  /// An error about what the function returned.
  func problem(_ text: String) -> LuaError {
    LuaError(.result, text, file: function.file, line: function.line)
  }

  // MARK: The optional parts

  /// Calls the function under another key with what is given and the parameters' values.
  ///
  /// - Returns: its first result; `nil` where the plugin has no such function.
  func call(
    _ key: String, _ arguments: [LuaValue], then rest: [LuaValue] = []
  ) throws -> LuaValue? {
    guard let function = definition.function(key) else { return nil }
    return try function.call(arguments + [.table(parameters)] + rest).first ?? .nil
  }

  /// Calls the function under another key, which must return a floating tensor of that shape.
  func tensor(
    _ key: String, _ arguments: [LuaValue], then rest: [LuaValue] = [], shape: Shape
  ) throws -> Tensor? {
    guard let value = try call(key, arguments, then: rest) else { return nil }
    guard let result = value.tensor, result.shape == shape, result.dtype.isFloating else {
      throw problem(of: key, "must return a floating tensor \(shape), got \(value.summary)")
    }
    return result
  }

  /// The value of a key that may be given as it is or as a function of the parameters.
  func value(_ key: String) throws -> LuaValue {
    try call(key, []) ?? definition.fields[key]
  }

  /// An error about what the function under another key returned.
  func problem(of key: String, _ text: String) -> LuaError {
    let function = definition.function(key)
    return LuaError(
      .result, "\(key) \(text)", file: function?.file ?? definition.file,
      line: function?.line ?? definition.line)
  }

  /// The images the plugin is made for: its `domain`.
  func domain() throws -> ImageDomain {
    let value = try value("domain")
    if value.isNil { return ImageDomain() }
    let keys = ["channels", "height", "width", "min", "max"]
    guard let table = value.table, table.array.isEmpty else {
      throw problem(
        of: "domain",
        "must be a table such as { channels = 1, min = 0, max = 1 }, got "
          + value.summary)
    }
    for key in table.fields.keys.sorted() where !keys.contains(key) {
      throw problem(
        of: "domain", "has no field '\(key)'" + NearestName.suggestion(key, in: keys))
    }
    func size(_ key: String) throws -> Int? {
      if table[key].isNil { return nil }
      guard let size = table[key].integer, (1...65_536).contains(size) else {
        throw problem(of: "domain", "must have a size as '\(key)', got \(table[key].summary)")
      }
      return size
    }
    return ImageDomain(
      channels: try size("channels"), height: try size("height"), width: try size("width"),
      minimum: table["min"].double, maximum: table["max"].double)
  }

  /// Sees that images have the sizes the plugin is made for.
  func check(_ x: Tensor, in domain: ImageDomain) throws {
    guard domain != ImageDomain(), !domain.contains(x.shape) else { return }
    let sizes = [("N", nil), ("C", domain.channels), ("H", domain.height), ("W", domain.width)]
      .map { name, size in size.map(String.init) ?? name }
    // How many there are does not matter, and would look like a size that is wrong.
    let got = ["N"] + x.shape.dimensions.dropFirst().map(String.init)
    throw LuaError(
      .result,
      "\(definition.kind.rawValue) '\(definition.name)' takes images [\(sizes.joined(separator: ", "))], "
        + "got [\(got.joined(separator: ", "))]", file: definition.file, line: definition.line)
  }
}
