import CKernels
import Engine

/// One parameter of a function of the library: its name and documentation; its type is `Value`.
public struct Param<Value: LuaReadable>: Sendable {
  let name: String
  let summary: String

  /// Describes a parameter.
  public init(_ name: String, _ summary: String) {
    self.name = name
    self.summary = summary
  }
}

/// A function of the `mg` library.
///
/// Registration, argument checks, error texts, editor stub and reference page come from this value;
/// the tests run what its documentation shows.
public struct LuaFunction: Sendable {
  /// A snippet for the reference page.
  public struct Example: Sendable {
    /// Lua statements that come before it; may be empty.
    public let setup: String
    /// Lua expressions that are printed.
    public let expression: String
    /// What that prints; of an error, its message without the position.
    public let output: String
  }

  /// What the documentation says of one parameter.
  public struct Parameter: Sendable {
    public let name: String
    /// The type as the editor stubs write it.
    public let type: String
    public let summary: String
    public let isOptional: Bool
    public let extent: ArgumentExtent
  }

  /// Where people find it.
  public enum Access: Sendable {
    /// `mg.f(x)`, and `x:f()` where the first parameter is a tensor.
    case everywhere
    /// `x:f()` only.
    case method
    /// `mg.f(x)` only.
    case function
  }

  public let name: String
  public let summary: String
  public let parameters: [Parameter]
  public let returns: String
  /// The type of the result as the editor stubs write it.
  public let returnType: String
  /// Calls that work.
  public private(set) var examples: [Example] = []
  /// Calls that do not, and what they say.
  public private(set) var errors: [Example] = []
  /// Whether there is `mg.name`.
  public let isFunction: Bool
  /// Whether there is `x:name`.
  public let isMethod: Bool
  let body: @Sendable ([LuaValue], LuaCaller) throws -> LuaResults

  /// Declares a function; `body` gets its arguments checked and converted.
  public init<each P: LuaReadable, Result: LuaResult>(
    _ name: String, _ summary: String, _ parameters: repeat Param<each P>, returns: String,
    access: Access = .everywhere, body: @escaping @Sendable (repeat each P) throws -> Result
  ) {
    self.name = name
    self.summary = summary
    self.returns = returns
    returnType = Result.stubType
    var described: [Parameter] = []
    var takesTensorFirst: Bool?
    func describe<T: LuaReadable>(_ parameter: Param<T>) {
      guard T.isVisible else { return }
      takesTensorFirst = takesTensorFirst ?? T.isReceiver
      described.append(
        Parameter(
          name: parameter.name, type: T.stubType, summary: parameter.summary,
          isOptional: T.isOptional, extent: T.extent))
    }
    repeat describe(each parameters)
    self.parameters = described
    isFunction = access != .method
    isMethod = access != .function && takesTensorFirst == true
    let count = described.count
    self.body = { values, caller in
      var reader = ArgumentReader(values: values, function: name, caller: caller)
      let arguments = (repeat try reader.read(each parameters))
      try reader.finish(maximum: count)
      do {
        return try body(repeat each arguments).luaResults
      } catch let problem as ArgumentProblem {
        throw LuaError(.argument, "\(name): \(problem.text)", hint: problem.hint)
      } catch let error as EngineError {
        throw error.named(name)
      }
    }
  }
}

extension EngineError {
  /// A mistake in the arguments by the name of the function the script called: `stack` is a `concatenate`
  /// inside.
  fileprivate func named(_ name: String) -> EngineError {
    switch self {
    case .shapeMismatch(_, let lhs, let rhs): .shapeMismatch(op: name, lhs: lhs, rhs: rhs)
    case .dtypeMismatch(_, let expected, let got):
      .dtypeMismatch(op: name, expected: expected, got: got)
    case .invalidShape(_, let dimensions, let reason):
      .invalidShape(op: name, dimensions: dimensions, reason: reason)
    case .invalidArgument(_, let argument, let expected, let got):
      .invalidArgument(op: name, argument: argument, expected: expected, got: got)
    default: self
    }
  }
}

extension LuaFunction {
  /// The function with an example: `expression` prints `output` after the statements in `setup`.
  func example(_ expression: String, _ output: String, after setup: String = "") -> LuaFunction {
    var copy = self
    copy.examples.append(Example(setup: setup, expression: expression, output: output))
    return copy
  }

  /// The function with an example of a mistake: `expression` ends with the error `message`.
  func mistake(_ expression: String, _ message: String, after setup: String = "") -> LuaFunction {
    var copy = self
    copy.errors.append(Example(setup: setup, expression: expression, output: message))
    return copy
  }
}

/// What a body says about its arguments when only it can tell; the function's name is put before
/// it.
struct ArgumentProblem: Error {
  let text: String
  var hint: String?

  init(_ text: String, hint: String? = nil) {
    self.text = text
    self.hint = hint
  }
}

/// What a function of the library may return.
public protocol LuaResult: SendableMetatype {
  /// The type in editor stubs.
  static var stubType: String { get }
  var luaResults: LuaResults { get }
}

/// What Lua gets back: mostly one value, which then costs no array.
public enum LuaResults: ExpressibleByArrayLiteral {
  case one(LuaValue)
  case several([LuaValue])

  public init(arrayLiteral elements: LuaValue...) { self = .several(elements) }

  /// The values in order.
  var values: [LuaValue] {
    switch self {
    case .one(let value): [value]
    case .several(let values): values
    }
  }
}

extension Tensor: LuaResult { public var luaResults: LuaResults { .one(.tensor(self)) } }
extension Double: LuaResult { public var luaResults: LuaResults { .one(.number(self)) } }
extension Int: LuaResult { public var luaResults: LuaResults { .one(.integer(self)) } }
extension String: LuaResult { public var luaResults: LuaResults { .one(.string(self)) } }
extension LuaValue: LuaResult { public var luaResults: LuaResults { .one(self) } }
/// Several results.
extension [Tensor]: LuaResult {
  public static var stubType: String { "moonglass.Tensor ..." }
  public var luaResults: LuaResults { .several(map { .tensor($0) }) }
}

/// A function as a Lua state knows it: by its place in ``Catalogue/bindings``.
struct BoundFunction: Sendable {
  enum Place: Sendable {
    case library(isFunction: Bool, isMethod: Bool)
    case metamethod(mg_lua_kind)
    /// Asked for names `mg` does not have.
    case unknownName
    /// Asked for variables that were never set.
    case unknownGlobal
    /// Asked for keys a record does not have.
    case unknownKey
    /// Writes what `print` shows of a plain table.
    case tableText
    /// Finds what `require` asks for.
    case moduleLoader
  }

  let name: String
  let place: Place
  let body: @Sendable ([LuaValue], LuaCaller) throws -> LuaResults

  init(
    _ name: String, _ place: Place,
    body: @escaping @Sendable ([LuaValue], LuaCaller) throws -> LuaResults
  ) {
    self.name = name
    self.place = place
    self.body = body
  }

  init(_ function: LuaFunction) {
    self.init(
      function.name, .library(isFunction: function.isFunction, isMethod: function.isMethod),
      body: function.body)
  }
}
