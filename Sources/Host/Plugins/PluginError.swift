import Engine
import LuaBridge

/// What can go wrong between a name in a recipe and a plugin.
public enum PluginError: Diagnostic {
  /// Nothing of that name, in Lua or built in.
  case unknown(kind: String, name: String, known: [String], searched: [String])
  /// A name that means something else: an operator where a constraint is wanted, or the reverse.
  case otherKind(kind: String, name: String, other: String)
  /// A path that leads nowhere.
  case missingFile(path: String, searched: [String])
  /// A Lua file that returns something else.
  case wrongResult(file: String, expected: [String], got: String)
  /// A place in a recipe that should name a plugin.
  case badReference(kind: String, got: String)
  /// An optional part of a plugin that is needed here.
  case missingPart(name: String, source: String, part: String)

  public var code: String {
    switch self {
    case .unknown: "plugin.unknown"
    case .otherKind: "plugin.kind"
    case .missingFile: "plugin.missing"
    case .wrongResult: "plugin.result"
    case .badReference: "plugin.reference"
    case .missingPart: "plugin.part"
    }
  }

  public var message: String {
    switch self {
    case .unknown(let kind, let name, let known, _):
      "there is no \(kind) '\(name)'" + NearestName.suggestion(name, in: known)
    case .otherKind(let kind, let name, let other):
      "'\(name)' is \(PluginError.article(other)), not \(PluginError.article(kind))"
    case .missingFile(let path, _):
      "\(path): no such file"
    case .wrongResult(let file, let expected, let got):
      "\(file) must return \(expected.map { "mg.\($0){…}" }.joined(separator: " or ")), got \(got)"
    case .missingPart(let name, let source, let part):
      "\(source): '\(name)' has no \(part)"
    case .badReference(let kind, let got):
      "the \(kind) must be a name, a path, { name, parameter = value } or mg.\(kind){…}, got \(got)"
    }
  }

  public var hint: String? {
    switch self {
    case .unknown(let kind, _, let known, let searched):
      (known.isEmpty ? "no \(kind) is known" : "known: \(known.joined(separator: ", "))")
        + "; searched: \(searched.joined(separator: ", "))"
    case .missingFile(_, let searched): "looked in \(searched.joined(separator: ", "))"
    case .otherKind(_, let name, let other): PluginError.use(of: other, named: name)
    case .wrongResult(let file, _, let got):
      if let kind = LuaDefinition.Kind.allCases.first(where: { got == "mg.\($0.rawValue){…}" }) {
        "\(file) is \(PluginError.article(kind.rawValue)): "
          + PluginError.use(of: kind.rawValue, named: file)
      } else {
        "put 'return' before the definition"
      }
    case .missingPart: "add it to the plugin; docs/writing-constraints.md shows one"
    case .badReference(let kind, _):
      kind == "constraint"
        ? "several constraints at once are mg.all { \"a\", { \"b\", weight = 0.1 } }"
        : "several operators in a row are mg.compose(\"a\", \"b\")"
    }
  }

  /// The field of a recipe that named what cannot be found; `nil` for what is wrong inside a plugin.
  var referredKind: String? {
    switch self {
    case .unknown(let kind, _, _, _), .otherKind(let kind, _, _), .badReference(let kind, _): kind
    case .missingFile, .wrongResult, .missingPart: nil
    }
  }

  private static func article(_ kind: String) -> String {
    (kind.hasPrefix("o") ? "an " : "a ") + kind
  }

  /// Where a plugin of a kind goes.
  private static func use(of kind: String, named name: String) -> String {
    switch kind {
    case "recipe": "run it with moonglass run \(name)"
    case "constraint", "operator":
      "in a recipe write \(kind) = \"\(name)\"; moonglass plugin check \(name) tries it out"
    default: "it is part of an operator"
    }
  }
}
