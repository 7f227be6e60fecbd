import Foundation
import Synchronization

/// Standard output for answers, standard error for everything else.
enum Console {
  /// Answers: nothing but what was asked for.
  static func output(_ text: String) { write(text + "\n", to: FileHandle.standardOutput) }

  /// Notes, progress and errors.
  static func line(_ text: String) {
    Progress.clear()
    write(text + "\n", to: FileHandle.standardError)
  }

  /// Whether standard error is a terminal.
  static let isTerminal = isatty(STDERR_FILENO) == 1

  fileprivate static func write(_ text: String, to handle: FileHandle) {
    // A closed pipe is the reader's decision, not an error of ours.
    try? handle.write(contentsOf: Data(text.utf8))
  }
}

/// A progress bar with rate and remaining time on a terminal, a plain line now and then otherwise.
final class Progress: Sendable {
  private struct State {
    var shown = ContinuousClock.now
    var first: Int?
  }

  private static let visible = Mutex(false)
  private let title: String
  private let unit: String
  private let start = ContinuousClock.now
  private let state = Mutex(State())

  init(_ title: String, unit: String) {
    self.title = title
    self.unit = unit
  }

  /// Shows `done` of `total`, at most ten times a second.
  func update(_ done: Int, of total: Int) {
    let now = ContinuousClock.now
    let interval: Duration = Console.isTerminal ? .milliseconds(100) : .seconds(10)
    let begun = state.withLock { state -> Int? in
      if state.first == nil { state.first = done }
      guard now - state.shown >= interval else { return nil }
      state.shown = now
      return state.first
    }
    guard let begun else { return }
    let seconds = (now - start) / .seconds(1)
    let rate = Double(done - begun) / max(seconds, 1e-9)
    let left = rate > 0 ? Double(total - done) / rate : 0
    let share = total > 0 ? 100 * done / total : 100
    let text =
      "\(title) \(share) %  \(done)/\(total) \(unit)  "
      + String(format: "%.0f %@/s  %.0f s left", rate, unit, left)
    guard Console.isTerminal else {
      Console.write(text + "\n", to: FileHandle.standardError)
      return
    }
    let cells = 24
    let full = total > 0 ? min(cells, cells * done / total) : cells
    let bar = String(repeating: "█", count: full) + String(repeating: "░", count: cells - full)
    Console.write("\r\u{1B}[K\(bar) \(text)", to: FileHandle.standardError)
    Progress.visible.withLock { $0 = true }
  }

  /// Removes the bar from the terminal.
  static func clear() {
    guard visible.withLock({ visible in
      defer { visible = false }
      return visible
    }) else { return }
    Console.write("\r\u{1B}[K", to: FileHandle.standardError)
  }
}
