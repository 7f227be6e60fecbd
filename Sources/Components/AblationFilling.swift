// Letters: Q queries, B rows of a pass, T positions, W activations of a position.
import Datasets
import Networks
import Randomness
import Tensors

/// What is in the place of activations that are taken away.
struct AblationFilling: Sendable {
  private enum Source: Sendable {
    case zero
    /// W values a point.
    case means([Int: Tensor])
    /// The example whose activations each query gets, Q inputs.
    case others(Tensor)
  }

  private let source: Source
  private let network: Network
  private let parameters: Tensor
  private let points: Set<Int>

  /// Examples of the reference set that means are over, at the most.
  static let referenceCount = 1_000

  /// - Parameter pairs: with `resample` the input whose activations each query gets, Q of them; nil:
  ///   drawn from the reference set.
  /// - Throws: `ComponentError.notDefined` without the reference set that an ablation needs.
  init(
    _ ablation: Ablation, of groups: [ComponentGroup], _ network: Network, _ parameters: Tensor,
    queries: Int, reference: Dataset?, pairs: Tensor? = nil, seed: UInt64
  ) throws(ComponentError) {
    (self.network, self.parameters) = (network, parameters)
    points = Set(groups.map(\.point))
    guard ablation.needsReference else {
      source = .zero
      return
    }
    if ablation == .resample, let pairs {
      source = .others(pairs)
      return
    }
    guard let reference, reference.count > 0 else {
      throw .notDefined(
        name: ablation.description, reason: "there are no examples to take activations from",
        field: "‹ablation›")
    }
    if ablation == .resample {
      let stream = RandomStream(seed: seed, purpose: .ablation, index: 0)
      let rows = (0..<queries).map { stream.integer(below: reference.count, at: UInt64($0)) }
      source = .others(reference.inputs.gathered(rows))
      return
    }
    let inputs = AblationFilling.inputs(of: reference, seed: seed)
    let moments = ActivationMoments(groups, network, parameters, inputs)
    source = .means(
      moments.means.mapValues { Tensor($0.map { Float($0) }, shape: [$0.count]) })
  }

  /// The inputs of the reference set that means are over: all, or as many as are enough.
  static func inputs(of reference: Dataset, seed: UInt64) -> Tensor {
    let stream = RandomStream(seed: seed, purpose: .ablation, index: 0)
    let rows =
      reference.count <= AblationFilling.referenceCount
      ? Array(0..<reference.count)
      : stream.sample(AblationFilling.referenceCount, of: reference.count).sorted()
    return reference.inputs.gathered(rows)
  }

  /// What some queries' activations become.
  func rows(of queries: Range<Int>) -> Rows {
    switch source {
    case .zero: return Rows(constants: [:], byRow: [:])
    case .means(let means): return Rows(constants: means, byRow: [:])
    case .others(let inputs):
      let pass = network.pass(
        parameters, batch: queries.count, for: .activations, observing: points)
      _ = network.root.forward(inputs.gathered(Array(queries)), pass)
      return Rows(constants: [:], byRow: pass.observed.activations)
    }
  }

  /// Values by point, for rows of a pass.
  struct Rows: Sendable {
    /// W values for all rows.
    fileprivate let constants: [Int: Tensor]
    /// Values of each row, as the activations.
    fileprivate let byRow: [Int: Tensor]

    /// The values of some of the rows, in order.
    func gathered(_ rows: [Int]) -> Rows {
      Rows(constants: constants, byRow: byRow.mapValues { $0.gathered(rows) })
    }

    /// The value at a point.
    func value(at point: Int) -> AblationValue {
      if let values = byRow[point] { return .rows(values) }
      return constants[point].map { .constant($0) } ?? .zero
    }
  }
}
