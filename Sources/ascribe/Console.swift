import Foundation
import Glibc
import Synchronization
import Tensors

/// Standard output could not be written.
struct OutputError: DiagnosableError {
  let code: Int32

  var what: String { "the answer cannot be written: \(String(cString: strerror(code)))." }
  var location: String { "standard output" }
  var remedy: String { "redirect it to a file on a disk with space, or to a terminal." }
  var exitCode: Int32 { 1 }
}

/// Standard output for answers, standard error for everything else.
enum Console {
  /// Answers: nothing but what was asked for.
  ///
  /// What could not be written is an error at the end: `requireWritten`. Nothing is answered once
  /// Ctrl-C was pressed.
  static func output(_ text: String) {
    if Interruption.isRequested { return }
    var bytes = Array((text + "\n").utf8)[...]
    while !bytes.isEmpty {
      let wrote = bytes.withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
      if wrote < 0 && errno == EINTR { continue }
      guard wrote >= 0 else {
        outputFailure.store(errno, ordering: .relaxed)
        return
      }
      bytes = bytes.dropFirst(wrote)
    }
  }

  private static let outputFailure = Atomic<Int32>(0)

  /// Keeps the places of closed standard streams from files opened later, into which answers and
  /// notes would be written.
  static func reserveStandardStreams() {
    for stream in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO]
    where fcntl(stream, F_GETFD) < 0 && errno == EBADF {
      // The lowest free number is this one.
      _ = open("/dev/null", O_RDWR)
      if stream == STDOUT_FILENO { outputFailure.store(EBADF, ordering: .relaxed) }
    }
  }

  /// - Throws: `OutputError` when an answer could not be written. A pipe closed by its reader
  ///   (`| head`) is the reader's decision, no error.
  static func requireWritten() throws {
    let code = outputFailure.load(ordering: .relaxed)
    guard code == 0 || code == EPIPE else { throw OutputError(code: code) }
  }

  /// Notes, progress and errors.
  static func line(_ text: String) {
    Progress.clear()
    write(text + "\n", to: FileHandle.standardError)
  }

  /// Whether standard error is a terminal.
  static let isTerminal = isatty(STDERR_FILENO) == 1

  fileprivate static func write(_ text: String, to handle: FileHandle) {
    // Notes that nobody can read are no reason to stop.
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
    guard
      visible.withLock({ visible in
        defer { visible = false }
        return visible
      })
    else { return }
    Console.write("\r\u{1B}[K", to: FileHandle.standardError)
  }
}
