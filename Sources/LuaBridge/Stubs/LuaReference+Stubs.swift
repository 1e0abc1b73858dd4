extension LuaReference {
  /// The declarations an editor with the Lua language server reads: completion, types, hover texts.
  public static func stubs() -> String {
    let functions = Catalogue.functions.filter(\.isFunction)
    let methods = Catalogue.functions.filter(\.isMethod)
    let parts =
      [header, generatorClass, tensorClass]
      + methods.map { declaration($0, "Tensor:", parameters: Array($0.parameters.dropFirst())) }
      + ["---@class moonglass\n---@field pi number π\nmg = {}"]
      + groups.map { "---@class moonglass.\($0)\nmg.\($0) = {}" }
      + functions.map { declaration($0, "mg.", parameters: $0.parameters) }
      + ["moonglass = mg", "return mg"]
    return parts.joined(separator: "\n\n") + "\n"
  }

  private static let header = """
    ---@meta moonglass
    -- Generated from the bindings by `make docs`: do not edit.
    """

  /// The tables inside the library that functions with a dot in their name are in.
  private static var groups: [String] {
    let prefixes = Catalogue.functions.compactMap { function in
      function.name.firstIndex(of: ".").map { String(function.name[..<$0]) }
    }
    return Set(prefixes).sorted()
  }

  private static let generatorClass = """
    ---@class moonglass.Generator
    ---@field normal fun(self, sizes: integer[]): moonglass.Tensor
    ---@field uniform fun(self, sizes: integer[], low?: number, high?: number): moonglass.Tensor
    ---@field number fun(self, low?: number, high?: number): number
    ---@field integer fun(self, low: integer, high: integer): integer
    """

  private static var tensorClass: String {
    let fields = Metamethods.properties.map { "---@field \($0.name) \($0.type) \($0.summary)" }
    let operators = Metamethods.operators.map { binding in
      let operand = binding.event == "__unm" ? "" : "(moonglass.Tensor|number)"
      return "---@operator \(binding.event.dropFirst(2))\(operand): moonglass.Tensor"
    }
    return (["---@class moonglass.Tensor"] + fields + operators + ["local Tensor = {}"])
      .joined(separator: "\n")
  }

  private static func name(_ parameter: LuaFunction.Parameter) -> String {
    parameter.extent == .rest ? "..." : parameter.name
  }

  private static func declaration(
    _ function: LuaFunction, _ prefix: String, parameters: [LuaFunction.Parameter]
  ) -> String {
    var lines = ["---\(function.summary)"]
    for parameter in parameters {
      let mark = parameter.isOptional ? "?" : ""
      lines.append("---@param \(name(parameter))\(mark) \(parameter.type) \(parameter.summary)")
    }
    lines.append("---@return \(function.returnType) # \(function.returns)")
    if let spread = parameters.firstIndex(where: { $0.extent == .tableOrNumbers }) {
      let first = prefix == "Tensor:" ? ["self: moonglass.Tensor"] : []
      let before = parameters[..<spread].map { "\($0.name): \($0.type)" }
      let list = (first + before + ["...: integer"]).joined(separator: ", ")
      lines.append("---@overload fun(\(list)): \(function.returnType)")
    }
    // Where the types are the language server's own, a space at the end says nothing.
    let comment = lines.map { $0.hasSuffix(" ") ? String($0.dropLast()) : $0 }
    let names = parameters.map(name).joined(separator: ", ")
    return (comment + ["function \(prefix)\(function.name)(\(names)) end"])
      .joined(separator: "\n")
  }
}
