import Components
import Networks
import Tensors
import Testing
import TestSupport

@Suite("Estimators from weights")
struct WeightEstimatorTests {
  /// ‖w_j‖² of the hidden neurons by the layout: 0.weight 9 × 5, 0.bias 9, 2.weight 4 × 9, 2.bias 4.
  private func squares(_ sample: ComponentSample) -> [[Double]] {
    let theta = sample.parameters.elements.map(Double.init)
    func square(_ weight: Int, _ inputs: Int, _ bias: Int, _ j: Int) -> Double {
      (0..<inputs).reduce(theta[bias + j] * theta[bias + j]) {
        $0 + theta[weight + inputs * j + $1] * theta[weight + inputs * j + $1]
      }
    }
    return [(0..<9).map { square(0, 5, 45, $0) }, (0..<4).map { square(54, 9, 90, $0) }]
  }

  @Test("The magnitude is the norm of the rows and biases, the same for all queries")
  func magnitude() throws {
    let sample = ComponentSample(hidden: [9, 4])
    let folder = try ScratchFolder()
    let study = try sample.study(in: folder)
    let found = try ComponentMethod.magnitude.estimator.estimate(study).scores
    for (place, square) in squares(sample).joined().enumerated() {
      for query in 0..<7 {
        #expect(abs(Double(found[query, place]) - square.squareRoot()) < 1e-6)
      }
    }
    #expect(study.passes == 0)
  }

  @Test("LAMP is the share of the squares that are not smaller, layer by layer")
  func layerAdaptive() throws {
    let sample = ComponentSample(hidden: [9, 4])
    let folder = try ScratchFolder()
    let found = try ComponentMethod.lamp.estimator.estimate(sample.study(in: folder)).scores
    let expected = squares(sample).flatMap { layer in
      layer.map { own in own / layer.filter { $0 >= own }.reduce(0, +) }
    }
    for (place, share) in expected.enumerated() {
      #expect(abs(Double(found[0, place]) - share) < 1e-6, "\(place)")
    }
    #expect(expected.count { $0 == 1 } == 2)
  }

  @Test("What is whole has no others to be compared with")
  func whole() throws {
    let folder = try ScratchFolder()
    let study = try ComponentFamily.gpt2.study(in: folder, kinds: [.head, .mlp])
    #expect(
      diagnosed { _ = try ComponentMethod.lamp.estimator.estimate(study) }?.what
        == "lamp of mlp is not defined here: it has no others in its layer to be compared with")
  }
}
