import Engine
import Foundation

/// What is wrong with a recipe, and where it is written.
public struct RecipeProblem: Diagnostic {
  public let file: String
  /// The line, where the recipe writes the field out.
  public let line: Int?
  /// What is wrong: a ``RunError``, a ``PluginError`` or an ``EngineError``.
  public let problem: any Diagnostic

  public var code: String { problem.code }
  public var hint: String? { problem.hint }

  public var message: String {
    let place = line.map { "\(file):\($0): " } ?? "\(file): "
    let text = problem.message
    return place + (text.hasPrefix("recipe: ") ? String(text.dropFirst("recipe: ".count)) : text)
  }
}

extension Recipe {
  /// Gives what `body` finds wrong with the recipe the place where it is written; other errors pass.
  ///
  /// - Parameter setting: what ``EngineError``s are about, which name no setting themselves; `nil` where they
  ///   are about something else than the recipe.
  func locating<Result>(
    _ setting: String? = nil, _ body: () throws -> Result
  ) throws -> Result {
    do {
      return try body()
    } catch let error as RunError {
      switch error {
      case .recipe(let field, _, _):
        throw problem(error, at: field.components(separatedBy: "."))
      case .unknownSetting(let path, let name, _):
        let tables = path.isEmpty ? [] : path.components(separatedBy: ".")
        throw problem(error, at: tables + [name])
      case .interrupted, .diverged, .samplesDiverged: throw error
      }
    } catch let error as PluginError {
      guard let kind = error.referredKind else { throw error }
      throw problem(error, at: [kind])
    } catch let error as EngineError {
      guard let setting else { throw error }
      throw problem(error, at: [setting])
    }
  }

  private func problem(_ error: any Diagnostic, at path: [String]) -> RecipeProblem {
    let text = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
    return RecipeProblem(file: file, line: RecipeText.line(of: path, in: text), problem: error)
  }
}

/// A recipe as it is written.
enum RecipeText {
  /// The line on which a field is set: each name of the path is looked for after the one before it.
  ///
  /// - Returns: that of the last name that is written out with `=`; `nil` if not even the first is.
  static func line(of path: [String], in source: String) -> Int? {
    let code = source.components(separatedBy: "\n").map { line in
      line.range(of: "--").map { String(line[..<$0.lowerBound]) } ?? line
    }.joined(separator: "\n")
    var (start, found) = (code.startIndex, false)
    for name in path {
      guard name.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" }),
        let range = code.range(
          of: "\\b\(name)\\s*=(?!=)", options: .regularExpression, range: start..<code.endIndex)
      else { break }
      (start, found) = (range.lowerBound, true)
      // A name inside the table, not the table's own.
      if name != path.last { start = range.upperBound }
    }
    guard found else { return nil }
    return code[..<start].reduce(1) { $1 == "\n" ? $0 + 1 : $0 }
  }
}
