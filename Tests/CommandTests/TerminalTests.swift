import Foundation
import Synchronization
import Testing

/// The repl as a person at a terminal has it: keys go in, what the screen shows comes out.
@Suite struct TerminalTests {
  /// Starts `moonglass repl` on a terminal of its own; `nil` where there is none.
  private func start(_ history: String, in folder: URL) throws -> (Process, keyboard: Int32)? {
    let keyboard = open("/dev/ptmx", O_RDWR | O_NOCTTY)
    // TIOCSPTLCK and TIOCGPTN: unlocks the terminal, and its number.
    var (lock, number): (Int32, UInt32) = (0, 0)
    guard keyboard >= 0, ioctl(keyboard, 0x4004_5431, &lock) == 0,
      ioctl(keyboard, 0x8004_5430, &number) == 0
    else { return nil }
    let path = "/dev/pts/\(number)"
    let terminal = open(path, O_RDWR | O_NOCTTY)
    guard terminal >= 0 else { return nil }
    let process = Process()
    process.executableURL = Invocation.program
    process.arguments = ["repl", "--history", history]
    process.currentDirectoryURL = folder
    let end = FileHandle(fileDescriptor: terminal, closeOnDealloc: false)
    (process.standardInput, process.standardOutput, process.standardError) = (end, end, end)
    try process.run()
    close(terminal)
    return (process, keyboard)
  }

  /// Types keys and returns what is written.
  private func type(_ keys: String, history: String, in folder: URL) throws -> String {
    let (process, keyboard) = try #require(try start(history, in: folder), "no terminal")
    defer { close(keyboard) }
    // The kernel keeps the keys until they are read; the terminal leaves raw mode after each line.
    var screen = ""
    for line in keys.split(separator: "\r", omittingEmptySubsequences: false) {
      screen += read(keyboard, until: "> ")
      var bytes = Array(line.utf8)
      if line.last != "\u{4}", line.last != "\u{3}" { bytes.append(13) }
      #expect(write(keyboard, bytes, bytes.count) == bytes.count)
    }
    screen += read(keyboard, until: nil)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    return screen
  }

  /// Waits for each prompt, then types what is with it; no text is Ctrl-C while something runs.
  private func converse(_ talk: [(prompt: String, keys: String?)], in folder: URL) throws -> String
  {
    let history = folder.appendingPathComponent("history").path
    let (process, keyboard) = try #require(try start(history, in: folder), "no terminal")
    defer { close(keyboard) }
    let isAnswered = Atomic(false)
    var screen = ""
    for (prompt, keys) in talk {
      screen += read(keyboard, until: prompt)
      isAnswered.store(keys != nil, ordering: .relaxed)
      if let keys {
        let bytes = Array(keys.utf8)
        #expect(write(keyboard, bytes, bytes.count) == bytes.count)
      } else {
        // Again and again until the next prompt: the loop may not have begun.
        Thread {
          while !isAnswered.load(ordering: .relaxed) {
            process.interrupt()
            Thread.sleep(forTimeInterval: 0.2)
          }
        }.start()
      }
    }
    screen += read(keyboard, until: nil)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    return screen
  }

  @Test(.timeLimit(.minutes(1))) func controlCDropsWhatIsTypedAndStopsWhatRuns() throws {
    try withFolder([:]) { folder in
      let screen = try converse(
        [
          ("> ", "for i = 1, 2 do\r"), (".. ", "\u{3}"), ("> ", "20 +\r"), (".. ", "3\r"),
          ("> ", "n = 5\r"), ("> ", "while true do end\r"), ("\r\n", nil),
          ("> ", "n * n\r"), ("> ", "\u{4}"),
        ], in: folder)
      #expect(screen.contains("\r\n23\r\n"), "\(screen)")
      #expect(screen.contains("interrupted") && screen.contains("\r\n25\r\n"), "\(screen)")
    }
  }

  /// Reads until the screen ends with a prompt, or to the end.
  private func read(_ descriptor: Int32, until prompt: String?) -> String {
    var text: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = Foundation.read(descriptor, &buffer, buffer.count)
      if count <= 0 { break }
      text += buffer[..<count]
      if let prompt, text.ends(with: Array(prompt.utf8)) { break }
    }
    return String(decoding: text, as: UTF8.self)
  }

  @Test(.timeLimit(.minutes(1))) func keysEditCompleteAndRecall() throws {
    try withFolder([:]) { folder in
      let history = folder.appendingPathComponent("history").path
      // Tab completes as far as all candidates agree; the arrows bring back and correct a line.
      let left = "\u{1B}[D"
      let screen = try type(
        "mg.zer\t(1, 2)\r\u{1B}[A\(left)\u{7F}3\r-- nothing\u{3}\r6 * 7\r\u{4}",
        history: history, in: folder)
      #expect(screen.contains("tensor [1, 2] float32"), "\(screen)")
      #expect(screen.contains("tensor [1, 3] float32") && screen.contains("42"), "\(screen)")
      let lines = try String(contentsOfFile: history, encoding: .utf8)
      #expect(lines == "mg.zeros(1, 2)\nmg.zeros(1, 3)\n6 * 7\n")
      // Another session knows the lines of the first one.
      let again = try type("\u{1B}[A\r\u{4}", history: history, in: folder)
      #expect(again.contains("42"))
    }
  }
}

extension Array where Element == UInt8 {
  fileprivate func ends(with suffix: [UInt8]) -> Bool {
    count >= suffix.count && Array(self[(count - suffix.count)...]) == suffix
  }
}
