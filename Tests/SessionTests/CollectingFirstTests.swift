import Ascribe
import Foundation
import TestSupport
import Testing

@testable import Influence

/// Questions whose exact kernel is dear, with nothing collected yet.
@Suite("Features collected for a question") struct CollectingFirstTests {
  /// A small network's kernel taken for a dear one.
  private func dear<T>(_ body: () throws -> T) rethrows -> T {
    try KernelChoice.$limits.withValue(
      KernelChoice.Limits(leastFlops: 0, wideFactor: 0, landmarkBytes: 0), operation: body)
  }

  private func ask(
    _ session: Session, _ change: (inout QueryJob) -> Void = { _ in }
  ) throws -> QueryAnswer {
    var job = QueryJob(test: InputKind.classes.id)
    change(&job)
    return try dear { try job.run(in: session).answer }
  }

  @Test("the first question collects and says so; the next one reads; the exact kernel on request")
  func collects() throws {
    let (session, notes, scratch) = try InputKind.classes.trained()
    let store = try session.influence().storePath()
    #expect(!FileManager.default.fileExists(atPath: store))
    let first = try ask(session)
    #expect(first.settings.kernel.hasPrefix("kronecker "))
    #expect(FileManager.default.fileExists(atPath: store))
    let said = notes.all.filter { $0.contains("collected now and kept") }
    #expect(said.count == 1)
    #expect(said.first?.contains("‹kernel: exact›") == true)
    let again = try ask(session)
    #expect(notes.all.count { $0.contains("collected now and kept") } == 1)
    #expect(try again.json() == first.json())
    // As wide as this, features of so small a network are its gradients.
    let exact = try ask(session) {
      ($0.scoring.kernel, $0.scoring.method, $0.scoring.checkpoints) = (.exact, .trak, .final)
    }
    #expect(exact.settings.kernel.hasPrefix("exact"))
    for (a, b) in zip(exact.queries[0].helpful, first.queries[0].helpful) {
      #expect(abs(a.score - b.score) <= 1e-3 * abs(a.score))
    }
    _ = scratch
  }

  @Test("a method, a kernel or layers that were asked for collect nothing")
  func asked() throws {
    let (session, _, scratch) = try InputKind.classes.trained()
    let store = try session.influence().storePath()
    #expect(try ask(session) { $0.scoring.method = .graddot }.settings.kernel.hasPrefix("exact"))
    #expect(try ask(session) { $0.scoring.kernel = .exact }.settings.kernel.hasPrefix("exact"))
    let layers = try LayerPatterns(text: "classifier")
    #expect(try ask(session) { $0.layers = layers }.settings.kernel.hasPrefix("exact"))
    #expect(!FileManager.default.fileExists(atPath: store))
    _ = scratch
  }
}
