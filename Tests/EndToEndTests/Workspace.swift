import Foundation
import Testing

/// A temporary folder with small data and run files; gone with its last owner.
final class Workspace {
  let path: String

  /// - Parameter trained: whether `r.yaml` is trained already.
  init(trained: Bool = false) throws {
    path =
      FileManager.default.temporaryDirectory
      .appendingPathComponent("ascribe-e2e-" + UUID().uuidString).path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    try write(Workspace.table(rows: 48, seed: 1), to: "train.csv")
    try write(Workspace.table(rows: 12, seed: 2), to: "test.csv")
    try write(Workspace.runFile(), to: "r.yaml")
    if trained { try succeed("train", "r.yaml") }
  }

  /// A folder with the bundled digits, trained by one seed as `digits`.
  static func withDigits() throws -> Workspace {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().path
    let work = try Workspace()
    for folder in ["Examples", "data"] {
      try FileManager.default.copyItem(atPath: root + "/" + folder, toPath: work.file(folder))
    }
    try work.succeed("train", "Examples/digits.yaml", "--seeds", "1")
    return work
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Rows of four numbers around their class, 0, 1 or 2.
  static func table(rows: Int, seed: UInt64) -> String {
    var state = seed
    func uniform() -> Double {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(state >> 40) / Double(1 << 24)
    }
    var text = "a,b,c,d,label\n"
    for row in 0..<rows {
      let label = row % 3
      let values = (0..<4).map { column in
        String(format: "%.3f", uniform() + uniform() - 1 + (column == label ? 1 : 0))
      }
      text += values.joined(separator: ",") + ",\(label)\n"
    }
    return text
  }

  /// A run file.
  static func runFile(
    name: String = "r", train: String = "train.csv", test: String = "test.csv",
    data: String = "", model: String = "{kind: mlp, hidden: [8]}",
    training: String = "{rate: 0.1, momentum: 0.9, epochs: 6, batch: 8}"
  ) -> String {
    """
    name: \(name)
    data:
      train: {format: csv, path: \(train), label: last}
      test:  {format: csv, path: \(test), label: last}
      \(data)
    model: \(model)
    training: \(training)

    """
  }

  func file(_ name: String) -> String { path + "/" + name }

  func write(_ text: String, to name: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: file(name)))
  }

  func bytes(_ name: String) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: file(name)))
  }

  func text(_ name: String) throws -> String { String(decoding: try bytes(name), as: UTF8.self) }

  func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: file(name)) }

  /// Runs `ascribe` here.
  func run(_ arguments: String..., standardOutput: String? = nil) throws -> AscribeProcess.Result {
    try AscribeProcess(arguments, in: path, standardOutput: standardOutput).wait()
  }

  /// Runs `ascribe` here and expects exit code 0.
  @discardableResult
  func succeed(
    _ arguments: String..., at location: SourceLocation = #_sourceLocation
  ) throws -> AscribeProcess.Result {
    let result = try AscribeProcess(arguments, in: path).wait()
    #expect(
      result.code == 0, "\(arguments.joined(separator: " ")): \(result.errors)",
      sourceLocation: location)
    return result
  }

  /// Runs `ascribe` here and expects an exit code and an error that has the words.
  ///
  /// Errors of ours have three lines: what, where, how to fix; those of usage one.
  @discardableResult
  func fail(
    _ code: Int32, _ arguments: String..., words: [String] = [],
    at location: SourceLocation = #_sourceLocation
  ) throws -> AscribeProcess.Result {
    let result = try AscribeProcess(arguments, in: path).wait()
    let command = arguments.joined(separator: " ")
    #expect(result.code == code, "\(command): \(result.errors)", sourceLocation: location)
    #expect(result.output.isEmpty, "\(command)", sourceLocation: location)
    if code == 2 {
      #expect(result.errors.contains("rror: "), "\(command)", sourceLocation: location)
    } else {
      let lines = result.errors.split(separator: "\n").map(String.init)
      #expect(
        lines.contains { $0.hasPrefix("error: ") } && lines.contains { $0.hasPrefix("  at:  ") }
          && lines.contains { $0.hasPrefix("  fix: ") },
        "\(command): \(result.errors)", sourceLocation: location)
    }
    for word in words {
      #expect(
        result.errors.contains(word), "\(command): \(result.errors)", sourceLocation: location)
    }
    return result
  }

  /// Runs `ascribe` here with `--json`: exactly one object on standard output.
  func object(
    _ arguments: String..., at location: SourceLocation = #_sourceLocation
  ) throws -> [String: Any] {
    let result = try AscribeProcess(arguments + ["--json"], in: path).wait()
    #expect(
      result.code == 0, "\(arguments.joined(separator: " ")): \(result.errors)",
      sourceLocation: location)
    #expect(
      result.output.first == "{" && result.output.hasSuffix("}\n")
        && result.output.split(separator: "\n").count == 1,
      "\(result.output.prefix(200))", sourceLocation: location)
    return try #require(
      try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any],
      sourceLocation: location)
  }

  /// Every file of some folders with its bytes.
  func files(_ folders: String...) -> [String: Data] {
    var found: [String: Data] = [:]
    for folder in folders {
      let names = FileManager.default.enumerator(atPath: file(folder))?.allObjects ?? []
      for case let name as String in names {
        let path = file(folder) + "/" + name
        var status = stat()
        if stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG {
          found[folder + "/" + name] = FileManager.default.contents(atPath: path)
        }
      }
    }
    return found
  }

  /// Deletes files or folders.
  func remove(_ names: String...) throws {
    for name in names { try FileManager.default.removeItem(atPath: file(name)) }
  }

  /// Turns one bit of a file.
  func flip(_ name: String, byte: Int) throws {
    var data = try bytes(name)
    data[byte] ^= 0x04
    try data.write(to: URL(fileURLWithPath: file(name)))
  }
}

/// A random stream for kill times and damaged bytes.
struct Draw {
  private var state: UInt64

  init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1 }

  mutating func below(_ bound: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int((state >> 33) % UInt64(max(1, bound)))
  }
}
