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
    Progress.clear()
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
    /// What was done when it was first told of, from which the rate counts.
    var first: (done: Int, time: ContinuousClock.Instant)?
  }

  /// What the whole command was said to take; shown until a rate is known.
  static let expected = Mutex<String?>(nil)

  private static let visible = Mutex(false)
  private static let lastShown = Mutex(ContinuousClock.now)
  private let title: String
  private let unit: String
  private let state = Mutex(State())

  init(_ title: String, unit: String) {
    self.title = title
    self.unit = unit
  }

  /// Shows `done` of `total`: at once, then at most ten times a second.
  func update(_ done: Int, of total: Int) {
    let now = ContinuousClock.now
    let interval: Duration = Console.isTerminal ? .milliseconds(100) : .seconds(10)
    let first = state.withLock { state -> (done: Int, time: ContinuousClock.Instant)? in
      // At once on a terminal: the first of many rows may take minutes.
      let isFirst = state.first == nil && Console.isTerminal
      let first = state.first ?? (done, now)
      state.first = first
      guard isFirst || now - state.shown >= interval else { return nil }
      state.shown = now
      return first
    }
    guard let first else { return }
    let text = Progress.text(
      title, unit: unit, done: done, of: total, since: first.done,
      seconds: (now - first.time) / .seconds(1), expected: Progress.expected.withLock { $0 })
    Progress.lastShown.withLock { $0 = now }
    let cells = 24
    let full = total > 0 ? min(cells, cells * done / total) : cells
    let bar = String(repeating: "█", count: full) + String(repeating: "░", count: cells - full)
    Progress.show(Console.isTerminal ? "\(bar) \(text)" : text)
  }

  /// Puts a line in the place of the bar on a terminal, and under the others elsewhere.
  static func show(_ text: String) {
    guard Console.isTerminal else {
      Console.write(text + "\n", to: FileHandle.standardError)
      return
    }
    Console.write("\r\u{1B}[K\(text)", to: FileHandle.standardError)
    Progress.visible.withLock { $0 = true }
  }

  /// Whether no progress was shown for a while.
  static func isQuiet(for interval: Duration, at now: ContinuousClock.Instant) -> Bool {
    lastShown.withLock { now - $0 >= interval }
  }

  /// A rate for reading: `50 rows/s`, `0.25 rows/s`.
  static func rate(_ rate: Double, _ unit: String) -> String {
    String(format: rate >= 10 ? "%.0f %@/s" : "%.2g %@/s", rate, unit)
  }

  /// The line of a progress: rate and time left once something was done since `begun`, before that
  /// what the command is expected to take.
  static func text(
    _ title: String, unit: String, done: Int, of total: Int, since begun: Int, seconds: Double,
    expected: String? = nil
  ) -> String {
    let text = "\(title) \(total > 0 ? 100 * done / total : 100) %  \(done)/\(total) \(unit)"
    guard done > begun, seconds > 0 else {
      return text + (done < total ? expected.map { "  about \($0) in all" } ?? "" : "")
    }
    let rate = Double(done - begun) / seconds
    let perSecond = Progress.rate(rate, unit)
    return done >= total
      ? "\(text)  \(perSecond)"
      : "\(text)  \(perSecond)  "
        + String(format: "%.0f s left", max(1, Double(total - done) / rate))
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
