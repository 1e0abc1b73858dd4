import Foundation

/// The documentation of the `mg` library, rendered from its bindings.
///
/// `docs/lua-api.md` and `docs/meta/moonglass.lua` are what these return; `make docs` writes them, and
/// a test compares them.
public enum LuaReference {
  /// The reference page.
  public static func markdown() -> String {
    let modules = Catalogue.modules.map { module in
      "## \(module.name)\n\n" + module.functions.map(section).joined(separator: "\n")
    }
    return (introduction + contents + modules).joined(separator: "\n\n") + "\n"
  }

  private static let introduction = [
    "# The Lua library",
    "<!-- Generated from the bindings by `make docs`: do not edit. -->",
    """
    `local mg = require "moonglass"` (or the global `mg`). Every function of tensors is there as
    `mg.f(x, …)` and as `x:f(…)`, unless its heading shows one form only. Tensors never change in place.
    Nothing is computed before a value is read, but shapes and types are checked at once.

    **Axes and indices count from 1**, negative ones from the end; ranges include both ends. Shapes are
    written `[N, C, H, W]`; `…` stands for any axes. Operands of different shapes are broadcast as in NumPy:
    axes of size 1 are repeated, and missing ones are added in front. A `?` marks what may be left out.
    """,
    """
    Slices: `x[i]` is element `i` of the first axis. `x[{ … }]` has one entry an axis, from the first: a
    number picks and drops the axis, `{}` takes all of it, `{a, b}` from `a` to `b`, `{a, b, step}` in steps.

    Operators: \(Metamethods.operators.map(operatorText).joined(separator: ", ")); `#x` is the size of the
    first axis. Comparisons are functions, `x:lt(y)`: Lua would make one boolean of `x < y`.
    """,
    "| property | type | |\n| --- | --- | --- |\n"
      + Metamethods.properties.map { "| `x.\($0.name)` | `\($0.type)` | \($0.summary) |" }
      .joined(separator: "\n"),
    "`mg.pi` is π.",
  ]

  private static let signs = [
    "__add": "a + b", "__sub": "a - b", "__mul": "a * b", "__div": "a / b", "__pow": "a ^ b",
    "__mod": "a % b", "__idiv": "a // b", "__unm": "-x",
  ]

  private static func operatorText(_ binding: (event: String, name: String)) -> String {
    "`\(signs[binding.event] ?? binding.event)` is `\(binding.name)`"
  }

  private static var contents: [String] {
    let lines = Catalogue.modules.map { module in
      "- **\(module.name)**: "
        + module.functions.map { "[\($0.name)](#\(anchor($0.name)))" }.joined(separator: ", ")
    }
    return [lines.joined(separator: "\n")]
  }

  /// What a heading is linked by.
  private static func anchor(_ heading: String) -> String { heading.filter { $0 != "." } }

  private static func section(_ function: LuaFunction) -> String {
    var lines = [
      "### \(function.name)", "", function.signatures.map { "`\($0)`" }.joined(separator: " · "),
      "",
      sentence(function.summary), "",
    ]
    for parameter in function.parameters {
      let summary = parameter.summary.isEmpty ? "" : ": \(parameter.summary)"
      lines.append("- `\(parameter.name)\(parameter.isOptional ? "?" : "")`\(summary)")
    }
    lines.append("- returns \(function.returns)")
    if !function.examples.isEmpty || !function.errors.isEmpty {
      lines += ["", "```lua"]
      lines += function.examples.flatMap { code($0, mark: "-->") }
      lines += function.errors.flatMap { code($0, mark: "--> error:") }
      lines.append("```")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func code(_ example: LuaFunction.Example, mark: String) -> [String] {
    let setup = example.setup.isEmpty ? [] : example.setup.components(separatedBy: "\n")
    let output = example.output.components(separatedBy: "\n")
    return setup + ["print(\(example.expression))"] + output.map { "\(mark) \($0)" }
  }

  private static func sentence(_ text: String) -> String {
    text.hasSuffix(".") ? text : text + "."
  }
}

extension LuaFunction {
  /// How it is called: `mg.sum(x, axes?)`, `x:sum(axes?)`.
  var signatures: [String] {
    let names = parameters.map { $0.name + ($0.extent == .rest ? ", …" : $0.isOptional ? "?" : "") }
    var forms: [String] = []
    if isFunction { forms.append("mg.\(name)(\(names.joined(separator: ", ")))") }
    if isMethod {
      forms.append(
        "\(names.first ?? "x"):\(name)(\(names.dropFirst().joined(separator: ", ")))")
    }
    return forms
  }
}
