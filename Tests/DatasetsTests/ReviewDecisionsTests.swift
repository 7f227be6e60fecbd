import Foundation
import Tensors
import TestSupport
import Testing

@testable import Datasets

@Suite("Decisions about examples")
struct ReviewDecisionsTests {
  /// Four training examples of classes a, b, b, c with ids 10 to 13; one test example, 20.
  static let data: SplitData = {
    func dataset(_ ids: [Int], _ classes: [Int32]) -> Dataset {
      Dataset(
        ids: ids.map { .row($0) },
        inputs: Tensor(ids.map { Float($0) }, shape: [ids.count, 1]),
        targets: .classes(classes, names: ["a", "b", "c"]))
    }
    return SplitData(
      train: dataset([10, 11, 12, 13], [0, 1, 1, 2]), test: dataset([20], [0]),
      normalisation: .none)
  }()

  private func applied(_ text: String, touchesTest: Bool = false) throws -> SplitData {
    let folder = try ScratchFolder()
    try Data(text.utf8).write(to: URL(fileURLWithPath: folder / "d.csv"))
    return try ReviewDecisions(reading: folder / "d.csv")
      .applied(to: Self.data, touchesTest: touchesTest)
  }

  private func problem(_ text: String, touchesTest: Bool = false) -> String? {
    diagnosed { _ = try applied(text, touchesTest: touchesTest) }?.what
  }

  @Test("labels are changed and examples taken out; the others and their order stay")
  func applied() throws {
    let found = try applied(
      """
      rank,id,label,suggested,newLabel,decision
      1,12,b,c,a,relabel
      2,13,c,b,,keep
      3,11,b,a,,drop
      4,10,a,b,,
      """ + "\n")
    #expect(found.train.ids == [.row(10), .row(12), .row(13)])
    #expect(found.train.classes == [0, 0, 2])
    #expect(found.train.inputs.elements == [10, 12, 13])
    #expect(found.test.ids == Self.data.test.ids && found.test.classes == [0])
    // Without `newLabel` it is the suggested one.
    #expect(try applied("id,decision,suggested\n12,relabel,c\n").train.classes == [0, 1, 2, 2])
  }

  @Test("what noise was planted is still known, and a corrected label is no error any more")
  func planted() throws {
    let noisy = SplitData(
      train: Dataset(
        ids: Self.data.train.ids, inputs: Self.data.train.inputs,
        targets: .classes([1, 1, 1, 2], names: ["a", "b", "c"]), originalClasses: [0, 1, 1, 2]),
      test: Self.data.test, normalisation: .none)
    let folder = try ScratchFolder()
    try Data("id,decision,newLabel\n10,relabel,a\n".utf8)
      .write(to: URL(fileURLWithPath: folder / "d.csv"))
    let found = try ReviewDecisions(reading: folder / "d.csv").applied(to: noisy)
    #expect(noisy.train.flipped == [true, false, false, false])
    #expect(found.train.flipped == [false, false, false, false])
  }

  @Test("test examples are changed only where that is said")
  func test() throws {
    let line = "id,decision,newLabel,split\n20,relabel,b,test\n"
    #expect(problem(line) == "20 is a test example, by which models are judged.")
    #expect(try applied(line, touchesTest: true).test.classes == [1])
    #expect(
      problem("id,decision\n20,drop\n") == "20 is a test example, by which models are judged.")
    #expect(
      problem("id,decision\n20,drop\n", touchesTest: true) == "there is no training example 20.")
  }

  @Test("what does not fit is named in a sentence")
  func refusals() {
    let cases = [
      ("id,decision\n99,drop\n", "there is no training example 99."),
      ("id,decision\n10,relable\n", "`relable` is no decision."),
      ("id,decision\n10,relabel\n", "10 is to get another label, and the line says none."),
      ("id,decision,newLabel\n10,relabel,d\n", "the class `d` is not among the 3 known: a, b, c."),
      ("id,decision\n10,keep\n10,drop\n", "10 is decided about in line 2 already."),
      (
        "id,decision,label\n10,keep,c\n",
        "10 is labelled c here and a in the data: these decisions are about other data."
      ),
      ("id,decision\n13,drop\n", "the class c would have no training example left."),
      ("id,decision\n,drop\n", "the id is missing."),
      ("id,verdict\n10,drop\n", "there is no column `decision`."),
    ]
    for (text, expected) in cases {
      #expect(problem(text)?.hasPrefix(expected) == true, "\(text): \(problem(text) ?? "nothing")")
    }
  }

  @Test("the error says the line")
  func place() {
    let error = diagnosed { _ = try applied("id,decision\n10,keep\n99,drop\n") }
    #expect(error?.location.hasSuffix("d.csv, line 3") == true, "\(error?.location ?? "")")
  }
}
