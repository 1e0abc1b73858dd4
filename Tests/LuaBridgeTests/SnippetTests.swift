import LuaBridge
import Testing

@Suite("Lua snippets give exact values")
struct SnippetTests {
  static let cases: [(String, String)] = [
    // The language
    ("return 1 + 1, 'a' .. 'b', nil, true", "2 | ab | nil | true"),
    ("local t = {} for i = 1, 3 do t[i] = i * i end return t", "{1, 4, 9}"),
    ("return pcall(error, 'x', 0)", "false | x"),
    ("return xpcall(function() error('x', 0) end, function(m) return m .. '!' end)", "false | x!"),
    ("return xpcall(function(a, b) return a, b end, print, 1, 2)", "true | 1 | 2"),
    ("local C = {} C.__index = C function C.f() return 7 end return setmetatable({}, C).f()", "7"),
    (
      "return ('%d %s'):format(3, 'x'), ('ab'):rep(2, '-'), select('#', table.unpack {1, 2})",
      "3 x | ab-ab | 2"
    ),
    ("return require 'moonglass' == mg, moonglass == mg, mg.pi", "true | true | 3.141592653589793"),
    (
      "return tostring({}), tostring(print), tostring(nil), tostring(1.5)",
      "table | function | nil | 1.5"
    ),
    // Making
    ("return mg.tensor {{1, 2}, {3, 4}}", "[2, 2] 1.0 2.0 3.0 4.0"),
    ("return mg.tensor(3), mg.tensor {true, false}", "[] 3.0 | [2] 1.0 0.0"),
    (
      "return mg.tensor {true}.dtype, mg.tensor({1}, 'int32').dtype, mg.zeros({1}, 'float64').dtype",
      "bool | int32 | float64"
    ),
    (
      "return mg.zeros(2, 1), mg.ones {1, 2}, mg.full({2}, 7)",
      "[2, 1] 0.0 0.0 | [1, 2] 1.0 1.0 | [2] 7.0 7.0"
    ),
    (
      "return mg.arange(3), mg.arange(0, 1, 0.5), mg.linspace(0, 1, 3)",
      "[3] 1.0 2.0 3.0 | [3] 0.0 0.5 1.0 | [3] 0.0 0.5 1.0"
    ),
    ("return mg.zeros(64 / 32)", "[2] 0.0 0.0"),
    (
      "return (mg.rand({2, 3}, 7) - mg.rand({2, 3}, 7)):abs():sum(), mg.randn({2}, 1):eq(mg.randn({2}, 2))",
      "[] 0.0 | [2] 0.0 0.0"
    ),
    // Numbers beside tensors that cannot hold them
    (
      "local m = mg.tensor {true, false} return m * 5, m - 0.5, mg.tensor({1, 2}, 'int32') * 1.5",
      "[2] 5.0 0.0 | [2] 0.5 -0.5 | [2] 1.5 3.0"
    ),
    (
      "local i = mg.tensor({1, 2}, 'int32') return i:lt(1.5), i * 3, (i * 3).dtype, mg.where(i:gt(1), 2, i)",
      "[2] 1.0 0.0 | [2] 3.0 6.0 | int32 | [2] 1.0 2.0"
    ),
    // Operators
    (
      "local x = mg.tensor {1, 2} return x + 1, 1 - x, x * x, 2 / x, -x, x ^ 2, 2 ^ x",
      "[2] 2.0 3.0 | [2] 0.0 -1.0 | [2] 1.0 4.0 | [2] 2.0 1.0 | [2] -1.0 -2.0 | [2] 1.0 4.0 | [2] 2.0 4.0"
    ),
    ("return mg.tensor {5, -5} % 3, mg.tensor {5, -5} // 3", "[2] 2.0 1.0 | [2] 1.0 -2.0"),
    // Gradients with respect to tensors that sums and products could do without
    (
      "local x, y = mg.ones(2), mg.tensor {3, 4} return mg.grad((x * y + x):sum(), x)",
      "[2] 4.0 5.0"
    ),
    (
      "local z = mg.zeros_like(mg.ones(2)) return mg.grad((z:to('float64') + 1):sum(), z)",
      "[2] 1.0 1.0"
    ),
    ("local x = mg.full({2}, 1) return mg.grad((x * 1):sum(), x)", "[2] 1.0 1.0"),
    // A call inside a call, and one after it, have their own arguments
    (
      "local x = mg.tensor {2} return mg.grad(function(v) return (v * mg.maximum(v, 1)):sum() end, x), x * 3",
      "[1] 4.0 | [1] 6.0"
    ),
    (
      "local x = mg.tensor {1, 2} return #x, x.shape, x.ndim, x.size, x == x, x == x + 0",
      "2 | {2} | 1 | 2 | true | false"
    ),
    (
      "return tostring(mg.tensor {{1, 2.5}}), tostring(mg.tensor {true}), tostring(mg.zeros(100))",
      "tensor [1, 2] float32 {{1, 2.5}} | tensor [1] bool {true} | tensor [100] float32"
    ),
    (
      "return mg.tensor {{1, 2}, {3, 4}}:tolist(), mg.tensor {{7}}:item(), mg.tensor {true}:tolist()",
      "{{1, 2}, {3, 4}} | 7 | {true}"
    ),
    // Elementwise and comparison
    (
      "return mg.tensor {-4, 4}:abs():sqrt(), mg.tensor {-2, 3}:clamp(-1, 1), mg.tensor {-2, 3}:clamp(nil, 1)",
      "[2] 2.0 2.0 | [2] -1.0 1.0 | [2] -2.0 1.0"
    ),
    (
      "local x = mg.tensor {-1, 0, 2} return x:relu(), x:leaky_relu(0.5), x:sign(), mg.maximum(x, 1)",
      "[3] 0.0 0.0 2.0 | [3] -0.5 0.0 2.0 | [3] -1.0 0.0 1.0 | [3] 1.0 1.0 2.0"
    ),
    (
      "local x = mg.tensor {1, 2, 3} return x:lt(2), x:ge(2), mg.where(x:gt(1), x, -x), x:eq(x)",
      "[3] 1.0 0.0 0.0 | [3] 0.0 1.0 1.0 | [3] -1.0 2.0 3.0 | [3] 1.0 1.0 1.0"
    ),
    (
      "return mg.tensor {0}:softplus(), mg.tensor {0}:sigmoid(), mg.tensor {0}:exp()",
      "[1] 0.69315 | [1] 0.5 | [1] 1.0"
    ),
    (
      "return (mg.tensor({1}, 'float64') * 2).dtype, mg.tensor {1.5}:to('int32').dtype",
      "float64 | int32"
    ),
    // Reductions
    (
      "local x = mg.tensor {{1, 2}, {3, 4}} return x:sum(), x:sum(1), x:sum {2}, x:sum {1, 2}, x:sum(-1)",
      "[] 10.0 | [2] 4.0 6.0 | [2] 3.0 7.0 | [] 10.0 | [2] 3.0 7.0"
    ),
    (
      "local x = mg.tensor {{1, 2}, {3, 4}} return x:sum {2, keepdims = true}, x:mean(1, true), x:max {keepdims = true}",
      "[2, 1] 3.0 7.0 | [1, 2] 2.0 3.0 | [1, 1] 4.0"
    ),
    (
      "local x = mg.tensor {{3, 4}, {0, 0}} return x:norm(2), x:min(), x:var(2), mg.sum(x)",
      "[2] 5.0 0.0 | [] 0.0 | [2] 0.25 0.0 | [] 7.0"
    ),
    (
      "return mg.tensor {{0, 0}}:softmax(2), mg.tensor {{0, 0}}:logsumexp(-1)",
      "[1, 2] 0.5 0.5 | [1] 0.69315"
    ),
    // Movement
    (
      "local x = mg.arange(6):reshape {2, -1} return x.shape, x:transpose().shape, x:permute {2, 1}.shape, x:reshape(3, 2).shape",
      "{2, 3} | {3, 2} | {3, 2} | {3, 2}"
    ),
    (
      "local x = mg.arange(3) return x:roll(1, 1), x:roll(-1, -1), x:flip(1), x:diff(1), x:flip()",
      "[3] 3.0 1.0 2.0 | [3] 2.0 3.0 1.0 | [3] 3.0 2.0 1.0 | [2] 1.0 1.0 | [3] 3.0 2.0 1.0"
    ),
    (
      "local x = mg.arange(2) return mg.stack({x, -x}, 1), mg.stack({x, -x}, 2), mg.concat({x, x}, 1)",
      "[2, 2] 1.0 2.0 -1.0 -2.0 | [2, 2] 1.0 -1.0 2.0 -2.0 | [4] 1.0 2.0 1.0 2.0"
    ),
    (
      "local x = mg.arange(2) return x:unsqueeze(1).shape, x:unsqueeze(-1).shape, x:unsqueeze(2):squeeze(2).shape, x:broadcast_to {3, 2}.shape",
      "{1, 2} | {2, 1} | {2} | {3, 2}"
    ),
    (
      "local x = mg.arange(3) return x:pad({{1, 1}}), x:pad({{1, 1}}, 'circular'), x:pad({{1, 1}}, 'reflect'), x:pad({{1, 1}}, 'edge'), x:pad({1}, 'zero', 9)",
      "[5] 0.0 1.0 2.0 3.0 0.0 | [5] 3.0 1.0 2.0 3.0 1.0 | [5] 2.0 1.0 2.0 3.0 2.0 | [5] 1.0 1.0 2.0 3.0 3.0 | [5] 9.0 1.0 2.0 3.0 9.0"
    ),
    // Products and transforms
    ("return mg.tensor {{1, 2}}:matmul(mg.tensor {{3}, {4}})", "[1, 1] 11.0"),
    (
      "local x = mg.ones(1, 1, 3, 3) return mg.conv2d(x, mg.ones(1, 1, 3, 3)), mg.conv2d(x, mg.ones(1, 1, 3, 3), 2, 1)",
      "[1, 1, 1, 1] 9.0 | [1, 1, 2, 2] 4.0 4.0 4.0 4.0"
    ),
    (
      "local c = mg.complex(mg.tensor {1, 0}) return c:fft(), c:fft():ifft()",
      "[2, 2] 1.0 0.0 1.0 0.0 | [2, 2] 1.0 0.0 0.0 0.0"
    ),
    // Differentiation
    ("local x = mg.tensor {1, 2} return mg.grad((x * x):sum(), x)", "[2] 2.0 4.0"),
    (
      "local x = mg.tensor {1, 2} return mg.grad(function(v) return (v ^ 3):sum() end, x)",
      "[2] 3.0 12.0"
    ),
    (
      "local a, b = mg.tensor {2}, mg.tensor {5} return mg.grad((a * b):sum(), {a, b})",
      "[1] 5.0 | [1] 2.0"
    ),
    ("local x = mg.tensor {3} return mg.grad(mg.grad((x ^ 3):sum(), x):sum(), x)", "[1] 18.0"),
    ("local x = mg.tensor {1, 2} return mg.vjp(x * x, x, mg.tensor {1, 10})", "[2] 2.0 40.0"),
    ("local x = mg.tensor {2} return mg.grad((x * x:stop_gradient()):sum(), x)", "[1] 2.0"),
    (
      "local x = mg.tensor {2} local y = mg.custom {value = x * 3, inputs = {x}, vjp = function(v) return v * 100 end} return y, mg.grad(y:sum(), x)",
      "[1] 6.0 | [1] 100.0"
    ),
  ]

  @Test("value", arguments: cases)
  func value(_ source: String, _ expected: String) throws {
    #expect(try lua(source).map(show).joined(separator: " | ") == expected)
  }

  /// x is [3, 4] with the values 1…12.
  static let slices: [(String, String)] = [
    ("x[1]", "[4] 1.0 2.0 3.0 4.0"),
    ("x[-1]", "[4] 9.0 10.0 11.0 12.0"),
    ("x[{ {}, 2 }]", "[3] 2.0 6.0 10.0"),
    ("x[{ 2, 3 }]", "[] 7.0"),
    ("x[{ {2} }]", "[1, 4] 5.0 6.0 7.0 8.0"),
    ("x[{ {2, 3}, {1, 2} }]", "[2, 2] 5.0 6.0 9.0 10.0"),
    ("x[{ {}, {1, -1, 2} }]", "[3, 2] 1.0 3.0 5.0 7.0 9.0 11.0"),
    ("x[{ {}, {1, 4, 2} }]", "[3, 2] 1.0 3.0 5.0 7.0 9.0 11.0"),
    ("x[{ 1, {-1, 1, -1} }]", "[4] 4.0 3.0 2.0 1.0"),
    ("x[{ 1, {4, 1, -2} }]", "[2] 4.0 2.0"),
    ("x[{ {-2, -1}, -1 }]", "[2] 8.0 12.0"),
    ("x[{}]", "[3, 4] 1.0 2.0 3.0 4.0 5.0 6.0 7.0 8.0 9.0 10.0 11.0 12.0"),
    ("x[2.0]", "[4] 5.0 6.0 7.0 8.0"),
  ]

  @Test("slice", arguments: slices)
  func slice(_ expression: String, _ expected: String) throws {
    #expect(
      try lua("local x = mg.arange(12):reshape(3, 4) return \(expression)").map(show) == [expected])
  }
}
