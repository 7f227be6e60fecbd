import Foundation
import Influence
import Storage
import Synchronization
import Tensors
import TestSupport
import Testing
import Training

@testable import Evaluation

/// What banks, trainings on shuffled labels and calibrations say they were made from.
@Suite struct IdentityTests {
  private let folder: ScratchFolder
  private let influence: RunInfluence

  init() throws {
    folder = try ScratchFolder()
    influence = try RetrainingBankTests.trainedRun(in: folder)
  }

  private func job(
    subsets: Int = 3, fraction: Double = 0.5, seed: UInt64 = 0, seeds: Int = 1
  ) throws -> RetrainingJob {
    RetrainingJob(
      influence.run, data: influence.data,
      design: try SubsetDesign(subsets: subsets, fraction: fraction, seed: seed), seeds: seeds)
  }

  /// The machine does not count when a finished file is read.
  private func whenRead(_ field: String) -> String? {
    RunIdentity.Field(rawValue: field)?.isOfMachine == true ? nil : field
  }

  @Test func `every field of a bank, changed alone, is refused by its name`() throws {
    let job = try job()
    _ = try job.run(to: folder / "bank.h5")
    let whole = job.fingerprint(of: .sample)
    let own = ["subsets", "fraction", "subsetSeed", "seeds"]
    #expect(
      whole.fields.map(\.name) == RunIdentity.FileKind.bank.fields.map(\.rawValue) + own)
    for field in RunIdentity.FileKind.bank.fields where field != .engine {
      let other = job.fingerprint(of: .sample.changing(field))
      #expect(whole.differences(from: other, for: .goingOn) == [field.rawValue])
    }
    let made = try RetrainingBank(folder / "bank.h5").fingerprint
    #expect(made == (try job.fingerprint()))
    for field in made.fields.map(\.name) {
      let read = mismatchedField {
        _ = try RetrainingBank(folder / "bank.h5", expecting: made.changing(field))
      }
      #expect(read == whenRead(field))
    }
    for (other, name) in [
      (try self.job(subsets: 4), "subsets"), (try self.job(fraction: 0.6), "fraction"),
      (try self.job(seed: 1), "subsetSeed"), (try self.job(seeds: 2), "seeds"),
    ] {
      #expect(mismatchedField { _ = try other.run(to: folder / "bank.h5") } == name)
    }
  }

  @Test func `a bank of a list has its ranking and its subsets in the fingerprint`() throws {
    func fingerprint(_ rows: [Int]) throws -> Fingerprint {
      RetrainingJob(
        influence.run, data: influence.data,
        design: try SubsetDesign.leaveOneOut(rows: rows, of: 40), seeds: 1
      ).fingerprint(of: .sample)
    }
    let own = try fingerprint([3, 20])
    #expect(own.fields.suffix(3).map(\.name) == ["design", "ranking", "masks"])
    #expect(own.differences(from: try fingerprint([3, 21]), for: .reading) == ["masks"])
    for field in ["design", "ranking", "masks"] {
      #expect(own.differences(from: own.changing(field), for: .reading) == [field])
    }
  }

  @Test func `a half-made bank is gone on with where every field is the same, else refused`() throws
  {
    let job = try job()
    let whole = job.fingerprint(of: .sample)
    let path = folder / "bank.h5.parts"
    let parts = PartFolder(path: path, fingerprint: whole)
    _ = try parts.prepare()
    try parts.write([1, 2], 0)
    for field in whole.fields.map(\.name) {
      for other in [whole.changing(field), whole.changing(field, isLeftOut: true)] {
        let named = mismatchedField {
          _ = try PartFolder(path: path, fingerprint: other).prepare()
        }
        #expect(named == field)
      }
    }
    _ = try parts.prepare()
    #expect(parts.has(0))
    let other = PartFolder(path: path, fingerprint: whole.changing("blasCore"))
    _ = try other.prepare(overwrite: true)
    #expect(!other.has(0))
  }

  @Test func `parts that another process makes are looked at and deleted by nobody else`() throws {
    let fingerprint = try job().fingerprint(of: .sample)
    let path = folder / "locked.h5.parts"
    let parts = PartFolder(path: path, fingerprint: fingerprint)
    let lock = try parts.prepare()
    try parts.write([1, 2], 0)
    for other in [fingerprint, fingerprint.changing("blasCore")] {
      #expect(throws: StorageError.storeInUse(path: path)) {
        _ = try PartFolder(path: path, fingerprint: other).prepare(overwrite: true)
      }
    }
    #expect(parts.has(0))
    withExtendedLifetime(lock) {}
  }

  @Test func `a bank that was stopped is not gone on with under other bytes of a block`() throws {
    let calls = Atomic<Int>(0)
    _ = try? job().run(
      to: folder / "bank.h5",
      isCancelled: { calls.wrappingAdd(1, ordering: .relaxed).newValue > 12 })
    // As another machine would have left it.
    let label = folder / "bank.h5.parts/made-from.txt"
    let text = try String(contentsOfFile: label, encoding: .utf8)
    let own = "blockBytes=\(Memory.blockBytes)"
    #expect(text.contains(own))
    try text.replacingOccurrences(of: own, with: "blockBytes=1")
      .write(toFile: label, atomically: true, encoding: .utf8)
    let error = diagnosed { _ = try job().run(to: folder / "bank.h5") }
    #expect(mismatchedField { throw error ?? Stopped() } == "blockBytes")
    #expect(error?.exitCode == 4)
    _ = try job().run(to: folder / "bank.h5", overwrite: true)
    #expect(try RetrainingBank(folder / "bank.h5").design.subsets == 3)
  }

  private struct Stopped: Error {}

  @Test func `every field of a training on shuffled labels, changed alone, is refused by its name`()
    throws
  {
    let training = ShuffledLabelTraining(influence, checkpoints: influence.run.finalCheckpoints)
    let options = try ScoringOptions(
      method: .graddot, classification: true, exampleWeight: nil)
    var reasons: [String?] = []
    func use() throws {
      _ = try training.ensemble(
        options: options,
        replacing: { error in reasons.append(mismatchedField { throw error }) })
    }
    try use()
    #expect(reasons.isEmpty)
    let made = try training.fingerprint()
    let names: [String] = made.fields.map(\.name)
    let kind = RunIdentity.FileKind.shuffledLabels
    let known: [String] = kind.fields.map(\.rawValue)
    #expect(names == known.filter { $0 != "lora" && $0 != "start" })
    for field in names {
      let read = mismatchedField { _ = try training.kept(made.changing(field)) }
      #expect(read == whenRead(field))
    }
    // One of other checkpoints takes the place of this one, and says why.
    let other = ShuffledLabelTraining(
      influence, checkpoints: [try influence.run.checkpoint(epoch: 1)])
    _ = try other.ensemble(
      options: options,
      replacing: { error in reasons.append(mismatchedField { throw error }) })
    #expect(reasons == ["checkpoints"])
    try use()
    try use()
    #expect(reasons == ["checkpoints", "checkpoints"])
  }

  @Test func `the identity of a run is what its record says`() throws {
    let run = influence.run
    let reference = try run.checkpoint()
    let identity = try influence.identity(
      checkpoints: [reference.name, "seed-9/epoch-001"], examples: influence.data.test)
    #expect(
      identity.weights
        == [.init(checkpoint: "seed-0/epoch-002", hash: "\(try run.modelHash(of: reference))")])
    #expect(identity.trainingData == "\(influence.data.train.contentHash)")
    #expect(identity.examples == "\(influence.data.test.contentHash)")
    #expect(identity.modelConfiguration == #"{"kind":"logistic"}"#)
    #expect(identity.training?.contains(#""rate":0.1"#) == true)
    #expect(identity.adapters == nil && identity.start == nil && identity.layers == nil)
    #expect(identity.machine.blockBytes == Memory.blockBytes)
  }

  @Test func `a calibration's options hold the hashes of the weights that were scored`() throws {
    func made(_ choice: CheckpointChoice) throws -> Calibration.Options {
      Calibration.Options(
        try ScoreDescription(
          try influence.ensemble(ScoringRequest(method: .graddot, checkpoints: choice)),
          of: influence, queries: influence.data.test))
    }
    let (last, all) = (try made(.final), try made(.all))
    let expected = try influence.identity(
      checkpoints: [influence.run.checkpoint().name], examples: influence.data.test)
    #expect(last.madeFrom == expected.fingerprint(of: .calibration))
    #expect(last.differences(from: all) == ["checkpoints", "model weights"])
    #expect(last.fileName != all.fileName)
  }
}
