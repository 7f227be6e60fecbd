import Components
import Networks
import Tensors
import Testing
import TestSupport

@Suite("Whole parts removed one by one")
struct BlockPrunerTests {
  @Test("The order is that of a plain greedy search")
  func greedy() throws {
    let folder = try ScratchFolder()
    let study = try ComponentFamily.gpt2.study(in: folder, kinds: [.attention, .mlp])
    let found = try ComponentMethod.blockpruner.estimator.estimate(study).scores
    var kept = [Float](repeating: 1, count: 4)
    var expected = [Float](repeating: 0, count: 4)
    for step in 1...4 {
      var best: (place: Int, mean: Float)?
      for place in 0..<4 where kept[place] == 1 {
        var mask = kept
        mask[place] = 0
        let mean = study.outputs.values(Matrix(mask, rows: 1, columns: 4)).elements.reduce(0, +)
        if best.map({ mean > $0.mean }) ?? true { best = (place, mean) }
      }
      let place = try #require(best).place
      kept[place] = 0
      expected[place] = Float(step) / 4
    }
    for query in 0..<3 { #expect((0..<4).map { found[query, $0] } == expected) }
    #expect(study.passes == 4 + 3 + 2)
  }

  @Test("Units of layers are refused")
  func units() throws {
    let folder = try ScratchFolder()
    let study = try ComponentFamily.gpt2.study(in: folder, kinds: [.head, .mlp])
    #expect(
      diagnosed { _ = try ComponentMethod.blockpruner.estimator.estimate(study) }?.what
        == "blockpruner of head is not defined here: it removes whole parts, one by one")
  }
}
