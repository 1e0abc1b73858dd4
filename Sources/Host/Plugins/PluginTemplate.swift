import Foundation
import LuaBridge

/// The file a new plugin starts from, and what editors need to know beside it.
public enum PluginTemplate {
  /// Where a new plugin goes, below the working folder.
  public static func path(name: String, kind: LuaDefinition.Kind) -> String {
    "plugins/\(kind.rawValue)s/\(name).lua"
  }

  /// Whether a name can be one: letters, digits and underscores, a letter first.
  public static func isValid(name: String) -> Bool {
    guard let first = name.first, first.isASCII, first.isLetter else { return false }
    return name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
  }

  /// The text of a plugin that passes all checks as it stands.
  public static func text(name: String, kind: LuaDefinition.Kind) -> String {
    (kind == .operator ? forwardOperator : constraint).replacing("NAME", with: name)
  }

  /// Settings of the Lua language server: where the stubs of `mg` are.
  ///
  /// - Parameter stubs: their folder; `nil` if they are not installed.
  public static func languageServerSettings(stubs: String?) -> String {
    let library = stubs.map { "\"\($0)\"" } ?? ""
    return """
      {
        "runtime.version": "Lua 5.4",
        "workspace.library": [\(library)],
        "diagnostics.globals": ["mg", "moonglass"]
      }

      """
  }

  /// Settings of luacheck.
  public static let luacheckSettings = """
    std = "lua54"
    read_globals = { "mg", "moonglass" }
    max_line_length = 120

    """

  private static let constraint = """
    -- NAME: say here what images must obey.
    local mg = require "moonglass"

    return mg.constraint {
      name = "NAME",
      summary = "every row adds up to `total`",

      -- What people can set: { "NAME", total = 2 } in a recipe, --param total=2 on the command line.
      params = {
        total = { default = 1, doc = "what a row adds up to" },
      },

      -- x holds images [N, C, H, W]; axes and indices count from 1. The result is one number for each image,
      -- [N]: 0 where the rule holds, larger the further away. Only tensor operations: this builds a
      -- computation once, which training then replays and differentiates.
      distance = function(x, p)
        local excess = x:sum(4) - p.total -- [N, C, H]
        return excess:abs():mean { 2, 3 } -- [N]
      end,

      -- Optional. Some images that obey the rule: the check tries the distance on them.
      generate = function(count, p, rng)
        local x = rng:uniform({ count, 1, 16, 16 }, 0.1, 1)
        return x * p.total / x:sum { 4, keepdims = true }
      end,

      -- Optional. The nearest image that obeys the rule.
      project = function(x, p)
        return x + (p.total - x:sum { 4, keepdims = true }) / x.shape[4]
      end,
    }

    """

  private static let forwardOperator = """
    -- NAME: say here what is measured of an image.
    local mg = require "moonglass"

    return mg.operator {
      name = "NAME",
      summary = "every `step`-th row",

      -- What people can set: { "NAME", step = 4 } in a recipe, --param step=4 on the command line.
      params = {
        step = { default = 2, min = 1, integer = true, doc = "rows from one measured to the next" },
        noise = { default = 0.1, min = 1e-6, doc = "standard deviation of the noise" },
      },

      -- Whether A(ax + bz) = aA(x) + bA(z). The adjoint is then derived from forward.
      linear = true,

      -- What is added to a measurement: simulated ones get it, solvers weigh by it.
      noise = function(p)
        return mg.noise.gaussian { sigma = p.noise }
      end,

      -- x holds images [N, C, H, W]; axes and indices count from 1. The result is the measurement without noise,
      -- its first axis N again. Only tensor operations: this builds a computation once.
      forward = function(x, p)
        return x[{ {}, {}, { 1, -1, p.step } }]
      end,
    }

    """
}

extension PluginSearchPath {
  /// The folder of the editor stubs that ship beside the plugins.
  public var stubs: String? {
    folders.compactMap { folder -> String? in
      let path = URL(fileURLWithPath: folder).deletingLastPathComponent()
        .appendingPathComponent("docs/meta").standardizedFileURL.path
      return FileManager.default.fileExists(atPath: path) ? path : nil
    }.last
  }
}
