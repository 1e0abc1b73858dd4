import Foundation
import Host
import LuaBridge

/// Ctrl-C and termination: the first asks the run to save and end, the second ends at once.
enum Signals {
  static func handle() {
    for signal in [SIGINT, SIGTERM, SIGHUP] {
      Foundation.signal(signal) { _ in
        // Only what is safe in a signal handler: an atomic flag, and leaving.
        if Interrupt.isRequested { _exit(ExitStatus.interrupted) }
        Interrupt.request()
      }
    }
    receive()
  }

  /// The same for a program that waits for one it started: both end at once.
  static func handleEndingChildren() {
    for signal in [SIGINT, SIGTERM, SIGHUP] {
      Foundation.signal(signal) { _ in
        ChildCommand.terminateRunning()
        _exit(ExitStatus.interrupted)
      }
    }
    receive()
  }

  /// For a prompt: Ctrl-C stops the call of Lua that is under way, and nothing else.
  static func handleStoppingLua() {
    Foundation.signal(SIGINT) { _ in LuaRuntime.interrupt() }
    receive()
  }

  private static func receive() {
    // Whoever started the program may have blocked them, which is inherited.
    var wanted = sigset_t()
    sigemptyset(&wanted)
    for signal in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&wanted, signal) }
    pthread_sigmask(SIG_UNBLOCK, &wanted, nil)
    // A closed pipe is no reason to lose a run.
    Foundation.signal(SIGPIPE, SIG_IGN)
  }
}
