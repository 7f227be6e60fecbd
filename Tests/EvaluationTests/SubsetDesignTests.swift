import Datasets
import Foundation
import Tensors
import TestSupport
import Testing

@testable import Evaluation

extension SubsetRanking {
  /// A ranking that no method made.
  static let byHand = SubsetRanking(
    method: "none", outputFunction: "margin", exampleWeight: "none", kernel: "exact",
    checkpoints: [], damping: [], queries: "by hand")
}

@Suite struct SubsetDesignTests {
  @Test func `the ranking of a bank of a former version is read and described as it was`() throws {
    let text = """
      {"method":"trak","outputFunction":"margin","exampleWeight":"final","kernel":"exact",
      "checkpoints":["seed-0/epoch-006"],"queries":"ten","damping":[{"checkpoint":
      "seed-0/epoch-006 (trak)","rule":"mean","value":2,"meanEigenvalue":2}]}
      """
    let ranking = try JSONDecoder().decode(SubsetRanking.self, from: Data(text.utf8))
    #expect(ranking.damping.map(\.value) == [2] && ranking.projectionDimension == nil)
    // The bank's fingerprint holds this text.
    #expect(
      ranking.description == "trak of margin, example weight final, kernel exact, damping mean, "
        + "checkpoints seed-0/epoch-006, ten")
    let again = try JSONDecoder().decode(
      SubsetRanking.self, from: try JSONEncoder().encode(ranking))
    #expect(again == ranking)
  }

  @Test func `leaving out one by one is the full set, then each row missing once`() throws {
    let design = try SubsetDesign.leaveOneOut(rows: [4, 1], of: 5)
    #expect(design.kind == .leaveOneOut && design.subsets == 3)
    #expect(
      design.masks(of: 5).elements == [1, 1, 1, 1, 1] + [1, 0, 1, 1, 1] + [1, 1, 1, 1, 0])
    #expect(design.roles.map(\.side) == [.full, .leftOut, .leftOut])
    #expect(design.roles.map(\.row) == [nil, 1, 4])
  }

  @Test(arguments: [0, 1, 2] as [UInt64])
  func `a sampled leave-one-out has as many rows as asked, all different`(seed: UInt64) throws {
    let design = try SubsetDesign.leaveOneOut(sampling: 7, of: 20, seed: seed)
    #expect(Set(design.roles.compactMap(\.row)).count == 7, "seed \(seed)")
    let again = try SubsetDesign.leaveOneOut(sampling: 7, of: 20, seed: seed)
    #expect(design == again, "seed \(seed)")
  }

  @Test func `removal takes the first, the last and nested random rows of a ranking`() throws {
    let order = [3, 0, 9, 1, 2, 4, 5, 6, 7, 8]
    let design = try SubsetDesign.removal(
      order: order, fractions: [0.3, 0.1], draws: 2, queries: [5], ranking: .byHand)
    #expect(design.subsets == 1 + 2 * 2 + 2 * 2)
    func gone(_ side: SubsetRole.Side, _ removed: Int, draw: Int? = nil) throws -> Set<Int> {
      let subset = try #require(
        design.roles.firstIndex { $0.side == side && $0.removed == removed && $0.draw == draw })
      return Set(0..<10).subtracting(design.rows(subset, of: 10))
    }
    #expect(try gone(.full, 0).isEmpty)
    #expect(try gone(.top, 1) == [3])
    #expect(try gone(.top, 3) == [3, 0, 9])
    #expect(try gone(.bottom, 1) == [8])
    #expect(try gone(.bottom, 3) == [6, 7, 8])
    for draw in 0..<2 {
      let (small, large) = (
        try gone(.random, 1, draw: draw), try gone(.random, 3, draw: draw)
      )
      #expect(small.count == 1 && large.count == 3 && small.isSubset(of: large), "draw \(draw)")
    }
    #expect(try gone(.random, 3, draw: 0) != gone(.random, 3, draw: 1))
  }

  @Test func `brittleness removes each query's own first examples`() throws {
    let design = try SubsetDesign.brittleness(
      orders: [(query: 7, order: [0, 1, 2, 3]), (query: 2, order: [3, 2, 1, 0])], counts: [1, 2],
      draws: 1, of: 4, ranking: .byHand)
    #expect(design.queries == [7, 2])
    #expect(design.subsets == 1 + 4 + 2)
    let place = try #require(
      design.roles.firstIndex { $0.query == 2 && $0.removed == 2 })
    #expect(design.rows(place, of: 4) == [0, 1])
  }

  @Test func `models of lists share their seeds, those of random subsets have their own`() throws {
    let random = try SubsetDesign(subsets: 3, fraction: 0.5)
    #expect(random.seedOffset(subset: 2, seed: 1, seeds: 2) == 5)
    let list = try SubsetDesign.leaveOneOut(rows: [0, 1], of: 3)
    #expect(list.seedOffset(subset: 2, seed: 1, seeds: 2) == 1)
  }

  @Test func `a random design is written as it was before there were others`() throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    let design = try SubsetDesign(subsets: 4, fraction: 0.5, seed: 3)
    let text = String(decoding: try encoder.encode(design), as: UTF8.self)
    #expect(text == #"{"fraction":0.5,"seed":3,"subsets":4}"#)
    #expect(try JSONDecoder().decode(SubsetDesign.self, from: Data(text.utf8)) == design)
  }

  @Test func `designs that cannot be made are refused with their option`() throws {
    let none = diagnosed { _ = try SubsetDesign.leaveOneOut(sampling: 0, of: 9) }
    #expect(
      none?.description == """
        error: 0 of 9 training examples cannot be left out one by one
          at:  ‹count›
          fix: for instance ‹count: 9›
        """)
    let all = diagnosed {
      _ = try SubsetDesign.removal(
        order: [0, 1, 2], fractions: [0.9], draws: 1, ranking: .byHand)
    }
    #expect(all?.what == "a fraction of 0.9 is 3 of 3 training examples")
    #expect(all?.location == "‹fractions›")
    let outside = diagnosed {
      _ = try SubsetDesign.removal(order: [0, 1], fractions: [1.5], draws: 1, ranking: .byHand)
    }
    #expect(outside?.what == "a fraction of 1.5 is not between 0 and 1")
    let empty = diagnosed { _ = try SubsetDesign.leaveOneOut(rows: [0], of: 1) }
    #expect(empty?.what == "subset 2 leaves no training example")
  }
}

@Suite struct SubsetFileTests {
  private let train = Dataset(
    ids: [.row(10), .row(11), .name("cat"), .row(13)],
    inputs: Tensor(repeating: 0, shape: [4, 1]),
    targets: .classes([0, 1, 0, 1], names: ["a", "b"]))

  private func rows(_ text: String, _ folder: ScratchFolder) throws -> [[Int]] {
    try text.write(toFile: folder / "s.txt", atomically: true, encoding: .utf8)
    return try SubsetFile.rows(folder / "s.txt", in: train)
  }

  @Test func `lines of ids, all, and all but are read`() throws {
    let folder = try ScratchFolder()
    let text = "# halves\n10, cat\n\nall\nall but 11 13\n13\n"
    #expect(try rows(text, folder) == [[0, 2], [0, 1, 2, 3], [0, 2], [3]])
  }

  @Test func `a JSON list of lists is read`() throws {
    let folder = try ScratchFolder()
    #expect(try rows(" [[10, \"cat\"], [13]]", folder) == [[0, 2], [3]])
  }

  @Test(arguments: [
    ("10\n99\n", "no training example has the id 99 (there are 4)", "s.txt:2"),
    ("10 10\n", "the id 10 stands twice in a subset", "s.txt:1"),
    ("all but 10 11 cat 13", "the subset has no training example", "s.txt:1"),
    ("# nothing\n", "the file names no subset", "s.txt"),
    ("[[10], [7]]", "no training example has the id 7 (there are 4)", "s.txt, subset 2"),
    ("[10]", "the file is not a list of lists of ids", "s.txt"),
  ])
  func `what cannot be used is refused with its place`(
    text: String, what: String, place: String
  ) throws {
    let folder = try ScratchFolder()
    let error = diagnosed { _ = try self.rows(text, folder) }
    #expect(error?.what == what)
    #expect(error?.location == folder / place)
    #expect(error?.exitCode == 3)
  }

  @Test func `a file that is not there is refused`() throws {
    let folder = try ScratchFolder()
    let error = diagnosed { _ = try SubsetFile.rows(folder / "none", in: self.train) }
    #expect(
      error?.description == """
        error: the file cannot be read
          at:  \(folder / "none")
          fix: write one subset a line: ids of training examples, `all`, or `all but` and ids
        """)
  }
}
