import Components
import Foundation
import Networks
import Storage
import Tensors
import Testing
import TestSupport

@Suite("Estimators from one backward pass")
struct GradientEstimatorTests {
  @Test(
    "Gradient × activation is the slope of taking to zero, at all positions, whatever the ablation",
    arguments: [ComponentFamily.mlp, .cnn, .gpt2, .llama])
  func gradientTimesActivation(family: ComponentFamily) throws {
    let folder = try ScratchFolder()
    let kinds = ComponentGroup.Kind.allCases
    let slopes = try ComponentMethod.atp.estimator.estimate(
      family.study(in: folder, kinds: kinds, .margin))
    let study = try family.study(in: folder, kinds: kinds, .margin, ablation: .mean)
    let found = try ComponentMethod.gxa.estimator.estimate(study)
    for (a, b) in zip(found.scores.elements, slopes.scores.elements) {
      #expect(abs(a - b) <= 1e-4 * (1 + abs(b)))
    }
    #expect(slopes.magnitudes.contains { $0 > 0.01 })
    #expect(study.passes == 3)
  }

  @Test("Internal influence is the mean gradient of a class")
  func internalInfluence() throws {
    let sample = ComponentSample(hidden: [9])
    let folder = try ScratchFolder()
    let found = try ComponentMethod.internal.estimator.estimate(
      sample.study(in: folder, .margin))
    // Layout: 0.weight 9 × 5, 0.bias 9, 2.weight 3 × 9, 2.bias 3.
    let theta = sample.parameters.elements.map(Double.init)
    let logits = sample.network.outputs(sample.queries.inputs, parameters: sample.parameters)
    func gradient(_ query: Int, _ j: Int) -> Double {
      let y = query % 3
      let weights = (0..<3).map { $0 == y ? 0 : exp(Double(logits[query, $0])) }
      let total = weights.reduce(0, +)
      return (0..<3).reduce(0) { sum, k in
        sum + (k == y ? 1 : -weights[k] / total) * theta[54 + 9 * k + j]
      }
    }
    for query in 0..<7 {
      let own = (0..<7).filter { $0 % 3 == query % 3 }
      for j in 0..<9 {
        let mean = own.reduce(0) { $0 + gradient($1, j) } / Double(own.count)
        #expect(abs(Double(found.scores[query, j]) - mean) < 1e-5, "\(query), \(j)")
      }
    }
  }

  @Test("Same bits for any thread count")
  func threads() throws {
    let sample = ComponentSample(hidden: [16, 8], queries: 150)
    let folder = try ScratchFolder()
    let scores = try [1, 2, 5].map { workers in
      try Execution.with(workers: workers) {
        try ComponentMethod.gxa.estimator.estimate(sample.study(in: folder, .margin)).scores
      }
    }
    #expect(scores[0] == scores[1])
    #expect(scores[0] == scores[2])
  }

  @Test("A job that is to stop does")
  func cancelled() throws {
    let sample = ComponentSample(hidden: [6])
    let folder = try ScratchFolder()
    let study = try ComponentStudy(
      sample.outputs(), identity: Fingerprint(["model": "sample"]), folder: folder.path,
      control: StopAfter(0).control)
    #expect(throws: JobCancelled(isResumable: false)) {
      _ = try ComponentMethod.gxa.estimator.estimate(study)
    }
  }
}
