// Letters: n examples, T positions, O left width, I right width.
import Datasets
import Factors
import Networks
import Tensors

extension FactorFile {
  /// Writes the factors of a data set's gradients, for whoever has no network of ours.
  ///
  /// - Parameters:
  ///   - source: where gradients come from.
  ///   - targets: what is differentiated; right sides are kept once.
  ///   - model: which model it is, in words or a hash.
  /// - Throws: `GradientError.noFactorForm` for layers whose outputs do not share their right
  ///   sides (the trace kernel of embeddings); `StorageError.notStorable`.
  public static func write(
    _ source: any GradientProvider, data: Dataset, targets: [GradientSource.Target], model: String,
    to path: String
  ) throws {
    precondition(!targets.isEmpty, "factors of no target")
    let samples = try targets.map { try source.sample(of: data, target: $0) }
    let layout = try FactorLayout(samples, targets: targets, source)
    let writer = try FactorFileWriter(
      path, layout: layout, ids: data.ids, targets: data.targets, model: model)
    for (index, target) in targets.enumerated() {
      try source.forEachBlock(of: data, target: target) { range, gradients, outputs in
        if index == 0 { try writer.append(outputs: outputs) }
        for (layer, block) in gradients.blocks.enumerated() {
          let sides = block.joined(count: range.count)
          try writer.append(left: sides.left, layer: layer, target: index)
          if index == 0, let right = sides.right { try writer.append(right: right, layer: layer) }
        }
      }
    }
    try writer.finish()
  }
}

extension FactorLayout {
  /// The layout of gradients as the samples of each target show it.
  fileprivate init(
    _ samples: [ExampleGradients], targets: [GradientSource.Target],
    _ source: any GradientProvider
  ) throws(GradientError) {
    let widths = targets.map { $0 == .jacobian ? source.traceFunctionCount : 1 }
    var layers: [Layer] = []
    for (index, block) in samples[0].blocks.enumerated() {
      let sides = block.joined(count: 1)
      let layer = Layer(
        name: block.weight.name, positions: sides.left.shape[1],
        outputs: sides.left.rowLength / widths[0], inputs: sides.right?.rowLength,
        hasBias: sides.hasBias)
      layers.append(layer)
      for (sample, width) in zip(samples, widths) {
        guard sample.blocks.count == samples[0].blocks.count,
          sample.blocks[index].leftWidth == layer.outputs * width
        else { throw .noFactorForm(layer: layer.name) }
      }
    }
    if let twice = Dictionary(grouping: layers, by: \.name).first(where: { $0.value.count > 1 }) {
      throw .noFactorForm(layer: twice.key)
    }
    self.init(
      layers: layers, outputCount: source.outputCount, targets: targets,
      functionCount: source.traceFunctionCount)
  }
}

extension FactorBlock {
  /// The block as one sum over positions: the terms of a weight used again one after the other.
  ///
  /// - Returns: left n × T × O; right n × T × I without the bias, nil where it is 1 throughout.
  fileprivate func joined(
    count: Int
  ) -> (left: Tensor, right: Tensor?, hasBias: Bool) {
    if terms.count == 1 {
      let left = terms[0].left.materialised(count: count)
      switch terms[0].right {
      case .one: return (left, nil, false)
      case .denseWithOne(let values): return (left, values, bias != nil)
      default: return (left, terms[0].right.materialised(count: count), false)
      }
    }
    // A bias is the last column there.
    return (
      Tensor(sideBySide: terms.map { $0.left.materialised(count: count) }),
      Tensor(sideBySide: terms.map { $0.right.materialised(count: count) }), false
    )
  }
}

extension Tensor {
  /// n × ΣT × W from several n × T × W.
  fileprivate init(sideBySide parts: [Tensor]) {
    let (n, width) = (parts[0].shape[0], parts[0].rowLength)
    let positions = parts.reduce(0) { $0 + $1.shape[1] }
    self.init(uninitialized: [n, positions, width])
    var start = 0
    for part in parts {
      let count = part.shape[1] * width
      for i in 0..<n {
        (storage.base + i * positions * width + start).update(
          from: part.storage.base + i * count, count: count)
      }
      start += count
    }
  }
}
