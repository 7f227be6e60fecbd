import Datasets
import Foundation
import Gradients
import Networks
import Runs
import Tensors
import TestSupport
import Testing
import Training

@testable import Influence

/// What the other methods must beat.
@Suite("Baselines") struct BaselineMethodTests {
  @Test("bm25 is its formula, term by term")
  func words() {
    let texts: [[Int32]] = [[0, 1, 1], [1, 2], [2, 2, 2, 2, 3], [4]]
    let index = BM25Index(texts)
    let asked: [Int32: Double] = [1: 1, 2: 2, 9: 1]
    let mean = 11.0 / 4
    let found = index.scores(asked)
    for (text, terms) in texts.enumerated() {
      var expected = 0.0
      for (term, weight) in asked {
        let having = Double(texts.count { $0.contains(term) })
        let frequency = Double(terms.count { $0 == term })
        let rarity = log(1 + (4 - having + 0.5) / (having + 0.5))
        let length = 1.5 * (1 - 0.75 + 0.75 * Double(terms.count) / mean)
        expected += weight * rarity * frequency * 2.5 / (frequency + length)
      }
      #expect(abs(found[text] - expected) < 1e-12)
    }
    #expect(found[3] == 0 && found[2] > found[0])
  }

  @Test("embedding is the cosine of the last hidden layer's outputs, by plain loops")
  func hidden() throws {
    let (data, queries) = (Problem.classes(20, seed: 1), Problem.classes(6, seed: 2))
    let source = Problem.source(seed: 3)
    let model = try Problem.model([source], data, .embedding)
    let scores = try model.scores(queries)
    func features(_ data: Dataset) -> [[Double]] {
      (0..<data.count).map { row in
        (0..<5).map { unit in
          var sum = Double(source.parameters[20 + unit])
          for j in 0..<4 {
            sum += Double(source.parameters[unit * 4 + j]) * Double(data.inputs[row * 4 + j])
          }
          return tanh(sum)
        }
      }
    }
    let (own, asked) = (features(data), features(queries))
    func length(_ x: [Double]) -> Double { Plain.dot(x, x).squareRoot() }
    for q in 0..<6 {
      for i in 0..<20 {
        let expected: Double = Plain.dot(asked[q], own[i]) / length(asked[q]) / length(own[i])
        #expect(abs(Double(scores[q, i]) - expected) < 1e-5)
      }
    }
    #expect(try model.selfInfluence().allSatisfy { $0 == 1 })
    let mean = try model.scores(queries, mean: true)
    for i in 0..<20 {
      let expected: Double = (0..<6).reduce(0) { $0 + Double(scores[$1, i]) } / 6
      #expect(abs(Double(mean[0, i]) - expected) < 1e-5)
    }
  }

  /// Full steps of least squares have one curvature from the first to the last: the unrolling is exact but for
  /// the Fisher matrix, which is drawn (σ of an eigenvalue over 600 examples: 6 %), steps of length η, which
  /// it takes as a flow (η σ / 2: 3 %), and gradients between the ends of a segment.
  @Test("source is the derivative of the training where curvature does not move")
  func leastSquares() throws {
    let folder = try ScratchFolder()
    for (name, count, seed) in [("train", 600, UInt64(1)), ("test", 8, 2)] {
      let noise = Problem.values([count, 3], seed: seed)
      let rows = (0..<count).map { row -> String in
        let (a, b, e) = (noise[row * 3], noise[row * 3 + 1], noise[row * 3 + 2])
        return "\(a),\(b / 2),\(2 * a - b + e)"
      }
      try Data(("a,b,y\n" + rows.joined(separator: "\n") + "\n").utf8)
        .write(to: URL(fileURLWithPath: folder / "\(name).csv"))
    }
    let text = """
      name: line
      data:
        task: regression
        train: {format: csv, path: train.csv, label: last}
        test:  {format: csv, path: test.csv, label: last}
      model: {kind: linear}
      training: {rate: 0.05, batch: 600, epochs: 40, checkpoints: \(Array(1...40))}
      """
    let influence = try RunInfluence(LineRun.trained(text, in: folder))
    func scores(_ method: Influence.Method) throws -> [Double] {
      try influence.ensemble(influence.resolved(ScoringRequest(method: method)))
        .scores(influence.data.test).elements.map { Double($0) }
    }
    let (unrolled, exact) = (try scores(.source), try scores(.magic))
    let products: Double = Plain.dot(unrolled, exact)
    let (lengths, reference) = (Plain.dot(unrolled, unrolled), Plain.dot(exact, exact))
    #expect(products / (lengths * reference).squareRoot() > 0.99)
    #expect(abs(products / reference - 1) < 0.1)
  }
}
