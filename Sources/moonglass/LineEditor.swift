import Foundation

/// Reads a line from a terminal with the keys people expect: arrows, history, Tab.
final class LineEditor {
  /// Words that Tab completes to; those that begin with a colon are methods.
  private let words: [String]
  private var line: [Character] = []
  private var cursor = 0

  init(words: [String]) { self.words = words.sorted() }

  /// What somebody typed.
  enum Input {
    case line(String)
    /// Ctrl-C: the line, and what it would have continued, is dropped.
    case dropped
    case end
  }

  func read(prompt: String, history: [String]) -> Input {
    var original = termios()
    guard tcgetattr(STDIN_FILENO, &original) == 0 else {
      return readLine().map(Input.line) ?? .end
    }
    var raw = original
    raw.c_lflag &= ~tcflag_t(ICANON | ECHO | ISIG)
    raw.c_iflag &= ~tcflag_t(IXON | ICRNL)
    tcsetattr(STDIN_FILENO, TCSADRAIN, &raw)
    defer { tcsetattr(STDIN_FILENO, TCSADRAIN, &original) }
    line = []
    cursor = 0
    var entries = history + [""]
    var entry = entries.count - 1
    while true {
      draw(prompt)
      guard let byte = readByte() else { return .end }
      switch byte {
      case 13, 10:
        write("\r\n")
        return .line(String(line))
      case 3:
        write("^C\r\n")
        return .dropped
      case 4:
        if line.isEmpty {
          write("\r\n")
          return .end
        }
        delete(at: cursor)
      case 1: cursor = 0
      case 5: cursor = line.count
      case 11: line.removeSubrange(cursor...)
      case 21:
        line.removeSubrange(..<cursor)
        cursor = 0
      case 8, 127:
        if cursor > 0 {
          cursor -= 1
          delete(at: cursor)
        }
      case 9: complete()
      case 27:
        guard let key = escapeSequence() else { continue }
        switch key {
        case "A" where entry > 0, "B" where entry < entries.count - 1:
          entries[entry] = String(line)
          entry += key == "A" ? -1 : 1
          line = Array(entries[entry])
          cursor = line.count
        case "C": cursor = min(cursor + 1, line.count)
        case "D": cursor = max(cursor - 1, 0)
        case "H", "1": cursor = 0
        case "F", "4": cursor = line.count
        case "3": delete(at: cursor)
        default: break
        }
      case 32...: insert(byte)
      default: break
      }
    }
  }

  private func delete(at index: Int) {
    if index < line.count { line.remove(at: index) }
  }

  /// A character of UTF-8, whose further bytes are waiting.
  private func insert(_ first: UInt8) {
    var bytes = [first]
    let rest = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : first >= 0xC0 ? 1 : 0
    for _ in 0..<rest { if let byte = readByte() { bytes.append(byte) } }
    for character in String(decoding: bytes, as: UTF8.self) {
      line.insert(character, at: cursor)
      cursor += 1
    }
  }

  /// The letter or digit that tells an escape sequence's key.
  private func escapeSequence() -> Character? {
    guard let bracket = readByte(), bracket == 0x5B || bracket == 0x4F, let key = readByte() else {
      return nil
    }
    let character = Character(UnicodeScalar(key))
    if character.isNumber { while let byte = readByte(), byte != 0x7E, byte < 0x40 {} }
    return character
  }

  /// Completes the word before the cursor as far as all candidates agree, and lists them if that is
  /// no further.
  private func complete() {
    var start = cursor
    while start > 0,
      line[start - 1].isLetter || line[start - 1].isNumber || "_.".contains(line[start - 1])
    {
      start -= 1
    }
    if start > 0, line[start - 1] == ":" { start -= 1 }
    let word = String(line[start..<cursor])
    guard !word.isEmpty else { return }
    let matches = words.filter { $0.hasPrefix(word) }
    guard var common = matches.first else { return }
    for match in matches.dropFirst() { common = common.commonPrefix(with: match) }
    if common.count > word.count {
      line.replaceSubrange(start..<cursor, with: Array(common))
      cursor = start + common.count
    } else if matches.count > 1 {
      write("\r\n" + matches.prefix(60).joined(separator: "  ") + "\r\n")
    }
  }

  private func draw(_ prompt: String) {
    let back = line.count - cursor
    write("\r\u{1B}[K" + prompt + String(line) + (back > 0 ? "\u{1B}[\(back)D" : ""))
  }

  private func write(_ text: String) {
    try? FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
  }

  private func readByte() -> UInt8? {
    var byte: UInt8 = 0
    while true {
      let count = Foundation.read(STDIN_FILENO, &byte, 1)
      if count == 1 { return byte }
      if count == 0 || errno != EINTR { return nil }
    }
  }
}
