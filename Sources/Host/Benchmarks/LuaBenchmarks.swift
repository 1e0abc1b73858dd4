import Engine
import LuaBridge

// What a call of the library costs a Lua program: the binding and the graph node, no computation.

extension Benchmark {
  /// Calls of one repetition: so many that its milliseconds are microseconds a call.
  private static let luaCalls = 1000

  static let luaCases = [
    lua("lua_add", "x + y"), lua("lua_mul_number", "x * 2"), lua("lua_number_sub", "1 - x"),
    lua("lua_neg", "-x"), lua("lua_exp", "x:exp()"), lua("lua_pow", "x ^ 2"),
    lua("lua_sum", "x:sum()"), lua("lua_sum_axis", "x:sum(2)"), lua("lua_max", "x:max()"),
    lua("lua_mean", "x:mean()"), lua("lua_lt", "x:lt(y)"), lua("lua_gt_number", "x:gt(0)"),
    lua("lua_maximum", "mg.maximum(x, 0)"), lua("lua_index", "x[1]"),
  ]

  private static func lua(_ name: String, _ expression: String) -> Benchmark {
    Benchmark(
      name, groups: ["lua"], steps: 100, peers: [],
      summary: "\(expression) in Lua, \(luaCalls) times, nothing computed: ms are µs a call"
    ) { settings in
      let runtime = try LuaRuntime()
      let source = """
        local mg = require "moonglass"
        return function(x, y)
          for _ = 1, \(luaCalls) do local _ = \(expression) end
        end
        """
      guard case .function(let loop)? = try runtime.run(source, name: name).first else {
        throw LuaError(.result, "the case must return a function", file: name)
      }
      let shape = Shape(settings.shape([16, 1, 64, 64]))
      let arguments = ["x", "y"].map { LuaValue.tensor(.placeholder($0, shape: shape)) }
      return PreparedBenchmark { _ = try loop.call(arguments) }
    }
  }
}
