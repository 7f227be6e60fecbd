// Letters: B examples, T positions of one, R = B·T rows, U units, W activations of a row.
import Tensors

extension AblationMask {
  /// y = m ∘ x + (1 − m) ∘ value of a group's activations.
  package func applied(to x: Tensor, of group: ComponentGroup) -> Tensor {
    MaskedRows(ablation: self, group: group).applied(to: x, filling: true)
  }
}

/// A mask at work on the rows of its point's activations.
///
/// In order of priority: the same bits for any thread count (a row is one worker's, sums are an
/// example's), rows that keep everything untouched, speed (whole rows through vector kernels).
struct MaskedRows {
  let ablation: AblationMask
  let group: ComponentGroup

  /// y = m ∘ x + (1 − m) ∘ value, in the place of x when nobody else has it.
  ///
  /// All kept: x itself. A row that keeps everything is x's row, bit for bit.
  ///
  /// - Parameter filling: whether ablated activations get the mask's value; else 0.
  func applied(to x: consuming Tensor, filling: Bool) -> Tensor {
    require(x)
    if ablation.keepsAll { return x }
    let positions = x.positionsOfExample
    let isOwn = x.isUnique()
    let source = x.storage
    let y = isOwn ? copy x : Tensor(uninitialized: x.shape)
    let (target, width) = (y.storage, group.width)
    let value = filling ? ablation.value : .zero
    Workers.run(over: y.rowCount, grain: max(1, Tensor.elementGrain / max(1, width))) { rows in
      let line = Line(self, value, positions: positions)
      for row in rows {
        let (x, y) = (source.base + row * width, target.base + row * width)
        if line.keepsAll(row) {
          if !isOwn { y.update(from: x, count: width) }
          continue
        }
        VectorMath.multiply(line.mask, x, into: y, count: width)
        if let filler = line.filler(row) { VectorMath.add(y, filler, into: y, count: width) }
      }
    }
    return y
  }

  /// ∂f/∂m from ∂f/∂y and x: Σ over an example's positions and a unit's activations of
  /// dy ∘ (x − value), B × U.
  ///
  /// - Precision: fp64 sums in the order of the activations.
  func gradient(_ dy: Tensor, _ x: Tensor) -> Tensor {
    require(x)
    let batch = x.shape[0]
    let result = Tensor(uninitialized: [batch, group.units])
    let (d, source, target) = (dy.storage, x.storage, result.storage)
    let (group, positions) = (group, x.positionsOfExample)
    let width = group.width
    Workers.run(
      over: batch, grain: max(1, Tensor.elementGrain / max(1, positions * width))
    ) { examples in
      for example in examples {
        var sums = [Double](repeating: 0, count: group.units)
        for row in example * positions..<(example + 1) * positions {
          let (dy, x) = (d.base + row * width, source.base + row * width)
          let value = ablation.value.row(row, positions: positions, group)
          for unit in 0..<group.units {
            for k in unit * group.unitWidth..<(unit + 1) * group.unitWidth {
              sums[unit] += Double(dy[k]) * (Double(x[k]) - Double(value?[k] ?? 0))
            }
          }
        }
        for unit in 0..<group.units {
          target.base[example * group.units + unit] = Float(sums[unit])
        }
      }
    }
    return result
  }

  /// m and (1 − m) ∘ value of every example, B × W each; nil when values differ by position.
  ///
  /// Rows of examples that keep everything are not written.
  func written(
    batch: Int, positions: Int
  ) -> (scales: Buffer<Float>, shifts: Buffer<Float>?, isKept: [Bool])? {
    let fault = ablation.mismatch(group, batch: batch, positions: positions)
    precondition(fault == nil, "\(fault ?? "") at \(group)")
    if ablation.value.differsByPosition(group, batch) { return nil }
    let scales = Buffer<Float>(uninitialized: batch * group.width)
    var shifts: Buffer<Float>?
    if case .zero = ablation.value {} else { shifts = Buffer(uninitialized: scales.count) }
    let line = Line(self, ablation.value, positions: 1)
    let isKept = (0..<batch).map { example in
      if line.keepsAll(example) { return true }
      let place = example * group.width
      (scales.base + place).update(from: line.mask, count: group.width)
      if let filler = line.filler(example) {
        shifts.map { ($0.base + place).update(from: filler, count: group.width) }
      }
      return false
    }
    return (scales, shifts, isKept)
  }

  /// Whether an example keeps everything.
  func keepsAll(example: Int) -> Bool {
    let units = ablation.mask.storage.base + example * group.units
    return (0..<group.units).allSatisfy { units[$0] == 1 }
  }

  /// What is wrong with the mask for activations; nil when it fits.
  func misfit(_ x: borrowing Tensor) -> String? {
    x.rowLength == group.width
      ? ablation.mismatch(group, batch: x.shape[0], positions: x.positionsOfExample)
      : "activations \(x.shape)"
  }

  private func require(_ x: borrowing Tensor) {
    let fault = misfit(x)
    precondition(fault == nil, "\(fault ?? "") at \(group)")
  }

  /// One example's mask and value, written out for a row of W activations; a worker's own.
  private final class Line {
    private let rows: MaskedRows
    private let value: AblationValue
    private let positions: Int
    /// m, 1 − m and (1 − m) ∘ value.
    private let room: Buffer<Float>
    private var example = -1
    private var keepsAll = true
    private var isFilled = false

    init(_ rows: MaskedRows, _ value: AblationValue, positions: Int) {
      (self.rows, self.value, self.positions) = (rows, value, positions)
      room = Buffer(uninitialized: 3 * rows.group.width)
    }

    var mask: UnsafeMutablePointer<Float> { room.base }
    private var rest: UnsafeMutablePointer<Float> { room.base + rows.group.width }
    private var filling: UnsafeMutablePointer<Float> { room.base + 2 * rows.group.width }

    /// Whether the example of a row keeps everything; its mask is there afterwards.
    func keepsAll(_ row: Int) -> Bool {
      if row / positions == example { return keepsAll }
      example = row / positions
      isFilled = false
      keepsAll = rows.keepsAll(example: example)
      if keepsAll { return true }
      let (group, units) = (
        rows.group, rows.ablation.mask.storage.base + example * rows.group.units
      )
      for unit in 0..<group.units {
        let start = unit * group.unitWidth
        (mask + start).update(repeating: units[unit], count: group.unitWidth)
        (rest + start).update(repeating: 1 - units[unit], count: group.unitWidth)
      }
      return false
    }

    /// (1 − m) ∘ value of a row; nil: 0.
    func filler(_ row: Int) -> UnsafePointer<Float>? {
      guard let values = value.row(row, positions: positions, rows.group) else { return nil }
      if !isFilled {
        VectorMath.multiply(rest, values, into: filling, count: rows.group.width)
        isFilled = !value.differsByPosition(rows.group, rows.ablation.mask.shape[0])
      }
      return UnsafePointer(filling)
    }
  }
}

extension AblationValue {
  /// The value's W numbers for a row; nil: 0.
  ///
  /// The caller keeps the mask alive.
  fileprivate func row(
    _ row: Int, positions: Int, _ group: ComponentGroup
  ) -> UnsafePointer<Float>? {
    switch self {
    case .zero: return nil
    case .constant(let values): return UnsafePointer(values.storage.base)
    case .rows(let values):
      let isByPosition = values.count > values.shape[0] * group.width
      return UnsafePointer(
        values.storage.base + (isByPosition ? row : row / positions) * group.width)
    }
  }

  /// Whether an example's positions have values of their own.
  fileprivate func differsByPosition(_ group: ComponentGroup, _ batch: Int) -> Bool {
    if case .rows(let values) = self { values.count > batch * group.width } else { false }
  }
}
