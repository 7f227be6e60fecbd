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

  private static let choice = DampingChoice(rule: .standard, scales: nil, diagnoses: false) {
    Matrix(repeating: 0, rows: 0, columns: 0)
  }

  /// (K + I)⁻¹ of [[2, .5], [.5, 1]]: [[2, −.5], [−.5, 3]] / 5.75.
  private static func model() throws -> DualRidge {
    DualRidge(
      try KernelRidge(kernel: Matrix<Float>([2, 0.5, 0.5, 1], rows: 2, columns: 2), damping: 1),
      report: DampingReport(rule: .standard, damping: 1, meanEigenvalue: 1),
      isZero: [false, false])
  }

  private static func keeper(
    _ folder: FactorFolder, _ identity: RunIdentity = .sample, target: KernelTarget = .jacobian
  ) -> FolderKeeper {
    FolderKeeper(folder: folder, label: "c", identity: identity, target: target)
  }

  private static func finds(_ keeper: FolderKeeper, _ choice: DampingChoice) throws -> Bool {
    let made = try model()
    return try keeper.ridge(choice, isZero: [false, false], remake: { made }) != nil
  }

  /// The field that the note on a missing factor names; nil without a note.
  private static func named(_ folder: FactorFolder, _ fingerprint: Fingerprint) -> String? {
    guard let note = folder.factor("c", fingerprint).note,
      let range = note.range(of: "is of something else and not used: ")
    else { return nil }
    return String(note[range.upperBound...].prefix { $0 != " " })
  }

  @Test("the names of a factor's fingerprint are those of its kind, and its own choices")
  func names() {
    let own = KeptRidgeTests.keeper(FactorFolder("")).fingerprint(KeptRidgeTests.choice)
    #expect(
      own.fields.map(\.name).joined(separator: " ")
        == "model modelConfiguration lora train layers engine processorLevel blasCore blockBytes "
        + "target damping scales")
  }

  @Test(
    "a factor of a run in which one field alone differs is not used, and the note names the field",
    arguments: RunIdentity.FileKind.factor.fields)
  func others(field: RunIdentity.Field) throws {
    let scratch = try ScratchFolder()
    let folder = FactorFolder(scratch / "factors")
    let (keeper, choice) = (KeptRidgeTests.keeper(folder), KeptRidgeTests.choice)
    #expect(keeper.keep(try KeptRidgeTests.model(), choice) == nil)
    #expect(try KeptRidgeTests.finds(keeper, choice))
    let own = keeper.fingerprint(choice)
    let other = own.changing(field.rawValue)
    #expect(folder.factor("c", other).factor == nil)
    // On another machine it is computed again, since its last bits are that machine's.
    #expect(KeptRidgeTests.named(folder, other) == (field.isOfMachine ? nil : field.rawValue))
    let absent = own.changing(field.rawValue, isLeftOut: true)
    #expect(folder.factor("c", absent).factor == nil)
    #expect(KeptRidgeTests.named(folder, absent) == (field.isOfMachine ? nil : field.rawValue))
    guard field != .engine else { return }
    let elsewhere = KeptRidgeTests.keeper(folder, .sample.changing(field))
    #expect(elsewhere.fingerprint(choice).differences(from: own, for: .goingOn) == [field.rawValue])
    #expect(try !KeptRidgeTests.finds(elsewhere, choice))
  }

  @Test("a factor of another target, damping or spread is not used, and the note names it")
  func otherChoices() throws {
    let scratch = try ScratchFolder()
    let folder = FactorFolder(scratch / "factors")
    let (keeper, choice) = (KeptRidgeTests.keeper(folder), KeptRidgeTests.choice)
    #expect(keeper.keep(try KeptRidgeTests.model(), choice) == nil)
    var (damped, scaled) = (choice, choice)
    damped.rule = .timesMeanEigenvalue(2)
    scaled.scales = [1, 2]
    let margin = KeptRidgeTests.keeper(folder, target: .output(.margin))
    for (keeper, choice, name) in [
      (margin, choice, "target"), (keeper, damped, "damping"), (keeper, scaled, "scales"),
    ] {
      #expect(try !KeptRidgeTests.finds(keeper, choice), "\(name)")
      #expect(KeptRidgeTests.named(folder, keeper.fingerprint(choice)) == name)
    }
  }

  @Test("a kept factor solves as by hand; one without a diagonal is no use for leaving out")
  func byHand() throws {
    let scratch = try ScratchFolder()
    let folder = FactorFolder(scratch / "factors")
    let (keeper, choice) = (KeptRidgeTests.keeper(folder), KeptRidgeTests.choice)
    let made = try KeptRidgeTests.model()
    #expect(keeper.keep(made, choice) == nil)
    var diagonal = choice
    diagonal.needsDiagonal = true
    #expect(try !KeptRidgeTests.finds(keeper, diagonal))
    let kept = try #require(
      try keeper.ridge(choice, isZero: [false, false], remake: { made }))
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
