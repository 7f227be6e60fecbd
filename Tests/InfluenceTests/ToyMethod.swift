import Datasets
import Gradients
import Networks
import Tensors

@testable import Influence

/// A method that the engine does not have: the dot product of gradients of f itself, halved.
///
///     τ[x,i] = ½ ⟨∇f(x), ∇f(z_i)⟩
struct HalfDot: CheckpointScorer {
  private let kernel: any GradientKernel
  private let function: OutputFunction

  init(_ context: ScoringContext) throws {
    kernel = try context.kernel(.output(context.kernelFunction))
    function = context.options.outputFunction
  }

  var damping: DampingReport? { nil }
  var notes: [String] { kernel.notes }
  var byteCount: Int { kernel.byteCount }
  var deletedRows: [Int] { kernel.deletedRows }

  func scores(of queries: Dataset, mean: Bool) throws -> any TrainingProducts {
    var rows = try kernel.rows(of: queries, target: .output(function), mean: mean)
    rows.scale(by: 0.5)
    return try kernel.products(rows)
  }

  func selfScores(of training: Dataset) throws -> [Float] {
    try (0..<training.count).map {
      try scores(of: training.subset([$0]), mean: false).block($0..<$0 + 1)[0, 0]
    }
  }
}

extension Influence.Method {
  static let halfDot = Influence.Method(
    name: "half-dot", title: "half the dot product of output gradients", source: "this test",
    gradients: .output, unit: .learningRate, cost: { $0.kernel(.one) },
    prepare: { try HalfDot($0) })
}

extension MethodTable {
  /// Methods that one checkpoint of a network on classes is enough for: not those of a whole training,
  /// nor of texts.
  static let ofCheckpoints = withToy.methods.filter { !$0.replays && !$0.needs.contains(.texts) }
  /// Those whose scores have a sign: what looks alike has none.
  static let signed = ofCheckpoints.filter { $0 != .halfDot && $0 != .embedding }
  /// The engine's methods and one of a user's own.
  static let withToy = MethodTable.standard.adding(.halfDot)
}
