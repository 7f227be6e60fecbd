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
    /// The example of the reference set whose activations each query gets, Q inputs.
    case others(Tensor)
  }

  private let source: Source
  private let network: Network
  private let parameters: Tensor
  private let points: Set<Int>

  /// Examples of the reference set that means are over, at the most.
  static let referenceCount = 1_000

  /// - Throws: `ComponentError.notDefined` without the reference set that an ablation needs.
  init(
    _ ablation: Ablation, of groups: [ComponentGroup], _ network: Network, _ parameters: Tensor,
    queries: Int, reference: Dataset?, seed: UInt64
  ) throws(ComponentError) {
    (self.network, self.parameters) = (network, parameters)
    points = Set(groups.map(\.point))
    guard ablation.needsReference else {
      source = .zero
      return
    }
    guard let reference, reference.count > 0 else {
      throw .notDefined(
        name: ablation.description, reason: "there are no examples to take activations from",
        field: "‹ablation›")
    }
    let stream = RandomStream(seed: seed, purpose: .ablation, index: 0)
    if ablation == .resample {
      let rows = (0..<queries).map { stream.integer(below: reference.count, at: UInt64($0)) }
      source = .others(reference.inputs.gathered(rows))
      return
    }
    let rows =
      reference.count <= AblationFilling.referenceCount
      ? Array(0..<reference.count)
      : stream.sample(AblationFilling.referenceCount, of: reference.count).sorted()
    source = .means(
      AblationFilling.means(groups, network, parameters, reference.inputs.gathered(rows)))
  }

  /// The mean activation at each point, over examples and their positions before the padding.
  ///
  /// - Precision: fp64 sums in the order of the rows.
  private static func means(
    _ groups: [ComponentGroup], _ network: Network, _ parameters: Tensor, _ inputs: Tensor
  ) -> [Int: Tensor] {
    var sums = groups.map { [Double](repeating: 0, count: $0.width) }
    var counts = groups.map { _ in 0.0 }
    let n = inputs.shape[0]
    for block in (0..<n).blocks(of: network.examplesAtATime(atMost: 64)) {
      let pass = network.pass(
        parameters, batch: block.count, for: .activations, observing: Set(groups.map(\.point)))
      _ = network.root.forward(inputs.gathered(Array(block)), pass)
      for (index, group) in groups.enumerated() {
        guard let x = pass.observed.activations[group.point] else { continue }
        let positions = x.count / max(1, block.count * group.width)
        for row in 0..<x.count / group.width {
          if let lengths = pass.lengths, positions > 1,
            row % positions >= lengths[row / positions]
          {
            continue
          }
          counts[index] += 1
          for k in 0..<group.width {
            sums[index][k] += Double(x.storage.base[row * group.width + k])
          }
        }
      }
    }
    var means: [Int: Tensor] = [:]
    for (index, group) in groups.enumerated() {
      means[group.point] = Tensor(
        sums[index].map { Float($0 / max(1, counts[index])) }, shape: [group.width])
    }
    return means
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
