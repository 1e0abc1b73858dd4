/// What people write who come from Python, and how it is written in Lua.
public enum Habits {
  /// Characters of a line that are looked at: searching takes longer than in proportion.
  private static let lineLimit = 400

  /// Advice on input that Lua waits to see the end of, and that is the head of a block of Python.
  ///
  /// - Returns: `nil` where it may be Lua.
  public static func hint(forUnfinished source: String) -> String? {
    let whole = String(source.prefix(lineLimit).prefix { $0 != "\n" })
    let first = whole.firstRange(of: "--").map { String(whole[..<$0.lowerBound]) } ?? whole
    guard first.matches(#"^\s*(for|while|if|elif|else|def|class|with|try)\b.*:(\s|$)"#) else {
      return nil
    }
    return lines.first { first.matches($0.pattern) }?.advice ?? "blocks end with the word end"
  }

  /// Advice on one of Lua's own error messages; `nil` where it says enough.
  ///
  /// - Parameter line: the source line that a syntax error is on, where it is known.
  static func hint(for text: String, line: String? = nil) -> String? {
    if let name = text.firstMatch(of: #/\(global '(\w+)'\)/#)?.1 {
      return hint(forName: String(name))
    }
    if text.contains("to 'format' (number expected, got tensor)") {
      return "a tensor of one element gives its number by x:item(); tostring(x) is the text of any"
    }
    if text.contains("number has no integer representation") {
      return "%d and integer arguments want a whole number: \"%g\", or math.floor(x)"
    }
    if let name = text.firstMatch(of: #/to '(\w+)' \(number expected, got tensor\)/#)?.1 {
      return "math is for single numbers; on tensors write x:\(name)()"
    }
    if let name = text.firstMatch(
      of: #/call a (?:table|number|string) value \((?:method|field) '(shape|ndim|size|dtype)'\)/#)?
      .1
    {
      return name == "shape"
        ? "x.shape is a list, no function: x.shape[1], x.shape[2], …"
        : "x.\(name) is no function: leave the parentheses out"
    }
    if let line = line.map({ String($0.prefix(lineLimit)) }),
      let advice = lines.first(where: { line.matches($0.pattern) })?.advice
    {
      return advice
    }
    if let token = text.firstMatch(of: #/'}' expected.* near '([\w"{][^']*)'/#)?.1 {
      return "is a comma missing before \(token)?"
    }
    return syntax.first { text.contains($0.message) }?.advice
  }

  /// Advice for somebody who looks for a variable of this name.
  static func hint(forName name: String) -> String? {
    words[name] ?? library(name)
  }

  /// The name here of what NumPy or Torch call otherwise; `nil` where a mere likeness helps.
  static func name(for name: String) -> String? { names[name] }

  /// What is said of a function or method that there is no need for, or that is not called like that.
  static func advice(onName name: String) -> String? { notNeeded[name] ?? otherwise[name] }

  /// Advice for somebody who calls a function of tensors with a plain number.
  static func hint(forNumberIn function: String) -> String? {
    ofNumbers.contains(function)
      ? "for plain numbers there is math.\(function)(x)" : nil
  }

  private static let ofNumbers: Set<String> = [
    "abs", "sqrt", "exp", "log", "sin", "cos", "tan", "floor", "ceil",
  ]

  private static let words = [
    "np": "the library is mg: np.abs(x) is mg.abs(x), or x:abs()",
    "numpy": "the library is mg: numpy.abs(x) is mg.abs(x), or x:abs()",
    "torch": "the library is mg: torch.abs(x) is mg.abs(x), or x:abs()",
    "len": "the length of a list is #list, the sizes of a tensor are x.shape[1], x.shape[2], …",
    "range": "for i = 1, n do … end counts from 1 to n",
    "enumerate": "for i, value in ipairs(list) do … end",
    "zip": "for i, a in ipairs(list) do local b = other[i] … end",
    "True": "it is written true", "False": "it is written false", "None": "it is written nil",
    "self": "parameters come as p: p.total",
    "str": "tostring(value)", "int": "x // 1, or math.floor(x)", "float": "tonumber(text)",
    "isinstance": "type(value) == \"number\"", "import": "require \"name\" loads a module",
    "lambda": "function(x) return x * 2 end", "def": "local function f(x) … end",
    "help": "moonglass plugin docs NAME, docs/lua-api.md; in the repl, help()",
    "array": "mg.tensor { 1, 2 } makes a tensor of numbers",
  ]

  private static let names = [
    "clip": "clamp", "T": "transpose", "t": "transpose", "mT": "transpose", "swapaxes": "permute",
    "dot": "matmul", "mm": "matmul", "bmm": "matmul", "view": "reshape", "array": "tensor",
    "asarray": "tensor", "cat": "concat", "concatenate": "concat", "hstack": "concat",
    "vstack": "concat", "detach": "stop_gradient", "expand": "broadcast_to", "numpy": "tolist",
    "astype": "to", "type": "to", "expand_dims": "unsqueeze", "power": "pow", "absolute": "abs",
    "arctan2": "atan2", "amax": "max", "amin": "min",
  ]

  private static let notNeeded = [
    "clone": "tensors never change: there is no need for a copy",
    "copy": "tensors never change: there is no need for a copy",
    "contiguous": "the planner looks after memory: leave it out",
    "backward": "write mg.grad(y, x), or mg.grad(f, x)", "requires_grad": "write mg.grad(y, x)",
    "requires_grad_": "write mg.grad(y, x)",
    "cpu": "leave it out", "cuda": "leave it out",
    "dot": "mg.einsum(\"bi,bi->b\", x, y) is the inner product of each row",
  ]

  /// What is written in another way here.
  private static let otherwise = [
    "float": "write x:to(\"float32\")", "double": "write x:to(\"float64\")",
    "half": "write x:to(\"float32\"), the shortest there is",
    "long": "write x:to(\"int32\")", "int": "write x:to(\"int32\")",
    "bool": "write x:to(\"bool\")",
    "dim": "the number of axes is x.ndim", "ndimension": "the number of axes is x.ndim",
    "numel": "the number of elements is x.size", "nelement": "the number of elements is x.size",
    "inf": "infinity is math.huge", "nan": "0 / 0 is not a number; x:isnan() finds those",
    "e": "it is math.exp(1)", "newaxis": "write x:unsqueeze(axis)",
    "masked_fill": "write mg.where(mask, value, x)",
    "masked_fill_": "write mg.where(mask, value, x)",
    "masked_select": "write mg.where(mask, x, 0), or x:index_select(axis, numbers)",
    "scatter": "write x:scatter_add(axis, numbers, size): those of one number add up",
    "scatter_": "write x:scatter_add(axis, numbers, size): those of one number add up",
    "chunk": "write x:split(pieces, axis)",
    "log_softmax": "write x - x:logsumexp(axis):unsqueeze(axis)",
    "random": "write mg.rand({ 2, 3 }, seed)",
    "randint": "write mg.generator(seed):integer(low, high)",
    "full_like": "write mg.full(x.shape, value, x.dtype)",
    "ravel": "write x:reshape(-1)",
    "fill_": "write mg.full(x.shape, value, x.dtype)",
  ]

  private static func library(_ name: String) -> String? {
    guard let function = Catalogue.function(named: name) else { return nil }
    return function.isFunction ? "write mg.\(name)(…)" : "it is a method: x:\(name)(…)"
  }

  /// Python that a line can be known by: a pattern, and the advice.
  private static let lines: [(pattern: String, advice: String)] = [
    (
      #"\b(clamp|clip)\s*\([^)]*\b(min|max)\s*="#,
      "bounds go in order: x:clamp(0, 1), x:clamp(0) for a lower one, x:clamp(nil, 1) for an upper one"
    ),
    (#"^\s*(async\s+)?def\s+\w+"#, "a function is local function f(x) … return y end"),
    (#"\blambda\b"#, "a function without a name is function(x) return x * 2 end"),
    (
      #"^\s*(import|from)\s+\w+"#,
      "local name = require \"name\" loads a module; mg is there without"
    ),
    (#"^\s*class\s+\w+"#, "there are no classes: tables and functions do"),
    (#"^\s*elif\b"#, "it is elseif x > 0 then …"),
    (
      #"^\s*(for|while)\b.*:(\s|$)"#,
      "a loop is for i = 1, 3 do … end, or for i, value in ipairs(list) do … end"
    ),
    (#"^\s*(if|else)\b.*:(\s|$)"#, "it is if x > 0 then … else … end"),
    (#"^\s*#|^[^"']*#\s+\w"#, "comments begin with --"),
    (#"(^|[{,])\s*["']?\w+["']\s*:"#, "a field is written name = value: { test = 200 }"),
    (#"[{,]\s*\w+\s*:\s+\S"#, "a field is written name = value: { test = 200 }"),
    (#"\S\s+@\s+\S|^\s*@"#, "there is no @: a product of matrices is a:matmul(b)"),
    (#"(^|[=(,{]|return)\s*\[\s*[\w."'-]+\s*(,|\])"#, "a list is written in braces: { 1, 2 }"),
  ]

  private static let syntax: [(message: String, advice: String)] = [
    ("')' expected near '='", "arguments by name go in a table: x:sum { 4, keepdims = true }"),
    ("near '!'", "\"not equal\" is ~=, \"not\" is a word"),
    ("near '+'", "there is no +=: write x = x + 1"),
    ("near '-'", "there is no -=: write x = x - 1"),
    ("unexpected symbol near '*'", "powers are x ^ 2"),
    ("unexpected symbol near ':'", "slices are tables: x[:, 0:8] is x[{ {}, { 1, 8 } }]"),
    ("unexpected symbol near '#'", "comments begin with --"),
    ("unexpected symbol near '['", "a list is written in braces: { 1, 2 }"),
    ("near '@'", "a product of matrices is a:matmul(b)"),
    ("']' expected near ','", "an index of several axes is a table: x[{ 1, 2 }]"),
    ("']' expected near ':'", "slices are tables: x[:, 0:8] is x[{ {}, { 1, 8 } }]"),
    (
      "cannot use '...'",
      "axes that are not named are taken whole: x[..., 0] is x[{ {}, {}, {}, 1 }]"
    ),
    ("'}' expected near ':'", "a field is written name = value: { test = 200 }"),
    ("'}' expected near '='", "the name of a field has no quotes: { test = 200 }"),
    ("'then' expected near", "it is if x > 0 then … end"),
    ("'do' expected near", "it is for i = 1, 3 do … end, or while x > 0 do … end"),
    ("near 'continue'", "there is no continue: put the rest of the loop into an if"),
  ]
}

extension String {
  /// Whether a pattern is found in it.
  fileprivate func matches(_ pattern: String) -> Bool {
    guard let regex = try? Regex(pattern) else { return false }
    return contains(regex)
  }
}
