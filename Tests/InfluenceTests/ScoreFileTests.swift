import Datasets
import Foundation
import Networks
import Storage
import Tensors
import TestSupport
import Testing

@testable import Gradients
@testable import Influence

@Suite("Score files")
struct ScoreFileTests {
  let data = Problem.classes(12, seed: 1)
  let queries = Problem.classes(7, seed: 2)

  func header(
    _ damping: [(name: String, report: DampingReport)] = []
  ) throws -> ScoreDescription {
    ScoreDescription(
      run: "r",
      options: try ScoringOptions(method: .trak, classification: true, exampleWeight: nil),
      checkpoints: ["c0"],
      damping: damping.map { ScoreDescription.Damping(name: $0.name, report: $0.report) },
      kernel: .exact, train: data, queries: queries, identity: .sample)
  }

  func write(_ header: ScoreDescription, _ scores: Matrix<Float>, to path: String) throws {
    try ScoreFile.write(header, train: data, queries: queries, to: path) { take in
      for start in stride(from: 0, to: 7, by: 3) {
        let rows = start..<min(7, start + 3)
        try take(
          Matrix(rows.flatMap { scores.row($0) }, rows: rows.count, columns: scores.columns))
      }
    }
  }

  @Test("scores, ids and header are read back")
  func roundTrip() throws {
    let folder = try ScratchFolder()
    let model = try Problem.model([Problem.source(seed: 1)], data, .trak)
    let scores = try model.scores(queries)
    let header = try header(model.dampingReports())
    try write(header, scores, to: folder / "s.h5")
    let file = try ScoreFile(folder / "s.h5")
    #expect(file.header == header)
    #expect(file.header.method == "trak")
    #expect(file.header.sign == "positive = training on the example helped the query")
    #expect(file.header.unit == "margin (estimated fall of the query's margin without the example)")
    #expect(file.header.exampleWeight == "final")
    #expect(file.header.damping.count == 1)
    #expect(file.trainIDs == data.ids)
    #expect(file.queryIDs == queries.ids)
    #expect(try file.scores(0..<7) == scores)
    #expect(try file.scores(2..<4).row(1) == scores.row(3))
  }

  @Test("the spectra of many checkpoints fit, infinities too")
  func manyReports() throws {
    let folder = try ScratchFolder()
    let rows = (0..<70).map { (row: Int) -> [Double] in [Double(row * 7 % 13) / 7, 0.1] }
    let products = Plain.products(rows, rows).flatMap { $0.map { Float($0) } }
    let reports = try (0..<60).map { c -> (name: String, report: DampingReport) in
      let kernel = Matrix(products, rows: 70, columns: 70)
      return (
        "seed-\(c)",
        try DampingRule.value(0).choose(for: kernel, diagnose: true) {
          Matrix((0..<70).map { Double($0) }, rows: 70, columns: 1)
        }
      )
    }
    let header = try header(reports)
    try write(header, Matrix(repeating: 1, rows: 7, columns: 12), to: folder / "s.h5")
    #expect(try ScoreFile(folder / "s.h5").header == header)
  }

  @Test("every field of the fingerprint, changed alone, is refused by its name")
  func everyField() throws {
    let folder = try ScratchFolder()
    let path = folder / "s.h5"
    try write(try header(), Matrix(repeating: 1, rows: 7, columns: 12), to: path)
    let file = try ScoreFile(path)
    let own = [
      "run", "method", "outputFunction", "exampleWeight", "damping", "dampingProfile", "kernel",
      "checkpoints",
    ]
    #expect(
      file.fingerprint.fields.map(\.name)
        == RunIdentity.FileKind.scores.fields.map(\.rawValue) + own)
    for field in file.fingerprint.fields.map(\.name) {
      let named = mismatchedField {
        try Fingerprint.requireEqual(
          expected: file.fingerprint.changing(field), found: file.fingerprint, file: path)
      }
      #expect(named == (RunIdentity.Field(rawValue: field)?.isOfMachine == true ? nil : field))
    }
    #expect(mismatchedField { try file.requireMade(from: .sample) } == nil)
    for field in RunIdentity.FileKind.scores.fields where field != .engine {
      let named = mismatchedField { try file.requireMade(from: .sample.changing(field)) }
      #expect(named == (field.isOfMachine || field == .layers ? nil : field.rawValue))
    }
  }

  @Test("each choice of the scores is in the fingerprint, the bank of fused ones too")
  func choices() throws {
    func fields(
      _ options: ScoringOptions, run: String = "r", checkpoints: [String] = ["c0"],
      kernel: ScoreDescription.Kernel = .exact, fusion: ScoreFile.Fusion? = nil
    ) -> Fingerprint {
      ScoreDescription(
        run: run, options: options, checkpoints: checkpoints, damping: [], kernel: kernel,
        train: data, queries: queries, identity: .sample, fusion: fusion
      ).fingerprint
    }
    func options(
      _ method: Influence.Method = .trak, _ function: OutputFunction = .margin,
      _ weight: ExampleWeight = ExampleWeight(.final),
      _ rule: DampingRule = .timesMeanEigenvalue(0.1), _ profile: DampingProfile = .uniform
    ) throws -> ScoringOptions {
      try ScoringOptions(
        method: method, classification: true, outputFunction: function, exampleWeight: weight,
        damping: rule, dampingProfile: profile)
    }
    let base = try fields(options())
    let fusion = ScoreFile.Fusion(
      method: "trak", bank: "more", subsets: 40, fraction: 0.5, seeds: 1, subsetSeed: 0,
      correctionPrecision: nil, signalToNoise: 1, evenShare: 0, meanCorrelation: 0.5,
      scoresAlone: 0.1, heldOut: 0.2, expectedGain: nil)
    for (names, other) in [
      (["run"], try fields(options(), run: "q")),
      (["method"], try fields(options(.trajectory))),
      (["outputFunction"], try fields(options(.trak, .logit))),
      (["exampleWeight"], try fields(options(.trak, .margin, ExampleWeight(.none)))),
      (["damping"], try fields(options(.trak, .margin, ExampleWeight(.final), .value(3)))),
      (
        ["dampingProfile"],
        try fields(
          options(.trak, .margin, ExampleWeight(.final), .timesMeanEigenvalue(0.1), .residual))
      ),
      (["checkpoints"], try fields(options(), checkpoints: ["c0", "c1"])),
      (["kernel"], try fields(options(), kernel: .init(name: "sjlt 8", kind: .features))),
      (["method", "fusion"], try fields(options(), fusion: fusion)),
    ] {
      #expect(base.differences(from: other, for: .goingOn) == names)
    }
    var otherBank = fusion
    otherBank.bankDigest = "another"
    #expect(
      try fields(options(), fusion: fusion)
        .differences(from: fields(options(), fusion: otherBank), for: .reading) == ["fusion"])
  }

  @Test("scores of a former version, without an identity, are refused by the weights")
  func former() throws {
    let folder = try ScratchFolder()
    var header = try header()
    header.identity = nil
    try write(header, Matrix(repeating: 1, rows: 7, columns: 12), to: folder / "s.h5")
    let file = try ScoreFile(folder / "s.h5")
    #expect(file.header.identity == nil)
    #expect(mismatchedField { try file.requireMade(from: .sample) } == "model")
  }

  @Test("the top examples of a file's queries are those of its rows, in any order")
  func top() throws {
    let folder = try ScratchFolder()
    let model = try Problem.model([Problem.source(seed: 1)], data, .trak)
    let scores = try model.scores(queries)
    try write(try header(), scores, to: folder / "s.h5")
    let file = try ScoreFile(folder / "s.h5")
    func entries(_ tops: [TopExamples]) -> [[TopExamples.Entry]] {
      tops.flatMap { [$0.highest, $0.lowest] }
    }
    for rows in [[0, 1, 2, 3, 4, 5, 6], [5, 2, 3, 0], [6], []] {
      let expected = try model.top(queries.subset(rows), limit: 3)
      #expect(entries(try file.top(rows, mean: false, limit: 3)) == entries(expected))
    }
    let mean = try #require(try file.top([4, 1], mean: true, limit: 12).first)
    for entry in mean.highest + mean.lowest {
      let plain = (scores[4, entry.row] + scores[1, entry.row]) / 2
      #expect(abs(entry.score - plain) < 1e-6 * max(1, abs(plain)))
    }
    #expect(mean.highest.count + mean.lowest.count == 12)
    #expect(try file.rows(of: [queries.ids[4], queries.ids[0]]) == [4, 0])
    #expect(
      throws: StorageError.inconsistent(problem: "no scores of the query cat", file: file.path)
    ) {
      try file.rows(of: [.name("cat")])
    }
  }

  @Test("a flipped byte anywhere is detected when the file is opened or its scores are read")
  func flipped() throws {
    let folder = try ScratchFolder()
    let scores = Matrix<Float>((0..<84).map { Float($0) }, rows: 7, columns: 12)
    let path = folder / "s.h5"
    try write(try header(), scores, to: path)
    let bytes = try folder.bytes("s.h5")
    var missed: [Int] = []
    for position in stride(from: 0, to: bytes.count, by: 13) {
      var damaged = bytes
      damaged[position] ^= 0x40
      try Data(damaged).write(to: URL(fileURLWithPath: path))
      let verified = (try? Verification.verify(path)) != nil
      let read = (try? ScoreFile(path).scores(0..<7))?.elements
      if verified || (read != nil && read != scores.elements) { missed.append(position) }
    }
    #expect(missed == [])
  }
}
