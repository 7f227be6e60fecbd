import Ascribe
import Foundation
import TestSupport
import Testing

/// The program of the README, as it stands there.
@Suite("Ten lines") struct TenLinesTests {
  private static let root = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  private func text(_ path: String) throws -> String {
    try String(contentsOf: TenLinesTests.root.appending(path: path), encoding: .utf8)
  }

  @Test("the README shows the program of Examples/swift, line by line")
  func shown() throws {
    let program = try text("Examples/swift/Sources/ask/main.swift")
    #expect(try text("README.md").contains("```swift\n" + program + "```"))
    #expect(program.split(separator: "\n").count <= 10)
  }

  @Test("its calls train, answer and find planted errors")
  func runs() throws {
    let scratch = try ScratchFolder()
    let file = TenLinesTests.root.appending(path: "Examples/digits.yaml").path
    let notes = NoteList()
    let control = JobControl(note: { notes.add($0) })
    let session = try Session(
      training: file, checkpointsFolder: scratch / "Checkpoints", control: control)
    let answer = try session.query("17", top: 5)
    #expect(answer.queries.map(\.id) == [ExampleID("17")])
    #expect(answer.queries[0].helpful.count == 5)
    #expect(answer.text.contains("query 17"))
    let suspects = try session.mislabeled(top: 20)
    #expect(suspects.suspects.count == 20)
    let train = try session.influence().data.train
    let planted = Set(train.ids.indices.filter { train.flipped[$0] }.map { train.ids[$0] })
    // Nearly all of the first 20 are of the 130 planted among 1,297.
    #expect(suspects.suspects.count { planted.contains($0.id) } >= 18)
    #expect(notes.all.contains { $0.hasPrefix("training digits: 1297 examples") })
    // The run is there: the second session opens it.
    let again = try Session(
      training: file, checkpointsFolder: scratch / "Checkpoints", control: control)
    #expect(try again.query("17", top: 5) == answer)
    #expect(notes.all.contains { $0.hasPrefix("digits is trained already") })
  }
}

/// What a job said.
final class NoteList: @unchecked Sendable {
  private let lock = NSLock()
  private var notes: [String] = []

  func add(_ note: String) { lock.withLock { notes.append(note) } }
  var all: [String] { lock.withLock { notes } }
  /// All of them, a line each.
  var text: String { all.joined(separator: "\n") }
}
