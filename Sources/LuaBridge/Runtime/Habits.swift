/// What people write who come from Python, and how it is written in Lua.
enum Habits {
  /// Advice on one of Lua's own error messages; `nil` where it says enough.
  static func hint(for text: String) -> String? {
    if let name = text.firstMatch(of: #/\(global '(\w+)'\)/#)?.1 {
      return words[String(name)] ?? library(String(name))
    }
    if let name = text.firstMatch(of: #/to '(\w+)' \(number expected, got tensor\)/#)?.1 {
      return "math is for single numbers; on tensors write x:\(name)()"
    }
    return syntax.first { text.contains($0.message) }?.advice
  }

  private static let words = [
    "np": "the library is mg: np.abs(x) is mg.abs(x), or x:abs()",
    "numpy": "the library is mg: numpy.abs(x) is mg.abs(x), or x:abs()",
    "torch": "the library is mg: torch.abs(x) is mg.abs(x), or x:abs()",
    "len": "the length of a list is #list, the sizes of a tensor are x.shape[1], x.shape[2], …",
    "range": "for i = 1, n do … end counts from 1 to n",
  ]

  private static func library(_ name: String) -> String? {
    guard let function = Catalogue.function(named: name) else { return nil }
    return function.isFunction ? "write mg.\(name)(…)" : "it is a method: x:\(name)(…)"
  }

  private static let syntax: [(message: String, advice: String)] = [
    ("')' expected near '='", "arguments by name go in a table: x:sum { 4, keepdims = true }"),
    ("near '!'", "\"not equal\" is ~=, \"not\" is a word"),
    ("near '+'", "there is no +=: write x = x + 1"),
    ("near '-'", "there is no -=: write x = x - 1"),
    ("unexpected symbol near '*'", "powers are x ^ 2"),
    ("unexpected symbol near ':'", "slices are tables: x[:, 0:8] is x[{ {}, { 1, 8 } }]"),
    ("near 'continue'", "there is no continue: put the rest of the loop into an if"),
  ]
}
