import CKernels
import Engine

/// What operators, indexing and printing do to our objects in Lua.
enum Metamethods {
  static let bindings: [BoundFunction] =
    arithmetic + comparisons + [length, index, assignment, text, call]
    + [errorText, errorIndex, errorConcatenation, definitionText, definitionIndex, unknownName]
    + [unknownKey]

  private static let tensor = BoundFunction.Place.metamethod(mg_lua_tensor)

  /// Operators are the library's functions of those names.
  static let operators: [(event: String, name: String)] = [
    ("__add", "add"), ("__sub", "sub"), ("__mul", "mul"), ("__div", "div"), ("__pow", "pow"),
    ("__mod", "mod"), ("__idiv", "floor_div"), ("__unm", "neg"),
  ]

  private static let arithmetic = operators.compactMap { event, name in
    Catalogue.function(named: name).map { BoundFunction(event, tensor, body: $0.body) }
  }

  /// Lua turns whatever these return into one boolean, so they cannot be element-wise.
  private static let comparisons = [("__lt", "<", "lt"), ("__le", "<=", "le")].map {
    event, sign, name in
    BoundFunction(event, tensor) { _, _ in
      throw LuaError(
        .argument, "'\(sign)' would make one true or false of whole tensors",
        hint:
          "for an element-wise comparison write x:\(name)(y), or x:\(name == "lt" ? "gt" : "ge")(y)"
      )
    }
  }

  private static let length = BoundFunction("__len", tensor) { values, _ in
    guard let x = values.first?.tensor, x.rank > 0 else {
      throw LuaError(.argument, "'#' needs a tensor with at least one axis")
    }
    return [.integer(x.shape[0])]
  }

  /// What a tensor has besides methods.
  static let properties = [
    (name: "shape", type: "integer[]", summary: "the sizes of the axes"),
    (name: "dtype", type: "string", summary: "\"float32\", \"float64\", \"int32\" or \"bool\""),
    (name: "ndim", type: "integer", summary: "the number of axes"),
    (name: "size", type: "integer", summary: "the number of elements"),
  ]

  private static let index = BoundFunction("__index", tensor) { values, _ in
    guard let x = values.first?.tensor, values.count > 1 else { return [.nil] }
    do {
      switch values[1] {
      case .string(let name): return .one(try property(name, of: x))
      case .integer, .number: return .one(.tensor(try Slicing.slice(x, [values[1]])))
      case .table(let table) where table.fields.isEmpty:
        return .one(.tensor(try Slicing.slice(x, table.array)))
      case .tensor:
        throw LuaError(
          .argument, "a tensor cannot index a tensor",
          hint: "to keep some elements and replace the others write mg.where(mask, x, 0)")
      default:
        throw LuaError(.argument, "a \(values[1].typeName) cannot index a tensor")
      }
    } catch let problem as ArgumentProblem {
      throw LuaError(.argument, "slice: \(problem.text)", hint: problem.hint)
    }
  }

  private static func property(_ name: String, of x: Tensor) throws(LuaError) -> LuaValue {
    switch name {
    case "shape":
      var sizes = LuaTable(array: x.shape.dimensions.map { .integer($0) })
      sizes.isRecord = x.rank > 0
      return .table(sizes)
    case "dtype": return .string(x.dtype.rawValue)
    case "ndim": return .integer(x.rank)
    case "size": return .integer(x.count)
    default:
      let known = Catalogue.functions.filter(\.isMethod).map(\.name) + properties.map(\.name)
      throw missing(
        name, "tensor has no method", known: known, advice: Habits.advice(onName: name))
    }
  }

  /// The error for a name that is none of the library's: what it is called here, what to do instead, or the
  /// nearest name.
  private static func missing(
    _ name: String, _ what: String, known: [String], advice: String?
  ) -> LuaError {
    let other =
      Habits.name(for: name).map { "; it is '\($0)' here" }
      ?? (advice == nil ? NearestName.suggestion(name, in: known) : "")
    return LuaError(.argument, "\(what) '\(name)'\(other)", hint: advice)
  }

  private static let assignment = BoundFunction("__newindex", tensor) { _, _ in
    throw LuaError(
      .argument, "tensors never change in place",
      hint: "make a new one: mg.where(mask, a, b), mg.concat({…}, axis), x:pad(…)")
  }

  private static let text = BoundFunction("__tostring", tensor) { values, _ in
    [.string(values.first?.tensor.map(TensorText.describe) ?? "tensor")]
  }

  private static let call = BoundFunction("__call", tensor) { _, _ in
    throw LuaError(.argument, "a tensor cannot be called", hint: "to slice it use brackets: x[{…}]")
  }

  // MARK: Errors as values: what pcall returns when one of ours was raised. They read as their
  // message.

  private static let errorText = BoundFunction("__tostring", .metamethod(mg_lua_error_object)) {
    values, _ in [values.first ?? .nil]
  }

  private static let errorIndex = BoundFunction("__index", .metamethod(mg_lua_error_object)) {
    values, _ in values.count > 1 && values[1].string == "message" ? [values[0]] : [.nil]
  }

  private static let errorConcatenation = BoundFunction(
    "__concat", .metamethod(mg_lua_error_object)
  ) {
    values, _ in
    let texts = values.prefix(2).compactMap { $0.string ?? $0.double.map(LuaValue.text) }
    guard texts.count == 2 else { throw LuaError(.argument, "only text can be joined to an error") }
    return [.string(texts.joined())]
  }

  // MARK: Definitions

  private static let definitionText = BoundFunction("__tostring", .metamethod(mg_lua_definition)) {
    values, _ in
    guard case .definition(let definition)? = values.first else { return [.nil] }
    return [.string("\(definition.kind.rawValue) '\(definition.name)'")]
  }

  private static let definitionIndex = BoundFunction("__index", .metamethod(mg_lua_definition)) {
    values, _ in
    guard case .definition(let definition)? = values.first, let key = values.last?.string else {
      return [.nil]
    }
    return [key == "kind" ? .string(definition.kind.rawValue) : definition.fields[key]]
  }

  // MARK: The library

  private static let unknownName = BoundFunction("unknown", .unknownName) { values, _ in
    let name = values.last?.string ?? values.last?.summary ?? ""
    let known = Catalogue.functions.filter(\.isFunction).map(\.name) + ["pi"]
    let isMethod = Catalogue.functions.contains { $0.name == name }
    let advice = isMethod ? "it is a method: x:\(name)()" : Habits.advice(onName: name)
    throw missing(name, "mg has no function", known: known, advice: advice)
  }

  // MARK: Records

  /// What `x.shape` does not have: nothing past its end, where loops look for it.
  private static func size(_ key: LuaValue, of sizes: [LuaValue]) throws(LuaError) -> LuaValue {
    if let axis = key.integer, axis > sizes.count { return .nil }
    throw LuaError(
      .argument, "shape has no element \(key.string.map { "'\($0)'" } ?? key.summary)",
      hint: key.integer == 0
        ? "axes count from 1: x.shape[1] is the first size"
        : "x.shape[1] is the first size, x.shape[x.ndim] the last one")
  }

  /// A misspelt parameter would be a `nil` that fails far from here, or nowhere.
  private static let unknownKey = BoundFunction("__index", .unknownKey) { values, _ in
    if let sizes = values.first?.table?.array, !sizes.isEmpty {
      return [try size(values.last ?? .nil, of: sizes)]
    }
    let known = values.first?.table?.fields.keys.sorted() ?? []
    guard case .string(let name)? = values.last else {
      throw LuaError(
        .argument, "parameters are read by name, as in p.\(known.first ?? "name")")
    }
    throw LuaError(
      .argument, "there is no parameter '\(name)'" + NearestName.suggestion(name, in: known),
      hint: known.isEmpty
        ? "declare it: params = { \(name) = { default = … } }"
        : "declared in params: \(known.joined(separator: ", "))")
  }
}
