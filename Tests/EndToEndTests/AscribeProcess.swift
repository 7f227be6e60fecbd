import Foundation
import Testing

/// The `ascribe` binary as a user runs it: a process, its exit code and what it wrote.
struct AscribeProcess {
  /// The binary built beside this test bundle, of the same configuration.
  static let binary: String = {
    let bundle = CommandLine.arguments[0]
    let absolute =
      bundle.hasPrefix("/") ? bundle : FileManager.default.currentDirectoryPath + "/" + bundle
    return (absolute as NSString).deletingLastPathComponent + "/ascribe"
  }()

  /// How a process ended.
  struct Result {
    /// The exit code; −n when it was killed by signal n.
    let code: Int32
    let output: String
    let errors: String
  }

  let id: pid_t
  private let captured: (output: String, errors: String)

  /// Starts the binary in a folder.
  ///
  /// - Parameters:
  ///   - standardOutput: a file to write answers to, instead of keeping them.
  ///   - wrapper: a command that becomes the binary in turn, such as `setpriv` with its options.
  init(
    _ arguments: [String], in folder: String, standardOutput: String? = nil,
    through wrapper: [String] = []
  ) throws {
    let name = NSTemporaryDirectory() + "/ascribe-" + UUID().uuidString
    captured = (standardOutput ?? name + ".out", name + ".err")
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    let flags = O_WRONLY | O_CREAT | O_TRUNC
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, captured.output, flags, 0o600)
    posix_spawn_file_actions_addopen(&actions, 2, captured.errors, flags, 0o600)
    // `env` goes to the folder and becomes the binary: the process is the same.
    let command: [String] = ["env", "-C", folder] + wrapper + [AscribeProcess.binary] + arguments
    var words: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) }
    words.append(nil)
    defer { for word in words { free(word) } }
    var child: pid_t = 0
    let failure = posix_spawn(&child, "/usr/bin/env", &actions, nil, words, environ)
    guard failure == 0 else {
      throw POSIXError(POSIXErrorCode(rawValue: failure) ?? .EIO)
    }
    id = child
  }

  /// Waits for the end.
  func wait() -> Result {
    var status: Int32 = 0
    while waitpid(id, &status, 0) < 0 && errno == EINTR {}
    defer {
      unlink(captured.errors)
      if captured.output.hasPrefix(NSTemporaryDirectory()) { unlink(captured.output) }
    }
    func text(_ path: String) -> String {
      guard path.hasPrefix(NSTemporaryDirectory()) else { return "" }
      return String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }
    let signal = status & 0x7f
    return Result(
      code: signal == 0 ? (status >> 8) & 0xff : -signal, output: text(captured.output),
      errors: text(captured.errors))
  }

  /// Waits for the end, with the largest resident memory in bytes.
  ///
  /// Read while the process runs: the kernel's figure at its end counts the process that began it.
  func waitWithPeak() -> (result: Result, peakBytes: Int) {
    var peak = 0
    while let status = try? String(contentsOfFile: "/proc/\(id)/status", encoding: .utf8),
      let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") })
    {
      // Before it is the binary it has the memory of what it was spawned by.
      if status.hasPrefix("Name:\tascribe") {
        peak = Int(line.filter(\.isNumber)).map { $0 * 1_024 } ?? peak
      }
      usleep(2_000)
    }
    return (wait(), peak)
  }

  func send(_ signal: Int32) { kill(id, signal) }

  /// Whether the process has begun to answer a signal itself.
  func takesOver(_ signal: Int32) -> Bool {
    guard let status = try? String(contentsOfFile: "/proc/\(id)/status", encoding: .utf8),
      let line = status.split(separator: "\n").first(where: { $0.hasPrefix("SigCgt:") }),
      let caught = UInt64(line.dropFirst(7).trimmingCharacters(in: .whitespaces), radix: 16)
    else { return false }
    return caught >> UInt64(signal - 1) & 1 == 1
  }
}
