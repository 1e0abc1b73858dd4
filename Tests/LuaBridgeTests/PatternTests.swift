import LuaBridge
import Testing

@Suite("Pattern functions have a limit")
struct PatternTests {
  static let endless = [
    "return ('a'):rep(40):find(('a?'):rep(40) .. ('a'):rep(41))",
    "return ('a'):rep(3000):match('.-.-.-.-b')",
    "return ('a'):rep(3000):gsub('a*a*a*b', '')",
    "for w in ('a'):rep(3000):gmatch('.*.*.*b') do end",
    "return ('x'):rep(100000):find(('x*'):rep(3) .. 'y')",
    "return ('('):rep(20000):gsub('%b()', '')",
    "return ('a'):rep(200000):find(('a'):rep(100000) .. 'b', 1, true)",
  ]

  @Test("Backtracking without end is refused", arguments: endless)
  func refused(_ source: String) {
    let error = luaError(source)
    #expect(error?.kind == .runtime)
    #expect(error?.text.contains("too ") == true, "\(String(describing: error))")
  }

  /// Ordinary uses, with what the manual says they give.
  static let ordinary: [(String, String)] = [
    ("return ('key = value'):match('^(%w+)%s*=%s*(%w+)$')", "key value"),
    ("return ('hello world'):find('o w')", "5 7"),
    ("return ('hello.world'):find('.', 1, true)", "6 6"),
    ("return (('abc'):gsub('%w', '%0%0'))", "aabbcc"),
    ("return ('THE (quick) fox'):find('%((%a+)%)')", "5 11 quick"),
    ("return ('f(a(b)c)d'):match('%b()')", "(a(b)c)"),
    ("return (('THE (quick) fox'):gsub('%f[%a]%a+', string.lower))", "the (quick) fox"),
    ("return ('\"it\\'s\"'):match('([\"\\'])(.-)%1')", "\" it's"),
    ("return ('[]'):find('[]]')", "2 2"),
    ("return ('a-b'):find('[a%-]', 2)", "2 2"),
    ("return ('x'):find('')", "1 0"),
    ("return ('abc'):find('b', -1)", "nil"),
    ("return (('abc'):gsub('', '-'))", "-a-b-c-"),
    (
      "local t = {} for k, v in ('a=1, b=2'):gmatch('(%w+)=(%w+)') do t[#t + 1] = k .. v end return t[1], t[2]",
      "a1 b2"
    ),
    ("return ('abc'):match('()b()')", "2 3"),
    ("return (('x'):rep(100000):gsub('x', 'y')):sub(1, 3)", "yyy"),
    ("return #('a b '):rep(20000):gsub('%s+', '')", "40000"),
  ]

  @Test("Ordinary patterns work as ever", arguments: ordinary)
  func works(_ source: String, _ result: String) throws {
    #expect(try lua(source).map(show).joined(separator: " ") == result)
  }

  @Test("Malformed patterns are explained by Lua")
  func malformed() {
    for pattern in ["[a", "%", "(a", ".)", "%1", "%b", "%f"] {
      let error = luaError("return ('a'):find('\(pattern)')")
      #expect(error?.kind == .runtime, "\(pattern)")
    }
    let nested = luaError("return ('a'):rep(300):find(('(a)'):rep(33))")
    #expect(nested?.text.contains("too many captures") == true)
  }
}
