/// Makes the local variables of a prompt's input live on.
///
/// A chunk is a block: what it declares `local` outside any other block would end with it, a line later. Here
/// such declarations become assignments, and the rest stays as it is, on the lines it was.
public enum TopLevelLocals {
  /// The source with `local a, b = …` as `a, b = …`, `local a` as `a = nil` and `local function f` as
  /// `function f`, where they are in no block.
  public static func livingOn(_ source: String) -> String {
    let tokens = LuaTokens.of(source)
    var result = ""
    var (copied, depth, index) = (source.startIndex, 0, 0)
    while index < tokens.count {
      let token = tokens[index]
      depth += LuaTokens.depth(of: token.text)
      defer { index += 1 }
      guard token.text == "local", depth == 0, index + 1 < tokens.count else { continue }
      result += source[copied..<token.range.lowerBound]
      copied = tokens[index + 1].range.lowerBound
      guard tokens[index + 1].text != "function" else { continue }
      // Names, perhaps with <const>; then = or the end of the statement.
      var (names, next) = ([String](), index + 1)
      while next < tokens.count, tokens[next].isName {
        names.append(String(tokens[next].text))
        next += 1
        if next + 2 < tokens.count, tokens[next].text == "<", tokens[next + 2].text == ">" {
          next += 3
        }
        guard next < tokens.count, tokens[next].text == "," else { break }
        next += 1
      }
      guard !names.isEmpty else { continue }
      result += names.joined(separator: ", ")
      let hasValue = next < tokens.count && tokens[next].text == "="
      result += hasValue ? " " : " = nil"
      copied = hasValue ? tokens[next].range.lowerBound : tokens[next - 1].range.upperBound
      index = next - 1
    }
    return result + source[copied...]
  }
}

/// Words and signs of Lua, without texts and comments.
enum LuaTokens {
  struct Token {
    let text: Substring
    let range: Range<String.Index>
    var isName: Bool {
      guard let first = text.first else { return false }
      return (first.isLetter || first == "_") && !keywords.contains(String(text))
    }
  }

  /// How a token changes the number of blocks and brackets that are open.
  static func depth(of text: Substring) -> Int {
    switch text {
    case "function", "do", "then", "repeat", "(", "{", "[": 1
    // One `end` is for all branches of an `if`.
    case "end", "until", ")", "}", "]", "elseif": -1
    default: 0
    }
  }

  static let keywords: Set<String> = [
    "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in",
    "local", "nil", "not", "or", "repeat", "return", "then", "true", "until", "while",
  ]

  static func of(_ source: String) -> [Token] {
    var tokens: [Token] = []
    var index = source.startIndex
    func add(to end: String.Index) {
      tokens.append(Token(text: source[index..<end], range: index..<end))
      index = end
    }
    while index < source.endIndex {
      let character = source[index]
      let rest = source[index...]
      if rest.hasPrefix("--") {
        let body = source.index(index, offsetBy: 2)
        index = longEnd(source, at: body) ?? lineEnd(source, from: body)
      } else if character == "[", let end = longEnd(source, at: index) {
        index = end
      } else if character == "\"" || character == "'" {
        index = textEnd(source, from: index)
      } else if character.isLetter || character.isNumber || character == "_" {
        let end = rest.firstIndex { next in
          !(next.isLetter || next.isNumber || next == "_" || next == "." && character.isNumber)
        }
        add(to: end ?? source.endIndex)
      } else if rest.hasPrefix("==") || rest.hasPrefix("<=") || rest.hasPrefix(">=")
        || rest.hasPrefix("~=")
      {
        add(to: source.index(index, offsetBy: 2))
      } else if character.isWhitespace {
        index = source.index(after: index)
      } else {
        add(to: source.index(after: index))
      }
    }
    return tokens
  }

  /// Past a text in long brackets that begins here; `nil` where none does.
  private static func longEnd(_ source: String, at start: String.Index) -> String.Index? {
    guard let open = source[start...].prefixMatch(of: #/\[(=*)\[/#) else { return nil }
    let close = "]" + open.1 + "]"
    var index = open.range.upperBound
    while index < source.endIndex {
      if source[index...].hasPrefix(close) { return source.index(index, offsetBy: close.count) }
      index = source.index(after: index)
    }
    return source.endIndex
  }

  private static func lineEnd(_ source: String, from start: String.Index) -> String.Index {
    source[start...].firstIndex(of: "\n") ?? source.endIndex
  }

  private static func textEnd(_ source: String, from start: String.Index) -> String.Index {
    var index = source.index(after: start)
    while index < source.endIndex, source[index] != source[start], source[index] != "\n" {
      if source[index] == "\\" { index = source.index(after: index) }
      if index < source.endIndex { index = source.index(after: index) }
    }
    return index < source.endIndex ? source.index(after: index) : index
  }
}
