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
  ) throws -> ScoreFile.Header {
    ScoreFile.Header(
      run: "r", options: try ScoringOptions(method: .trak, classification: true, exampleWeight: nil),
      checkpoints: ["c0"], damping: damping, kernel: "exact", train: data, queries: queries)
  }

  func write(_ header: ScoreFile.Header, _ scores: Matrix<Float>, to path: String) throws {
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
    let reports = try (0..<60).map { c -> (name: String, report: DampingReport) in
      let kernel = Matrix(
        Plain.products(
          (0..<70).map { [Double($0 * 7 % 13) / 7, 0.1] },
          (0..<70).map { [Double($0 * 7 % 13) / 7, 0.1] }
        ).flatMap { $0.map { Float($0) } }, rows: 70, columns: 70)
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
