extension LuaTokens {
  /// The variables of no block that a source gives a value to somewhere: `n = 1`, `a, b = 1, 2`, and
  /// `function f()`.
  ///
  /// What is declared `local`, counted by a loop, or a field (`p.n = 1`, `{ n = 1 }`) is none of them.
  static func assignedNames(in source: String) -> Set<String> {
    let tokens = of(source)
    var names: Set<String> = []
    // What is open at a token, innermost last: in braces, `n =` names a field.
    var open: [Substring] = []
    for (index, token) in tokens.enumerated() {
      let change = depth(of: token.text)
      if change > 0 { open.append(token.text) } else if change < 0 { _ = open.popLast() }
      if token.text == "=", open.last != "{" {
        names.formUnion(targets(of: tokens, before: index))
      } else if token.text == "function", index + 2 < tokens.count, tokens[index + 1].isName,
        tokens[index + 2].text == "(", index == 0 || tokens[index - 1].text != "local"
      {
        names.insert(String(tokens[index + 1].text))
      }
    }
    return names
  }

  /// The names in front of an equals sign, where these are variables that were not declared there.
  private static func targets(of tokens: [Token], before equals: Int) -> [String] {
    var names: [String] = []
    var index = equals - 1
    while index >= 0, tokens[index].isName {
      let before = index > 0 ? tokens[index - 1].text : ""
      if before == "local" || before == "for" { return [] }
      if before != "." { names.append(String(tokens[index].text)) }
      guard before == "," else { break }
      index -= 2
    }
    return names
  }
}
