import Datasets
import Foundation
import LinearAlgebra
import Randomness
import Storage
import Tensors
import TestSupport
import Testing

@testable import Evaluation

@Suite struct CalibrationTests {
  private func options(
    method: String = "trak", damping: String = "mean",
    madeFrom: Fingerprint? = RunIdentity.sample.fingerprint(of: .calibration)
  ) -> Calibration.Options {
    Calibration.Options(
      method: method, outputFunction: "margin", exampleWeight: "final", damping: damping,
      checkpoints: ["seed-0/epoch-001"], kernel: "exact", trainHash: "a", testHash: "b",
      madeFrom: madeFrom)
  }

  private func calibration(
    _ problem: DatamodelProblem, options: Calibration.Options? = nil
  ) throws -> Calibration {
    let queries = problem.scores.rows
    let mean = Matrix<Float>(uninitialized: 1, problem.scores.columns)
    for i in 0..<mean.columns {
      mean.storage.base[i] =
        (0..<queries).reduce(0) { $0 + problem.scores[$1, i] } / Float(queries)
    }
    return try Calibration(
      options ?? self.options(),
      .init(
        name: "bank", subsets: problem.masks.rows, fraction: 0.5, seeds: problem.outputs.count,
        subsetSeed: 0),
      ids: (0..<queries).map { .row($0) }, scores: problem.scores, meanScores: mean,
      masks: problem.masks, outputs: problem.outputs)
  }

  @Test(arguments: [0, 1, 2] as [UInt64])
  func `the slope is what made the outputs, within its error`(seed: UInt64) throws {
    let found = try calibration(
      DatamodelProblem(queries: 20, seeds: 2, slope: 3, noise: 4, seed: seed))
    let outside = found.queries.count { abs($0.slope - 3) > 3 * $0.slopeError }
    #expect(outside == 0, "seed \(seed): \(outside)")
    #expect(found.objection == nil)
    let all = try #require(found[.name("all")])
    #expect(abs(all.slope - 3) < 4 * all.slopeError)
  }

  /// Shares of the weights of single examples that lie in their intervals.
  private func coverage(_ problem: DatamodelProblem, _ found: Calibration) -> Double {
    var inside = 0
    for query in 0..<problem.scores.rows {
      for i in 0..<problem.scores.columns {
        let (value, error) = found.queries[query].change(score: problem.scores[query, i])
        if abs(value + Double(problem.truth[query, i])) <= error { inside += 1 }
      }
    }
    return Double(inside) / Double(problem.scores.count)
  }

  @Test(arguments: [(0, 0.5), (1, 0), (0.7, 0.4)] as [(Float, Float)], [0, 1] as [UInt64])
  func `intervals of single examples cover what removing them does`(
    error: (proportional: Float, even: Float), seed: UInt64
  ) throws {
    let problem = try DatamodelProblem(
      queries: 40, subsets: 80, seeds: 3, slope: 1, proportional: error.proportional,
      even: error.even, noise: 3, seed: seed)
    let found = try calibration(problem)
    let covered = coverage(problem, found)
    #expect(covered > 0.92 && covered < 0.985, "\(error), seed \(seed): \(covered)")
    #expect(abs(found.heldOut.coverage90 - 0.9) < 0.04, "\(found.heldOut)")
    #expect(abs(found.heldOut.coverage95 - 0.95) < 0.03, "\(found.heldOut)")
  }

  @Test func `with one seed the noise counts as error and intervals are wider`() throws {
    let one = try DatamodelProblem(queries: 20, seeds: 1, even: 0.3, noise: 3, seed: 8)
    let three = try DatamodelProblem(queries: 20, seeds: 3, even: 0.3, noise: 3, seed: 8)
    let (wide, narrow) = (try calibration(one), try calibration(three))
    #expect(wide.errorShare == 1 && narrow.errorShare < 0.7)
    #expect(wide.queries[0].seedSpread == nil)
    let seed = try #require(narrow.queries[0].seedSpread)
    #expect(abs(seed - 3) < 0.6)
    #expect(coverage(one, wide) > 0.97)
    #expect(
      wide.queries[0].change(score: 1).error > 1.3 * narrow.queries[0].change(score: 1).error)
  }

  @Test func `scores that say nothing get no units`() throws {
    let problem = try DatamodelProblem(slope: 0, even: 1, noise: 1, seed: 2)
    let objection = try #require(try calibration(problem).objection)
    #expect(objection.hasSuffix("may be 0") || objection.hasPrefix("on held-out subsets"))
  }

  @Test func `objections say what is poor`() throws {
    let good = try calibration(DatamodelProblem(noise: 1, seed: 1))
    func changed(_ correlation: Double, _ error: Double, _ r2: Double) -> Calibration {
      Calibration(
        options: good.options, bank: good.bank, correlation: correlation,
        correlationError: error, heldOut: .init(r2: r2, coverage90: 0.9, coverage95: 0.95),
        evenShare: 0, errorShare: 1, queries: good.queries)
    }
    #expect(
      changed(0.1, 0.2, 0.1).objection
        == "the correlation of predicted and observed changes, 0.1 ± 0.2, may be 0")
    #expect(
      changed(0.3, 0.2, -0.05).objection
        == "on held-out subsets the fit is no better than the mean (R² = -0.05)")
    #expect(
      changed(0.149, 0.032, 0.017).objection
        == "on held-out subsets the fit explains less than 0.05 of the variance (R² = 0.017)")
    #expect(changed(0.3, 0.2, 0.0499).objection != nil)
    #expect(changed(0.3, 0.2, 0.05).objection == nil)
  }

  @Test func `that no change can be told from 0 is said, and only then`() {
    let sentence = "no single change can be told from 0: every 95 % interval holds it"
    #expect(Calibration.remark(onChanges: [(-0.19, 0.72), (0.5, 0.5)]) == sentence)
    #expect(Calibration.remark(onChanges: [(-0.19, 0.72), (0.6, 0.5)]) == nil)
    #expect(Calibration.remark(onChanges: []) == nil)
  }

  @Test func `a calibration is found by its options, and others are named by what differs`() throws
  {
    let folder = try ScratchFolder()
    let kept = try calibration(DatamodelProblem(noise: 1, seed: 1))
    guard case .none = try Calibration.find(options(), in: folder.path) else {
      Issue.record("found in an empty folder")
      return
    }
    let path = try kept.save(in: folder.path)
    guard case .matching(let found, let place) = try Calibration.find(options(), in: folder.path)
    else {
      Issue.record("not found")
      return
    }
    #expect(found == kept && place == path)
    guard
      case .other(let other, let differences) = try Calibration.find(
        options(method: "graddot", damping: "gcv"), in: folder.path)
    else {
      Issue.record("other options fit")
      return
    }
    #expect(other == path && differences == ["method", "damping"])
    var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    bytes[bytes.count / 2] ^= 1
    try bytes.write(to: URL(fileURLWithPath: path))
    let error = diagnosed { _ = try Calibration.find(self.options(), in: folder.path) }
    #expect(error?.exitCode == 4 && error?.location == path)
    #expect(error?.remedy == "calibrate again (or delete the file)")
    #expect(error?.what.hasPrefix("the calibration cannot be used: ") == true)
  }

  /// What a folder has for options, by the names of what differs; nil: a matching one.
  private func differences(_ options: Calibration.Options, in folder: String) throws -> [String]? {
    switch try Calibration.find(options, in: folder) {
    case .matching: nil
    case .other(_, let differences): differences
    case .none: ["nothing there"]
    }
  }

  @Test(arguments: RunIdentity.FileKind.calibration.fields)
  func `each field of the run, changed alone, makes it another calibration and is named`(
    field: RunIdentity.Field
  ) throws {
    let folder = try ScratchFolder()
    _ = try calibration(DatamodelProblem(noise: 1, seed: 1)).save(in: folder.path)
    let madeFrom = RunIdentity.sample.fingerprint(of: .calibration).changing(field.rawValue)
    #expect(try differences(options(), in: folder.path) == nil)
    #expect(try differences(options(madeFrom: madeFrom), in: folder.path) == [field.title])
  }

  @Test func `a calibration of a former version is another: it does not say of which weights`()
    throws
  {
    let folder = try ScratchFolder()
    let old = try calibration(
      DatamodelProblem(noise: 1, seed: 1), options: options(madeFrom: nil))
    let path = try old.save(in: folder.path)
    #expect(try !String(contentsOfFile: path, encoding: .utf8).contains("madeFrom"))
    #expect(try differences(options(), in: folder.path) == ["model weights (not recorded)"])
    #expect(
      try differences(options(method: "graddot"), in: folder.path)
        == ["method", "model weights (not recorded)"])
  }

  @Test func `a calibration fits the bank it was fitted to, and no bank that took its place`()
    throws
  {
    let folder = try ScratchFolder()
    func makeBank(_ rows: [Float]) throws -> Digest {
      let file = try SealedFileWriter(folder / "bank.h5")
      try file.writeRows(rows, shape: [rows.count, 1], to: "logits")
      try file.finish()
      return try SealedFile(folder / "bank.h5").digest
    }
    let digest = try makeBank([1, 2])
    let fitted = try calibration(DatamodelProblem(noise: 1, seed: 1))
    var bank = fitted.bank
    bank.digest = "\(digest)"
    let kept = Calibration(
      options: fitted.options, bank: bank, correlation: fitted.correlation,
      correlationError: fitted.correlationError, heldOut: fitted.heldOut,
      evenShare: fitted.evenShare, errorShare: fitted.errorShare, queries: fitted.queries)
    _ = try kept.save(in: folder.path)
    #expect(try differences(options(), in: folder.path) == nil)
    _ = try makeBank([1, 3])
    #expect(try differences(options(), in: folder.path) == ["bank"])
    try FileManager.default.removeItem(atPath: folder / "bank.h5")
    #expect(try differences(options(), in: folder.path) == nil)
  }

  @Test func `Student's quantiles are those of the tables`() {
    for (degrees, ninety, ninetyFive) in [
      (1, 6.314, 12.706), (5, 2.015, 2.571), (10, 1.812, 2.228), (11, 1.796, 2.201),
      (38, 1.686, 2.024), (1_000, 1.646, 1.962),
    ] {
      #expect(abs(StudentQuantile.both(.ninety, degrees: degrees) - ninety) < 0.001)
      #expect(abs(StudentQuantile.both(.ninetyFive, degrees: degrees) - ninetyFive) < 0.001)
    }
  }
}
