import Datasets
import Networks
import Tensors
import TestSupport
import Testing

@testable import Training

/// What moved the weights is what is differentiated.
@Suite("Derivatives of a step", .serialized)
struct StepCurvatureTests {
  static let networks = ["mlp", "gpt2", "vit", "cnn with batch norm"]

  static func network(_ name: String) -> Network? {
    if name != "cnn with batch norm" { return MicroBatchTests.networks[name] ?? nil }
    return .convolutional(
      image: MicroBatchTests.images, inputShape: [6, 6], channels: [3], hidden: [4], outputs: 3,
      normalisation: .batch, dropout: 0.3)
  }

  /// The reports of the steps of two epochs, and the trainer.
  func steps(_ name: String) throws -> (Trainer, Dataset, [StepReport]) {
    let data = MicroBatchTests.data(name)
    let trainer = try Trainer(
      network: try #require(Self.network(name)),
      configuration: TrainingConfiguration(rate: 0.02, batch: 8, epochs: 2), data: data, seed: 3)
    let reports = Collected<StepReport>()
    _ = try trainer.train(hooks: TrainingHooks(afterStep: { reports.append($0) }))
    return (trainer, data, reports.all)
  }

  @Test(
    "a step's gradient is the loss's whose curvature is taken, to the bit", arguments: networks)
  func gradients(_ name: String) throws {
    let (trainer, data, steps) = try steps(name)
    #expect(steps.count == 6)
    for step in steps {
      let draws = DropoutDraws(seed: step.seed, step: UInt64(step.step))
      let (inputs, targets) = (
        data.inputs.gathered(step.rows), TargetValues(data.targets).gathered(step.rows)
      )
      let scale = 1 / Double(step.rows.count)
      let gradient = try trainer.network.lossGradient(
        inputs, targets, parameters: step.before, loss: trainer.loss, dropout: draws, scale: scale)
      #expect(
        gradient.parameters.elements.map(\.bitPattern) == step.gradient.elements.map(\.bitPattern),
        "step \(step.step)")
      // Along the gradient every example's slopes sum to its squared length.
      let product = try trainer.network.curvature(
        inputs, targets, parameters: step.before, loss: trainer.loss, along: step.gradient,
        dropout: draws, scale: scale)
      let sum = product.exampleDerivatives.reduce(0, +) * scale
      #expect(abs(sum / step.gradient.squaredNorm() - 1) < 1e-5, "step \(step.step)")
    }
  }
}
