// Letters: B batch, C channels.
import Tensors

/// A convolution, ReLU, points of ablation and 2 × 2 max pooling in one go, where nobody asks for what
/// is between: the bits of the layers one after another.
struct PooledConvolution {
  private let convolution: Convolution2D
  private let activation: Activation
  private let points: [AblationPoint]
  private let pool: MaxPool2D
  private let narrow: NarrowConvolution

  /// How many layers it is.
  var layers: Int { points.count + 3 }

  /// Layers from a place on; nil when they are others.
  init?(_ layers: ArraySlice<any Layer>) {
    let points = layers.dropFirst(2).prefix(3).prefix { $0 is AblationPoint }
    guard let convolution = layers.first as? Convolution2D,
      let activation = layers.dropFirst().first as? Activation, activation.kind == .relu,
      points.count <= 2, let pool = layers.dropFirst(2 + points.count).first as? MaxPool2D,
      pool.geometry.kernel == (2, 2), pool.geometry.stride == 2, pool.geometry.padding == 0,
      let narrow = NarrowConvolution(
        convolution.geometry, outputs: convolution.output.channels, groups: convolution.groups)
    else { return nil }
    (self.convolution, self.activation, self.pool) = (convolution, activation, pool)
    (self.points, self.narrow) = (points.compactMap { $0 as? AblationPoint }, narrow)
  }

  /// y from x; nil where layers keep something, or a point is observed or ablated by position.
  func forward(_ x: Tensor, _ pass: Pass) -> Tensor? {
    guard ![convolution.slot, activation.slot, pool.slot].contains(where: pass.keeps),
      !points.contains(where: { pass.observes($0.group) })
    else { return nil }
    var masks: [ChannelMasks] = []
    for rows in points.compactMap({ pass.rows(at: $0.group) }) where !rows.ablation.keepsAll {
      guard
        let mask = ChannelMasks(
          rows, batch: pass.batch, positions: convolution.geometry.positions)
      else { return nil }
      masks.append(mask)
    }
    return convolution.pooled(x, pass, narrow, masks)
  }
}

/// A mask that is one row of channels an example: y = m ∘ x + s.
struct ChannelMasks: Sendable {
  /// m, B × C.
  private let scales: Buffer<Float>
  /// s = (1 − m) ∘ value, B × C; nil: 0.
  private let shifts: Buffer<Float>?
  private let channels: Int
  private let isKept: [Bool]

  /// nil when the values differ by position.
  init?(_ rows: MaskedRows, batch: Int, positions: Int) {
    guard let written = rows.written(batch: batch, positions: positions) else { return nil }
    (scales, shifts, isKept) = (written.scales, written.shifts, written.isKept)
    channels = rows.group.width
  }

  /// m of an example; nil: 1.
  func scale(_ example: Int) -> UnsafePointer<Float>? {
    isKept[example] ? nil : UnsafePointer(scales.base + example * channels)
  }

  /// s of an example; nil: 0.
  func shift(_ example: Int) -> UnsafePointer<Float>? {
    isKept[example] ? nil : shifts.map { UnsafePointer($0.base + example * channels) }
  }
}
