import Ascribe
import Foundation
import Testing

@testable import Answers

/// What is said about how scores were made before an answer.
@Suite("Diagnosis before an answer") struct DiagnosisTests {
  private func notes(_ ask: (Session) throws -> Void) throws -> [String] {
    let notes = NoteList()
    let small = try SmallRun.trained.get()
    try ask(Session(small.run, control: JobControl(note: { notes.add($0) })))
    return notes.all
  }

  @Test("λ is a range over checkpoints, one number where it is the same, with its rule")
  func damping() {
    let mean = DampingRule.standard
    #expect(
      DiagnosisText.damping([4.5612, 0.01231, 1], by: mean) == "damping λ 0.0123 to 4.56 (mean)")
    #expect(DiagnosisText.damping([2.0001, 2.0002], by: .leaveOneOut) == "damping λ 2.00 (loo)")
    #expect(DiagnosisText.damping([0.5, 0.5], by: .value(0.5)) == "damping λ 0.500")
    #expect(DiagnosisText.damping([], by: mean) == nil)
  }

  @Test("by default a question is answered after one line: method, kernel, checkpoints, λ")
  func line() throws {
    let line =
      #/
      (\w+)\ of\ margin\ on\ the\ exact\ kernel,\ 199\ training\ examples,\ (\d)\ checkpoints?
      (,\ example\ weight\ trajectory)?(,\ damping\ λ\ [\d.]+(\ to\ [\d.]+)?\ \(mean\))?
      /#
    let trajectory = try notes { _ = try $0.query("3") }
    #expect(trajectory.count == 1)
    let match = try #require(trajectory[0].wholeMatch(of: line), "\(trajectory)")
    #expect(match.1 == "trajectory" && match.2 == "3" && match.5 != nil)
    // Without damping there is no λ.
    let graddot = try notes {
      var job = QueryJob(test: "3")
      (job.scoring.method, job.scoring.outputFunction) = (.graddot, .margin)
      _ = try job.run(in: $0)
    }
    #expect(graddot.count == 1)
    let undamped = try #require(graddot[0].wholeMatch(of: line), "\(graddot)")
    #expect(undamped.1 == "graddot" && undamped.2 == "1" && undamped.4 == nil)
    let group = try notes { _ = try GroupJob(group: .ids("3,5"), test: "3").run(in: $0) }
    #expect(group.count == 1 && group[0].wholeMatch(of: line) != nil, "\(group)")
  }

  @Test(
    "in full the choices come first, then λ and the last checkpoint's spectrum, with the same answer"
  )
  func full() throws {
    var answers: [QueryAnswer] = []
    let brief = try notes { answers.append(try QueryJob(test: "3").run(in: $0).answer) }
    let full = try notes {
      var job = QueryJob(test: "3")
      job.diagnosis = .full
      answers.append(try job.run(in: $0).answer)
    }
    #expect(answers[0] == answers[1])
    let choices = try #require(brief[0].components(separatedBy: ", damping λ ").first)
    #expect(full.first == choices)
    #expect(full[1].hasPrefix("damping λ: seed-0/epoch-001 (trak) "), "\(full)")
    let spectra = full.dropFirst(2)
    #expect(spectra.count == 2)
    for (text, part) in zip(spectra, ["trak", "ntk-loo"]) {
      #expect(text.hasPrefix("seed-0/epoch-004 (\(part)): damping λ = "), "\(text)")
      #expect(text.contains("\n  cross-validation would choose "))
      #expect(text.contains("effective rank"))
    }
  }
}
