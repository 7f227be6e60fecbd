// Letters: n examples, T positions, O left width, I right width, C outputs.
import Datasets
import Factors
import Networks
import Storage
import Tensors

extension FactorFile {
  /// Checks an HDF5 file that another program wrote and writes it as a sealed file of factors.
  ///
  /// `left/loss` of the other program are of the loss itself, as its backward pass gives them; here
  /// f = −ℓ as everywhere, so their sign is turned.
  ///
  /// - Parameter model: which model it is, in words.
  /// - Throws: `GradientError` naming the dataset that is missing, of another shape or not finite;
  ///   `StorageError` where the file cannot be read.
  public static func seal(_ source: String, to path: String, model: String) throws {
    let plain = try PlainFactors(source)
    let writer = try FactorFileWriter(
      path, layout: plain.layout, ids: plain.ids, targets: plain.targets, model: model)
    try plain.forEachBlock("outputs", width: plain.layout.outputCount) { values, rows in
      try writer.append(
        outputs: Tensor(values, shape: [rows.count, plain.layout.outputCount]))
    }
    for (index, layer) in plain.layout.layers.enumerated() {
      if let inputs = layer.inputs {
        try plain.forEachBlock(FactorLayout.rightName(layer.name), width: layer.rightCount) {
          values, rows in
          try writer.append(
            right: Tensor(values, shape: [rows.count, layer.positions, inputs]), layer: index)
        }
      }
      for (place, target) in plain.layout.targets.enumerated() {
        let width = plain.layout.leftWidth(layer, target)
        let isOfLoss = target == .output(.loss)
        try plain.forEachBlock(
          FactorLayout.leftName(layer.name, target), width: layer.positions * width
        ) { values, rows in
          let left = isOfLoss ? values.map { -$0 } : values
          try writer.append(
            left: Tensor(left, shape: [rows.count, layer.positions, width]), layer: index,
            target: place)
        }
      }
    }
    try writer.finish()
  }
}
