import Datasets
import Influence
import Tensors
import TestSupport
import Testing

@testable import Curation

@Suite("Dossiers", .serialized)
struct DossierTests {
  static func data(
    _ inputs: [[Float]], _ classes: [Int32], test: [[Float]] = []
  ) -> SplitData {
    func dataset(_ inputs: [[Float]], _ classes: [Int32]) -> Dataset {
      Dataset(
        inputs: Tensor(inputs.flatMap { $0 }, shape: [inputs.count, 3]),
        targets: .classes(classes, names: ["a", "b", "c"]))
    }
    return SplitData(
      train: dataset(inputs, classes),
      test: dataset(test, [Int32](repeating: 0, count: test.count)), normalisation: .none)
  }

  @Test("copies with other labels, test examples in training and small classes are named")
  func findings() {
    // Rows 0 and 2 are the same with other labels, 1 and 3 nearly, 4 is a copy of 0 with its label.
    let data = Self.data(
      [[1, 0, 0], [0, 1, 0], [1, 0, 0], [0, 1, 0.03], [1, 0, 0], [0, 0, 1]], [0, 0, 1, 1, 0, 2],
      test: [[0, 0, 0.98], [1, 1, 1]])
    let found = DataFindings(data)
    #expect(found.otherLabels.map { [$0.row, $0.other] } == [[2, 0], [3, 1], [4, 2]])
    #expect(found.otherLabels[0].distance == 0)
    #expect(abs(found.otherLabels[1].distance - 0.03 / 1.000225) < 1e-5)
    #expect(found.inTest.map { [$0.row, $0.other] } == [[5, 0]])
    #expect(found.smallClasses.map(\.count) == [3, 2, 1] && found.looksNear)
  }

  @Test("nothing is found in data without copies, nor beyond the distance")
  func nothing() {
    let rows = (0..<30).map { (row: Int) -> [Float] in [Float(row * row), Float(10 * (row % 7)), 1]
    }
    let labels = (0..<30).map { (row: Int) -> Int32 in Int32(row % 3) }
    let found = DataFindings(Self.data(rows, labels))
    #expect(found.otherLabels.isEmpty && found.inTest.isEmpty && found.smallClasses.isEmpty)
    let apart = Self.data([[1, 0, 0], [1, 0.06, 0]], [0, 1])
    #expect(DataFindings(apart).otherLabels.isEmpty)
  }

  @Test("neighbours are the nearest of each label, the example itself left out")
  func neighbours() {
    let similarities = Matrix<Float>([1, 0.9, 0.2, 0.8, 0.9, 0.5], rows: 1, columns: 6)
    let found = SuspectDossier.dossiers(
      of: [0], labels: [0, 0, 0, 1, 1, 0], suggested: [1, 0, 0, 0, 0, 0], similarities)
    #expect(found[0].sameLabel.map(\.row) == [1, 5, 2])
    #expect(found[0].suggestedLabel.map(\.row) == [4, 3])
    let agreed = SuspectDossier.dossiers(
      of: [0], labels: [0, 0, 0, 1, 1, 0], suggested: [0, 0, 0, 0, 0, 0], similarities)
    #expect(agreed[0].suggestedLabel.isEmpty)
  }

  @Test("similarities are cosines: 1 to itself, symmetric, at most 1")
  func similarities() throws {
    let folder = try ScratchFolder()
    let influence = try MislabelJobTests.run(folder)
    let ensemble = try influence.ensemble(
      ScoringRequest(method: .ntkLeaveOneOut, checkpoints: .final))
    let found = try ensemble.traceSimilarities(of: [3, 7])
    #expect(abs(found[0, 3] - 1) < 1e-4 && abs(found[1, 7] - 1) < 1e-4)
    #expect(abs(found[0, 7] - found[1, 3]) < 1e-4)
    #expect(found.elements.allSatisfy { $0 <= 1.0001 })
  }

  @Test("most suggestions for planted errors are the true labels")
  func suggestions() throws {
    let folder = try ScratchFolder()
    let influence = try MislabelJobTests.run(folder)
    let ranking = try MislabelJob(influence).ranking()
    let train = influence.data.train
    let suggested = try #require(ranking.leaveOneOut?.classes)
    let original = try #require(train.originalClasses)
    let planted = train.flipped.indices.filter { train.flipped[$0] }
    // Measured: see the count; chance is a tenth of 20.
    #expect(planted.count { suggested[$0] == original[$0] } >= 14)
    #expect(ranking.heldOutInfluence?.count == 200)
  }
}
