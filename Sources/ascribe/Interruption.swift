import Foundation
import Synchronization
import Tensors

/// Ctrl-C as a flag: long work looks at it between steps and stops cleanly.
enum Interruption {
  private static let flag = Atomic<Bool>(false)

  /// Takes over SIGINT and SIGTERM.
  ///
  /// A second one ends the process at once: it is answered in the handler itself, which needs no
  /// thread that work may keep busy. Calls of the system go on after it.
  static func watch() {
    // Made here: a handler must not be the first to ask for it.
    _ = isRequested
    var watched = sigset_t()
    sigemptyset(&watched)
    for number in [SIGINT, SIGTERM] {
      var action = sigaction()
      action.__sigaction_handler.sa_handler = { _ in
        if Interruption.flag.exchange(true, ordering: .relaxed) { _exit(130) }
      }
      action.sa_flags = SA_RESTART
      sigaction(number, &action, nil)
      sigaddset(&watched, number)
    }
    // Who starts this from a thread that blocks signals hands that down.
    pthread_sigmask(SIG_UNBLOCK, &watched, nil)
  }

  /// Whether Ctrl-C was pressed.
  static var isRequested: Bool { flag.load(ordering: .relaxed) }

  /// Throws `JobCancelled` when it was.
  ///
  /// - Parameter isResumable: whether the same command goes on from what was finished.
  static func check(isResumable: Bool = false) throws {
    if isRequested { throw JobCancelled(isResumable: isResumable) }
  }
}
