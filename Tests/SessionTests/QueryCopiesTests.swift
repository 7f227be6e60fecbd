import Ascribe
import Datasets
import Tensors
import Testing

@testable import Session

/// Queries that stand in the training set.
@Suite("Queries that are training examples") struct QueryCopiesTests {
  private func set(_ inputs: [Float]) -> Dataset {
    let n = inputs.count / 2
    return Dataset(
      inputs: Tensor(inputs, shape: [n, 2]),
      targets: .classes([Int32](repeating: 0, count: n), names: ["a", "b"]))
  }

  private func said(_ queries: [Float], _ train: [Float]) -> [String] {
    let notes = NoteList()
    QueryCopies.say(set(queries), in: set(train), JobControl(note: { notes.add($0) }))
    return notes.all
  }

  @Test("those with a training example's inputs are named with the first such example")
  func named() {
    #expect(
      said([1, 2, 5, 6, 3, 4], [0, 0, 3, 4, 1, 2, 3, 4]) == [
        "note: stands in the training set, so the answer is about an example that was learnt: query "
          + "0 is training example 2, 2 is training example 1"
      ])
  }

  @Test("of inputs that differ in a bit nothing is said")
  func different() { #expect(said([1, Float(2).nextUp], [1, 2, 2, 1]).isEmpty) }
}
