/// The names of variables that sources give a value, and of the parameters that they declare.
struct AssignedNames {
  private(set) var variables: Set<String> = []
  private(set) var parameters: Set<String> = []

  mutating func look(at source: String) { look(at: LuaTokens.of(source)) }

  private mutating func look(at tokens: [LuaTokens.Token]) {
    // The blocks and brackets that are open: of a table, the key it belongs to.
    var open: [(opener: Substring, key: Substring)] = []
    for (index, token) in tokens.enumerated() {
      if LuaTokens.depth(of: token.text) < 0 { _ = open.popLast() }
      if LuaTokens.depth(of: token.text) > 0 {
        let isValue = index > 1 && tokens[index - 1].text == "="
        open.append((token.text, isValue ? tokens[index - 2].text : ""))
      }
      guard token.isName, index + 1 < tokens.count else { continue }
      if tokens[index + 1].text == "(", index > 0, tokens[index - 1].text == "function",
        index < 2 || tokens[index - 2].text != "local"
      {
        variables.insert(String(token.text))
      }
      guard tokens[index + 1].text == "=" else { continue }
      // What stands in braces is the key of a field, no variable.
      if let table = open.last, table.opener == "{" {
        if table.key == "params" { parameters.insert(String(token.text)) }
      } else {
        addTargets(of: tokens, endingAt: index)
      }
    }
  }

  /// Adds `a` and `b` of `a, b = …`; those of `local a, b`, of `for a = …` and of `t.a` are no such variables.
  private mutating func addTargets(of tokens: [LuaTokens.Token], endingAt last: Int) {
    func text(_ index: Int) -> Substring { index >= 0 ? tokens[index].text : "" }
    var (names, index) = ([String](), last)
    while true {
      if text(index - 1) != ".", text(index - 1) != ":" { names.append(String(text(index))) }
      guard text(index - 1) == ",", index > 1 else { break }
      // In a list of locals an attribute may come between: a <const>, b.
      let next = text(index - 2) == ">" ? index - 5 : index - 2
      guard next >= 0, tokens[next].isName else { break }
      index = next
    }
    if text(index - 1) != "local", text(index - 1) != "for" { variables.formUnion(names) }
  }
}
