import Foundation
import Influence
import Runs
import Synchronization
import Tensors
import TestSupport
import Testing

@testable import Curation

@Suite("Models with decoys", .serialized)
struct DecoyJobTests {
  /// What is left of a run's folder by a job that made decoys.
  private func decoys(in influence: RunInfluence) throws -> [String: Data] {
    let folder = influence.run.folder
    let names = try FileManager.default.contentsOfDirectory(atPath: folder)
      .filter { $0.hasPrefix("decoys-") }
    return Dictionary(
      uniqueKeysWithValues: try names.map {
        ($0, try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\($0)")))
      })
  }

  @Test("stopped after any model it goes on with the next, and leaves the same bytes")
  func resumed() throws {
    let folder = try ScratchFolder()
    let whole = try MislabelJobTests.run(folder)
    let estimate = try MislabelJob(whole).cut(precision: 0.9)
    let expected = try decoys(in: whole)
    #expect(expected.count == 1)

    let other = try ScratchFolder()
    let stopped = try MislabelJobTests.run(other)
    var stops = 0
    for allowed in [0, 1, 2, 3] {
      let done = Mutex(0)
      let control = JobControl(
        progress: { progress in
          guard progress.title == "training with decoys" else { return }
          done.withLock { $0 = max($0, progress.done) }
        }, isCancelled: { done.withLock { $0 } > allowed })
      do {
        _ = try MislabelJob(stopped).cut(precision: 0.9, control: control)
      } catch is JobCancelled {
        stops += 1
      }
    }
    #expect(stops >= 2)
    #expect(try MislabelJob(stopped).cut(precision: 0.9) == estimate)
    #expect(try decoys(in: stopped) == expected)
  }

  @Test("planted errors are counted, and a second question trains nothing")
  func counted() throws {
    let folder = try ScratchFolder()
    let influence = try MislabelJobTests.run(folder)
    let found = try MislabelJob(influence).cut(precision: 0.8)
    // 20 of 200 are planted.
    #expect(found.low <= 20 && 20 <= found.upperBracket, "\(found)")
    #expect(found.low <= found.estimatedWrong && found.estimatedWrong <= found.high)
    #expect(found.high <= found.upperBracket && found.asked == 0.8)
    let silent = JobControl(progress: { _ in Issue.record("something is made again") })
    let again = try MislabelJob(influence).cut(precision: 0.5, control: silent)
    #expect(again.estimatedWrong == found.estimatedWrong && again.count >= found.count)
  }

  @Test("what cannot be asked is refused in a sentence")
  func refusals() throws {
    let folder = try ScratchFolder()
    let job = MislabelJob(try MislabelJobTests.run(folder))
    func what(_ body: () throws -> CutEstimate) -> String? {
      diagnosed { _ = try body() }?.what
    }
    #expect(what { try job.cut(precision: 1) } == "‹cut› must be from 0.5 to 0.99, not 1.0")
    #expect(
      what { try job.cut(precision: 0.9, by: .loss) } == "a cut is not defined for the signal loss")
    #expect(
      what { try job.cut(precision: 0.9, ScoringRequest(checkpoints: .all)) }
        == "a cut is made at the last checkpoint, where models with decoys are scored")
  }
}
