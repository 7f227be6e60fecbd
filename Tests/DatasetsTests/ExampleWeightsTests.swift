import Foundation
import Tensors
import TestSupport
import Testing

@testable import Datasets

@Suite("Weights of examples")
struct ExampleWeightsTests {
  private func applied(_ text: String) throws -> SplitData {
    let folder = try ScratchFolder()
    try Data(text.utf8).write(to: URL(fileURLWithPath: folder / "w.csv"))
    return try ExampleWeights(reading: folder / "w.csv").applied(to: ReviewDecisionsTests.data)
  }

  private func problem(_ text: String) -> String? {
    diagnosed { _ = try applied(text) }?.what
  }

  private let whole = "id,note,weight\n14,x,5\n10,x,1\n11,x,0\n12,,0.25\n13,,4e-1\n"

  @Test("each example has its own, whatever the order of the lines, and subsets keep theirs")
  func applied() throws {
    let found = try applied(whole)
    #expect(found.train.weights == [1, 0, 0.25, 0.4, 5])
    #expect(found.test.weights == nil)
    #expect(found.train.subset([4, 2]).weights == [5, 0.25])
    #expect(found.train.relabelled([0, 0, 0, 0, 0]).weights == found.train.weights)
  }

  @Test("weights are part of what the data are; without, the hash is as it was")
  func hash() throws {
    let plain = ReviewDecisionsTests.data.train
    let weighted = plain.weighted([1, 1, 1, 1, 1])
    #expect(weighted.contentHash != plain.contentHash)
    #expect(weighted.contentHash != plain.weighted([1, 1, 1, 1, 2]).contentHash)
    #expect(weighted.contentHash == plain.weighted([1, 1, 1, 1, 1]).contentHash)
    #expect(plain.subset([0, 1, 2, 3, 4]).contentHash == plain.contentHash)
  }

  @Test("what does not fit is refused in a sentence")
  func refusals() {
    #expect(problem("id,weight\n10,1\n") == "the training example 11 has no weight.")
    #expect(problem(whole + "20,,1\n") == "there is no training example 20.")
    #expect(problem(whole + "10,,1\n") == "10 has a weight in line 3 already.")
    #expect(problem("id,weight\n10,-1\n") == "`-1` is no weight of 10.")
    #expect(problem("id,weight\n10,inf\n") == "`inf` is no weight of 10.")
    #expect(
      problem("id,weight\n10,0\n11,0\n12,0\n13,0\n14,0\n") == "all weights are 0.")
    #expect(problem("id,w\n10,0\n")?.contains("there is no column `weight`") == true)
  }
}
