import Dispatch
import Foundation
import Synchronization

/// Thrown where a long command notices Ctrl-C.
struct Interrupted: Error {}

/// Ctrl-C as a flag: long work looks at it between steps and stops cleanly.
enum Interruption {
  private static let flag = Atomic<Bool>(false)
  private static let sources = Mutex<[any DispatchSourceSignal]>([])

  /// Takes over SIGINT and SIGTERM.
  ///
  /// A second one ends the process at once.
  static func watch() {
    sources.withLock { kept in
      guard kept.isEmpty else { return }
      for number in [SIGINT, SIGTERM] {
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        source.setEventHandler { @Sendable in
          if flag.exchange(true, ordering: .relaxed) { _exit(130) }
        }
        source.resume()
        kept.append(source)
      }
    }
  }

  /// Whether Ctrl-C was pressed.
  static var isRequested: Bool { flag.load(ordering: .relaxed) }

  /// Throws `Interrupted` when it was.
  static func check() throws { if isRequested { throw Interrupted() } }
}
