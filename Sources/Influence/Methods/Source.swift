// Letters: n training examples, m queries, L segments, η rate, K steps.
import Datasets
import Factors
import Foundation
import Gradients
import Networks
import Runs
import Tensors

/// `source`: the training unrolled segment by segment, each with one curvature.
///
///     τ[x,i] = −1/n Σ_l ⟨S_{l+1} … S_L ∇f(x; θ_L), F_l ½(∇ℓ_i(θ_{l−1}) + ∇ℓ_i(θ_l))⟩
///     S_l = exp(−η_l K_l C_l),   F_l = (1 − exp(−η_l K_l C_l)) C_l⁻¹
///
/// A segment is the steps up to one of the run's checkpoints, θ_l, with the sum of their rates, θ_0 the
/// initial weights; gradients are those of both ends. On least squares by full steps it has slope 1.03 on
/// the exact derivative with segments spaced by logarithm (.89 by the gradients at the ends alone), and
/// 1.25 with two segments: wide ones are rough. C_l is
/// the Fisher matrix there in its Kronecker eigenbasis (`EigenFisher`), whose functions are those of
/// its eigenvalues. Where a direction has converged (η K σ ≫ 1) F is 1/σ, an influence function; where
/// it has hardly moved F is η K, a step along the gradient: there is no damping to choose. Momentum μ
/// makes a step 1/(1 − μ) as long.
///
/// - Complexity: that of `ekfac` at each checkpoint, and once more the gradients of the training examples.
/// - Source: Bae et al. 2024 (arXiv:2405.12186), with a segment a checkpoint; they average gradients over
///   checkpoints within each.
struct SourceUnrolling: WholeExampleScorer {
  static let noParts = (
    token: "source is of whole examples",
    component: "source is of all parameters through all segments"
  )

  private let segments: [Segment]
  private let training: Dataset
  private let function: OutputFunction
  /// Of the training: it adds to every eigenvalue.
  private let decay: Double
  let notes: [String]

  private struct Segment {
    /// At its beginning and its end.
    let sources: [any GradientProvider]
    /// Σ η over its steps, over 1 − μ.
    let time: Double
    let fisher: EigenFisher
  }

  init(_ context: ScoringContext) throws {
    let checkpoint = try context.replayed()
    (training, function) = (context.training, context.options.outputFunction)
    let trainer = checkpoint.replay.trainer
    let (momentum, decay): (Double, Double)
    switch trainer.configuration.optimizer {
    case .sgd(let value, _, let weightDecay): (momentum, decay) = (value, weightDecay)
    case .adam, .adamw:
      throw InfluenceError.notDefined(
        name: context.method.name,
        reason: "its unrolling is of plain descent and momentum, and the run was trained with Adam",
        option: "‹method›")
    }
    let ends = try checkpoint.checkpoints()
    guard let network = (ends.last?.source as? GradientSource)?.network else {
      throw InfluenceError.notDefined(
        name: context.method.name, reason: "it needs the weights at the beginning and the network",
        option: "‹method›")
    }
    var rates = [Double](repeating: 0, count: trainer.configuration.epochs + 1)
    for epoch in 1...max(1, trainer.configuration.epochs) {
      rates[epoch] = trainer.batches(epoch: epoch).reduce(0) { $0 + $1.rate }
    }
    self.decay = decay
    var made: [Segment] = []
    var last = 0
    var start: any GradientProvider = GradientSource(
      network: network, parameters: try checkpoint.replay.state(at: 0).parameters)
    for end in ends where end.epoch > last {
      let source = end.source
      made.append(
        Segment(
          sources: [start, source],
          time: rates[last + 1...end.epoch].reduce(0, +) / (1 - momentum),
          fisher: try EigenFisher(
            of: training, source: source, form: .ekfac,
            curvature: context.options.curvature ?? .trueFisher, rule: .value(0),
            checkpoint: end.name)))
      (last, start) = (end.epoch, source)
    }
    segments = made
    notes =
      [
        "segments end at epochs " + ends.map { "\($0.epoch)" }.joined(separator: ", ")
          + "; rates summed over their steps"
      ] + (made.last?.fisher.notes ?? [])
  }

  var byteCount: Int { segments.reduce(0) { $0 + $1.fisher.byteCount } }

  func scores(of queries: Dataset, mean: Bool) throws -> any TrainingProducts {
    var result = Matrix<Float>(rows: mean ? 1 : queries.count, columns: training.count)
    guard let last = segments.last?.sources.last else { return HeldProducts(result) }
    let size = CurvatureScorer.writtenAtATime(last)
    for range in (0..<queries.count).blocks(of: size) {
      let part = queries.subset(Array(range))
      var asked = GradientDirections(try last.factored(part, .output(function)))
      for segment in segments.reversed() {
        let time = segment.time
        // The gradients of −ℓ, so that positive = helped; the mean loss is 1/n of the sum.
        let moved = segment.fisher.applied(asked) { value in
          let sigma = value + decay
          return sigma * time > 1e-6 ? (1 - exp(-sigma * time)) / sigma : time
        }
        for source in segment.sources {
          try add(moved, source, at: mean ? nil : range.lowerBound, queries.count, &result)
        }
        asked = segment.fisher.applied(asked) { exp(-($0 + decay) * time) }
      }
    }
    return HeldProducts(result)
  }

  /// Adds ⟨u, −∇ℓ_i⟩/2n of every direction and training example.
  private func add(
    _ directions: GradientDirections, _ source: any GradientProvider, at start: Int?, _ all: Int,
    _ result: inout Matrix<Float>
  ) throws {
    let (target, n) = (result.writableStorage(), training.count)
    let share = 0.5 / Float(max(1, n)) / (start == nil ? Float(max(1, all)) : 1)
    try source.forEachBlock(of: training, target: .output(.loss)) { range, gradients, _ in
      let products = gradients.products(with: directions)
      for row in 0..<products.rows {
        VectorMath.axpy(
          share, products.storage.base + row * range.count,
          onto: target.base + (start.map { $0 + row } ?? 0) * n + range.lowerBound,
          count: range.count)
      }
    }
  }

  func selfScores(of training: Dataset) throws -> [Float] {
    var result: [Float] = []
    for range in (0..<training.count).blocks(of: 64) {
      let rows = try scores(of: training.subset(Array(range)), mean: false).block(range)
      result += range.indices.map { rows[$0 - range.lowerBound, $0 - range.lowerBound] }
    }
    return result
  }
}

extension EigenFisher {
  /// U h(Λ) Uᵀ of gradients that are written out, h of each eigenvalue.
  fileprivate func applied(
    _ gradients: GradientDirections, _ function: (Double) -> Double
  ) -> GradientDirections {
    GradientDirections(
      count: gradients.count,
      blocks: zip(blocks, gradients.blocks).map { own, rows in
        let factors = (0..<own.values.count).map { Float(function(own.values.storage.base[$0])) }
        let turned = own.turned(rows)
        let scaled = Matrix<Float>(uninitialized: turned.rows, turned.columns)
        for row in 0..<turned.rows {
          for k in 0..<turned.columns {
            scaled.storage.base[row * turned.columns + k] =
              turned.storage.base[row * turned.columns + k] * factors[k]
          }
        }
        return own.turnedBack(scaled)
      })
  }
}

extension Method {
  /// Σ over segments of a training unrolled with one curvature each.
  public static let source = Method(
    name: "source", title: "the training unrolled in segments, one curvature each",
    source: "Bae et al. 2024", gradients: .loss, scope: .run, unit: .change,
    needs: [.training], cost: { $0.fisher(.ekfac).followed(by: $0.influence()) },
    prepare: { try SourceUnrolling($0) })
}
