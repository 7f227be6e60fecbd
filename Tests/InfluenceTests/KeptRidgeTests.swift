import Datasets
import Foundation
import LinearAlgebra
import Storage
import Tensors
import TestSupport
import Testing

@testable import Influence

@Suite("Ridge models that are kept")
struct KeptRidgeTests {
  let data = Problem.classes(40, seed: 3)
  let queries = Problem.classes(5, seed: 4)

  func ensemble(
    _ method: Influence.Method, _ folder: FactorFolder?, identity: RunIdentity = .sample,
    damping: DampingRule = .standard
  ) throws -> Ensemble {
    var keepers: (@Sendable (Int, KernelTarget) -> (any RidgeKeeper)?)?
    if let folder {
      keepers = {
        FolderKeeper(folder: folder, label: "c\($0)-\($1.text)", identity: identity, target: $1)
      }
    }
    return try Ensemble(
      checkpoints: ExactCheckpoint.sharing(
        [1, 2].map { (name: "c\($0)", source: Problem.source(seed: UInt64($0))) },
        training: data, method: method, keepers: keepers),
      training: data,
      options: ScoringOptions(
        method: method, classification: true, exampleWeight: nil, damping: damping,
        diagnosesDamping: .last))
  }

  @Test(
    "a later question has the bits of the first, and the scores of a model that is not kept",
    arguments: [Influence.Method.trak, .ntkLeaveOneOut, .trajectory])
  func laterIsFirst(method: Influence.Method) throws {
    let scratch = try ScratchFolder()
    let plain = try ensemble(method, nil)
    func answers() throws -> [[Float]] {
      let model = try ensemble(method, FactorFolder(scratch / "factors"))
      let group = try model.groupInfluence(queries, of: [1, 5]).exact ?? []
      return [
        try model.scores(queries).elements, try model.scores(queries, mean: true).elements,
        try model.selfInfluence(), group.map { Float($0) },
      ]
    }
    let (first, later) = (try answers(), try answers())
    #expect(first.map { $0.map(\.bitPattern) } == later.map { $0.map(\.bitPattern) })
    let group = try plain.groupInfluence(queries, of: [1, 5]).exact ?? []
    for (found, expected) in zip(
      first,
      [
        try plain.scores(queries).elements, try plain.scores(queries, mean: true).elements,
        try plain.selfInfluence(), group.map { Float($0) },
      ])
    {
      #expect(relativeDifference(found, expected) < 1e-5)
    }
    let kernels = method == .trajectory ? 4 : 2
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: scratch / "factors")
        .filter { $0.hasSuffix(".h5") }.count == kernels)
    let model = try ensemble(method, FactorFolder(scratch / "factors"))
    _ = try model.scores(queries)
    #expect(try model.dampingReports().map(\.report) == plain.dampingReports().map(\.report))
    let margins = try plain.leaveOneOutMargins()
    #expect(
      relativeDifference(
        try ensemble(method, FactorFolder(scratch / "factors")).leaveOneOutMargins(), margins)
        < 1e-5)
  }

  @Test(
    "a model of other weights, data, damping or layers is not used",
    arguments: [
      RunIdentity.Field.model, .train, .layers,
    ])
  func others(field: RunIdentity.Field) throws {
    let scratch = try ScratchFolder()
    let folder = FactorFolder(scratch / "factors")
    let choice = DampingChoice(rule: .standard, scales: nil, diagnoses: false) {
      Matrix(repeating: 0, rows: 0, columns: 0)
    }
    let kernel = Matrix<Float>([2, 0.5, 0.5, 1], rows: 2, columns: 2)
    let made = DualRidge(
      try KernelRidge(kernel: kernel, damping: 1),
      report: DampingReport(
        rule: .standard, damping: 1, meanEigenvalue: 1), isZero: [false, false])
    func keeper(_ identity: RunIdentity) -> FolderKeeper {
      FolderKeeper(folder: folder, label: "c", identity: identity, target: .jacobian)
    }
    let own = RunIdentity.sample
    #expect(keeper(own).keep(made, choice) == nil)
    func finds(_ identity: RunIdentity, _ choice: DampingChoice) throws -> Bool {
      try keeper(identity).ridge(choice, isZero: [false, false], remake: { made }) != nil
    }
    #expect(try finds(own, choice))
    var other = own
    switch field {
    case .model: other.weights[0].hash = "another"
    case .train: other.trainingData = "another"
    default: other.layers = "another"
    }
    #expect(try !finds(other, choice))
    var damped = choice
    damped.rule = .timesMeanEigenvalue(2)
    #expect(try !finds(own, damped))
    var scaled = choice
    scaled.scales = [1, 2]
    #expect(try !finds(own, scaled))
    var diagonal = choice
    diagonal.needsDiagonal = true
    #expect(try !finds(own, diagonal))
    // By hand: (K + I)⁻¹ of [[2, .5], [.5, 1]] is [[2, −.5], [−.5, 3]] / 5.75.
    let kept = try #require(
      try keeper(own).ridge(choice, isZero: [false, false], remake: { made }))
    let solved = try kept.solve(Matrix([1, 0], rows: 1, columns: 2)).block(0..<2)
    #expect(abs(solved[0, 0] - 2 / 5.75) < 1e-6 && abs(solved[0, 1] + 0.5 / 5.75) < 1e-6)
  }

  @Test("what does not fit the budget is computed each time, and said")
  func noRoom() throws {
    let scratch = try ScratchFolder()
    let model = try ensemble(.trak, FactorFolder(scratch / "factors", budget: 10))
    let plain = try ensemble(.trak, nil)
    #expect(
      try model.scores(queries).elements.map(\.bitPattern)
        == plain.scores(queries).elements.map(\.bitPattern))
    let notes = try model.notes().filter { $0.contains("is not kept") }
    #expect(
      notes == [
        "the factor of c0-margin is not kept for the next command, nor is one other file: "
          + "a factor takes 0.01346 MB, the budget is 1e-05 MB"
      ])
  }

  @Test("a damaged factor is said in one line and replaced", arguments: [0.9, 0.02])
  func damaged(place: Double) throws {
    let scratch = try ScratchFolder()
    let plain = try ensemble(.trak, nil)
    func ask() throws -> ([Float], [String]) {
      let model = try ensemble(.trak, FactorFolder(scratch / "factors"))
      let scores = try model.scores(queries).elements
      return (scores, try model.notes().filter { $0.contains("is of no use") })
    }
    let (first, none) = try ask()
    #expect(none.isEmpty)
    let name = try #require(
      try FileManager.default.contentsOfDirectory(atPath: scratch / "factors").sorted().first {
        $0.hasPrefix("c0-")
      })
    var bytes = try scratch.bytes("factors/" + name)
    // Among the tiles, or what the seal covers.
    bytes[Int(place * Double(bytes.count))] ^= 1
    try Data(bytes).write(to: URL(fileURLWithPath: scratch / "factors/" + name))
    let (second, notes) = try ask()
    #expect(notes.count == 1 && notes[0].contains(name), "\(notes)")
    #expect(relativeDifference(second, try plain.scores(queries).elements) < 1e-5)
    // Replaced: the next one has nothing to say, and the first one's bits.
    let (third, nothing) = try ask()
    #expect(nothing.isEmpty && third == first)
  }
}
