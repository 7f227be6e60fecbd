import Factors
import LinearAlgebra
import Tensors

/// A run of consecutive gradient coordinates of one layer, a rectangle of outputs × inputs.
///
/// Coordinate (o, i) of a layer stands at `offset of the layer` + o · I + i: the order that every
/// projection matrix counts its rows in. The bias is the last i.
struct CoordinateBlock: Sendable {
  let layer: Int
  let outputs: Range<Int>
  let inputs: Range<Int>
  /// Place of the first coordinate among all p.
  let start: Int

  var count: Int { outputs.count * inputs.count }

  /// Cuts the coordinates of all layers into blocks of about `size` at most.
  static func blocks(of layers: [LayerShape], size: Int) -> [CoordinateBlock] {
    var result: [CoordinateBlock] = []
    var offset = 0
    for (index, layer) in layers.enumerated() {
      let wide = min(layer.inputs, size)
      let high = max(1, size / layer.inputs)
      for top in stride(from: 0, to: layer.outputs, by: high) {
        for left in stride(from: 0, to: layer.inputs, by: wide) {
          result.append(
            CoordinateBlock(
              layer: index, outputs: top..<min(layer.outputs, top + high),
              inputs: left..<min(layer.inputs, left + wide),
              start: offset + top * layer.inputs + left))
        }
      }
      offset += layer.coordinateCount
    }
    return result
  }
}

extension FactorBlock {
  /// Writes the gradient coordinates of a block: Σ_terms Σ_t left ⊗ right on the rectangle.
  ///
  /// - Parameters:
  ///   - rectangle: of this layer.
  ///   - examples: which examples.
  ///   - target: examples × rectangle.count, overwritten.
  func write(
    _ rectangle: CoordinateBlock, examples: Range<Int>, into target: MatrixView<Float>
  ) {
    let (high, wide) = (rectangle.outputs.count, rectangle.inputs.count)
    for (index, term) in terms.enumerated() {
      let left = term.left.view(columns: rectangle.outputs, examples: examples)
      let right = term.right.view(columns: rectangle.inputs, examples: examples)
      let positions = term.positions
      for i in 0..<examples.count {
        let start = target.offset + i * target.stride
        if positions == 1 && index == 0 {
          let a = right.storage.base + right.offset + i * right.stride
          let d = left.storage.base + left.offset + i * left.stride
          for o in 0..<high {
            let row = target.storage.base + start + o * wide
            let scale = d[o]
            for k in 0..<wide { row[k] = scale * a[k] }
          }
        } else {
          let rows = i * positions..<(i + 1) * positions
          gemmSerial(
            left.rows(rows).transposed, right.rows(rows),
            into: MatrixView(
              storage: target.storage, offset: start, rows: high, columns: wide, stride: wide),
            beta: index == 0 ? 0 : 1)
        }
      }
    }
  }
}
