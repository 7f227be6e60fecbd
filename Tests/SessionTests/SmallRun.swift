import Ascribe
import Foundation
import TestSupport
import Testing

/// 199 digits, a tenth of them flipped, a few epochs.
struct SmallRun {
  /// Trained once, for tests that leave nothing in its folder that others read.
  static let trained = Result { try SmallRun() }
  /// Trained once, for tests that make banks and calibrations of it.
  static let evaluated = Result { try SmallRun() }

  let scratch: ScratchFolder
  let run: Run

  init() throws {
    scratch = try ScratchFolder()
    let root = URL(filePath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path
    for (name, count) in [("train", 200), ("test", 41)] {
      let text = try String(contentsOfFile: "\(root)/data/digits-\(name).csv", encoding: .utf8)
      try (text.split(separator: "\n").prefix(count).joined(separator: "\n") + "\n")
        .write(toFile: scratch / "\(name).csv", atomically: true, encoding: .utf8)
    }
    try """
    name: s
    data:
      train: {format: csv, path: train.csv, label: last}
      test:  {format: csv, path: test.csv, label: last}
      scale: [0, 16]
      flip:  {fraction: 0.1, seed: 0}
    model:    {kind: mlp, hidden: [16], activation: relu}
    training: {optimizer: sgd, rate: 0.05, momentum: 0.9, batch: 32, epochs: 4, seed: 0}
    """.write(toFile: scratch / "s.yaml", atomically: true, encoding: .utf8)
    run = try TrainJob(scratch / "s.yaml", checkpointsFolder: scratch / "Checkpoints").run().run
  }
}

/// Expects an answer's JSON to read back as the same answer and to give the same bytes again.
func requireSame<A: Answer & Equatable>(
  _ answer: A, at location: SourceLocation = #_sourceLocation
) throws {
  let text = try answer.json()
  let back = try JSONDecoder().decode(A.self, from: Data(text.utf8))
  #expect(back == answer, sourceLocation: location)
  #expect(try back.json() == text, sourceLocation: location)
  #expect(!answer.text.isEmpty, sourceLocation: location)
}
