// Letters: n training examples, m queries, H features, T positions.
import Datasets
import Factors
import Gradients
import LinearAlgebra
import Networks
import Tensors

/// `embedding`: cosine of what the last hidden layer makes of query and training example.
///
///     τ[x,i] = ⟨h(x), h(z_i)⟩ / ‖h(x)‖ ‖h(z_i)‖,   h the mean over positions of the last layer's outputs
///
/// It says what looks alike to the network, not what taught it: what the other methods must beat.
///
/// - Complexity: a pass forward, and 2mnH flops.
struct EmbeddingSimilarity: WholeExampleScorer {
  static let noParts = (
    token: "embedding compares whole examples",
    component: "embedding is of one layer"
  )

  private let features: Matrix<Float>
  private let network: Network
  private let parameters: Tensor
  private let point: ComponentGroup

  init(_ context: ScoringContext) throws {
    guard let source = context.checkpoint.source as? GradientSource,
      let last = source.network.components.last(where: { $0.kind == .layer || $0.kind == .block })
    else {
      throw InfluenceError.notDefined(
        name: context.method.name, reason: "there is no hidden layer to compare examples by",
        option: "‹method›")
    }
    (network, parameters, point) = (source.network, source.parameters, last)
    features = try EmbeddingSimilarity.features(context.training, network, parameters, last)
  }

  var notes: [String] {
    ["examples are compared by the outputs of \(point.path), \(features.columns) numbers"]
  }
  var byteCount: Int { 4 * features.count }

  func scores(of queries: Dataset, mean: Bool) throws -> any TrainingProducts {
    let own = try EmbeddingSimilarity.features(queries, network, parameters, point)
    guard mean else {
      return HeldProducts(product(MatrixView(own), MatrixView(features).transposed))
    }
    let even = Matrix<Float>(repeating: 1 / Float(max(1, own.rows)), rows: 1, columns: own.rows)
    let sum = product(MatrixView(even), MatrixView(own))
    return HeldProducts(product(MatrixView(sum), MatrixView(features).transposed))
  }

  func selfScores(of training: Dataset) throws -> [Float] {
    [Float](repeating: 1, count: training.count)
  }

  /// h of examples, n × H, of unit length.
  private static func features(
    _ data: Dataset, _ network: Network, _ parameters: Tensor, _ point: ComponentGroup
  ) throws -> Matrix<Float> {
    var rows: [Float] = []
    var width = 0
    for range in (0..<data.count).blocks(of: network.examplesAtATime(atMost: 256)) {
      let block = data.subset(Array(range))
      let pass = network.pass(
        parameters, batch: range.count, for: .activations, observing: [point.point])
      _ = network.root.forward(block.inputs, pass)
      guard let found = pass.observed.activations[point.point] else {
        throw InfluenceError.notDefined(
          name: "embedding", reason: "\(point.path) has no outputs", option: "‹method›")
      }
      let shape = found.shape
      width = shape.last ?? 1
      let positions = found.count / max(1, range.count * width)
      for row in 0..<range.count {
        // Padding counts for nothing.
        let length = min(positions, block.length(of: row) ?? positions)
        var sum = [Double](repeating: 0, count: width)
        for t in 0..<length {
          for h in 0..<width {
            sum[h] += Double(found.storage.base[(row * positions + t) * width + h])
          }
        }
        let norm = sum.reduce(0) { $0 + $1 * $1 }.squareRoot()
        guard norm.isFinite else {
          throw GradientError.nonFiniteOutput(example: block.ids[row].description)
        }
        rows += sum.map { norm > 0 ? Float($0 / norm) : 0 }
      }
    }
    return Matrix(rows, rows: data.count, columns: width)
  }
}

extension Dataset {
  /// Tokens of an example before its padding; nil where inputs are no tokens.
  fileprivate func length(of row: Int) -> Int? {
    guard tokenizer != nil || isTokens else { return nil }
    let width = featureCount
    return (0..<width).count { inputs.storage.base[row * width + $0] >= 0 }
  }

  private var isTokens: Bool { if case .tokens = targets { true } else { false } }
}

extension Method {
  /// Cosine of the last layer's outputs.
  public static let embedding = Method(
    name: "embedding", title: "cosine of what the last hidden layer makes of query and example",
    source: "a baseline", gradients: .loss, unit: .cosine, needs: [.layers, .network],
    cost: { $0.kernel(.one) }, prepare: { try EmbeddingSimilarity($0) })
}
