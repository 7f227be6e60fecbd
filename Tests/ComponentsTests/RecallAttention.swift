// Letters: B sequences, T positions, D width of a head; q, k of one head.
import Foundation
import Networks
import Tensors

/// Where the heads of a network look on its queries, from their queries and keys by plain fp64 loops.
struct RecallAttention {
  /// By head, of the network's order: the mean weight that a place behind a key gives the key, where
  /// a question's head must look at it.
  private(set) var toKey: [Double] = []
  /// By head: the mean weight that a question gives the places behind its key's earlier occurrences.
  private(set) var toValue: [Double] = []

  init(_ sample: RecallNetwork) {
    let (network, inputs) = (sample.network, sample.queries.inputs)
    let pass = network.pass(
      sample.parameters, batch: sample.queries.count, for: .activations)
    _ = network.root.forward(inputs, pass)
    for points in network.attentionPoints {
      guard let q = pass.observed.activations[points.queries.point],
        let k = pass.observed.activations[points.keys.point]
      else { continue }
      for head in 0..<points.heads.units {
        add(Head(q: q, k: k, head: head, width: points.heads.unitWidth), inputs)
      }
    }
  }

  private struct Head {
    let q, k: Tensor
    let head, width: Int

    /// softmax(q kᵀ/√D) of a place over the places up to it.
    func weights(row: Int, place: Int) -> [Double] {
      func start(_ place: Int) -> Int {
        (row * RecallTask.length + place) * q.rowLength + head * width
      }
      let scores = (0...place).map { other in
        (0..<width).reduce(0.0) {
          $0 + Double(q[start(place) + $1]) * Double(k[start(other) + $1])
        } / Double(width).squareRoot()
      }
      let largest = scores.max() ?? 0
      let total = scores.reduce(0) { $0 + exp($1 - largest) }
      return scores.map { exp($0 - largest) / total }
    }
  }

  private mutating func add(_ head: Head, _ inputs: Tensor) {
    var (key, value, places, questions) = (0.0, 0.0, 0, 0)
    for row in 0..<inputs.rowCount {
      for question in RecallTask.questionPlaces {
        let earlier = RecallTask.earlier(question, in: inputs, row: row)
        let weights = head.weights(row: row, place: question)
        value += earlier.reduce(0) { $0 + weights[$1 + 1] }
        questions += 1
      }
      for pair in 0..<RecallTask.pairs {
        key += head.weights(row: row, place: 2 * pair + 1)[2 * pair]
        places += 1
      }
    }
    toKey.append(key / Double(places))
    toValue.append(value / Double(questions))
  }
}
