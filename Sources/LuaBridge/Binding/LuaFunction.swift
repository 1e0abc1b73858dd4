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
/// Registration, argument checks, error texts, editor stub and reference page come from this value.
public struct LuaFunction: Sendable {
  /// What the documentation says of one parameter.
  public struct Parameter: Sendable {
    public let name: String
    /// The type as the editor stubs write it.
    public let type: String
    public let summary: String
    public let isOptional: Bool
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
  /// Whether there is `mg.name`.
  public let isFunction: Bool
  /// Whether there is `x:name`.
  public let isMethod: Bool
  let body: @Sendable ([LuaValue], LuaCaller) throws -> [LuaValue]

  /// Declares a function; `body` gets its arguments checked and converted.
  public init<each P: LuaReadable, Result: LuaResult>(
    _ name: String, _ summary: String, _ parameters: repeat Param<each P>, returns: String,
    access: Access = .everywhere, body: @escaping @Sendable (repeat each P) throws -> Result
  ) {
    self.name = name
    self.summary = summary
    self.returns = returns
    var described: [Parameter] = []
    var takesTensorFirst: Bool?
    func describe<T: LuaReadable>(_ parameter: Param<T>) {
      guard T.isVisible else { return }
      takesTensorFirst = takesTensorFirst ?? T.isReceiver
      described.append(
        Parameter(
          name: parameter.name, type: T.stubType, summary: parameter.summary,
          isOptional: T.isOptional))
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
        return try body(repeat each arguments).luaValues
      } catch let problem as ArgumentProblem {
        throw LuaError(.argument, "\(name): \(problem.text)", hint: problem.hint)
      }
    }
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
  var luaValues: [LuaValue] { get }
}

extension Tensor: LuaResult { public var luaValues: [LuaValue] { [.tensor(self)] } }
extension Double: LuaResult { public var luaValues: [LuaValue] { [.number(self)] } }
extension Int: LuaResult { public var luaValues: [LuaValue] { [.integer(self)] } }
extension String: LuaResult { public var luaValues: [LuaValue] { [.string(self)] } }
extension LuaValue: LuaResult { public var luaValues: [LuaValue] { [self] } }
/// Several results.
extension [Tensor]: LuaResult { public var luaValues: [LuaValue] { map { .tensor($0) } } }

/// A function as a Lua state knows it: by its place in ``Catalogue/bindings``.
struct BoundFunction: Sendable {
  enum Place: Sendable {
    case library(isFunction: Bool, isMethod: Bool)
    case metamethod(mg_lua_kind)
    /// Asked for names `mg` does not have.
    case unknownName
    /// Finds what `require` asks for.
    case moduleLoader
  }

  let name: String
  let place: Place
  let body: @Sendable ([LuaValue], LuaCaller) throws -> [LuaValue]

  init(
    _ name: String, _ place: Place,
    body: @escaping @Sendable ([LuaValue], LuaCaller) throws -> [LuaValue]
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
